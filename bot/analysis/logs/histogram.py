"""How many lines there were when, and how bad they were."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.analysis.logs.levels import level_of
from bot.analysis.logs.query import LogLine
from bot.models import Severity

# Lengths of a bucket that people can read off, in seconds.
_STEPS = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200,
    86_400, 172_800, 604_800,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of consecutive buckets of `step` seconds, the first beginning at `start`.

    `errors` counts those of level error or worse among `counts`.
    """

    start: datetime
    step: int
    counts: tuple[int, ...]
    errors: tuple[int, ...]


def histogram(
    lines: Iterable[LogLine], start: datetime, end: datetime, *, buckets: int = 30
) -> Histogram:
    """Count lines over a window in at most `buckets` buckets of a round length.

    The first bucket begins at a multiple of its length; lines outside the window are left out.
    """
    seconds = max(1.0, (end - start).total_seconds())
    fitting = (step for step in _STEPS if seconds / step <= buckets - 1)
    step = next(fitting, int(seconds / max(1, buckets - 1)) + 1)
    origin = int(start.timestamp()) // step * step
    size = int(end.timestamp()) // step - origin // step + 1
    counts, errors = [0] * size, [0] * size
    first, last = int(start.timestamp() * 1000), int(end.timestamp() * 1000)
    for line in lines:
        if not first <= line.at <= last:
            continue
        place = (line.at // 1000 - origin) // step
        counts[place] += 1
        level = level_of(line.message)
        if level is not None and level.rank >= Severity.ERROR.rank:
            errors[place] += 1
    begins = start - timedelta(seconds=start.timestamp() - origin)
    return Histogram(begins, step, tuple(counts), tuple(errors))
