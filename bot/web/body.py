"""The body of a delivery: read once, raw, and never more than the limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.errors import BadPayload, TooLarge
from bot.sources.compression import gunzip, inflate, unbrotli, unzstd
from bot.sources.text import size_in_words

_READ_AWAY = 8  # times the limit
_PART = 65_536


class UnknownEncoding(BadPayload):
    """A Content-Encoding that is not read here."""


def read_body(environ: Mapping[str, Any], limit: int) -> bytes:
    """The raw bytes of a WSGI request, whatever its content type.

    Raises:
        TooLarge: more than `limit` bytes are announced or come.
        BadPayload: the length is no number, or fewer bytes come than were announced.
    """
    announced = environ.get("CONTENT_LENGTH", "")
    if not announced:
        # Without a length only a server that ends the stream itself (chunked) can be read from.
        if not environ.get("wsgi.input_terminated"):
            return b""
        return _bounded(environ["wsgi.input"].read(limit + 1), limit)
    if not (announced.isascii() and announced.isdigit() and len(announced) < 16):
        raise BadPayload("Content-Length is not a number")
    length = int(announced)
    if length > limit:
        _read_away(environ["wsgi.input"], min(length, _READ_AWAY * limit))
        raise TooLarge(too_large(limit))
    body: bytes = environ["wsgi.input"].read(length)
    if len(body) < length:
        raise BadPayload(f"the body ends after {len(body)} of {length} bytes")
    return body


def too_large(limit: int) -> str:
    """What the sender of a larger body hears: the limit, and who can raise it how."""
    return (
        f"the body is larger than {size_in_words(limit)}; "
        f"the setting MAX_BODY_BYTES (now {limit}) sets this limit"
    )


def decoded(body: bytes, content_encoding: str, limit: int) -> bytes:
    """Undo Content-Encoding (gzip, deflate, br, zstd, identity).

    Raises:
        TooLarge: more than `limit` bytes come out.
        UnknownEncoding: another encoding, or several.
        BadPayload: the body is not what the header says.
    """
    encoding = content_encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    unpack = _ENCODINGS.get(encoding)
    if unpack is None:
        raise UnknownEncoding("Content-Encoding must be gzip, deflate, br, zstd or identity")
    return unpack(body, limit)


_ENCODINGS: Mapping[str, Callable[[bytes, int], bytes]] = {
    "gzip": lambda body, limit: gunzip(body, limit=limit),
    "x-gzip": lambda body, limit: gunzip(body, limit=limit),
    "deflate": lambda body, limit: inflate(body, limit=limit),
    "br": lambda body, limit: unbrotli(body, limit=limit),
    "zstd": lambda body, limit: unzstd(body, limit=limit),
}


def _read_away(stream: Any, length: int) -> None:
    """Take what is not wanted: who is cut off while sending hears a broken pipe, and no answer."""
    while length > 0 and (part := stream.read(min(length, _PART))):
        length -= len(part)


def _bounded(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise TooLarge(too_large(limit))
    return body
