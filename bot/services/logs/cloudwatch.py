"""CloudWatch Logs: reading in parallel slices, following, and what its groups are called."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cached_property, partial
from threading import Lock
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bot.analysis.logs.query import LogLine, LogQuery
from bot.errors import JinkiesError, NotFound, UpstreamError
from bot.services.logs.account import Account
from bot.services.logs.asking import GroupAsker, named
from bot.services.logs.failures import SYSTEM, Refusal, explained
from bot.services.logs.limiting import limited
from bot.services.logs.merging import merged
from bot.services.logs.pace import MOST_WORKERS, Pace
from bot.services.logs.slices import SlicedRead
from bot.services.logs.store import Lines, Progress
from bot.services.logs.tailing import TailRhythm, followed
from bot.services.logs.wire import Wire

log = logging.getLogger(__name__)
_AROUND_MS = 24 * 3_600_000
_SUGGESTED_FROM = 500  # groups
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(hours=2)  # AWS accepts no line that is further in the future


class CloudWatchStore:
    """A `LogStore`. Lives in one event loop; `close` lets go of its threads.

    Args:
        account: credentials and region.
        endpoint_url: of a local AWS; "" for the real one.
        workers: calls on their way at once, at most.
    """

    def __init__(
        self,
        account: Account,
        *,
        endpoint_url: str = "",
        workers: int = MOST_WORKERS,
        rhythm: TailRhythm | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._account = account
        self._endpoint_url = endpoint_url
        self._wire = Wire(account, endpoint_url or self.client.meta.endpoint_url, workers)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="logs")
        self._making = Lock()
        self._pace = Pace(workers)
        self._rhythm = rhythm or TailRhythm()
        self._clock = clock

    @cached_property
    def client(self) -> Any:
        """The boto3 client, for all but FilterLogEvents; its making takes as long as a call.

        So a read of a local AWS, whose address is known without it, does not wait for it.
        """
        return self._make_client(retries={"max_attempts": 4})

    @classmethod
    def open(cls, region: str = "", endpoint_url: str = "") -> CloudWatchStore:
        """With the credentials of the environment.

        Raises:
            UpstreamError: there is no region.
        """
        return cls(Account(region), endpoint_url=endpoint_url)

    async def close(self) -> None:
        """As `LogStore.close`."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._wire.close()

    async def groups(self, typed: str = "", *, limit: int = 25) -> tuple[str, ...]:
        """As `LogStore.groups`: beginning with `typed`, then holding it."""
        typed = typed.strip()
        if not typed:
            return await self._groups(limit)
        found = list(await self._groups(limit, logGroupNamePrefix=typed)) if "/" in typed else []
        if len(found) < limit:
            found += await self._groups(limit, logGroupNamePattern=typed[:512])
        return tuple(dict.fromkeys(found))[:limit]

    async def read(
        self, query: LogQuery, progress: Progress | None = None
    ) -> AsyncGenerator[Lines, None]:
        """As `LogStore.read`."""
        progress = progress if progress is not None else Progress()
        first, last = milliseconds(query.start), milliseconds(query.end or self._clock())
        share = 1 / len(query.groups)
        reads = [
            self._sliced(query, group, first, last, progress, share=share) for group in query.groups
        ]
        batches = merged([each.batches() for each in reads], newest_first=query.newest_first)

        def is_unread() -> bool:
            return any(each.is_unread for each in reads)

        async with aclosing(limited(batches, query.limit, progress, is_unread)) as kept:
            async for lines in kept:
                yield lines

    async def tail(
        self, query: LogQuery, progress: Progress | None = None
    ) -> AsyncGenerator[Lines, None]:
        """As `LogStore.tail`, by polling."""
        progress = progress if progress is not None else Progress()
        endless = replace(query, limit=0, newest_first=False)

        def look(since: int, progress: Progress) -> AsyncGenerator[Lines, None]:
            last = milliseconds(self._clock() + _AHEAD)
            reads = [self._sliced(endless, each, since, last, progress) for each in query.groups]
            return merged([each.batches() for each in reads], newest_first=False)

        start = milliseconds(query.start)
        async with aclosing(followed(look, start, progress, self._rhythm)) as batches:
            async for lines in batches:
                yield lines

    async def live(
        self, query: LogQuery, progress: Progress | None = None
    ) -> AsyncGenerator[Lines, None]:
        """As `tail`, by Live Tail: pushed, and sampled where much comes.

        Raises:
            UpstreamError: also where the account or the number of groups does not allow it.
        """
        from bot.services.logs.live import MOST_GROUPS, LiveTail  # a read does not wait for it

        progress = progress if progress is not None else Progress()
        if len(query.groups) > MOST_GROUPS:
            raise UpstreamError(SYSTEM, f"Live Tail takes {MOST_GROUPS} groups.", permanent=True)
        names = {await self._arn(group): group for group in query.groups}

        def earlier(asked: LogQuery) -> AsyncGenerator[Lines, None]:
            return self.read(replace(asked, limit=0, newest_first=False))

        client = await asyncio.to_thread(self._live_client)
        session = LiveTail(client, names, query, earlier)
        async with aclosing(session.lines(progress)) as batches:
            async for lines in batches:
                yield lines

    def _live_client(self) -> Any:
        """Live Tail has a host of its own, except where AWS is a local one; refused, we poll."""
        return self._make_client(
            inject_host_prefix=not self._endpoint_url, retries={"max_attempts": 1}
        )

    def _make_client(self, **options: Any) -> Any:
        from botocore.config import Config  # a read of a local AWS does not wait for it

        config = Config(connect_timeout=5, read_timeout=30, **options)
        return self._account.client(endpoint_url=self._endpoint_url or None, config=config)

    async def _arn(self, group: str) -> str:
        if group.startswith("arn:"):
            return group.removesuffix(":*")
        answer = await self.call("describe_log_groups", logGroupNamePrefix=group)
        for each in answer["logGroups"]:
            if each["logGroupName"] == group:
                return str(each.get("logGroupArn") or each["arn"]).removesuffix(":*")
        raise NotFound(f"There is no log group {group}.")

    async def around(
        self, line: LogLine, *, before: int = 20, after: int = 20
    ) -> tuple[LogLine, ...]:
        """As `LogStore.around`; looks a day to either side."""
        asked = LogQuery((line.group,), start=line.timestamp, limit=max(before, after) + 10)
        backwards = replace(asked, newest_first=True)
        older = await _beyond(self._of_stream(backwards, line, -_AROUND_MS), line, before)
        newer = await _beyond(self._of_stream(asked, line, _AROUND_MS), line, after)
        return (*reversed(older), line, *newer)

    def _of_stream(self, query: LogQuery, line: LogLine, reach: int) -> SlicedRead:
        first, last = sorted((line.at, line.at + reach))
        return self._sliced(query, line.group, first, last, Progress(), stream=line.stream)

    def _sliced(
        self,
        query: LogQuery,
        group: str,
        first: int,
        last: int,
        progress: Progress,
        *,
        share: float = 1.0,
        stream: str = "",
    ) -> SlicedRead:
        asker = GroupAsker(
            self._wire,
            self._pace,
            self._threads,
            query,
            group,
            progress=progress,
            explain=self._explain,
            stream=stream,
            limit=query.limit,
        )
        reads_newest = query.newest_first and query.limit > 0 and asker.takes_all
        return SlicedRead(
            asker,
            first,
            last,
            newest_first=query.newest_first,
            limit=query.limit,
            workers=lambda: self._pace.workers,
            progress=progress,
            share=share,
            newest=partial(self._newest, group, progress) if reads_newest else None,
        )

    async def _newest(self, group: str, progress: Progress) -> int | None:
        """When the newest line of a group was written, as far as AWS has noted it by now."""
        progress.calls += 1
        last = {"orderBy": "LastEventTime", "descending": True, "limit": 1}
        try:
            answer = await self.call("describe_log_streams", **named(group), **last)
        except UpstreamError as error:
            # Not allowed, perhaps. The lines are found without it too, only in more calls.
            log.info("no help from DescribeLogStreams for %s: %s", group, error)
            return None
        times = [each.get("lastEventTimestamp") for each in answer["logStreams"]]
        return max((at for at in times if at), default=None)

    async def _groups(self, limit: int, **narrowed: str) -> tuple[str, ...]:
        names: list[str] = []
        asked: dict[str, Any] = {"limit": min(50, limit), **narrowed}
        while len(names) < limit:
            answer = await self.call("describe_log_groups", **asked)
            names += [each["logGroupName"] for each in answer["logGroups"]]
            if "nextToken" not in answer:
                break
            asked["nextToken"] = answer["nextToken"]
        return tuple(names[:limit])

    async def call(self, operation: str, **asked: Any) -> Any:
        """Any other operation of the boto3 client, in a thread.

        Raises:
            UpstreamError: with a cure.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, self._call, operation, asked
            )
        except ClientError as error:
            told = error.response.get("Error", {})
            name = error.operation_name
            raise explained(
                Refusal(told.get("Code", ""), told.get("Message", str(error)), name)
            ) from error
        except BotoCoreError as error:
            raise UpstreamError(
                SYSTEM, str(error), cure="Check the connection, AWS_REGION and the credentials."
            ) from error

    def _call(self, operation: str, asked: Mapping[str, Any]) -> Any:
        with self._making:
            client = self.client
        return getattr(client, operation)(**asked)

    async def _explain(self, refusal: Refusal, group: str) -> JinkiesError:
        if refusal.code != "ResourceNotFoundException":
            return explained(refusal)
        near = get_close_matches(group, await self._groups(_SUGGESTED_FROM), n=3, cutoff=0.5)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        return NotFound(f"There is no log group {group}.{hint}")


async def _beyond(read: SlicedRead, line: LogLine, count: int) -> list[LogLine]:
    """The first `count` lines of `read` behind `line`, which is among its first."""
    seen: list[LogLine] = []
    async with aclosing(read.batches()) as batches:
        async for lines in batches:
            seen += lines
            place = next((at for at, one in enumerate(seen) if one.id == line.id), None)
            if place is not None and len(seen) - place > count:
                break
    place = next((at for at, one in enumerate(seen) if one.id == line.id), -1)
    return seen[place + 1 : place + 1 + count]


def milliseconds(moment: datetime) -> int:
    """Since 1970, exactly."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)
