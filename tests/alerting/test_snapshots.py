"""Log lines kept with alerts: which are looked for, which are kept, and that nobody waits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import boto3
import pytest
from alert_road import Road

from bot.alerting.looking import Found
from bot.alerting.redaction import Redactor
from bot.alerting.snapshots import SnapshotRhythm, Snapshots
from bot.alerting.surroundings import MOST_BYTES, MOST_KEPT, questions, snapshot_of
from bot.analysis.logs.query import LogLine
from bot.analysis.logs.question import Question
from bot.errors import NotFound
from bot.models import LogSnapshot, RequestInfo
from bot.services.logs.account import Account
from bot.services.logs.cloudwatch import CloudWatchStore
from bot.services.logs.stores import CLOUDWATCH, LogStores
from bot.store import snapshots
from sandbox.cloudwatch import CloudWatchStandIn, Refused

GROUP = "/aws/lambda/shop"
RHYTHM = SnapshotRhythm(every=0.01, waits=(0.0, 0.0, 0.0))


@pytest.fixture
async def aws() -> AsyncIterator[CloudWatchStandIn]:
    standin = CloudWatchStandIn()
    await standin.start()
    yield standin
    await standin.stop()


@pytest.fixture
async def stores(aws: CloudWatchStandIn) -> AsyncIterator[LogStores]:
    session = boto3.Session("key", "secret", region_name="eu-central-1")
    opened = LogStores(
        {CLOUDWATCH: lambda: CloudWatchStore(Account(session=session), endpoint_url=aws.url)}
    )
    yield opened
    await opened.close()


def keeper(road: Road, stores: LogStores, *, by_name: bool = True) -> Snapshots:
    redactor = Redactor()
    return Snapshots(road.store, stores, redactor, clock=road.clock, by_name=by_name, rhythm=RHYTHM)


def log(aws: CloudWatchStandIn, road: Road, *lines: tuple[float, str], stream: str = "s") -> None:
    """Lines at seconds from now."""
    now = road.clock.now.timestamp()
    aws.add(GROUP, stream, [(int((now + after) * 1000), text) for after, text in lines])


async def kept(road: Road, alert_id: int) -> LogSnapshot | None:
    return await road.store.read(lambda connection: snapshots.find(connection, alert_id))


async def texts(road: Road, alert_id: int) -> list[str]:
    snapshot = await kept(road, alert_id)
    assert snapshot is not None
    return [line.message for line in snapshot.lines]


async def test_the_lines_of_the_request_are_kept_without_secrets(
    aws: CloudWatchStandIn, stores: LogStores, road: Road
) -> None:
    log(
        aws,
        road,
        (-300, "abc-1 begins with password=hunter2secret"),
        (-1, "abc-2 begins"),
        (0, "ERROR abc-1 boom"),
    )
    receipt = await road.send(request=RequestInfo(request_id="abc-1"))
    assert await keeper(road, stores).take(receipt.alert_id)
    begins, boom = await texts(road, receipt.alert_id)
    assert begins.startswith("abc-1 begins")
    assert "hunter2secret" not in begins
    assert boom == "ERROR abc-1 boom"
    snapshot = await kept(road, receipt.alert_id)
    assert snapshot is not None
    assert snapshot.about == "trace abc-1"
    assert snapshot.taken_at == road.clock.now
    assert snapshot.lines[0].group == GROUP


@pytest.mark.parametrize(
    "told",
    [
        {"message": "RequestId: 8f14e45f-ceea-467f-a8d5-1b0c9e5a6f10 Error: timed out"},
        {"message": "payment failed request_id=8f14e45f-ceea-467f-a8d5-1b0c9e5a6f10"},
        {"log_lines": ("request_id=8f14e45f-ceea-467f-a8d5-1b0c9e5a6f10 begins", "no id here")},
    ],
    ids=["Lambda's", "in the message", "in a line that came with it"],
)
async def test_a_request_that_is_only_named_in_words_is_looked_for_too(
    aws: CloudWatchStandIn, stores: LogStores, road: Road, told: dict[str, Any]
) -> None:
    mine = "8f14e45f-ceea-467f-a8d5-1b0c9e5a6f10"
    log(aws, road, (-300, f"START RequestId: {mine}"), (-1, "START RequestId: another"))
    log(aws, road, (0, f"{mine} Error: timed out"))
    receipt = await road.send(**told)
    assert await keeper(road, stores).take(receipt.alert_id)
    assert await texts(road, receipt.alert_id) == [
        f"START RequestId: {mine}",
        f"{mine} Error: timed out",
    ]


async def test_an_error_alone_with_its_id_is_told_by_what_stands_around_it(
    aws: CloudWatchStandIn, stores: LogStores, road: Road
) -> None:
    log(aws, road, (-50, "before"), (0, "ERROR trace-7 boom"), (70, "much later"))
    receipt = await road.send(trace_id="trace-7")
    await keeper(road, stores).take(receipt.alert_id)
    assert await texts(road, receipt.alert_id) == ["before", "ERROR trace-7 boom"]


async def test_the_stream_of_the_error_comes_before_the_whole_group(
    aws: CloudWatchStandIn, stores: LogStores, road: Road
) -> None:
    log(aws, road, (-2, "mine"), (0, "ERROR boom"), stream="one")
    log(aws, road, (-1, "another's"), stream="two")
    labels = {"log_group": GROUP, "log_stream": "one"}
    receipt = await road.send(service="called otherwise", labels=labels)
    await keeper(road, stores, by_name=False).take(receipt.alert_id)
    assert await texts(road, receipt.alert_id) == ["mine", "ERROR boom"]


async def test_a_busy_group_is_looked_at_more_closely(
    aws: CloudWatchStandIn, stores: LogStores, road: Road
) -> None:
    log(aws, road, *((n / 100, f"line {n}") for n in range(-3000, 3000)))
    receipt = await road.send()
    await keeper(road, stores).take(receipt.alert_id)
    snapshot = await kept(road, receipt.alert_id)
    assert snapshot is not None
    assert snapshot.about == "2 s around it"
    assert len(snapshot.lines) == MOST_KEPT
    assert snapshot.left_out == 401 - MOST_KEPT
    assert {"line -1", "line 0", "line 1"} <= {line.message for line in snapshot.lines}


async def test_nothing_is_kept_where_no_group_is_known(
    aws: CloudWatchStandIn, stores: LogStores, road: Road
) -> None:
    log(aws, road, (0, "ERROR boom"))
    receipt = await road.send(service="elsewhere")
    snaps = keeper(road, stores)
    assert not await snaps.take(receipt.alert_id)
    asked = aws.calls.total()
    assert not await snaps.take(receipt.alert_id)
    assert aws.calls.total() == asked, "a service without groups is not asked about twice"
    assert await kept(road, receipt.alert_id) is None


async def test_a_group_is_not_guessed_unless_a_store_is_set_up(
    aws: CloudWatchStandIn, stores: LogStores, road: Road
) -> None:
    log(aws, road, (0, "ERROR boom"))
    receipt = await road.send()
    assert not await keeper(road, stores, by_name=False).take(receipt.alert_id)
    assert not aws.calls


async def test_no_lines_are_an_error_that_may_pass(
    aws: CloudWatchStandIn, stores: LogStores, road: Road
) -> None:
    log(aws, road, (-3600, "long ago"))
    receipt = await road.send()
    with pytest.raises(NotFound, match="may still be on their way"):
        await keeper(road, stores).take(receipt.alert_id)


async def test_new_alerts_are_seen_to_by_themselves_and_tried_again(
    aws: CloudWatchStandIn, stores: LogStores, road: Road
) -> None:
    log(aws, road, (-3600, "long ago"))
    snaps = keeper(road, stores)
    receipt = await road.send()
    await snaps.look()
    assert await kept(road, receipt.alert_id) is None
    log(aws, road, (0, "ERROR boom"), (1, "after"))  # it arrives late
    await snaps.look()
    assert await texts(road, receipt.alert_id) == ["ERROR boom", "after"]
    asked = aws.calls.total()
    await snaps.look()
    assert aws.calls.total() == asked


async def test_a_log_that_stays_silent_is_given_up(
    aws: CloudWatchStandIn, stores: LogStores, road: Road
) -> None:
    log(aws, road, (-3600, "long ago"))
    snaps = keeper(road, stores)
    await road.send()
    for _ in RHYTHM.waits:
        await snaps.look()
    asked = aws.calls.total()
    await snaps.look()
    assert aws.calls.total() == asked


async def test_a_store_that_refuses_for_good_is_not_asked_again(
    aws: CloudWatchStandIn, stores: LogStores, road: Road
) -> None:
    log(aws, road, (0, "ERROR boom"))
    aws.manners.refusals = [Refused("AccessDeniedException", "not authorized to perform: logs:X")]
    receipt = await road.send(labels={"log_group": GROUP})
    snaps = keeper(road, stores)
    await snaps.look()
    asked = aws.calls.total()
    await snaps.look()
    assert aws.calls.total() == asked
    assert await kept(road, receipt.alert_id) is None


async def test_alerts_of_before_the_start_are_not_forgotten(
    aws: CloudWatchStandIn, stores: LogStores, road: Road
) -> None:
    log(aws, road, (0, "ERROR one"), (1, "x"), (3600, "ERROR two"), (3601, "y"))
    await road.send("one", environment="long ago")
    road.clock.pass_(hours=1)
    receipt = await road.send("two")
    await keeper(road, stores).look()
    assert await texts(road, receipt.alert_id) == ["ERROR two", "y"]
    assert await kept(road, receipt.alert_id - 1) is None


async def test_a_snapshot_goes_with_its_alert_and_a_new_one_takes_its_place(
    aws: CloudWatchStandIn, stores: LogStores, road: Road
) -> None:
    log(aws, road, (0, "ERROR boom"), (1, "after"))
    receipt = await road.send()
    snaps = keeper(road, stores)
    await snaps.take(receipt.alert_id)
    log(aws, road, (2, "one more"))
    await snaps.take(receipt.alert_id)
    assert await texts(road, receipt.alert_id) == ["ERROR boom", "after", "one more"]
    later = road.clock.now + timedelta(days=1)
    behind = await road.store.read(lambda c: snapshots.last_before(c, later, 500))
    assert behind == receipt.alert_id
    assert not await road.store.read(lambda c: snapshots.without(c, 0, 10))


@pytest.mark.parametrize("size", [10, 1_000, 100_000])
def test_a_snapshot_is_bounded_and_holds_the_error(road: Road, size: int) -> None:
    lines: Sequence[LogLine] = [LogLine(n, "é" * size, GROUP) for n in range(1_000)]
    snapshot = snapshot_of(Found(Question((GROUP,), occurred=700), tuple(lines)), road.clock.now)
    assert sum(len(line.message.encode()) for line in snapshot.lines) <= MOST_BYTES
    assert 700 in [round(line.at.timestamp() * 1000) for line in snapshot.lines]
    assert len(snapshot.lines) + snapshot.left_out == 1_000


async def test_what_is_asked_goes_from_the_request_to_the_group(road: Road) -> None:
    receipt = await road.send(
        request=RequestInfo(request_id="r"), trace_id="t", labels={"log_stream": "s"}
    )
    asked = list(questions(await road.store.alerts.detail(receipt.alert_id), (GROUP,)))
    assert [(each.trace, each.stream) for each in asked] == [
        ("r", ""), ("t", ""), *[("", "s")] * 3, *[("", "")] * 3,
    ]  # fmt: skip
