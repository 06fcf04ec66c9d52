"""An incident's conversation in Discord: played, stopped, taken away, by people and by command."""

from __future__ import annotations

from typing import Any

import pytest
from rehearsal import Rehearsal, labels

from sandbox.discord.faults import Fault
from sandbox.discord.interactions import Reply
from sandbox.discord.permissions import Permission
from sandbox.discord.threads import open_thread

Json = dict[str, Any]


def spoken(rehearsal: Rehearsal) -> list[Json]:
    """What personas said in #general, threads included."""
    world = rehearsal.discord.world
    said = [
        each for each in world.history("general") if each.get("webhook_id") and each["type"] == 0
    ]
    return said + [
        each
        for start in said
        if start["id"] in world.channels
        for each in world.history(start["id"])
    ]


async def play(rehearsal: Rehearsal, scenario: str, **options: Any) -> Any:
    sam = rehearsal.person("sam")
    return await sam.command("simulate incident", channel="general", scenario=scenario, **options)


async def test_an_everyday_alert_is_played_by_personas_that_are_marked(
    rehearsal: Rehearsal,
) -> None:
    reply = await play(rehearsal, "quick-alert", seed=3)
    assert "plays **quick-alert**" in reply.content
    assert not reply.ephemeral
    await rehearsal.until(lambda: "It is over." in reply.content)
    said = spoken(rehearsal)
    assert len(said) > 1
    assert all(each["author"]["username"].endswith("SIMULATION") for each in said)
    assert not any(each["mentions"] or each["mention_roles"] for each in said)
    assert rehearsal.discord.violations == []


async def test_groups_are_roles_that_nobody_is_called_by(rehearsal: Rehearsal) -> None:
    roles = {
        rehearsal.discord.world.add_role(f"{name}-oncall")["id"]
        for name in ("payment", "checkout", "frontend", "fraud", "email", "accounting")
    }
    reply = await play(rehearsal, "payment-failure", seed=3)
    await rehearsal.until(lambda: "It is over." in reply.content)
    calls = [each for each in spoken(rehearsal) if "<@&" in each["content"]]
    assert calls
    assert all(any(role in each["content"] for role in roles) for each in calls)
    assert not any(each["mention_roles"] for each in spoken(rehearsal))


async def test_two_at_once_in_one_channel_would_not_be_understood(rehearsal: Rehearsal) -> None:
    first = await play(rehearsal, "high-cpu", speed=1)
    second = await play(rehearsal, "kafka-lag")
    assert "Something is played in this channel already" in second.content
    await rehearsal.person("sam").press(first.message, "Stop")
    await rehearsal.until(lambda: "Stopped after" in first.content)


async def test_it_is_stopped_and_taken_away_by_its_buttons(rehearsal: Rehearsal) -> None:
    reply = await play(rehearsal, "high-cpu", speed=1)
    assert labels(reply.message) == ["Stop", "Take away"]
    await rehearsal.until(lambda: len(spoken(rehearsal)) > 0)
    sam = rehearsal.person("sam")
    early = await sam.press(reply.message, "Take away")
    assert "Stop it first" in early.content
    stopped = await sam.press(reply.message, "Stop")
    assert "Stopped" in stopped.content
    await rehearsal.until(lambda: "Stopped after" in reply.content)
    cleared = await sam.press(reply.message, "Take away")
    await rehearsal.until(lambda: "Taken away" in cleared.content)
    assert spoken(rehearsal) == []


async def test_after_a_restart_it_can_still_be_taken_away(rehearsal: Rehearsal) -> None:
    reply = await play(rehearsal, "quick-alert", seed=3)
    await rehearsal.until(lambda: "It is over." in reply.content)
    await rehearsal.stop()
    await rehearsal.start()
    cleared = await rehearsal.person("sam").press(reply.message, "Take away")
    await rehearsal.until(lambda: "Taken away" in cleared.content)
    assert spoken(rehearsal) == []


async def play_in_a_thread(rehearsal: Rehearsal) -> tuple[str, Reply]:
    """Play an alert there until it is over; the thread and the answer."""
    world = rehearsal.discord.world
    general = world.channel("general")
    thread = open_thread(world, general, "practice", world.guild()["owner_id"], body={})["id"]
    sam = rehearsal.person("sam")
    reply = await sam.command("simulate incident", channel=thread, scenario="quick-alert", seed=3)
    await rehearsal.until(lambda: "It is over." in reply.content)
    return thread, reply


async def test_in_a_thread_that_was_archived_it_can_be_taken_away_after_a_restart(
    rehearsal: Rehearsal,
) -> None:
    thread, reply = await play_in_a_thread(rehearsal)
    await rehearsal.stop()
    rehearsal.discord.world.channels.get(thread)["thread_metadata"]["archived"] = True
    await rehearsal.start()
    cleared = await rehearsal.person("sam").press(reply.message, "Take away")
    await rehearsal.until(lambda: "Taken away" in cleared.content)


async def test_a_playing_whose_answer_was_cut_does_not_hold_its_channel(
    rehearsal: Rehearsal,
) -> None:
    rehearsal.discord.faults.add(Fault("POST", "/callback$", cut=True))
    await play(rehearsal, "quick-alert", seed=3)
    rehearsal.discord.faults.clear()
    reply = await play(rehearsal, "quick-alert", seed=3)
    assert "plays **quick-alert**" in reply.content
    await rehearsal.until(lambda: "It is over." in reply.content)


async def test_in_a_thread_all_of_it_stays_there(rehearsal: Rehearsal) -> None:
    thread, reply = await play_in_a_thread(rehearsal)
    world = rehearsal.discord.world
    assert spoken(rehearsal) == []
    said = [each for each in world.history(thread) if each.get("webhook_id")]
    assert len([each for each in said if "SIMULATION" in each["author"]["username"]]) > 1
    cleared = await rehearsal.person("sam").press(reply.message, "Take away")
    await rehearsal.until(lambda: "Taken away" in cleared.content)
    left = [each for each in world.history(thread) if "SIMULATION" in each["author"]["username"]]
    assert left == []


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (Permission.MANAGE_WEBHOOKS, "Manage Webhooks"),
        (Permission.CREATE_PUBLIC_THREADS, "Create Public Threads"),
        (Permission.ADD_REACTIONS, "It is over."),  # a reaction less is no reason to stop
    ],
)
async def test_what_the_bot_may_not_is_said_with_what_to_give(
    rehearsal: Rehearsal, missing: Permission, told: str
) -> None:
    world = rehearsal.discord.world
    for role in list(world.guild()["roles"]):
        left = int(role["permissions"]) & ~int(missing)
        world.change_role(role["id"], permissions=str(left))
    reply = await play(rehearsal, "quick-alert", seed=3)
    await rehearsal.until(lambda: told in reply.content)
    assert labels(reply.message) == ["Take away"]


async def test_viewers_may_not_and_what_is_unknown_is_said(rehearsal: Rehearsal) -> None:
    rita = await rehearsal.person("rita").command("simulate incident", scenario="high-cpu")
    assert "⛔" in rita.content
    unknown = await play(rehearsal, "high-cpo")
    assert "There is no cascade high-cpo" in unknown.content
    assert spoken(rehearsal) == []


async def test_cascades_are_offered_to_those_who_may_play_them(rehearsal: Rehearsal) -> None:
    sam, rita = rehearsal.person("sam"), rehearsal.person("rita")
    offered = await sam.autocomplete("simulate incident", "scenario", "fail")
    names = [choice["value"] for choice in offered]
    assert names == ["cache-failure", "payment-failure", "catalog-failure"]
    assert await rita.autocomplete("simulate incident", "scenario", "") == []
