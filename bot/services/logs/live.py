"""CloudWatch's Live Tail: lines are pushed as they come. Billed by the minute; beyond 500 lines a
second AWS leaves some out, and says so.

What was logged before the session began is read as usual. Live Tail tells no ids, so a line is
known by stream, time and text, and copies of it by their number.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from bot.analysis.logs.query import LogLine, LogQuery
from bot.analysis.logs.sieve import Sieve
from bot.errors import JinkiesError, UpstreamError
from bot.services.logs.failures import SYSTEM, Refusal, explained
from bot.services.logs.store import Lines, Progress

MOST_GROUPS = 10
_REMEMBERED = 100_000  # kinds of lines
_SESSION_ENDED = ("SessionTimeoutException", "SessionStreamingException")

Earlier = Callable[[LogQuery], AsyncGenerator[Lines, None]]


class LiveTail:
    """One session; `lines` may be iterated once.

    Args:
        client: of boto3.
        names: the groups' names by their ARNs.
        earlier: reads what was logged up to now, in order.
    """

    def __init__(
        self, client: Any, names: Mapping[str, str], query: LogQuery, earlier: Earlier
    ) -> None:
        self._client = client
        self._names = names
        self._query = query
        self._earlier = earlier
        self._sieve = Sieve(query)
        self._memory: dict[str, bool] = {}
        self._copies: Counter[str] = Counter()
        self._had: Counter[str] = Counter()
        self._gone = threading.Event()

    async def lines(self, progress: Progress) -> AsyncGenerator[Lines, None]:
        """As `LogStore.tail`; an empty batch after each update in vain.

        Raises:
            UpstreamError: the session cannot be begun (`permanent` if it never can), or ended.
        """
        updates: asyncio.Queue[Any] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def tell(update: Any) -> None:
            if not self._gone.is_set():
                loop.call_soon_threadsafe(updates.put_nowait, update)

        threading.Thread(target=self._run, args=(tell,), name="live-tail", daemon=True).start()
        try:
            while True:
                update = await updates.get()
                if isinstance(update, JinkiesError):
                    raise update
                if "sessionStart" in update:
                    async with aclosing(self._earlier(self._query)) as batches:
                        async for batch in batches:
                            yield self._told([*batch], progress, is_live=False)
                elif "sessionUpdate" in update:
                    session = update["sessionUpdate"]
                    progress.sampled |= bool(session.get("sessionMetadata", {}).get("sampled"))
                    found = [self._line(each) for each in session.get("sessionResults", ())]
                    found.sort(key=lambda line: line.at)
                    kept = self._sieve.keep(found, self._memory)
                    progress.scanned += len(found)
                    yield self._told(kept, progress, is_live=True)
        finally:
            self._gone.set()

    def _run(self, tell: Callable[[Any], None]) -> None:
        """Listen, in a thread; AWS tells something every second, so it ends soon."""
        asked: dict[str, Any] = {"logGroupIdentifiers": list(self._names)}
        if self._sieve.server_pattern:
            asked["logEventFilterPattern"] = self._sieve.server_pattern
        if self._query.stream and len(self._names) == 1:
            asked["logStreamNamePrefixes"] = [self._query.stream]
        try:
            stream = self._client.start_live_tail(**asked)["responseStream"]
            try:
                for update in stream:
                    tell(update)
                    if self._gone.is_set():
                        return
            finally:
                stream.close()
            tell(UpstreamError(SYSTEM, "the Live Tail session ended.", retry_after=1.0))
        except ClientError as error:
            tell(_refused(error))
        except (BotoCoreError, HTTPClientError, OSError) as error:
            tell(UpstreamError(SYSTEM, f"Live Tail: {error}", retry_after=1.0))

    def _line(self, told: Mapping[str, Any]) -> LogLine:
        arn = told["logGroupIdentifier"]
        group = self._names.get(arn) or arn.rpartition(":log-group:")[2] or arn
        at = told["timestamp"]
        milliseconds = at if isinstance(at, int) else int(at.timestamp() * 1000)
        return LogLine(milliseconds, told["message"], group, told["logStreamName"])

    def _told(self, lines: list[LogLine], progress: Progress, *, is_live: bool) -> Lines:
        """The lines with ids of ours; of the live ones those that were not read already."""
        made: list[LogLine] = []
        for line in lines:
            kind = _kind(line)
            if is_live and self._had[kind] > 0:
                self._had[kind] -= 1
                continue
            self._had[kind] += not is_live
            self._copies[kind] += 1
            made.append(line._replace(id=f"{kind}-{self._copies[kind]}"))
        if len(self._copies) > _REMEMBERED:
            self._copies.clear()
            self._had.clear()
        if made:
            progress.reached = datetime.fromtimestamp(max(line.at for line in made) / 1000, UTC)
            progress.matched += len(made)
        return made


def _kind(line: LogLine) -> str:
    told = f"{line.group}\n{line.stream}\n{line.at}\n{line.message}"
    return hashlib.blake2b(told.encode(errors="replace"), digest_size=12).hexdigest()


def _refused(error: ClientError) -> UpstreamError:
    told = error.response.get("Error", {})
    code = str(told.get("Code", ""))
    if code in _SESSION_ENDED:
        return UpstreamError(SYSTEM, "the Live Tail session ended.", retry_after=1.0)
    return explained(Refusal(code, str(told.get("Message", error)), "StartLiveTail"))
