from __future__ import annotations

import contextlib
import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadPayload, TooLarge
from bot.sources.compression import gunzip, inflate, unbrotli, unzstd


@given(st.binary(max_size=2_000))
def test_what_was_packed_comes_out_again(data: bytes) -> None:
    assert gunzip(gzip.compress(data), limit=len(data)) == data
    assert inflate(zlib.compress(data), limit=len(data)) == data
    assert unzstd(zstandard.compress(data), limit=len(data)) == data
    assert unbrotli(brotli.compress(data), limit=len(data)) == data


def test_several_members_and_padding_are_read() -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two") + b"\0" * 16
    assert gunzip(packed, limit=100) == b"one two"


def test_bare_deflate_is_read_although_the_standard_asks_for_zlib() -> None:
    packer = zlib.compressobj(wbits=-15)
    assert inflate(packer.compress(b"hello") + packer.flush(), limit=100) == b"hello"


def test_a_bomb_stops_at_the_limit() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 60_000
    with pytest.raises(TooLarge):
        gunzip(bomb, limit=1_000_000)


def test_many_empty_members_are_refused_before_they_cost_anything() -> None:
    with pytest.raises(BadPayload, match="members"):
        gunzip(gzip.compress(b"") * 40_000, limit=1_000)


@pytest.mark.parametrize("cut", [1, 5, 12, 20])
def test_a_stream_that_ends_early_is_a_bad_payload(cut: int) -> None:
    with pytest.raises(BadPayload):
        gunzip(gzip.compress(b"x" * 1_000)[:-cut], limit=10_000)


@given(st.binary(min_size=1, max_size=300))
def test_garbage_is_a_bad_payload(data: bytes) -> None:
    with pytest.raises(BadPayload):
        gunzip(b"\1" + data, limit=1_000)


def test_bombs_of_zstd_and_brotli_stop_at_the_limit() -> None:
    zeros = bytes(5_000_000)
    with pytest.raises(TooLarge):
        unzstd(zstandard.compress(zeros), limit=10_000)
    with pytest.raises(TooLarge):
        unbrotli(brotli.compress(zeros), limit=10_000)


def test_a_zstd_frame_that_wants_much_memory_is_refused() -> None:
    wide = zstandard.ZstdCompressionParameters(window_log=27)
    stream = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    with pytest.raises(BadPayload):
        unzstd(stream.compress(b"x" * 300_000) + stream.flush(), limit=1_000_000)


@given(st.binary(min_size=1, max_size=200))
def test_whatever_is_no_zstd_or_brotli_is_a_bad_payload_or_read(data: bytes) -> None:
    for unpack in (unzstd, unbrotli):
        with contextlib.suppress(BadPayload, TooLarge):
            unpack(data, limit=1_000)


def test_brotli_that_ends_too_early_is_a_bad_payload() -> None:
    packed = brotli.compress(bytes(range(256)) * 20)
    with pytest.raises(BadPayload):
        unbrotli(packed[: len(packed) // 2], limit=1_000_000)
