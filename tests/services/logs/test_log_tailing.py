"""Following a group: every line, each once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from log_groups import BASE, GROUP, query

from bot.models import Severity
from bot.services.logs.cloudwatch import CloudWatchStore
from bot.services.logs.store import LogStore, Progress
from sandbox.cloudwatch import CloudWatchStandIn, Refused


class Watcher:
    """Reads a tail; `messages` are what it has been told."""

    def __init__(self, store: LogStore, asked: object) -> None:
        self.messages: list[str] = []
        self.progress = Progress()
        self._looked = asyncio.Condition()
        self._looks = 0
        self._batches = store.tail(asked, self.progress)  # type: ignore[arg-type]

    async def run(self) -> None:
        async for lines in self._batches:
            self.messages += [line.message for line in lines]
            if not lines:
                async with self._looked:
                    self._looks += 1
                    self._looked.notify_all()

    async def looked(self, times: int = 2) -> None:
        """Wait until it has looked through everything anew."""
        async with self._looked:
            wanted = self._looks + times
            await asyncio.wait_for(self._looked.wait_for(lambda: self._looks >= wanted), 10)


@asynccontextmanager
async def watching(store: LogStore, asked: object) -> AsyncIterator[Watcher]:
    watcher = Watcher(store, asked)
    task = asyncio.create_task(watcher.run())
    try:
        yield watcher
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_lines_of_the_same_millisecond_are_all_seen(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    aws.add(GROUP, "s", [(BASE, "one")])
    async with watching(store, query()) as watcher:
        await watcher.looked()
        aws.add(GROUP, "s", [(BASE, "two"), (BASE, "three")])
        await watcher.looked()
    assert watcher.messages == ["one", "two", "three"]


async def test_a_late_line_is_seen_and_nothing_twice(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    aws.add(GROUP, "s", [(BASE + 8_000, "newer")])
    async with watching(store, query()) as watcher:
        await watcher.looked()
        aws.add(GROUP, "s", [(BASE + 4_000, "a little late")])
        await watcher.looked()
        aws.add(GROUP, "s", [(BASE + 100_000, "much newer")])
        await watcher.looked()
        aws.add(GROUP, "s", [(BASE + 20_000, "very late")])
        await watcher.looked(20)  # one of them goes back further
    assert watcher.messages == ["newer", "a little late", "much newer", "very late"]


async def test_a_burst_of_many_pages_is_read_to_its_end(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    aws.manners.page_events, aws.manners.empty_every = 20, 3
    aws.add(GROUP, "s", [(BASE, "begin")])
    async with watching(store, query()) as watcher:
        await watcher.looked()
        burst = [f"line {each}" for each in range(200)]
        aws.add(GROUP, "s", [(BASE + each // 50, line) for each, line in enumerate(burst)])
        await watcher.looked()
    assert watcher.messages == ["begin", *burst]


async def test_only_what_fits_is_told_and_a_trace_stays_whole(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    async with watching(store, query(level=Severity.ERROR)) as watcher:
        aws.add(GROUP, "s", [(BASE, "INFO fine"), (BASE + 1, "ERROR bad"), (BASE + 1, "  at x")])
        await watcher.looked()
    assert watcher.messages == ["ERROR bad", "  at x"]
    assert watcher.progress.reached is not None


async def test_throttling_does_not_end_a_tail(
    aws: CloudWatchStandIn, store: CloudWatchStore
) -> None:
    async with watching(store, query()) as watcher:
        aws.add(GROUP, "s", [(BASE, "first")])
        await watcher.looked()
        aws.manners.refusals += [Refused("ThrottlingException", "Rate exceeded")] * 3
        aws.add(GROUP, "s", [(BASE + 10, "last")])
        await watcher.looked(3)
    assert watcher.messages == ["first", "last"]
    assert watcher.progress.throttled == 3
    assert watcher.progress.matched == 2
