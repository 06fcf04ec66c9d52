"""Mutations of deliveries: of the JSON, of the bytes, of the headers and of the encoding."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from random import Random
from typing import Any
from urllib.parse import quote_plus

import brotli
import zstandard

NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**30, -(10**30), 1e308, 2**63, 253402300800, 1e18),
    *("", " ", "\x00", "\ud800", "\u202e@everyone", "`" * 5_000, "é" * 9_000, "%s%n{0}"),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999+14:00", "NaN", "-1", "1e999"),
    *("http://[", "javascript:alert(1)", "https://" + "a" * 3_000, "arn:aws:sns:::::"),
    *([], {}, [[]], [None], {"": ""}, {"values": None}, {"a": {"b": {"c": []}}}, [1, "2", {}]),
    "Traceback (most recent call last):\n" + '  File "a.py", line 1, in f\n' * 500 + "E: x",
)
_PACKINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 1),
    "deflate": lambda body: zlib.compress(body, 1),
    "br": lambda body: brotli.compress(body, quality=1),
    "zstd": lambda body: zstandard.compress(body, 1),
}
_FALSE_ENCODINGS = (
    *_PACKINGS,
    *("lzw", "gzip, br", "GZIP", "x-gzip;q=1", "identity, gzip", "\xff"),
)
_BOMB = 30_000_000  # bytes of which each limit is far exceeded
_HEADER_VALUES = ("", "\xff\xfe", "0", "-1", "1" * 300, "v1=" + "f" * 64, "application/json; =")
CONTENT_TYPES = (
    *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"),
    *("multipart/form-data", "application/x-protobuf", "application/json; charset=utf-16", ""),
)


class Hostility:
    """Everything by one `Random`, so that a seed repeats it."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._by_bytes: tuple[Callable[[bytes], bytes], ...] = (
            self._flipped,
            self._cut,
            self._doubled,
            self._inserted,
            lambda _body: b"",
            lambda _body: b"[" * 3_000,
            lambda _body: b'{"a":' * 3_000,
            lambda body: b"[" + body + b"]",
            lambda body: b"\xef\xbb\xbf" + body,
            lambda body: b"payload=" + quote_plus(body).encode() + b"&data=%7B",
            lambda _body: b"a=1&" * 2_000,
            lambda body: b'--x\r\nContent-Disposition: form-data; name="data"\r\n\r\n' + body,
        )

    def mutated(self, body: bytes) -> bytes:
        """Most often one to four values of the JSON are replaced, seldom the bytes suffer."""
        dice = self._random.random()
        if dice < 0.1:
            return body
        if dice < 0.75:
            return self._in_json(body)
        return self._random.choice(self._by_bytes)(body)

    def encoded(self, body: bytes) -> tuple[bytes, str]:
        """Sometimes compressed, cut short, compressed twice, only said to be, or a bomb."""
        dice = self._random.random()
        if dice < 0.86:
            return body, ""
        encoding = self._random.choice(tuple(_PACKINGS))
        pack = _PACKINGS[encoding]
        if dice < 0.94:
            return pack(body), encoding
        if dice < 0.95:
            return self._cut(pack(body)), encoding
        if dice < 0.96:
            return pack(pack(body)), encoding
        if dice < 0.998:
            return body, self._random.choice(_FALSE_ENCODINGS)
        return _bomb(encoding), encoding

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Sometimes one is another, or missing."""
        changed = dict(headers)
        dice = self._random.random()
        if changed and dice < 0.05:
            name = self._random.choice(list(changed))
            changed[name] = self._random.choice(_HEADER_VALUES)
        elif changed and dice < 0.07:
            changed.pop(self._random.choice(list(changed)))
        elif dice < 0.12:
            changed["Content-Type"] = self._random.choice(CONTENT_TYPES)
        return changed

    def _in_json(self, body: bytes) -> bytes:
        """Mutate each line that is JSON: an envelope holds several."""
        lines = body.split(b"\n")
        try:
            document = json.loads(body)
        except ValueError:
            at = self._random.randrange(len(lines))
            try:
                lines[at] = self._dumped(self._changed(json.loads(lines[at])))
            except ValueError:
                return self._flipped(body)
            return b"\n".join(lines)
        return self._dumped(self._changed(document))

    def _changed(self, document: Any) -> Any:
        for _ in range(self._random.randint(1, 4)):
            places = list(_places(document))
            if not places:
                return self._nasty()
            if len(places) > 1_000:  # copies of copies
                break
            holder, key = self._random.choice(places)
            dice = self._random.random()
            if dice < 0.6:
                holder[key] = self._nasty()
            elif dice < 0.75:
                del holder[key]
            elif dice < 0.85:
                holder[key] = [holder[key]] * self._random.choice((2, 10))
            else:
                other, place = self._random.choice(places)
                holder[key] = json.loads(json.dumps(other[place]))
        return document

    def _nasty(self) -> Any:
        return deepcopy(self._random.choice(NASTY))  # it may be changed in its turn

    @staticmethod
    def _dumped(document: Any) -> bytes:
        return json.dumps(document).encode()

    def _flipped(self, body: bytes) -> bytes:
        changed = bytearray(body or b"x")
        for _ in range(self._random.randint(1, 5)):
            changed[self._random.randrange(len(changed))] = self._random.randrange(256)
        return bytes(changed)

    def _cut(self, body: bytes) -> bytes:
        return body[: self._random.randrange(len(body) + 1)]

    def _doubled(self, body: bytes) -> bytes:
        return body + body

    def _inserted(self, body: bytes) -> bytes:
        at = self._random.randrange(len(body) + 1)
        return body[:at] + self._random.randbytes(self._random.randint(1, 20)) + body[at:]


@cache
def _bomb(encoding: str) -> bytes:
    """A small body that wants to become a large one."""
    return _PACKINGS[encoding](b" " * _BOMB)


def _places(document: Any) -> Any:
    """Every (holder, key) of a document, itself excepted; without recursion."""
    waiting = [document]
    while waiting:
        holder = waiting.pop()
        if isinstance(holder, dict):
            pairs = list(holder.items())
        elif isinstance(holder, list):
            pairs = list(enumerate(holder))
        else:
            continue
        for key, value in pairs:
            yield holder, key
            waiting.append(value)
