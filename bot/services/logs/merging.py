"""Several groups, each in order of time, become one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncGenerator, Sequence

from bot.analysis.logs.query import LogLine
from bot.services.logs.store import Lines


async def merged(
    readers: Sequence[AsyncGenerator[Lines, None]], *, newest_first: bool
) -> AsyncGenerator[Lines, None]:
    """Merge by time; lines of one reader keep their order. All readers are closed at the end."""
    heads = [_Head(reader, newest_first) for reader in readers]
    try:
        for head in heads:
            await head.fill()
        while waiting := [head for head in heads if head.lines]:
            if len(waiting) == 1:
                yield waiting[0].take_all()
                await waiting[0].fill()
                continue
            # Whoever's batch ends first is emptied; of the others, what is no later than that.
            border = min(head.ends_at for head in waiting)
            lines = [line for head in waiting for line in head.take(border)]
            lines.sort(key=_newest if newest_first else _oldest)
            yield lines
            for head in waiting:
                await head.fill()
    finally:
        for head in heads:
            await head.reader.aclose()


class _Head:
    """A reader and the rest of its last batch; `sign` turns time around for newest first."""

    def __init__(self, reader: AsyncGenerator[Lines, None], newest_first: bool) -> None:
        self.reader = reader
        self.lines: list[LogLine] = []
        self._key = _newest if newest_first else _oldest

    @property
    def ends_at(self) -> int:
        return self._key(self.lines[-1])

    async def fill(self) -> None:
        while not self.lines:
            try:
                self.lines = list(await anext(self.reader))
            except StopAsyncIteration:
                return

    def take(self, border: int) -> list[LogLine]:
        """What stands no later than `border`, in the order of reading."""
        end = bisect_right(self.lines, border, key=self._key)
        taken, self.lines = self.lines[:end], self.lines[end:]
        return taken

    def take_all(self) -> list[LogLine]:
        taken, self.lines = self.lines, []
        return taken


def _oldest(line: LogLine) -> int:
    return line.at


def _newest(line: LogLine) -> int:
    return -line.at
