"""Decompression that stops at a limit, so that a small body cannot fill the memory."""

from __future__ import annotations

import zlib

import brotli
import zstandard

from bot.errors import BadPayload, TooLarge
from bot.sources.text import size_in_words

_GZIP_WINDOW = 31
_ZLIB_WINDOW = 15
_RAW_WINDOW = -15
_MAX_MEMBERS = 100  # each costs a copy of the rest
_MAX_ZSTD_WINDOW = 8 * 1024 * 1024  # what RFC 8878 recommends decoders to support


def gunzip(data: bytes, *, limit: int, what: str = "body") -> bytes:
    """Decompress gzip, several members included.

    Raises:
        TooLarge: more than `limit` bytes would come out.
        BadPayload: `data` is not gzip or ends too early.
    """
    return _inflate(data, _GZIP_WINDOW, limit, f"the {what} is not valid gzip")


def inflate(data: bytes, *, limit: int) -> bytes:
    """Decompress HTTP's "deflate": zlib, or the bare deflate stream some senders use."""
    # A zlib header's first two bytes are a multiple of 31 and name method 8.
    is_zlib = len(data) >= 2 and data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0
    window = _ZLIB_WINDOW if is_zlib else _RAW_WINDOW
    return _inflate(data, window, limit, "the body is not valid deflate")


def unzstd(data: bytes, *, limit: int) -> bytes:
    """Decompress zstd, several frames included; errors as of `gunzip`.

    A frame that ends too early gives what was there; whoever parses that will complain.
    """
    unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW)
    try:
        with unpacker.stream_reader(data, read_across_frames=True) as stream:
            body: bytes = stream.read(limit + 1)
    except zstandard.ZstdError:
        raise BadPayload("the body is not valid zstd") from None
    if len(body) > limit:
        raise _too_large(limit)
    return body


def unbrotli(data: bytes, *, limit: int) -> bytes:
    """Decompress brotli; errors as of `gunzip`."""
    stream = brotli.Decompressor()
    parts: list[bytes] = []
    size = 0
    try:
        while not stream.is_finished():
            part = stream.process(data, output_buffer_limit=limit - size + 1)
            if not part and not data:
                raise BadPayload("the body is not valid brotli: it ends too early")
            data = b""  # it was taken whole; from now on only more output is asked for
            parts.append(part)
            size += len(part)
            if size > limit:
                raise _too_large(limit)
    except brotli.error:
        raise BadPayload("the body is not valid brotli") from None
    return b"".join(parts)


def _inflate(data: bytes, window: int, limit: int, complaint: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    while data:
        if len(parts) == _MAX_MEMBERS:
            raise BadPayload(f"{complaint}: it has more than {_MAX_MEMBERS} members")
        stream = zlib.decompressobj(window)
        try:
            part = stream.decompress(data, limit - size + 1)
        except zlib.error:
            raise BadPayload(complaint) from None
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        if not stream.eof:
            raise BadPayload(f"{complaint}: it ends too early")
        parts.append(part)
        # Padding of zeros after the last member is common and harmless.
        data = stream.unused_data.lstrip(b"\0")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"decompressed, the body is larger than {size_in_words(limit)}")
