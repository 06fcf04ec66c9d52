"""Chance as a pure function of a key: the same bytes on every machine and in every process.

Everything is read from SHAKE-128 of the key's text; the curves are tables of rounded numbers,
so that no machine's libm can turn one bit of a file.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from decimal import Decimal
from hashlib import shake_128
from itertools import accumulate
from statistics import NormalDist
from typing import TypeVar

T = TypeVar("T")

BELL_SIZE = 1024
_SPREAD = 0.55
_AS_DECIMAL = str.maketrans("abcdef", "274913")


def raw(count: int, *key: object) -> bytes:
    """`count` bytes that belong to `key`."""
    return shake_128("/".join(map(str, key)).encode()).digest(count)


def words(count: int, *key: object) -> list[int]:
    """`count` numbers of 64 bits that belong to `key`."""
    numbers = array("Q")
    numbers.frombytes(raw(8 * count, *key))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()


def hexes(count: int, size: int, *key: object) -> list[str]:
    """`count` texts of `size` hexadecimal digits (an even number) that belong to `key`."""
    text = raw(count * size // 2, *key).hex()
    return [text[start : start + size] for start in range(0, count * size, size)]


def decimals(count: int, size: int, *key: object) -> list[str]:
    """`count` texts of `size` decimal digits (an even number) that belong to `key`."""
    text = raw(count * size // 2, *key).hex().translate(_AS_DECIMAL)
    return [text[start : start + size] for start in range(0, count * size, size)]


def uuid_text(digits: str) -> str:
    """32 hexadecimal digits as a version 4 UUID."""
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


class Dice:
    """A stream of draws from one key, for things that are drawn once."""

    def __init__(self, *key: object) -> None:
        self._key = key
        self._block = 0
        self._left: list[int] = []

    def word(self) -> int:
        """The next 64 bits."""
        if not self._left:
            self._left = words(16, *self._key, self._block)
            self._block += 1
        return self._left.pop()

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        return self.word() % limit

    def between(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""
        return low + self.word() % (high - low + 1)

    def pick(self, items: Sequence[T]) -> T:
        """One of `items`."""
        return items[self.word() % len(items)]

    def hex(self, size: int) -> str:
        """A text of up to 16 hexadecimal digits."""
        return f"{self.word():016x}"[:size]


def weighted(items: Sequence[T], weights: Sequence[float], size: int = 1024) -> tuple[T, ...]:
    """A table of `size` places, each item holding its share (one place at least)."""
    total = sum(weights)
    ends = [round(end * size / total) for end in accumulate(weights)]
    table: list[T] = []
    for item, end in zip(items, ends, strict=True):
        table.extend([item] * max(1, end - len(table)))
    return tuple(table)


def _lognormal() -> tuple[float, ...]:
    """Latency factors of median 1: quantiles of a log-normal curve, rounded."""
    bell = NormalDist()
    quantiles = ((place + 0.5) / BELL_SIZE for place in range(BELL_SIZE))
    exponents = (Decimal(round(bell.inv_cdf(q) * _SPREAD * 10**6)).scaleb(-6) for q in quantiles)
    return tuple(float(round(exponent.exp(), 6)) for exponent in exponents)


LOGNORMAL = _lognormal()
"""Multiply a median by `LOGNORMAL[word % BELL_SIZE]`."""

BELL = tuple(
    round(NormalDist().inv_cdf((place + 0.5) / BELL_SIZE), 6) for place in range(BELL_SIZE)
)
"""Standard normal deviates, sorted."""
