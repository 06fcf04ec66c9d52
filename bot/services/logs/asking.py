"""FilterLogEvents for one group and one query: what is asked, and what a refusal means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any

from bot.analysis.logs.query import LogQuery
from bot.analysis.logs.sieve import Sieve
from bot.errors import JinkiesError
from bot.services.logs.failures import Refusal
from bot.services.logs.pace import Pace
from bot.services.logs.store import Progress
from bot.services.logs.wire import Page, Wire

_MOST_AT_ONCE = 10_000
_STREAMS = {"logStreamNames", "logStreamNamePrefix"}


class GroupAsker:
    """Fetches pages of one group; a `slices.Fetch`.

    Args:
        stream: the exact name of the one stream to read; "" for what the query says.
        limit: no page need hold more; 0 for full pages.
        explain: turns a refusal into the error that a person sees.
    """

    def __init__(
        self,
        wire: Wire,
        pace: Pace,
        threads: Executor,
        query: LogQuery,
        group: str,
        *,
        progress: Progress,
        explain: Callable[[Refusal, str], Awaitable[JinkiesError]],
        stream: str = "",
        limit: int = 0,
    ) -> None:
        self._wire = wire
        self._pace = pace
        self._threads = threads
        self._group = group
        self._sieve = Sieve(query)
        self._progress = progress
        self._explain = explain
        self._limit = 0 if query.newest_first else limit
        self._asked: dict[str, Any] = named(group) | _streams(query, stream)
        self._pattern = self._sieve.server_pattern
        self._is_pattern_ours = not query.pattern.strip()

    @property
    def takes_all(self) -> bool:
        """Whether every line of the group fits."""
        return self._sieve.keeps_all and not self._asked.keys() & _STREAMS

    async def __call__(
        self, first: int, last: int, token: str | None, memory: dict[str, bool]
    ) -> Page:
        """As `slices.Fetch`; raises `NotFound` or `UpstreamError`."""
        try:
            return await self._fetch(first, last, token, memory)
        except Refusal as refusal:
            if refusal.code != "InvalidParameterException" or not self._drop_pattern(token):
                raise await self._explain(refusal, self._group) from refusal
        return await self(first, last, None, memory)

    async def _fetch(
        self, first: int, last: int, token: str | None, memory: dict[str, bool]
    ) -> Page:
        asked = {**self._asked, "startTime": first, "endTime": last}
        if self._pattern:
            asked["filterPattern"] = self._pattern
        if token is not None:
            asked["nextToken"] = token
        if self._limit and (self._sieve.keeps_all or self._pattern):
            # Lines of one millisecond may have to be left to the next page: some to spare.
            asked["limit"] = min(_MOST_AT_ONCE, 2 * self._limit + 100)
        ask = partial(
            self._wire.filter, asked, self._group, partial(self._sieve.keep, memory=memory)
        )
        loop = asyncio.get_running_loop()
        return await self._pace.call(
            lambda: loop.run_in_executor(self._threads, ask), self._progress
        )

    def _drop_pattern(self, token: str | None) -> bool:
        """Go on without the pattern if it is one that we made: our own sieve judges anyhow."""
        may = bool(self._pattern) and self._is_pattern_ours and token is None
        if may:
            self._pattern = ""
        return may


def named(group: str) -> dict[str, Any]:
    """How a call names a group, which may be an ARN."""
    if group.startswith("arn:"):
        return {"logGroupIdentifier": group.removesuffix(":*")}
    return {"logGroupName": group}


def _streams(query: LogQuery, stream: str) -> dict[str, Any]:
    if stream:
        return {"logStreamNames": [stream]}
    return {"logStreamNamePrefix": query.stream} if query.stream else {}
