"""Ids and keys made from content, for senders that give none."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson


def digest(value: Any) -> str:
    """A short stable key of any JSON-like value (128 bits, hex)."""
    data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.blake2b(data, digest_size=16).hexdigest()
