"""What a log store is: CloudWatch, plain files, Loki."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.analysis.logs.query import LogLine, LogQuery

Lines = Sequence[LogLine]


@dataclass(slots=True)
class Progress:
    """What a read or a tail has done so far; it changes while the lines come.

    Attributes:
        scanned: lines that the store has handed us; the server may have looked at more.
        matched: lines that fit the query, those beyond its limit included as far as they were
            read. "Showing 2,000 of at least `matched`".
        calls: requests made, repeated ones included.
        throttled: how often the store asked us to slow down; no such call is lost.
        workers: how many slices of the window are read at the same time.
        fraction: the share of the window that has been read, 0–1.
        more: lines that fit may exist beyond those handed out: the limit was reached.
        sampled: the store left lines out by itself (only StartLiveTail does).
        reached: a tail has handed out all up to this time.
    """

    scanned: int = 0
    matched: int = 0
    calls: int = 0
    throttled: int = 0
    workers: int = 0
    fraction: float = 0.0
    more: bool = False
    sampled: bool = False
    reached: datetime | None = None


class LogStore(Protocol):
    """A place where logs are kept. Nothing in it blocks the event loop.

    `read` and `tail` are async generators of batches (never empty in a read; a tail yields an
    empty batch after each look that found nothing, so that whoever watches can think).
    Ending early is `aclose()`, cancelling the task, or `contextlib.aclosing`: what is under
    way is then given up. Failures are `UpstreamError` with a cure; an unknown group is
    `NotFound` naming the nearest ones.
    """

    async def groups(self, typed: str = "", *, limit: int = 25) -> tuple[str, ...]:
        """Log groups for autocompletion: those beginning with `typed`, then those that hold it."""
        ...

    def read(
        self, query: LogQuery, progress: Progress | None = None
    ) -> AsyncGenerator[Lines, None]:
        """The lines that fit, in order of time (several groups merged), up to the limit.

        Lines of equal time keep the order of the store; newest first is exactly the reverse.
        """
        ...

    def tail(
        self, query: LogQuery, progress: Progress | None = None
    ) -> AsyncGenerator[Lines, None]:
        """Every line that fits from `query.start` on, each once, until it is closed.

        A line that arrives late (within the overlap window) comes late, out of order; `limit`
        and `newest_first` do not count here.
        """
        ...

    async def around(
        self, line: LogLine, *, before: int = 20, after: int = 20
    ) -> tuple[LogLine, ...]:
        """The lines of the same stream around a line, itself included, in order of time."""
        ...

    async def close(self) -> None:
        """Give up what is under way and let go of connections and threads."""
        ...
