"""Personas speak in the local Discord: webhooks, threads, reactions; stopped, resumed, cleaned."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.errors import UpstreamError
from bot.simulation.incident.generation import generate
from bot.simulation.incident.playing import Budget, Journal, Player, Posted
from bot.simulation.incident.scenario import Scenario
from bot.ui.stage import DiscordStage, Place
from sandbox.discord.faults import Fault
from sandbox.discord.permissions import Permission
from sandbox.discord.server import DiscordStandIn

Json = dict[str, Any]
START = "2026-01-07T14:30:00Z"


@pytest.fixture
async def client(discord_standin: DiscordStandIn) -> AsyncIterator[discord.Client]:
    """Logged in by HTTP alone, as the command line is."""
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(discord_standin.token)
        yield client


@pytest.fixture
def scenario() -> Scenario:
    return generate("high-cpu", START, seed=4)


async def room(client: discord.Client, standin: DiscordStandIn, name: str) -> discord.TextChannel:
    found = await client.fetch_channel(int(standin.world.channel(name)["id"]))
    assert isinstance(found, discord.TextChannel)
    return found


@pytest.fixture
async def stage(
    client: discord.Client, discord_standin: DiscordStandIn, scenario: Scenario
) -> DiscordStage:
    """Every service has a channel of its own in the server."""
    places = {}
    for part in scenario.services.values():
        discord_standin.world.add_channel(part.channel.lstrip("#"))
        places[part.channel] = Place(await room(client, discord_standin, part.channel.lstrip("#")))
    return DiscordStage(client, places)


def player(stage: DiscordStage, journal: Journal | None = None) -> Player:
    return Player(stage, journal or Journal(), budget=None)


def said(standin: DiscordStandIn, scenario: Scenario) -> list[Json]:
    """All messages in the channels of a scenario, those in threads behind their channel's."""
    found: list[Json] = []
    for part in scenario.services.values():
        messages = standin.world.history(part.channel.lstrip("#"))
        found += messages
        for message in messages:
            if message["id"] in standin.world.channels:
                found += standin.world.history(message["id"])
    return found


async def test_personas_speak_with_their_names_in_threads_of_their_alerts(
    discord_standin: DiscordStandIn, stage: DiscordStage, scenario: Scenario
) -> None:
    played = await player(stage).play(scenario, asyncio.Event())
    assert played.complete
    messages = said(discord_standin, scenario)
    names = {message["author"]["username"] for message in messages}
    assert "Monitoring · SIMULATION" in names
    assert "Pavel Novotný · SIMULATION" in names
    assert all(message.get("webhook_id") for message in messages)
    banners = [each for each in messages if each["author"]["username"].startswith("Jinkies")]
    assert len(banners) == len({event.channel for event in scenario.timeline})
    assert len(messages) == len(scenario.timeline) + len(banners)
    threads = [row for row in discord_standin.world.channels.rows() if row["type"] == 11]
    assert threads
    assert all(thread["name"].endswith(" · SIMULATION") for thread in threads)


async def test_reactions_are_put_under_what_people_say(
    discord_standin: DiscordStandIn, stage: DiscordStage, scenario: Scenario
) -> None:
    await player(stage).play(scenario, asyncio.Event())
    shown = {
        emoji
        for message in said(discord_standin, scenario)
        for emoji in discord_standin.world.reactors.get(message["id"]) or {}
    }
    assert {"👀", "🎉"} <= shown


async def test_a_group_is_a_role_that_is_not_called(
    discord_standin: DiscordStandIn, stage: DiscordStage, scenario: Scenario
) -> None:
    role = discord_standin.world.add_role("ads-oncall")
    stage.roles = {"@ads-oncall": int(role["id"])}
    await player(stage).play(scenario, asyncio.Event())
    mentioning = [
        message
        for message in said(discord_standin, scenario)
        if f"<@&{role['id']}>" in message["content"]
    ]
    assert mentioning
    assert all(message["mention_roles"] == [] for message in mentioning)


async def test_a_group_is_called_where_that_is_allowed(
    discord_standin: DiscordStandIn, stage: DiscordStage, scenario: Scenario
) -> None:
    role = discord_standin.world.add_role("ads-oncall")
    discord_standin.world.change_role(role["id"], mentionable=True)
    stage.roles, stage.ping = {"@ads-oncall": int(role["id"])}, True
    await player(stage).play(scenario, asyncio.Event())
    assert any(
        message["mention_roles"] == [role["id"]] for message in said(discord_standin, scenario)
    )


async def test_a_playing_that_was_stopped_goes_on_where_it_ended(
    discord_standin: DiscordStandIn, stage: DiscordStage, scenario: Scenario, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    stop = asyncio.Event()
    first = player(stage, Journal(path))
    first.told = lambda done, _total: stop.set() if done == 10 else None
    assert (await first.play(scenario, stop)).done == 10
    again = DiscordStage(stage.client, stage.places)
    played = await player(again, Journal(path)).play(scenario, asyncio.Event())
    assert played.complete
    banners = len({event.channel for event in scenario.timeline})
    assert len(said(discord_standin, scenario)) == len(scenario.timeline) + banners


async def test_everything_is_taken_away_again(
    discord_standin: DiscordStandIn, stage: DiscordStage, scenario: Scenario, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    await player(stage, Journal(path)).play(scenario, asyncio.Event())
    again = DiscordStage(stage.client, stage.places)
    cleaned = await player(again, Journal(path)).clean()
    assert cleaned > len(scenario.timeline)
    assert said(discord_standin, scenario) == []
    assert not [row for row in discord_standin.world.channels.rows() if row["type"] == 11]
    assert not path.exists()
    await again.leave()
    assert not discord_standin.world.webhooks.rows()


def requests_of(standin: DiscordStandIn, kind: str) -> list[str]:
    """What was dispatched of a kind, since now."""
    seen: list[str] = []
    standin.world.subscribe(
        lambda dispatch: seen.append(dispatch.type) if dispatch.type == kind else None
    )
    return seen


async def test_threads_go_first_and_the_rest_goes_at_once_where_the_bot_may(
    discord_standin: DiscordStandIn, stage: DiscordStage, scenario: Scenario
) -> None:
    bot_role = next(each for each in discord_standin.world.guild()["roles"] if each.get("tags"))
    permissions = int(bot_role["permissions"]) | Permission.MANAGE_MESSAGES
    discord_standin.world.change_role(bot_role["id"], permissions=str(int(permissions)))
    playing = player(stage)
    await playing.play(scenario, asyncio.Event())
    taken: list[float] = []

    def clock() -> float:
        taken.append(0.0)
        return taken[-1]

    playing.budget = Budget((), clock=clock)
    threads = [row for row in discord_standin.world.channels.rows() if row["type"] == 11]
    at_once = requests_of(discord_standin, "MESSAGE_DELETE_BULK")
    singly = requests_of(discord_standin, "MESSAGE_DELETE")
    channels = {event.channel for event in scenario.timeline}
    assert await playing.clean() > len(scenario.timeline)
    assert said(discord_standin, scenario) == []
    assert 1 <= len(at_once) <= len(channels)
    assert len(at_once) + len(singly) <= len(channels)
    steps = len(threads) + len(channels)
    assert len(taken) == 2 * steps  # a budget looks at the clock twice
    assert steps < len(scenario.timeline) / 2


async def test_what_is_older_than_two_weeks_goes_one_by_one(
    stage: DiscordStage,
) -> None:
    old = discord.utils.time_snowflake(discord.utils.utcnow() - timedelta(days=15))
    young = discord.utils.time_snowflake(discord.utils.utcnow())
    room = str(stage.places["#ads-oncall"].room.id)

    def steps(first: int, count: int) -> int:
        posted = [Posted(room, str(first + each)) for each in range(count)]
        return len(list(stage.removals(posted)))

    assert steps(old, 2) == 2
    assert steps(young, 2) == 1
    assert steps(young, 250) == 3


async def test_an_empty_thread_of_a_playing_that_was_killed_goes_too(
    discord_standin: DiscordStandIn, stage: DiscordStage, scenario: Scenario, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    playing = player(stage, Journal(path))
    stop = asyncio.Event()
    playing.told = lambda done, _total: stop.set() if done == 1 else None
    await playing.play(scenario, stop)
    alert = playing.journal.events[0]
    await stage.begin_thread(scenario.timeline[0].channel, alert)
    playing.journal.begun(alert._replace(thread=alert.message))
    again = DiscordStage(stage.client, stage.places)
    await player(again, Journal(path)).clean()
    assert not [row for row in discord_standin.world.channels.rows() if row["type"] == 11]
    assert said(discord_standin, scenario) == []


async def test_what_somebody_deleted_already_is_no_trouble(
    discord_standin: DiscordStandIn, stage: DiscordStage, scenario: Scenario
) -> None:
    journal = Journal()
    await player(stage, journal).play(scenario, asyncio.Event())
    for webhook in list(discord_standin.world.webhooks.rows()):
        discord_standin.world.webhooks.drop(webhook["id"])
    stage._webhooks.clear()
    await player(stage, journal).clean()
    assert not journal.events


async def test_all_channels_can_be_played_in_one_which_the_names_then_say(
    client: discord.Client, discord_standin: DiscordStandIn, scenario: Scenario
) -> None:
    general = Place(await room(client, discord_standin, "general"))
    stage = DiscordStage(client, {each.channel: general for each in scenario.services.values()})
    await player(stage).play(scenario, asyncio.Event())
    names = {each["author"]["username"] for each in discord_standin.world.history("general")}
    assert "Monitoring · #ads-oncall · SIMULATION" in names


async def test_whatever_a_channel_is_called_discord_takes_the_names(
    client: discord.Client, discord_standin: DiscordStandIn
) -> None:
    place = Place(await room(client, discord_standin, "general"))
    stage = DiscordStage(client, {"#a": place, "#b": place})
    for channel in ("#discord-bots", f"#{'x' * 79}", "#clyde"):
        await stage.say(place, "discord-fan", "hello", channel=channel)
    for message in discord_standin.world.history("general"):
        name = message["author"]["username"]
        assert len(name) <= 80
        assert name.endswith(" · SIMULATION")
        assert not [each for each in ("discord", "clyde") if each in name.lower()]
    assert not discord_standin.violations


async def test_in_a_thread_it_is_answered_beside(
    client: discord.Client, discord_standin: DiscordStandIn, scenario: Scenario
) -> None:
    incidents = await room(client, discord_standin, "incidents")
    first = await incidents.send("here")
    thread = await incidents.create_thread(name="rehearsal", message=first)
    place = Place(incidents, thread.id)
    stage = DiscordStage(client, {each.channel: place for each in scenario.services.values()})
    journal = Journal()
    await player(stage, journal).play(scenario, asyncio.Event())
    assert len(discord_standin.world.history(str(thread.id))) == len(scenario.timeline) + 1
    await player(stage, journal).clean()
    assert discord_standin.world.history(str(thread.id)) == []


async def test_missing_rights_are_told_with_what_to_give(
    client: discord.Client, discord_standin: DiscordStandIn, scenario: Scenario
) -> None:
    general = Place(await room(client, discord_standin, "general"))
    discord_standin.faults.add(Fault("POST", "/webhooks$", status=403, times=9))
    stage = DiscordStage(client, {each.channel: general for each in scenario.services.values()})
    with pytest.raises(UpstreamError, match="Manage Webhooks"):
        await player(stage).play(scenario, asyncio.Event())


async def test_a_webhook_that_somebody_removes_is_made_again(
    discord_standin: DiscordStandIn, stage: DiscordStage, scenario: Scenario
) -> None:
    playing = player(stage)

    def told(done: int, _total: int) -> None:
        if done == 5:
            for webhook in list(discord_standin.world.webhooks.rows()):
                discord_standin.world.webhooks.drop(webhook["id"])

    playing.told = told
    assert (await playing.play(scenario, asyncio.Event())).complete


async def test_a_budget_waits_for_room() -> None:
    now, waited = [0.0], []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    budget = Budget(((5, 5.0), (8, 60.0)), clock=lambda: now[0], sleep=sleep)
    for _ in range(5):
        await budget.take("a")
    assert waited == []
    await budget.take("b")
    await budget.take("a")
    assert waited == [5.0]
    for _ in range(3):
        await budget.take("a")
    assert now[0] == 60.0
