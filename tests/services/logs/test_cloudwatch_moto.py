"""The same store against moto, which answers as boto3 expects but judges patterns wrongly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from log_groups import lines_of

from bot.analysis.logs.query import FieldCondition, LogQuery
from bot.errors import NotFound, UpstreamError
from bot.models import Severity
from bot.services.logs.account import Account
from bot.services.logs.cloudwatch import CloudWatchStore
from bot.services.logs.insights import Insights, InsightsProgress
from bot.services.logs.insights import lines_of as rows_as_lines
from sandbox.aws import REGION, Aws

GROUP = "/ecs/shop"
NOW = datetime.now(UTC)
LINES = (
    "INFO order 1 paid",
    "[ERROR] order 2 refused by the bank",
    '{"level":"error","message":"boom","status":502,"user":{"id":7}}',
    '{"level":"info","message":"fine","status":200}',
    "WARN order 3 is slow",
)


@pytest.fixture(scope="module")
def moto() -> Aws:
    aws = Aws()
    aws.start()
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="task")
    at = int((NOW - timedelta(minutes=5)).timestamp() * 1000)
    logs.put_log_events(
        logGroupName=GROUP,
        logStreamName="task",
        logEvents=[{"timestamp": at + n, "message": line} for n, line in enumerate(LINES)],
    )
    yield aws  # type: ignore[misc]
    aws.stop()


@pytest.fixture
async def store(moto: Aws) -> AsyncIterator[CloudWatchStore]:
    session = boto3.Session("sandbox", "sandbox", region_name=REGION)
    opened = CloudWatchStore(Account(session=session), endpoint_url=moto.url)
    yield opened
    await opened.close()


def asked(**conditions: object) -> LogQuery:
    return LogQuery((GROUP,), NOW - timedelta(hours=1), NOW, **conditions)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("conditions", "wanted"),
    [
        ({}, (0, 1, 2, 3, 4)),
        ({"newest_first": True, "limit": 2}, (4, 3)),
        ({"level": Severity.ERROR}, (1, 2)),
        ({"include": ("ORDER",), "exclude": ("slow",)}, (0, 1)),
        ({"regex": r"order \d (paid|refused)"}, (0, 1)),
        ({"fields": (FieldCondition("status", ">=", "500"),)}, (2,)),
        ({"fields": (FieldCondition("user.id", "=", "7"),)}, (2,)),
        # What moto answers with every line, or with none:
        ({"pattern": "?paid ?slow"}, (0, 4)),
        ({"pattern": "{ $.status = 200 || $.status = 2* }"}, (3,)),
        ({"pattern": "[w1=WARN, ...]"}, (4,)),
    ],
)
async def test_what_moto_judges_wrongly_is_judged_again(
    store: CloudWatchStore, conditions: dict[str, object], wanted: tuple[int, ...]
) -> None:
    found = [line.message for line in await lines_of(store, asked(**conditions))]
    assert found == [LINES[each] for each in wanted]


async def test_the_earlier_bots_filter_matched_everything_and_a_level_does_not(
    store: CloudWatchStore,
) -> None:
    """`[ERROR]` is a pattern of one word, whatever it is, and every line has one."""
    assert len(await lines_of(store, asked(pattern="[ERROR]"))) == len(LINES)
    errors = await lines_of(store, asked(level=Severity.ERROR))
    assert [line.message for line in errors] == [LINES[1], LINES[2]]


async def test_an_unknown_group_is_not_found(store: CloudWatchStore) -> None:
    query = LogQuery(("/ecs/shopp",), NOW - timedelta(hours=1), NOW)
    with pytest.raises(NotFound, match="Did you mean /ecs/shop"):
        await lines_of(store, query)


async def test_groups_are_listed(store: CloudWatchStore) -> None:
    assert await store.groups("/ecs") == (GROUP,)


async def test_insights_answers_with_rows_that_are_lines(store: CloudWatchStore) -> None:
    progress = InsightsProgress()
    query = "fields @timestamp, @message | sort @timestamp desc | limit 3"
    result = await Insights(store).run(
        query, (GROUP,), NOW - timedelta(hours=1), NOW + timedelta(minutes=1), progress
    )
    assert progress.status == "Complete"
    assert [line.message for line in rows_as_lines(result, GROUP)] == list(LINES[:1:-1])
    assert all("@ptr" not in row for row in result.rows)


async def test_an_insights_query_of_an_unknown_group_says_why(store: CloudWatchStore) -> None:
    with pytest.raises(UpstreamError, match="ResourceNotFound"):
        await Insights(store).run("fields @message", ("/none",), NOW, NOW)
