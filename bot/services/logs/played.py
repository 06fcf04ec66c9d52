"""The logs of a drill as a log store: `drill:payments-api`. They are played, not kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime

from bot.analysis.logs.query import LogLine, LogQuery
from bot.analysis.logs.sieve import Memory, Sieve
from bot.errors import NotFound
from bot.services.logs.limiting import limited
from bot.services.logs.store import Lines, Progress

PREFIX = "drill:"
_BATCH = 2_000  # lines
_PAUSE = 0.5  # seconds between two looks of a tail


class PlayedLogs:
    """A `LogStore` of what a drill has logged so far.

    Args:
        lines: all lines by now, in order of time; their groups begin with `PREFIX`.
    """

    def __init__(
        self,
        lines: Callable[[], Sequence[LogLine]],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: float = _PAUSE,
    ) -> None:
        self._lines = lines
        self._clock = clock
        self._pause = pause

    async def groups(self, typed: str = "", *, limit: int = 25) -> tuple[str, ...]:
        """As `LogStore.groups`."""
        named = sorted({line.group for line in self._lines()})
        return tuple(each for each in named if typed.lower() in each.lower())[:limit]

    async def read(
        self, query: LogQuery, progress: Progress | None = None
    ) -> AsyncGenerator[Lines, None]:
        """As `LogStore.read`."""
        progress = progress if progress is not None else Progress()
        found = self._kept(query, Sieve(query), {}, progress)
        if query.newest_first:
            found.reverse()

        async def batches() -> AsyncGenerator[Lines, None]:
            for first in range(0, len(found), _BATCH):
                yield found[first : first + _BATCH]

        async for lines in limited(batches(), query.limit, progress, lambda: False):
            yield lines
        progress.fraction = 1.0

    async def tail(
        self, query: LogQuery, progress: Progress | None = None
    ) -> AsyncGenerator[Lines, None]:
        """As `LogStore.tail`."""
        progress = progress if progress is not None else Progress()
        sieve, memory, seen = Sieve(query), dict[str, bool](), 0
        while True:
            known = self._of(query)
            fresh = [line for line in known[seen:] if line.at >= _milliseconds(query.start)]
            seen = len(known)
            progress.scanned += len(fresh)
            progress.reached = self._clock()
            kept = sieve.keep(fresh, memory)
            progress.matched += len(kept)
            yield kept
            await asyncio.sleep(self._pause)

    async def around(
        self, line: LogLine, *, before: int = 20, after: int = 20
    ) -> tuple[LogLine, ...]:
        """As `LogStore.around`."""
        same = [
            each for each in self._lines() if (each.group, each.stream) == (line.group, line.stream)
        ]
        place = next((number for number, each in enumerate(same) if each.id == line.id), None)
        if place is None:
            return (line,)
        return tuple(same[max(0, place - before) : place + after + 1])

    async def close(self) -> None:
        """As `LogStore.close`: there is nothing to let go of."""

    def _kept(
        self, query: LogQuery, sieve: Sieve, memory: Memory, progress: Progress
    ) -> list[LogLine]:
        start, end = _milliseconds(query.start), _milliseconds(query.end or self._clock())
        inside = [line for line in self._of(query) if start <= line.at <= end]
        kept = sieve.keep(inside, memory)
        progress.scanned += len(inside)
        progress.matched += len(kept)
        return kept

    def _of(self, query: LogQuery) -> list[LogLine]:
        """The lines of the query's groups and streams."""
        lines = self._lines()
        known = {line.group for line in lines}
        for group in query.groups:
            if group not in known:
                there = ", ".join(sorted(known)) or "none; no drill is under way"
                raise NotFound(f"{group} is none of the drill's logs: {there}")
        return [
            line
            for line in lines
            if line.group in query.groups and line.stream.startswith(query.stream)
        ]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
