"""Chance from a seed: only what Python promises to keep the same from version to version."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """A stream of draws that belongs to a key.

    Built on `Random.random` alone, whose numbers for a text seed do not change; `choice` and
    `shuffle` of the standard library may.
    """

    def __init__(self, *key: object) -> None:
        self._key = key
        self.share = Random("/".join(map(str, key))).random  # noqa: S311 - to be foretold

    def fork(self, *key: object) -> Chance:
        """Another stream, so that a draw more here changes nothing there."""
        return Chance(*self._key, *key)

    def happens(self, probability: float) -> bool:
        """True so often."""
        return self.share() < probability

    def between(self, low: float, high: float) -> int:
        """A whole number from `low` to `high`, both included."""
        return int(low + self.share() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        """One of `items`."""
        return items[int(self.share() * len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """All of `items`, in another order."""
        left, order = list(items), []
        while left:
            order.append(left.pop(int(self.share() * len(left))))
        return order

    def weighted(self, weights: dict[str, float]) -> str:
        """One of the keys, as often as its weight says."""
        rest = self.share() * sum(weights.values())
        for key, weight in weights.items():
            rest -= weight
            if rest < 0:
                return key
        return next(reversed(weights))

    def hex(self, digits: int) -> str:
        """A text of hexadecimal digits."""
        return "".join("0123456789abcdef"[int(self.share() * 16)] for _ in range(digits))
