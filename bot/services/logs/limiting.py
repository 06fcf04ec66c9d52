"""So many lines and no more; and whether there are more is never kept secret."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from bot.services.logs.store import Lines, Progress


async def limited(
    batches: AsyncGenerator[Lines, None],
    limit: int,
    progress: Progress,
    is_unread: Callable[[], bool],
) -> AsyncGenerator[Lines, None]:
    """The first `limit` lines (all of them if 0); sets `progress.more`.

    Args:
        is_unread: whether a part of the window has not been looked at.
    """
    left = limit
    async with aclosing(batches):
        async for lines in batches:
            if not limit or len(lines) < left:
                left -= len(lines)
                yield lines
                continue
            progress.more = len(lines) > left or progress.matched > limit or is_unread()
            yield lines[:left]
            return
