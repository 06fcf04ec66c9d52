"""Personas speak in Slack: their names, threads, reactions; nobody is called; taken away."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.alerting.slack_stage import SlackStage
from bot.errors import UpstreamError
from bot.services.slack import SlackDoor
from bot.simulation.incident.generation import generate
from bot.simulation.incident.playing import Journal, Player

sys.path.append(str(Path(__file__).parents[1] / "services"))
from slack_standin import CHANNEL, TOKEN, SlackStandIn, slack

SCENARIO = generate("high-cpu", "2026-01-07T14:30:00Z", seed=4)


@pytest.fixture
def workspace() -> Iterator[SlackStandIn]:
    with slack() as running:
        yield running


def player(workspace: SlackStandIn, channel: str = CHANNEL, token: str = TOKEN) -> Player:
    stage = SlackStage(SlackDoor(token, f"{workspace.url}/api"), channel)
    return Player(stage, Journal(), budget=None)


async def test_a_conversation_has_names_threads_and_reactions(workspace: SlackStandIn) -> None:
    playing = player(workspace)
    played = await playing.play(SCENARIO, asyncio.Event())
    assert played.complete
    assert len(workspace.posted) == len(SCENARIO.timeline) + 1  # the banner
    assert all(each["username"].endswith("· SIMULATION") for each in workspace.posted)
    threads = {each["thread_ts"] for each in workspace.posted if "thread_ts" in each}
    assert threads <= {f"{number}.000100" for number in range(1, len(workspace.posted))}
    assert threads
    assert workspace.reactions


async def test_nobody_is_called(workspace: SlackStandIn) -> None:
    hostile = SCENARIO.timeline[1].model_copy(update={"content": "<!here> @channel & <@U1>"})
    timeline = (SCENARIO.timeline[0], hostile)
    await player(workspace).play(
        SCENARIO.model_copy(update={"timeline": timeline}), asyncio.Event()
    )
    text = workspace.posted[-1]["text"]
    assert "<!here>" not in text
    assert "<@U1>" not in text
    assert "@channel" not in text


async def test_what_was_posted_is_taken_away(workspace: SlackStandIn) -> None:
    playing = player(workspace)
    await playing.play(SCENARIO, asyncio.Event())
    assert await playing.clean() == len(workspace.posted)
    assert len(workspace.deleted) == len(workspace.posted)


async def test_a_refusal_says_what_to_do(workspace: SlackStandIn) -> None:
    with pytest.raises(UpstreamError, match="SLACK_BOT_TOKEN"):
        await player(workspace, token="xoxb-wrong").play(SCENARIO, asyncio.Event())
