"""Scanning log groups: every error once, whoever brought it and however often we look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import boto3
import orjson
import pytest
from alert_road import CHANNEL, Clock, NoSecrets, Road

from bot.alerting.preparation import Preparation
from bot.alerting.scan import Scanner
from bot.models import Receiver
from bot.services.logs.account import Account
from bot.services.logs.cloudwatch import CloudWatchStore
from bot.services.logs.store import LogStore
from bot.sources import cloudwatch
from bot.sources.request import Request
from bot.store import scans
from sandbox.aws import REGION, Aws
from sandbox.cloudwatch import CloudWatchStandIn, Refused

GROUP = "/aws/lambda/checkout"
TRACE = (
    "ERROR checkout failed",
    "Traceback (most recent call last):",
    '  File "/app/cart.py", line 3, in total',
    "    return a / b",
    "ZeroDivisionError: division by zero",
)


@pytest.fixture
async def aws() -> AsyncIterator[CloudWatchStandIn]:
    standin = CloudWatchStandIn()
    await standin.start()
    yield standin
    await standin.stop()


@pytest.fixture
async def logs(aws: CloudWatchStandIn, clock: Clock) -> AsyncIterator[CloudWatchStore]:
    session = boto3.Session("key", "secret", region_name=REGION)
    store = CloudWatchStore(Account(session=session), endpoint_url=aws.url, clock=clock)
    yield store
    await store.close()


def scanner(road: Road, logs: LogStore, *groups: str) -> Scanner:
    return Scanner(
        road.store,
        logs,
        prepare=Preparation(NoSecrets()),
        route=lambda alert: Receiver(CHANNEL, ""),
        wake=lambda: road.wakes.append("woken"),
        clock=road.clock,
        region=REGION,
        names=groups or (GROUP,),
    )


def log(
    aws: CloudWatchStandIn, road: Road, *lines: str, ago: float = 60, stream: str = "s"
) -> list[str]:
    at = int((road.clock.now - timedelta(seconds=ago)).timestamp() * 1000)
    return aws.add(GROUP, "s", [(at + place, line) for place, line in enumerate(lines)])


async def test_errors_become_alerts_and_other_lines_do_not(
    aws: CloudWatchStandIn, logs: CloudWatchStore, road: Road
) -> None:
    log(aws, road, "INFO fine", *TRACE, "INFO next")
    (report,) = await scanner(road, logs).scan()
    assert (report.lines, report.events, report.new_alerts) == (7, 1, 1)
    detail = await road.store.alerts.detail(1)
    assert detail.alert.service == "checkout"
    assert detail.event.exceptions[-1].type == "ZeroDivisionError"
    assert detail.event.labels["log_group"] == GROUP
    assert detail.event.links[0].title == "CloudWatch"
    assert road.wakes


async def test_a_second_scan_counts_nothing_twice_and_sees_what_came_late(
    aws: CloudWatchStandIn, logs: CloudWatchStore, road: Road
) -> None:
    work = scanner(road, logs)
    log(aws, road, "ERROR one", ago=60)
    await work.scan()
    road.clock.pass_(seconds=60)
    log(aws, road, "ERROR late", ago=200)  # older than where the first scan ended
    log(aws, road, "ERROR new", ago=30)
    (report,) = await work.scan()
    assert (report.events, report.duplicates, report.new_alerts) == (3, 1, 2)


async def test_a_trace_that_is_being_written_waits_for_the_next_scan(
    aws: CloudWatchStandIn, logs: CloudWatchStore, road: Road
) -> None:
    work = scanner(road, logs)
    log(aws, road, *TRACE[:3], ago=1)
    (report,) = await work.scan()
    assert report.events == 0
    log(aws, road, *TRACE[3:], ago=0.9)
    road.clock.pass_(seconds=20)
    await work.scan()
    detail = await road.store.alerts.detail(1)
    assert detail.event.stack_trace.endswith("division by zero")


async def test_a_trace_at_the_beginning_of_the_window_is_not_taken_for_a_new_one(
    aws: CloudWatchStandIn, logs: CloudWatchStore, road: Road
) -> None:
    at = int((road.clock.now - timedelta(minutes=10)).timestamp() * 1000)
    aws.add(GROUP, "s", [(at + place, line) for place, line in enumerate(TRACE)])
    later = timedelta(minutes=10, milliseconds=-3)  # in the middle of it
    (report,) = await scanner(road, logs).scan(since=later)
    assert report.events == 0


async def test_a_scan_and_a_subscription_of_the_same_lines_count_once(
    aws: CloudWatchStandIn, logs: CloudWatchStore, road: Road
) -> None:
    ids = log(aws, road, *TRACE)
    at = int((road.clock.now - timedelta(seconds=60)).timestamp() * 1000)
    lines = [
        {"id": line_id, "timestamp": at + place, "message": line}
        for place, (line_id, line) in enumerate(zip(ids, TRACE, strict=True))
    ]
    batch = {
        "messageType": "DATA_MESSAGE", "owner": "1", "logGroup": GROUP, "logStream": "s",
        "logEvents": lines,
    }  # fmt: skip
    request = Request("POST", "/", {}, {}, orjson.dumps(batch), road.clock.now)
    await road.intake.ingest(cloudwatch.parse(request).events)
    (report,) = await scanner(road, logs).scan()
    assert (report.events, report.duplicates) == (1, 1)
    assert (await road.store.alerts.detail(1)).alert.occurrences == 1


async def test_a_scan_that_fails_halfway_leaves_nothing_out_the_next_time(
    aws: CloudWatchStandIn, logs: CloudWatchStore, road: Road
) -> None:
    work = scanner(road, logs)
    aws.manners.page_events = 3_000
    lines = [f"{'ERROR' if place % 1_000 == 0 else 'INFO'} line {place}" for place in range(40_000)]
    at = int((road.clock.now - timedelta(minutes=14)).timestamp() * 1000)
    aws.add(GROUP, "s", [(at + 20 * place, line) for place, line in enumerate(lines)])

    answer, calls = aws.answer, 0

    def breaking(operation: str, asked: dict[str, object]) -> bytes:
        nonlocal calls
        calls += operation == "FilterLogEvents"
        if calls > 8:
            raise Refused("AccessDeniedException", "not authorized to perform: logs:X on")
        return answer(operation, asked)

    aws.answer = breaking  # type: ignore[method-assign, assignment]
    (broken,) = await work.scan()
    assert "Allow logs:X" in broken.problem
    aws.answer = answer  # type: ignore[method-assign]
    (report,) = await work.scan()
    assert not report.problem
    assert broken.new_alerts + report.new_alerts <= 40
    counted = await road.store.alerts.page(states=(), size=100)
    assert sum(alert.occurrences for alert in counted.items) == 40


async def test_the_cursor_stays_where_a_failed_commit_left_it(
    aws: CloudWatchStandIn, logs: CloudWatchStore, road: Road
) -> None:
    log(aws, road, "ERROR one")
    work = scanner(road, logs)
    work._route = _no_route  # type: ignore[assignment]  # the transaction fails in its midst
    with pytest.raises(RuntimeError):
        await work.scan()
    assert await road.store.read(lambda connection: scans.reached(connection, GROUP)) is None
    (report,) = await scanner(road, logs).scan()
    assert report.new_alerts == 1
    reached = await road.store.read(lambda connection: scans.reached(connection, GROUP))
    assert reached == report.reached


def _no_route(_alert: object) -> Receiver:
    raise RuntimeError("no route")


async def test_a_look_at_the_last_minutes_does_not_skip_what_lies_before(
    aws: CloudWatchStandIn, logs: CloudWatchStore, road: Road
) -> None:
    work = scanner(road, logs)
    log(aws, road, "INFO begin")
    (first,) = await work.scan()
    road.clock.pass_(hours=3)
    log(aws, road, "ERROR long ago", ago=7_200)
    await work.scan(since=timedelta(minutes=10))
    reached = await road.store.read(lambda connection: scans.reached(connection, GROUP))
    assert reached == first.reached
    (report,) = await work.scan()
    assert report.new_alerts == 1


async def test_one_group_that_is_gone_does_not_keep_the_others_from_being_scanned(
    aws: CloudWatchStandIn, logs: CloudWatchStore, road: Road
) -> None:
    log(aws, road, "ERROR one")
    gone, found = await scanner(road, logs, "/gone", GROUP).scan()
    assert "There is no log group /gone" in gone.problem
    assert found.new_alerts == 1


async def test_the_schedule_scans_until_it_is_cancelled(
    aws: CloudWatchStandIn, logs: CloudWatchStore, road: Road
) -> None:
    work = scanner(road, logs)
    work._every = timedelta(0)
    woken = asyncio.Event()
    work._wake = woken.set
    log(aws, road, "ERROR one")
    running = asyncio.create_task(work.run())
    await asyncio.wait_for(woken.wait(), 10)
    running.cancel()
    assert (await road.store.alerts.detail(1)).alert.message == "one"


async def test_a_group_of_motos_is_scanned_on_the_real_road(road: Road) -> None:
    moto = Aws()
    await asyncio.to_thread(moto.start)
    logs = moto.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    road.clock.now = road.clock.now.now(tz=road.clock.now.tzinfo)  # moto takes recent lines only
    at = int((road.clock.now - timedelta(seconds=30)).timestamp() * 1000)
    told = [{"timestamp": at + place, "message": line} for place, line in enumerate(TRACE)]
    logs.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=told)
    session = boto3.Session("sandbox", "sandbox", region_name=REGION)
    store = CloudWatchStore(Account(session=session), endpoint_url=moto.url, clock=road.clock)
    try:
        (report,) = await scanner(road, store).scan()
        assert (report.lines, report.new_alerts) == (5, 1)
        await road.deliver()
        assert road.discord.messages
    finally:
        await store.close()
        await asyncio.to_thread(moto.stop)
