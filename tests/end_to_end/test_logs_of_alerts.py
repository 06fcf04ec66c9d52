"""A card's Logs button, and what is kept when the log forgets, with the real client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from log_stage import CHECKOUT, SHIPPING, ago, answer, bare, labels, reading
from rehearsal import REPOSITORY, Rehearsal, crash

from sandbox.cloudwatch import CloudWatchStandIn

AT = ago(minutes=5)
EPHEMERAL = 1 << 6


@pytest.fixture
async def aws(
    stage: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[CloudWatchStandIn]:
    async with reading(stage, monkeypatch) as standin:
        await stage.start()
        yield standin


def moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat()


async def pressed(stage: Rehearsal, name: str, alert: int) -> dict[str, Any]:
    """What a press of Logs is answered with in the end."""
    reply = await stage.press(name, await stage.card(alert), "Logs")
    return await stage.until(lambda: None if "⏳" in bare(answer(reply)) else answer(reply))


async def content(message: dict[str, Any]) -> str:
    """The text of the one file of a message."""
    (attached,) = message["attachments"]
    async with aiohttp.ClientSession() as session, session.get(attached["url"]) as got:
        return await got.text()


def busy(aws: CloudWatchStandIn) -> None:
    """Two requests at the same time; one of them fails."""
    aws.add(
        CHECKOUT,
        "web",
        [
            (AT - 40_000, "INFO req-1 order 7 begins"),
            (AT - 30_000, "INFO req-2 order 8 begins"),
            (AT - 20, "INFO req-1 asking the bank with password=hunter2secret"),
            (AT, "ERROR req-1 division by zero"),
            (AT + 500, "INFO req-2 order 8 is done"),
            (AT + 3_600_000, "INFO an hour later"),
        ],
    )


async def test_logs_shows_the_lines_of_the_same_request_to_whoever_pressed(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    busy(aws)
    (alert,) = await stage.send(crash(trace_id="req-1", timestamp=moment(AT)))
    message = await pressed(stage, "rita", alert)
    assert message["flags"] & EPHEMERAL
    text = bare(message)
    assert f"around J-{alert} · trace req-1" in text
    assert "order 7 begins" in text
    assert "order 8" not in text
    assert "hunter2secret" not in text
    assert "▶ " in text
    marked = text[text.index("▶ ") :].partition("\n")[0]
    assert marked.endswith("E req-1 division by zero")
    assert {"Share", "Download", "Attach to alert", "Follow"} <= set(labels(message))


async def test_without_a_request_it_is_the_minute_before_and_after(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    busy(aws)
    (alert,) = await stage.send(crash(timestamp=moment(AT)))
    text = bare(await pressed(stage, "rita", alert))
    assert "order 8 begins" in text
    assert "order 8 is done" in text
    assert "an hour later" not in text


async def test_what_was_shown_once_is_there_when_the_log_has_forgotten_it(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    busy(aws)
    (alert,) = await stage.send(crash(trace_id="req-1", timestamp=moment(AT)))
    await pressed(stage, "rita", alert)
    aws.groups[CHECKOUT].events.clear()
    await stage.restart()
    message = await pressed(stage, "sam", alert)
    text = bare(message)
    assert "order 7 begins" in text
    assert f"kept with J-{alert}" in text
    assert "the log has forgotten them" in text
    assert "Follow" not in labels(message)
    await stage.restart()  # the pages of what is kept survive as well
    again = await stage.press("sam", message, "Download")
    assert "order 7 begins" in await content(answer(again))


@pytest.mark.parametrize("ends", ["Failed", "Timeout", "Cancelled"])
async def test_insights_asked_around_an_alert_may_end_badly_and_says_so(
    stage: Rehearsal, aws: CloudWatchStandIn, ends: str
) -> None:
    busy(aws)
    (alert,) = await stage.send(crash(trace_id="req-1", timestamp=moment(AT)))
    page = await pressed(stage, "rita", alert)
    asking = answer(await stage.press("rita", page, "Insights"))
    aws.manners.query_ends = ends
    failed = answer(await stage.press("rita", asking, "Ask it here"))
    assert f"the Insights query ended as {ends}" in bare(failed)
    aws.manners.query_ends = "Complete"
    found = bare(answer(await stage.press("rita", failed, "Run again")))
    assert "order 7 begins" in found
    assert "order 8" not in found
    assert "found by Insights" in found


async def test_the_issue_carries_the_lines(stage: Rehearsal, aws: CloudWatchStandIn) -> None:
    busy(aws)
    (alert,) = await stage.send(crash(trace_id="req-1", timestamp=moment(AT)))
    await pressed(stage, "kim", alert)
    await stage.press("kim", await stage.card(alert), "Create issue")
    (issue,) = stage.github.world.repository(REPOSITORY).issues.values()
    assert "## The log around it" in issue.body
    assert "req-1 order 7 begins" in issue.body
    assert "hunter2secret" not in issue.body


async def test_lines_that_came_with_the_error_are_shown_where_no_log_is_known(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    (alert,) = await stage.send(
        crash(service="elsewhere", log_lines=["WARNING nearly", "ERROR crossed <@1> ```"])
    )
    text = bare(await pressed(stage, "rita", alert))
    assert "W nearly" in text
    assert "sent by generic with the error" in text
    assert "LOG_GROUPS_BY_SERVICE" in text.replace("\\", "")


async def test_where_there_is_nothing_the_cure_is_told(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    aws.add(SHIPPING, "web", [(AT, "INFO another service's line")])
    (alert,) = await stage.send(crash(service="elsewhere"))
    text = bare(await pressed(stage, "rita", alert))
    assert "Which log groups belong to elsewhere is not known" in text
    assert "LOG_GROUPS_BY_SERVICE" in text.replace("\\", "")


async def test_without_any_log_store_the_setting_is_named(
    stage: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    await stage.start()
    (alert,) = await stage.send(crash())
    text = bare(await pressed(stage, "rita", alert))
    assert "AWS_REGION" in text.replace("\\", "")
