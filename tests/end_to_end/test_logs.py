"""/logs, from Discord's door to the store and back, with the real client."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from log_stage import CHECKOUT, SHIPPING, ago, answer, bare, reading, shown
from rehearsal import Rehearsal, crash, labels

from sandbox.cloudwatch import CloudWatchStandIn


@pytest.fixture
async def aws(
    stage: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[CloudWatchStandIn]:
    async with reading(stage, monkeypatch) as standin:
        await stage.start()
        yield standin


async def test_the_newest_lines_come_first_with_their_levels(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    aws.add(
        CHECKOUT,
        "web",
        [
            (ago(minutes=3), "INFO started"),
            (ago(minutes=2), "ERROR cannot pay"),
            (ago(minutes=2), "Traceback (most recent call last):"),
            (ago(minutes=2), '  File "pay.py", line 3, in pay'),
            (ago(minutes=2), "KeyError: 'CHF'"),
            (ago(minutes=1), '{"level": "warning", "message": "slow", "duration_ms": 900}'),
        ],
    )
    reply = await stage.type("rita", "logs", service="checkout")
    assert reply.ephemeral
    text = bare(reply.message)
    assert "6 lines, newest first" in text
    places = [text.index(each) for each in ("W slow", "E cannot pay", "KeyError", "I started")]
    assert places == sorted(places)
    assert "\x1b[31mE" in shown(reply.message)
