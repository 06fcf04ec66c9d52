"""Following logs for people: every line once, redacted, through throttling and lost connections."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

from bot.alerting.looking import redacted_lines
from bot.alerting.redaction import Redactor
from bot.analysis.logs.query import LogLine, LogQuery
from bot.errors import UpstreamError
from bot.services.logs.store import Lines, Progress
from bot.services.logs.stores import LogStores

OVERLAP = timedelta(seconds=30)  # read again after a failure
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0  # seconds before a store that failed is asked again
_REMEMBERED = 50_000  # ids of lines, so that none is given twice
_CONTEXT = 120  # lines in which a private key may have begun


class Watch:
    """One tail; `lines()` may be iterated once.

    Attributes:
        progress: what the store tells, summed over all its attempts.
        trouble: why nothing comes at the moment; "" while all is well.
        note: what is otherwise than it was asked for.

    Args:
        live: by CloudWatch's Live Tail, as long as it can be had; else the store is polled.
    """

    def __init__(
        self, logs: LogStores, redactor: Redactor, query: LogQuery, *, live: bool = False
    ) -> None:
        self._logs = logs
        self._redactor = redactor
        self._query = query
        self._given: dict[tuple[str, str, int, str], None] = {}
        self._raw: deque[LogLine] = deque(maxlen=_CONTEXT)
        self.progress = Progress()
        self.trouble = ""
        self.note = ""
        self._live = live

    async def lines(self) -> AsyncGenerator[Lines, None]:
        """New lines as they come; an empty batch whenever the store was looked at in vain, or
        `trouble` has changed.

        Raises:
            NotFound, UpstreamError: it makes no sense to go on.
        """
        wait = FIRST_WAIT
        nothing: list[LogLine] = []
        query = self._query
        while True:
            began = False
            try:
                follow = self._logs.live if self._live else self._logs.tail
                async with aclosing(follow(query, self.progress)) as batches:
                    async for batch in batches:
                        self.trouble, wait, began = "", FIRST_WAIT, True
                        yield await self._clean(self._fresh(batch))
            except UpstreamError as error:
                if self._live and (error.permanent or not began):
                    self._live, wait = False, 0.0
                    self.note = (
                        f"Live Tail is not to be had, the log is asked every second: {error}"
                    )
                elif error.permanent:
                    raise
                else:
                    self.trouble = str(error)
            yield nothing
            await asyncio.sleep(wait)
            wait = min(max(FIRST_WAIT, wait * 2), LONGEST_WAIT)
            reached = self.progress.reached or self._query.start
            query = replace(self._query, start=max(self._query.start, reached - OVERLAP))

    def _fresh(self, batch: Lines) -> Lines:
        fresh = [line for line in batch if _key(line) not in self._given]
        self._given.update(dict.fromkeys(map(_key, fresh)))
        while len(self._given) > _REMEMBERED:
            self._given.pop(next(iter(self._given)))
        return fresh

    async def _clean(self, fresh: Lines) -> Sequence[LogLine]:
        """Redacted, together with the lines before, in which a private key may have begun."""
        if not fresh:
            return fresh
        before = [*self._raw] if any("-----BEGIN" in each.message for each in self._raw) else []
        self._raw.extend(fresh)
        clean = await asyncio.to_thread(redacted_lines, self._redactor, [*before, *fresh])
        return clean[len(before) :]


def _key(line: LogLine) -> tuple[str, str, int, str]:
    """A file's ids begin anew when it is rotated, so the time belongs to it."""
    return line.group, line.stream, line.at, line.id
