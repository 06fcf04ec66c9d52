"""Ids and keys made from content, for senders that give none."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson


def digest(value: Any) -> str:
    """A short stable key of any JSON-like value (128 bits, hex)."""
    data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def scoped_id(own_id: str, service: str, environment: str) -> str:
    """A sender's id, told from the same one of another service: checkout/production/7.

    For doors that many programs share: each of them may count its errors from 1.
    """
    return "/".join((service.replace("/", "%2F"), environment.replace("/", "%2F"), own_id))
