"""Sentry's envelope: a header line, then items of a header line and a payload each.

An item may name its `length` in bytes, and then holds whatever it likes, newlines included;
without it the payload ends at the newline (Node's SDK). Items of kinds that tell of no error
(sessions, transactions, check-ins, profiles, client reports) are counted and left aside
(develop.sentry.dev, envelopes).
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from bot.errors import BadPayload
from bot.sources.reading import Reader

MAX_ITEMS = 100


@dataclass(frozen=True, slots=True)
class Item:
    """One item; `payload` as it came."""

    kind: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """The header and the items of one delivery."""

    header: Reader
    items: tuple[Item, ...]


def read_envelope(body: bytes) -> Envelope:
    """Take an envelope apart; raises `BadPayload` where its framing is broken."""
    line, _, rest = body.partition(b"\n")
    header = _header(line, "the envelope's header")
    items: list[Item] = []
    while rest.strip():
        if len(items) == MAX_ITEMS:
            raise BadPayload(f"the envelope holds more than {MAX_ITEMS} items")
        rest = rest.lstrip(b"\r\n")
        line, _, rest = rest.partition(b"\n")
        item_header = _header(line, f"the header of item {len(items) + 1}")
        payload, rest = _payload(item_header, rest, len(items) + 1)
        items.append(Item(item_header.text("type", length=40), payload))
    return Envelope(header, tuple(items))


def _header(line: bytes, what: str) -> Reader:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise BadPayload(f"{what} is not valid JSON") from None
    if not isinstance(value, dict):
        raise BadPayload(f"{what} must be a JSON object")
    return Reader(value)


def _payload(header: Reader, rest: bytes, number: int) -> tuple[bytes, bytes]:
    length = header.at("length").value
    if length is None:
        payload, _, rest = rest.partition(b"\n")
        return payload, rest
    if not isinstance(length, int) or isinstance(length, bool) or length < 0:
        raise BadPayload(f"item {number}: length must be a number of bytes")
    if len(rest) < length:
        raise BadPayload(f"item {number}: {length} bytes were announced, {len(rest)} are there")
    return rest[:length], rest[length:]
