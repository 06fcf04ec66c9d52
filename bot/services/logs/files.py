"""Plain log files as a log store: `file:/var/log/app/*.log`, rotated and gzipped ones included.

A group is a glob from the settings; its streams are the files that it matches. A line's time is
the one it tells (ISO, syslog, nginx, JSON …); a line without one has that of the line above it.
`file:-` is standard input, as far as it has been read. Nothing but the configured globs can be
read, whatever a person types.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, tzinfo
from itertools import islice
from pathlib import Path
from typing import IO

from bot.analysis.logs.query import LogLine, LogQuery
from bot.analysis.logs.sieve import Memory, Sieve
from bot.errors import NotFound
from bot.services.logs.file_lines import LineMaker, LogFile, files_of, open_log
from bot.services.logs.file_tail import Follower
from bot.services.logs.limiting import limited
from bot.services.logs.merging import merged
from bot.services.logs.store import Lines, Progress

PREFIX = "file:"
STDIN = "file:-"
_BATCH = 2_000  # lines
_KEPT_OF_STDIN = 100_000  # lines
_PAUSE = 0.5  # seconds between two looks of a tail


class FileStore:
    """A `LogStore` of files on this machine.

    Args:
        patterns: the globs that may be read; "-" for standard input.
        zone: of times that name none.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        zone: tzinfo = UTC,
        pause: float = _PAUSE,
        stdin: IO[bytes] | None = None,
    ) -> None:
        self._groups = tuple(f"{PREFIX}{pattern.removeprefix(PREFIX)}" for pattern in patterns)
        self._clock = clock
        self._zone = zone
        self._pause = pause
        self._stdin = Stdin(stdin or sys.stdin.buffer, clock) if STDIN in self._groups else None

    async def groups(self, typed: str = "", *, limit: int = 25) -> tuple[str, ...]:
        """As `LogStore.groups`."""
        wanted = typed.lower()
        return tuple(each for each in self._groups if wanted in each.lower())[:limit]

    async def read(
        self, query: LogQuery, progress: Progress | None = None
    ) -> AsyncGenerator[Lines, None]:
        """As `LogStore.read`; newest first without a limit holds all that fits in memory."""
        progress = progress if progress is not None else Progress()
        files = [found for group in query.groups for found in await self._files(group)]
        readers = [self._read(query, group, file, progress) for group, file in files]
        batches = merged(readers, newest_first=query.newest_first)
        async with aclosing(limited(batches, query.limit, progress, lambda: False)) as kept:
            async for lines in kept:
                yield lines
        progress.fraction = 1.0

    async def tail(
        self, query: LogQuery, progress: Progress | None = None
    ) -> AsyncGenerator[Lines, None]:
        """As `LogStore.tail`."""
        progress = progress if progress is not None else Progress()
        for group in query.groups:
            await self._files(group)  # or it may not be read
        sieve, memory = Sieve(query), dict[str, bool]()
        start = int(query.start.timestamp() * 1000)
        followers: dict[str, Follower] = {}
        seen = 0
        try:
            while True:
                now = self._clock()
                lines, seen = await asyncio.to_thread(
                    self._look, query, followers, start, now, seen
                )
                progress.scanned += len(lines)
                progress.reached = now
                kept = sieve.keep([line for line in lines if line.at >= start], memory)
                progress.matched += len(kept)
                yield kept
                await asyncio.sleep(self._pause)
        finally:
            for follower in followers.values():
                follower.close()

    async def around(
        self, line: LogLine, *, before: int = 20, after: int = 20
    ) -> tuple[LogLine, ...]:
        """As `LogStore.around`."""
        asked = LogQuery((line.group,), start=datetime.fromtimestamp(0, UTC))
        files = [each for each in await self._files(line.group) if str(each[1].path) == line.stream]
        earlier: deque[LogLine] = deque(maxlen=before)
        later: list[LogLine] = []
        is_found = False
        for group, file in files:
            async with aclosing(self._read(asked, group, file, Progress())) as batches:
                async for lines in batches:
                    for each in lines:
                        if is_found:
                            later.append(each)
                        elif each.id == line.id and each.at == line.at:
                            is_found = True
                        else:
                            earlier.append(each)
                    if len(later) >= after:
                        break
        return (*(earlier if is_found else ()), line, *later[:after])

    async def close(self) -> None:
        """As `LogStore.close`: each reader closes its own files."""

    async def _files(self, group: str) -> list[tuple[str, LogFile]]:
        """The files of a group, and what stands for standard input."""
        if group not in self._groups:
            known = ", ".join(self._groups) or "none; set LOG_FILES"
            raise NotFound(f"{group} is not among the log files that may be read: {known}")
        if group == STDIN:
            return [(group, LogFile(Path("-"), ()))]
        found = await asyncio.to_thread(files_of, group.removeprefix(PREFIX))
        return [(group, file) for file in found]

    async def _read(
        self, query: LogQuery, group: str, file: LogFile, progress: Progress
    ) -> AsyncGenerator[Lines, None]:
        """One stream, in the wanted order, sieved in a thread."""
        gone = threading.Event()
        last = int((query.end or self._clock()).timestamp() * 1000)
        lines = self._lines(query, group, file, gone.is_set)
        work = _Sieving(Sieve(query), lines, last, progress)
        try:
            if query.newest_first:
                newest = await asyncio.to_thread(
                    work.newest, query.limit + 1 if query.limit else None
                )
                for first in range(0, len(newest), _BATCH):
                    yield newest[first : first + _BATCH]
                return
            while (kept := await asyncio.to_thread(work.batch)) is not None:
                if kept:
                    yield kept
        finally:
            gone.set()

    def _lines(
        self, query: LogQuery, group: str, file: LogFile, done: Callable[[], bool]
    ) -> Iterator[LogLine]:
        start = int(query.start.timestamp() * 1000)
        if group == STDIN:
            assert self._stdin is not None, "the group is known"
            yield from (line for line in self._stdin.lines() if line.at >= start)
            return
        maker = LineMaker(group, str(file.path), now=self._clock(), zone=self._zone)
        for path in (*file.rotated, file.path):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            if status.st_mtime * 1000 < start - 1000:
                continue  # not written to since
            with open_log(path) as opened:
                if path.suffix != ".gz":
                    maker.seek(opened, status.st_size, start)
                written = int(status.st_mtime * 1000)
                yield from maker.lines(opened, otherwise=written, at_least=start, done=done)

    def _look(
        self,
        query: LogQuery,
        followers: dict[str, Follower],
        start: int,
        now: datetime,
        seen: int,
    ) -> tuple[list[LogLine], int]:
        """One look at all files; blocks. `seen` counts the lines of standard input."""
        lines: list[LogLine] = []
        for group in query.groups:
            if group == STDIN and self._stdin is not None:
                fresh, seen = self._stdin.since(seen)
                lines += fresh
                continue
            for file in files_of(group.removeprefix(PREFIX)):
                name = str(file.path)
                if (follower := followers.get(name)) is None:
                    followers[name] = follower = Follower(group, file, now=now, zone=self._zone)
                    lines += follower.begin(start, file.rotated)
                lines += follower.look(file.rotated, int(now.timestamp() * 1000))
        lines.sort(key=lambda line: line.at)
        return lines, seen


class _Sieving:
    """Lines taken in batches, each judged; for threads, one at a time."""

    def __init__(
        self, sieve: Sieve, lines: Iterator[LogLine], last: int, progress: Progress
    ) -> None:
        self._sieve = sieve
        self._lines = lines
        self._last = last
        self._progress = progress
        self._memory: Memory = {}

    def batch(self) -> list[LogLine] | None:
        """The next lines that fit; None at the end."""
        taken = list(islice(self._lines, _BATCH))
        if not taken:
            return None
        self._progress.scanned += len(taken)
        kept = self._sieve.keep([line for line in taken if line.at <= self._last], self._memory)
        self._progress.matched += len(kept)
        return kept

    def newest(self, most: int | None) -> list[LogLine]:
        """The last `most` lines that fit, newest first."""
        kept: deque[LogLine] = deque(maxlen=most)
        while (lines := self.batch()) is not None:
            kept.extend(lines)
        return list(kept)[::-1]


class Stdin:
    """Standard input, read by a thread as it comes; the newest lines are kept."""

    def __init__(self, file: IO[bytes], clock: Callable[[], datetime]) -> None:
        self._file = file
        self._clock = clock
        self._kept: deque[LogLine] = deque(maxlen=_KEPT_OF_STDIN)
        self._count = 0
        self._change = threading.Lock()
        threading.Thread(target=self._run, name="log-stdin", daemon=True).start()

    def lines(self) -> list[LogLine]:
        """All that is kept."""
        with self._change:
            return list(self._kept)

    def since(self, seen: int) -> tuple[list[LogLine], int]:
        """The lines behind the first `seen` ones, and how many there have been."""
        with self._change:
            fresh = min(self._count - seen, len(self._kept))
            return list(self._kept)[len(self._kept) - fresh :], self._count

    def _run(self) -> None:
        for raw in self._file:
            text = raw.decode("utf-8", "replace").rstrip("\r\n")
            at = int(self._clock().timestamp() * 1000)
            with self._change:
                self._count += 1
                self._kept.append(LogLine(at, text, STDIN, "-", f"{self._count:x}"))
