"""One log group's window, read in time slices at once and handed out in order.

A page of FilterLogEvents begins where the slice begins and ends where it is full, so a window
of forty pages is forty calls one after the other. Cut into slices of about a page, they are
asked for together. How long a page is, only the pages tell: the first call shows it, each later
one corrects it. A slice that holds more than a page is cut off where its page ended, and the
rest goes back to be read by whoever is free.

Memory is flat: no more than `LOOKAHEAD` slices are under way or waiting to be handed out.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from bot.analysis.logs.query import LogLine
from bot.services.logs.pace import MOST_WORKERS
from bot.services.logs.store import Progress
from bot.services.logs.wire import Page

LOOKAHEAD = MOST_WORKERS + 2
_FIRST_LOOK_BACK = 60_000  # milliseconds
_LAST_LINES = 20_000  # milliseconds before the newest line, where nothing is newer
_GROWTH = 16.0
_FULL = 0.85  # of a page is what a slice aims at
_PAGES_AHEAD = 2  # of a slice whose turn has not come


class Fetch(Protocol):
    """Ask for a page of [first, last], both inclusive milliseconds."""

    def __call__(
        self, first: int, last: int, token: str | None, memory: dict[str, bool]
    ) -> Awaitable[Page]:
        """`memory` is what the sieve remembers from page to page of one slice."""
        ...


Newest = Callable[[], Awaitable[int | None]]


@dataclass(slots=True)
class Slice:
    """A part of the window. `pages` are those that were read and not yet handed out."""

    first: int
    last: int
    pages: list[list[LogLine]] = field(default_factory=list)
    is_begun: bool = False
    is_done: bool = False
    memory: dict[str, bool] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """In milliseconds."""
        return self.last - self.first + 1


class SlicedRead:
    """One read; `batches()` may be iterated once.

    Args:
        limit: about so many lines will be taken; 0 for all. No more are read ahead.
        newest: asks when the newest line was written, in milliseconds; None if nobody knows. For
            a read of the newest lines that has no conditions. It only shows where to look first.
        workers: how many calls may be on their way now.
        share: of the whole that `progress` tells of.
    """

    def __init__(
        self,
        fetch: Fetch,
        first: int,
        last: int,
        *,
        newest_first: bool,
        limit: int,
        workers: Callable[[], int],
        progress: Progress,
        share: float = 1.0,
        newest: Newest | None = None,
    ) -> None:
        self._fetch = fetch
        self._newest_first = newest_first
        self._limit = limit
        self._workers = workers
        self._progress = progress
        self._share = share
        self._newest = newest
        self._takes_all = newest is not None
        self._newest_at: int | None = None
        self._slices = [Slice(first, last)] if last >= first else []
        self._window = max(1, last - first + 1)
        self._span = _FIRST_LOOK_BACK if newest_first else self._window
        self._full_page = 10_000.0  # events
        self._kept = 0
        self._seen = 0  # milliseconds of the window
        self._answers = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._change = asyncio.Event()
        self._moved = asyncio.Event()
        self._failure: BaseException | None = None

    @property
    def is_unread(self) -> bool:
        """Whether any part of the window has not been read, or not been handed out."""
        return any(not each.is_done or each.pages for each in self._slices)

    async def batches(self) -> AsyncGenerator[list[LogLine], None]:
        """The lines in order; what is under way is given up when this is closed."""
        try:
            while self._slices:
                self._change.clear()
                self._begin_more()
                head = self._slices[0]
                was_done = head.is_done
                for lines in self._take(head):
                    yield lines
                if was_done:
                    self._slices.pop(0)
                    self._progress.fraction += self._share * head.length / self._window
                    self._moved.set()
                    continue
                await self._change.wait()
                if self._failure is not None:
                    raise self._failure
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take(self, head: Slice) -> list[list[LogLine]]:
        """What can be handed out of the first slice; its newest lines come last of all."""
        if self._newest_first:
            if not head.is_done:
                return []
            ready = [page[::-1] for page in reversed(head.pages)]
        else:
            ready = head.pages
        head.pages = []
        return [page for page in ready if page]

    def _begin_more(self) -> None:
        for place in range(min(LOOKAHEAD, len(self._slices))):
            # The first is read whatever the others do: they may wait for it.
            if place and len(self._tasks) >= self._wanted_workers():
                break
            if not self._slices[place].is_begun:
                self._begin(place)
        self._progress.workers = len(self._tasks)

    def _wanted_workers(self) -> int:
        """One until the first answer tells how much there is; then as many as there is work."""
        if not self._answers:
            return 1
        most = self._workers()
        if not self._limit:
            return most
        if self._takes_all and not self._kept:
            return 1  # the next slice will hold some, most likely
        missing = self._limit - self._kept
        expected = self._kept / self._seen * self._span if self._seen else 0.0
        return max(0, min(most, math.ceil(missing / max(1.0, expected))))

    def _begin(self, place: int) -> None:
        """Cut a slice of the present span off the unread part at `place`, and read it."""
        slice_ = self._slices[place]
        if slice_.length > self._span:
            self._cut(place)
            slice_ = self._slices[place]
        slice_.is_begun = True
        task = asyncio.create_task(self._read(slice_))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _cut(self, place: int) -> None:
        whole = self._slices[place]
        if self._newest_first:
            border = whole.last - self._span + 1
            parts = [Slice(border, whole.last), Slice(whole.first, border - 1)]
        else:
            border = whole.first + self._span - 1
            parts = [Slice(whole.first, border), Slice(border + 1, whole.last)]
        self._slices[place : place + 1] = parts

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failure = failure
        self._change.set()

    async def _read(self, slice_: Slice) -> None:
        token: str | None = None
        asked = count = 0
        while True:
            page = await self._fetch(slice_.first, slice_.last, token, slice_.memory)
            asked += 1
            count += page.count
            self._answers += 1
            self._progress.scanned += page.count
            if page.token is None:
                self._add(slice_, page.lines)
                self._learn(slice_, count, sum(map(len, slice_.pages)))
                if not self._kept and slice_ is not self._slices[-1]:
                    await self._look_up_newest(slice_)
                self._seen += slice_.length
                slice_.is_done = True
                return
            if self._give_back(slice_, page, is_first=asked == 1):
                return
            self._add(slice_, page.lines)
            token = page.token
            self._change.set()
            while slice_ is not self._slices[0] and len(slice_.pages) >= _PAGES_AHEAD:
                self._moved.clear()
                await self._moved.wait()

    def _add(self, slice_: Slice, lines: list[LogLine]) -> None:
        slice_.pages.append(lines)
        self._kept += len(lines)
        self._progress.matched += len(lines)

    def _learn(self, slice_: Slice, count: int, kept: int) -> None:
        """Aim the next slices by how full this one was."""
        if slice_.length < self._span:
            return  # a rest, cut short
        self._full_page = max(self._full_page, float(count))
        growth = max(1.0, _FULL * self._full_page / count) if count else _GROWTH
        if not self._takes_all:  # where most is left out, what is kept tells little of the rest
            growth = min(growth, _GROWTH)
        missing = self._limit - self._kept
        if kept and missing > 0:  # no further than it takes, or a small part of a page
            aim = max(1.5 * missing, self._full_page / 20 if self._takes_all else 0)
            growth = min(growth, max(1.0, aim / kept))
        length = slice_.length - self._silence(slice_)
        self._span = min(self._window, math.ceil(length * growth))

    async def _look_up_newest(self, empty: Slice) -> None:
        """The newest slice is empty: let the next one reach back to the newest line at once."""
        if self._newest is None:
            return
        newest, self._newest = self._newest, None
        self._newest_at = await newest()
        if self._newest_at is not None and self._newest_at < empty.first:
            reach = empty.first - self._newest_at + _LAST_LINES
            self._span = min(self._window, reach)

    def _silence(self, slice_: Slice) -> int:
        """How long nothing was written at the end of a slice, as far as we were told."""
        if self._newest_at is None or not slice_.first <= self._newest_at <= slice_.last:
            return 0
        return slice_.last - self._newest_at

    def _give_back(self, slice_: Slice, page: Page, *, is_first: bool) -> bool:
        """Leave what lies behind this page to others; False if its token must be followed."""
        if page.first_at is None or page.last_at is None:
            return is_first and self._divide(slice_)
        border = page.last_at
        if not page.is_sorted or border == page.first_at:
            return False
        if is_first:
            self._full_page = float(page.count)
        self._span = max(1, int((border - (slice_.first if is_first else page.first_at)) * _FULL))
        if self._newest_at is not None and border <= self._newest_at:
            self._span += self._silence(slice_)
        # At the border itself more lines may wait in the next page.
        while page.lines and page.lines[-1].at == border:
            page.lines.pop()
        self._add(slice_, page.lines)
        rest = Slice(border, slice_.last)
        slice_.last = border - 1
        slice_.is_done = True
        self._seen += slice_.length
        place = self._slices.index(slice_)
        self._slices.insert(place if self._newest_first else place + 1, rest)
        return True

    def _divide(self, slice_: Slice) -> bool:
        """The server looks through much and finds nothing: let several look."""
        parts = self._workers()
        least = max(parts * _FIRST_LOOK_BACK, self._window // (4 * parts))
        if slice_.length < least or parts < 2:
            return False
        self._span = math.ceil(slice_.length / parts)
        self._takes_all = False  # several at once, though none of them may hold a line
        slice_.is_begun = False
        return True
