"""CloudWatch's Live Tail, by the real boto3 client against the local server's event stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import pytest
from log_groups import GROUP, session

from bot.alerting.redaction import Redactor
from bot.alerting.watching import Watch
from bot.analysis.logs.query import LogLine, LogQuery
from bot.errors import UpstreamError
from bot.services.logs import live as live_tail
from bot.services.logs.account import Account
from bot.services.logs.cloudwatch import CloudWatchStore
from bot.services.logs.store import Lines, Progress
from bot.services.logs.stores import CLOUDWATCH, LogStores
from sandbox.cloudwatch import CloudWatchStandIn, Refused


def now() -> int:
    return int(time.time() * 1000)


def asked(since: int, **more: object) -> LogQuery:
    start = LogLine(since, "").timestamp
    return LogQuery((GROUP,), start, **more)  # type: ignore[arg-type]


@pytest.fixture
async def live(aws: CloudWatchStandIn) -> AsyncIterator[CloudWatchStore]:
    """A store with the clock of the wall: what Live Tail pushes happens now."""
    aws.add(GROUP, "web", [(now() - 5_000, "INFO earlier")])
    opened = CloudWatchStore(Account(session=session()), endpoint_url=aws.url)
    yield opened
    await opened.close()


async def until(batches: AsyncGenerator[Lines, None], word: str) -> list[LogLine]:
    """All lines up to the one that holds the word."""
    found: list[LogLine] = []
    async with asyncio.timeout(10):
        async for lines in batches:
            found += lines
            if any(word in line.message for line in lines):
                return found
    raise AssertionError("it ended")


async def test_earlier_lines_are_read_and_later_ones_pushed(
    aws: CloudWatchStandIn, live: CloudWatchStore
) -> None:
    async with aclosing(live.live(asked(now() - 60_000))) as batches:
        (first,) = await until(batches, "earlier")
        at = now()
        aws.add(GROUP, "web", [(at, "INFO twice"), (at, "INFO twice"), (at, "INFO end")])
        later = await until(batches, "end")
    assert [line.message for line in later] == ["INFO twice", "INFO twice", "INFO end"]
    assert {line.group for line in (first, *later)} == {GROUP}
    assert len({line.id for line in (first, *later)}) == 4
    assert aws.calls["StartLiveTail"] == 1


async def test_lines_are_sieved_here_too(aws: CloudWatchStandIn, live: CloudWatchStore) -> None:
    query = asked(now(), include=("pay",), exclude=("fine",))
    async with aclosing(live.live(query)) as batches:
        assert await anext(batches) == []
        aws.add(GROUP, "web", [(now(), "PAY fine"), (now(), "else"), (now(), "ERROR PAY end")])
        (line,) = await until(batches, "end")
    assert line.message == "ERROR PAY end"


async def test_it_says_when_lines_were_left_out(
    aws: CloudWatchStandIn, live: CloudWatchStore
) -> None:
    aws.manners.live.most = 2
    progress = Progress()
    async with aclosing(live.live(asked(now()), progress)) as batches:
        await anext(batches)
        aws.add(GROUP, "web", [(now(), f"INFO {n}") for n in range(9)])
        await until(batches, "INFO 1")
    assert progress.sampled


async def test_after_the_end_of_a_session_the_next_one_gives_nothing_twice(
    aws: CloudWatchStandIn, live: CloudWatchStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.alerting.watching.FIRST_WAIT", 0.05)
    aws.manners.live.lasts = 5
    stores = LogStores({CLOUDWATCH: lambda: live})
    watch = Watch(stores, Redactor(), asked(now() - 60_000), live=True)
    async with aclosing(watch.lines()) as batches:
        found = await until(batches, "earlier")
        while aws.calls["StartLiveTail"] < 2:
            found += await anext(batches)
        aws.add(GROUP, "web", [(now(), "INFO end")])
        found += await until(batches, "end")
    assert [line.message for line in found] == ["INFO earlier", "INFO end"]


@pytest.mark.parametrize(
    "refusal",
    [
        Refused("AccessDeniedException", "not authorized to perform: logs:StartLiveTail on x"),
        Refused("InvalidOperationException", "not for this class of log group"),
        Refused("LimitExceededException", "15 sessions are open"),
    ],
)
async def test_where_it_is_not_allowed_the_log_is_polled(
    aws: CloudWatchStandIn, live: CloudWatchStore, refusal: Refused
) -> None:
    aws.manners.denied["StartLiveTail"] = refusal
    watch = Watch(LogStores({CLOUDWATCH: lambda: live}), Redactor(), asked(now()), live=True)
    async with aclosing(watch.lines()) as batches:
        async with asyncio.timeout(10):
            while not aws.calls["FilterLogEvents"]:
                await anext(batches)
        aws.add(GROUP, "web", [(now(), "INFO end")])
        await until(batches, "end")
    assert "Live Tail is not to be had" in watch.note


async def test_more_groups_than_it_takes_are_refused(live: CloudWatchStore) -> None:
    query = LogQuery(tuple(f"/g/{n}" for n in range(11)), LogLine(now(), "").timestamp)
    with pytest.raises(UpstreamError, match="takes 10 groups"):
        await anext(live.live(query))
    assert live_tail.MOST_GROUPS == 10
