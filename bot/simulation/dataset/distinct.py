"""Ids that must not be there twice, however many there are: kept on disk, looked at in parts."""

from __future__ import annotations

import tempfile
from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import IO, Self

_OF_A_PART = 60_000
_MOST_PARTS = 128


class Distinct:
    """Hears 64-bit ids file by file. About 16 bytes of temporary disk for each of them."""

    def __init__(self, expected: int) -> None:
        self._stack = ExitStack()
        count = max(1, min(_MOST_PARTS, 1 + expected // _OF_A_PART))
        self._parts: list[IO[bytes]] = [
            self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed in __exit__
            for _ in range(count)
        ]
        self._names: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def add(self, name: str, ids: array[int]) -> None:
        """Keep the ids of a file."""
        count, place = len(self._parts), len(self._names)
        self._names.append(name)
        sorted_out = [array("Q") for _ in range(count)]
        for one in ids:
            sorted_out[one % count].extend((one, place))
        for part, pairs in zip(self._parts, sorted_out, strict=True):
            part.write(pairs.tobytes())

    def twice(self) -> Iterator[tuple[str, int]]:
        """Files, and how many of their ids an earlier line or file has."""
        found: Counter[int] = Counter()
        for part in self._parts:
            part.seek(0)
            pairs = array("Q", part.read())
            known: set[int] = set()
            for one, place in zip(pairs[::2], pairs[1::2], strict=True):
                if one in known:
                    found[place] += 1
                known.add(one)
        for place, count in sorted(found.items()):
            yield self._names[place], count
