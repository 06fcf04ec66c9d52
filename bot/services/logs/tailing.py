"""Following a log without losing a line or giving one twice.

"Later than the last one" is not enough: lines of the same millisecond, and lines that are
ingested late, have a time that has passed already. So each look goes back a little, and what
was given out is known by its id. Every so often a look goes back further.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.analysis.logs.query import LogLine
from bot.services.logs.store import Lines, Progress


@dataclass(frozen=True, slots=True)
class TailRhythm:
    """How often and how far back a tail looks; seconds.

    A line that is ingested more than `deep_overlap` after its own time may be missed: no store
    can be asked for lines by the time of their arrival.
    """

    pause: float = 1.0
    overlap: float = 10.0
    deep_every: float = 30.0
    deep_overlap: float = 300.0


Look = Callable[[int, Progress], AsyncGenerator[Lines, None]]


async def followed(
    look: Look, start: int, progress: Progress, rhythm: TailRhythm
) -> AsyncGenerator[Lines, None]:
    """Yield new lines as they come, and an empty batch after each look.

    Args:
        look: reads all lines from a time (milliseconds, inclusive) on, in order.
        start: no line before it is given out.
    """
    given: dict[str, int] = {}  # id → its time
    reached = start
    clock = asyncio.get_running_loop().time
    deep_at = clock() + rhythm.deep_every
    while True:
        is_deep = clock() >= deep_at
        overlap = rhythm.deep_overlap if is_deep else rhythm.overlap
        since = max(start, reached - int(overlap * 1000))
        looking = Progress()
        async for lines in look(since, looking):
            fresh = [line for line in lines if line.id not in given]
            given.update((line.id, line.at) for line in fresh)
            if lines:
                reached = max(reached, lines[-1].at)
            progress.matched += len(fresh)
            if fresh:
                yield fresh
        progress.calls += looking.calls
        progress.throttled += looking.throttled
        progress.scanned += looking.scanned
        if is_deep:
            deep_at = clock() + rhythm.deep_every
            given = _recent(given, reached - int(rhythm.deep_overlap * 1000))
        progress.reached = datetime.fromtimestamp(reached / 1000, UTC)
        nothing: list[LogLine] = []
        yield nothing
        await asyncio.sleep(rhythm.pause)


def _recent(given: dict[str, int], since: int) -> dict[str, int]:
    return {line_id: at for line_id, at in given.items() if at >= since}
