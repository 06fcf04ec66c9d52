"""One tail: it follows a log and keeps its message up to date, within what Discord allows."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from discord import ui

from bot.alerting.watching import Watch
from bot.analysis.logs.query import LogLine
from bot.analysis.logs.question import Question
from bot.errors import JinkiesError, NotFound, UpstreamError
from bot.services.logs.store import Lines
from bot.store.logbook import TailRow
from bot.ui import plain
from bot.ui.logs.lines import look_for
from bot.ui.logs.tail_views import TailState, ended_view, newest_block, tail_view

KEPT = 400  # lines; more than a message holds
_WAITING = "-# Nothing yet; lines appear here as they come."


class Surface(Protocol):
    """Where a tail is shown.

    Raises:
        NotFound: the message is gone. UpstreamError: it cannot be written just now, or
            (`permanent`) ever.
    """

    async def edit(self, row: TailRow, view: ui.LayoutView) -> None:
        """Change the message."""
        ...

    async def append(self, row: TailRow, body: str) -> None:
        """Write lines below it, in its thread."""
        ...


@dataclass(slots=True)
class _Unshown:
    """What has come and is not on the screen."""

    fresh: int = 0
    is_stale: bool = True


class Tail:
    """Runs until its time is up, somebody stops it, or it makes no sense to go on.

    Args:
        row: as it was kept; `row.thread_id` is 0 for a tail in one message.
        pace: seconds between two edits; asked each time, since others may share the channel.
    """

    def __init__(
        self,
        row: TailRow,
        question: Question,
        watch: Watch,
        surface: Surface,
        *,
        zone: tzinfo,
        clock: Callable[[], datetime],
        pace: Callable[[], float],
    ) -> None:
        self.row = row
        self.question = question
        self._watch = watch
        self._surface = surface
        self._zone = zone
        self._clock = clock
        self._pace = pace
        self._lines: deque[LogLine] = deque(maxlen=KEPT)
        self._count = 0
        self._unshown = _Unshown()
        self._held: int | None = None
        self._why = ""
        self._wake = asyncio.Event()
        self._body = _WAITING
        self._told = ""

    def pause(self) -> None:
        """Show nothing new; lines are counted all the same."""
        if self._held is None:
            self._held = 0
            self._poke()

    def resume(self) -> None:
        """Show what has come meanwhile, and go on."""
        if self._held is not None:
            self._held = None
            self._poke()

    def stop(self, why: str) -> None:
        """End it; `why` is shown."""
        self._why = self._why or why
        self._wake.set()

    @property
    def is_ending(self) -> bool:
        """Whether it was told to stop."""
        return bool(self._why)

    async def run(self) -> str:
        """Follow until the end; returns why it ended."""
        following = asyncio.create_task(self._follow(), name=f"tail-{self.row.id}")
        following.add_done_callback(lambda _task: self._wake.set())
        try:
            while not (why := self._ending(following)):
                if self._unshown.is_stale:
                    await self._draw()
                await self._rest(self._pace())
                if not following.done():
                    await self._until_something()
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        return why

    async def _follow(self) -> None:
        async with aclosing(self._watch.lines()) as batches:
            async for lines in batches:
                self._take(lines)

    def _take(self, lines: Lines) -> None:
        self._lines.extend(lines)
        self._count += len(lines)
        self._unshown.fresh += len(lines)
        if self._held is not None:
            self._held += len(lines)
        told = " ".join(self._notes())
        if lines or told != self._told:
            self._told = told
            self._poke()

    def _poke(self) -> None:
        self._unshown.is_stale = True
        self._wake.set()

    def _ending(self, following: asyncio.Task[None]) -> str:
        """Why it is over; "" while it is not."""
        if self._why:
            return self._why
        if self._clock() >= self.row.ends_at:
            length = self.row.ends_at - self.row.began_at
            return f"its {minutes_of(length)} are over."
        if following.done() and not following.cancelled():
            error = following.exception()
            if isinstance(error, JinkiesError):
                return plain.escape(str(error))
            if error is not None:
                raise error
        return ""

    async def _rest(self, seconds: float) -> None:
        """Let Discord rest between two edits; a stop is heard at once."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self._why and (left := until - loop.time()) > 0:
            self._wake.clear()
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                return

    async def _until_something(self) -> None:
        left = (self.row.ends_at - self._clock()).total_seconds()
        if self._unshown.is_stale or self._why or left <= 0:
            return
        self._wake.clear()
        try:
            async with asyncio.timeout(left):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _draw(self) -> None:
        """Bring the message up to date; what cannot be written now is written with the next."""
        self._unshown.is_stale = False
        try:
            if self.row.thread_id:
                await self.flush()
                await self._surface.edit(self.row, self.view())
                return
            fresh = self._unshown.fresh
            await self._surface.edit(self.row, self.view())
            if self._held is None:
                self._unshown.fresh -= fresh
        except NotFound:
            self.stop("its message was deleted.")
        except UpstreamError as error:
            if error.permanent:
                self.stop(plain.escape(str(error)))
            self._unshown.is_stale = True

    async def flush(self) -> None:
        """Write what has come into the thread, if there is one; raises as the surface does."""
        fresh, lines = self._unshown.fresh, list(self._lines)
        if not self.row.thread_id or not fresh or self._held is not None:
            return
        body, _ = newest_block(lines[-fresh:], look_for(lines, self._zone), fresh)
        self._unshown.fresh -= fresh  # an answer that is lost must not write them twice
        await self._surface.append(self.row, body)

    def view(self) -> ui.LayoutView:
        """The message as it is now; paused, it shows what it showed."""
        lines = list(self._lines)
        if self.row.thread_id:
            self._body = f"-# The lines are in <#{self.row.thread_id}>."
        elif lines and self._held is None:
            look = look_for(lines, self._zone)
            self._body, _ = newest_block(lines, look, self._unshown.fresh)
        return tail_view(self.state(), self._body)

    def state(self) -> TailState:
        """What is told above the lines now."""
        return TailState(
            number=self.row.question_id,
            tail=self.row.id,
            question=self.question,
            by=self.row.person_name,
            began_at=self.row.began_at,
            ends_at=self.row.ends_at,
            count=self._count,
            held=self._held,
            notes=self._notes(),
        )

    def last_view(self, why: str, number: int) -> ui.LayoutView:
        """The message of its end; `number` asks for all lines."""
        lines = list(self._lines)
        body = ""
        if lines and not self.row.thread_id:
            body, _ = newest_block(lines, look_for(lines, self._zone), self._unshown.fresh)
        return ended_view(self.state(), why, body, number=number)

    def whole(self) -> Question:
        """The question for everything that was followed, up to now."""
        end = int(self._clock().timestamp() * 1000)
        return replace(self.question, end=end, limit=1_000, newest_first=False)

    def _notes(self) -> list[str]:
        notes = []
        progress = self._watch.progress
        if self._watch.trouble:
            notes.append(f"⚠️ {plain.label(self._watch.trouble, 200)} It is tried again.")
        if self._watch.note:
            notes.append(f"-# {plain.label(self._watch.note, 250)}")
        if progress.throttled:
            notes.append("-# The store asked to slow down; no line is lost.")
        if progress.sampled:
            notes.append("⚠️ The store left lines out by itself (sampled): Download has them all.")
        return notes


def minutes_of(length: timedelta) -> str:
    """A length in words: `15 minutes`."""
    minutes = round(length.total_seconds() / 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'}"
