"""What happens, as a stream for pages; kept a while, so that a reconnecting page misses none."""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator

from sandbox.discord.world import Dispatch, World

KEPT = 2000


class Feed:
    """The last dispatches of a world, numbered.

    A cursor is `<feed>-<number>`: it names the last dispatch a page has seen. After a restart of
    the stand-in, or too long an absence, a cursor no longer says what was missed.
    """

    def __init__(self, world: World) -> None:
        self._name = secrets.token_hex(4)
        self._kept: deque[Dispatch] = deque(maxlen=KEPT)
        self._count = 0
        self._more = asyncio.Event()
        self._closed = False
        self._unsubscribe = world.subscribe(self.push)

    @property
    def cursor(self) -> str:
        """The cursor of now."""
        return self._cursor(self._count)

    def push(self, dispatch: Dispatch) -> None:
        """Keep a dispatch and wake every reader."""
        self._kept.append(dispatch)
        self._count += 1
        self._wake()

    def close(self) -> None:
        """End every reader."""
        self._closed = True
        self._unsubscribe()
        self._wake()

    async def after(
        self, cursor: str, beat: float
    ) -> AsyncIterator[tuple[str, Dispatch | None] | None]:
        """Yield (cursor, dispatch) of everything after `cursor`, for ever.

        A dispatch of None says that some were missed and the cursor starts anew. Every `beat`
        seconds without news None is yielded.
        """
        position = self._position(cursor)
        while not self._closed:
            oldest = self._count - len(self._kept)
            if position is None or position < oldest:
                position = self._count
                yield self.cursor, None
            while position < self._count and position >= self._count - len(self._kept):
                dispatch = self._kept[position - (self._count - len(self._kept))]
                position += 1
                yield self._cursor(position), dispatch
            if position == self._count and not await self._news(beat):
                yield None

    async def _news(self, beat: float) -> bool:
        more = self._more
        try:
            async with asyncio.timeout(beat):
                await more.wait()
        except TimeoutError:
            return False
        return True

    def _wake(self) -> None:
        self._more.set()
        self._more = asyncio.Event()

    def _cursor(self, count: int) -> str:
        return f"{self._name}-{count}"

    def _position(self, cursor: str) -> int | None:
        name, _, count = cursor.partition("-")
        known = name == self._name and count.isascii() and count.isdigit()
        return int(count) if known and len(count) < 16 and int(count) <= self._count else None
