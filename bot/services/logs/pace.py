"""How many calls are on their way at once: as many as the store bears.

Each success earns a little more, each throttling halves it and makes everybody wait; throttled
calls are made again, so nobody but `Progress` hears of them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from bot.services.logs.failures import Refusal, explained
from bot.services.logs.store import Progress

T = TypeVar("T")

MOST_WORKERS = 8
_FIRST_WAIT, _LONGEST_WAIT = 0.15, 5.0  # seconds
_PATIENCE = 60.0  # of throttling without one success
_TRIES = 5  # of a call that fails otherwise


class Pace:
    """Shared by all reads of one account and region; lives in one event loop."""

    def __init__(self, most: int = MOST_WORKERS) -> None:
        self._most = most
        self._allowed = float(most)
        self._active = 0
        self._not_before = 0.0
        self._slowed_at = 0.0
        self._throttled_in_a_row = 0
        self._change = asyncio.Condition()

    @property
    def workers(self) -> int:
        """How many calls may be on their way now."""
        return max(1, int(self._allowed))

    async def call(self, ask: Callable[[], Awaitable[T]], progress: Progress) -> T:
        """Make a call when it is its turn, again while AWS asks for patience.

        Raises:
            Refusal: one that does not pass by itself.
            UpstreamError: it was throttled for a minute, or failed five times.
        """
        clock = asyncio.get_running_loop().time
        began, failures = clock(), 0
        while True:
            async with self._turn() as asked_at:
                progress.calls += 1
                try:
                    answer = await ask()
                except Refusal as refusal:
                    failures += not refusal.is_throttling
                    too_long = clock() - began > _PATIENCE
                    if not refusal.passes or too_long or failures >= _TRIES:
                        raise (explained(refusal) if refusal.passes else refusal) from None
                    progress.throttled += refusal.is_throttling
                    self._slow_down(asked_at, clock())
                else:
                    self._speed_up()
                    return answer

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[float]:
        clock = asyncio.get_running_loop().time
        async with self._change:
            await self._change.wait_for(lambda: self._active < self.workers)
            self._active += 1
        try:
            if (wait := self._not_before - clock()) > 0:
                await asyncio.sleep(wait * random.uniform(1.0, 1.3))  # noqa: S311 - no secret
            yield clock()
        finally:
            async with self._change:
                self._active -= 1
                self._change.notify_all()

    def _slow_down(self, asked_at: float, now: float) -> None:
        if asked_at < self._slowed_at:
            return  # it was on its way before we slowed down
        self._slowed_at = now
        self._allowed = max(1.0, self._allowed / 2)
        self._not_before = now + min(_LONGEST_WAIT, _FIRST_WAIT * 2**self._throttled_in_a_row)
        self._throttled_in_a_row = min(self._throttled_in_a_row + 1, 10)

    def _speed_up(self) -> None:
        self._throttled_in_a_row = 0
        self._allowed = min(float(self._most), self._allowed + 0.5 / self._allowed)
