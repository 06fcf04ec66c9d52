from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadPayload, TooLarge
from bot.sources.compression import gunzip, inflate


@given(st.binary(max_size=2_000))
def test_what_was_packed_comes_out_again(data: bytes) -> None:
    assert gunzip(gzip.compress(data), limit=len(data)) == data
    assert inflate(zlib.compress(data), limit=len(data)) == data


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
