"""/logs-tail and /logs-stop, from Discord's door to the store and back, with the real client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from log_stage import CHECKOUT, SHIPPING, ago, answer, bare, labels, reading
from rehearsal import Rehearsal, crash

from sandbox.cloudwatch import CloudWatchStandIn, Refused
from sandbox.discord.faults import Fault

Json = dict[str, Any]


@pytest.fixture
async def aws(
    stage: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[CloudWatchStandIn]:
    async with reading(stage, monkeypatch) as standin:
        standin.add(CHECKOUT, "web", [(ago(minutes=30), "INFO long ago")])
        standin.add(SHIPPING, "web", [(ago(minutes=30), "INFO long ago")])
        stage.tempo = replace(stage.tempo, tail_edits=0.05)
        await stage.start()
        yield standin


async def tail_shows(stage: Rehearsal, *words: str, channel: str = "alerts") -> Json:
    """The newest message of a tail, as soon as it shows all these words."""

    def look() -> Json | None:
        found = [each for each in stage.cards(channel) if not each["embeds"]]
        return found[-1] if found and all(word in bare(found[-1]) for word in words) else None

    return await stage.until(look)


async def test_new_lines_appear_in_the_message_until_somebody_stops_it(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    reply = await stage.type("sam", "logs-tail", service="checkout", text="pay")
    assert "Following **checkout** for 15 minutes" in bare(reply.message)
    await tail_shows(stage, "📡", "Nothing yet")
    aws.add(CHECKOUT, "web", [(ago(seconds=0), "ERROR cannot pay"), (ago(seconds=0), "INFO else")])
    message = await tail_shows(stage, "E cannot pay", "1 line ·")
    assert "else" not in bare(message)
    assert labels(message) == ["Pause", "Stop", "Download"]
    await stage.press("sam", message, "Stop")
    ended = await tail_shows(stage, "Ended:", "stopped by **Sam**", "E cannot pay")
    assert labels(ended) == ["Follow again", "Open", "Download"]
    opened = await stage.press("rita", ended, "Open")
    assert "E cannot pay" in bare(opened.message)
    await stage.press("sam", ended, "Follow again")
    assert len(stage.cards()) == 2


async def test_no_line_is_lost_and_none_comes_twice(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    """The earlier bot went on at the last line's time + 1 ms."""
    at = ago(seconds=2)
    await stage.type("sam", "logs-tail", service="checkout", since="10s")
    aws.add(CHECKOUT, "web", [(at, "INFO first")])
    await tail_shows(stage, "I first")
    aws.add(CHECKOUT, "web", [(at, "INFO same moment"), (at - 900, "INFO late")])
    aws.add(CHECKOUT, "web", [(at, "INFO same moment")])
    message = await tail_shows(stage, "4 lines ·", "I late")
    assert bare(message).count("I first") == 1
    assert bare(message).count("I same moment") == 2


async def test_a_burst_is_told_and_can_be_downloaded(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    await stage.type("sam", "logs-tail", service="checkout", since="1m")
    await tail_shows(stage, "Nothing yet")
    at = ago(seconds=20)
    aws.add(CHECKOUT, "web", [(at + n, f"INFO line {n:04}") for n in range(600)])
    message = await tail_shows(stage, "600 lines ·", "more lines: Download has them", "line 0599")
    assert "line 0000" not in bare(message)
    loaded = answer(await stage.press("rita", message, "Download"))
    assert "600 lines" in bare(loaded)


async def test_pause_holds_the_screen_and_resume_shows_what_came(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    await stage.type("sam", "logs-tail", service="checkout", since="10s")
    aws.add(CHECKOUT, "web", [(ago(seconds=1), "INFO before")])
    message = await tail_shows(stage, "I before")
    paused = answer(await stage.press("sam", message, "Pause"))
    assert labels(paused) == ["Resume", "Stop", "Download"]
    aws.add(CHECKOUT, "web", [(ago(seconds=0), "INFO meanwhile")])
    waiting = await tail_shows(stage, "paused, 1 line waiting")
    assert "meanwhile" not in bare(waiting)
    await stage.press("sam", waiting, "Resume")
    assert "paused" not in bare(await tail_shows(stage, "I before", "I meanwhile"))


async def test_a_person_may_have_two_and_ends_one_by_command(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    for service in ("checkout", "both"):
        await stage.type("sam", "logs-tail", service=service)
    refused = await stage.type("sam", "logs-tail", service="checkout")
    assert "You have 2 tails already" in bare(refused.message)
    assert len(stage.cards()) == 2
    sam = stage.person("sam")
    first, second = await sam.autocomplete("logs-stop", "tail", "")
    assert first["name"] == "checkout · by Sam, 15 min left"
    assert await sam.autocomplete("logs-stop", "tail", "both") == [second]
    reply = await stage.type("kim", "logs-stop", tail=second["value"])
    assert "The tail of **both** ends" in bare(reply.message)
    await tail_shows(stage, "Ended:", "stopped by **Kim**")
    again = await stage.type("sam", "logs-stop", tail=second["value"])
    assert "has ended" in bare(again.message)
    await stage.type("sam", "logs-tail", service="checkout")
    assert len(stage.cards()) == 3


async def test_how_many_and_how_long_is_set(stage: Rehearsal, aws: CloudWatchStandIn) -> None:
    await stage.stop()
    stage.settings = stage.settings.model_copy(
        update={"log_tails_per_person": 1, "log_tails_per_server": 2, "log_tail_minutes": 1}
    )
    await stage.start()
    reply = await stage.type("sam", "logs-tail", service="checkout")
    assert "for 1 minute." in bare(reply.message)
    refused = await stage.type("sam", "logs-tail", service="both")
    assert "You have 1 tail already" in bare(refused.message)
    reply = await stage.type("kim", "logs-tail", service="checkout", minutes=30)
    assert "for 30 minutes." in bare(reply.message)
    refused = await stage.type("ada", "logs-tail", service="checkout")
    assert "This server has 2 tails already" in bare(refused.message)


async def test_a_tail_that_is_throttled_says_so_and_loses_nothing(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    await stage.type("sam", "logs-tail", service="checkout")
    await tail_shows(stage, "Nothing yet")
    aws.manners.refusals += [Refused("ThrottlingException", "Rate exceeded")] * 3
    aws.add(CHECKOUT, "web", [(ago(seconds=0), f"INFO line {number}") for number in range(5)])
    told = await tail_shows(stage, "asked to slow down; no line is lost", "5 lines")
    assert [f"I line {number}" in bare(told) for number in range(5)] == [True] * 5
    assert not aws.manners.refusals


async def test_who_may_only_look_may_not_follow(stage: Rehearsal, aws: CloudWatchStandIn) -> None:
    reply = await stage.type("rita", "logs-tail", service="checkout")
    assert "⛔" in bare(reply.message)
    await stage.type("sam", "logs-tail", service="checkout")
    for label in ("Pause", "Stop"):
        no = await stage.press("rita", await tail_shows(stage, "Nothing yet"), label)
        assert "⛔" in bare(no.message)
    assert await stage.person("rita").autocomplete("logs-stop", "tail", "") == []


async def test_a_stop_of_the_bot_is_told_under_its_tails(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    await stage.type("sam", "logs-tail", service="checkout")
    await tail_shows(stage, "Nothing yet")
    await stage.stop()
    await tail_shows(stage, "Ended:", "Jinkies was stopped")


async def test_after_a_crash_of_the_bot_the_message_says_that_it_ended(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    await stage.type("sam", "logs-tail", service="checkout")
    message = await tail_shows(stage, "Nothing yet")
    edits = Fault("PATCH", r"/channels/\d+/messages/\d+", status=500, times=99)
    stage.discord.faults.add(edits)
    await stage.stop()
    stage.discord.faults.clear()
    assert "Ended" not in bare(stage.cards()[-1])
    await stage.start()
    ended = await tail_shows(stage, "Ended:", "Jinkies was restarted")
    assert ended["id"] == message["id"]
    aws.add(CHECKOUT, "web", [(ago(seconds=0), "INFO well again")])
    await stage.press("sam", ended, "Follow again")
    await tail_shows(stage, "📡")


async def test_a_tail_goes_on_when_the_gateway_drops(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    await stage.type("sam", "logs-tail", service="checkout", since="10s")
    await tail_shows(stage, "Nothing yet")
    await stage.discord.faults.drop_gateway()
    aws.add(CHECKOUT, "web", [(ago(seconds=0), "INFO during the drop")])
    await tail_shows(stage, "I during the drop")


async def test_an_alerts_service_is_followed_from_its_error_on(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    (alert,) = await stage.send(crash())
    await stage.card(alert)
    aws.add(CHECKOUT, "web", [(ago(seconds=10), "ERROR division by zero")])
    await stage.type("sam", "logs-tail", alert=f"J-{alert}", channel="general")
    message = await tail_shows(stage, "E division by zero", channel="general")
    assert "long ago" not in bare(message)
    card = await stage.card(alert)
    around = await stage.press("sam", card, "Logs")
    await stage.press("sam", answer(around), "Follow")
    assert "E division by zero" in bare(await tail_shows(stage, "📡", "E division by zero"))


async def test_a_page_is_followed_without_a_gap(stage: Rehearsal, aws: CloudWatchStandIn) -> None:
    aws.add(CHECKOUT, "web", [(ago(minutes=1), "ERROR on the page")])
    reply = await stage.type("sam", "logs", service="checkout", level="error")
    aws.add(CHECKOUT, "web", [(ago(seconds=0), "ERROR after it"), (ago(seconds=0), "INFO no")])
    await stage.press("sam", answer(reply), "Follow")
    message = await tail_shows(stage, "E after it", "`error or worse`")
    assert "on the page" not in bare(message)


async def test_a_thread_keeps_all_lines(stage: Rehearsal, aws: CloudWatchStandIn) -> None:
    await stage.type("sam", "logs-tail", service="checkout", since="10s", place="thread")
    aws.add(CHECKOUT, "web", [(ago(seconds=1), "INFO one")])
    message = await tail_shows(stage, "The lines are in <#")
    thread = message["id"]

    def told() -> str | None:
        written = "\n".join(map(bare, stage.cards(thread)))
        return written if "I two" in written else None

    aws.add(CHECKOUT, "web", [(ago(seconds=0), "INFO two")])
    written = await stage.until(told)
    assert written.count("I one") == 1
    assert written.count("I two") == 1


async def test_secrets_and_hostile_text_are_harmless_in_tails(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    await stage.type("sam", "logs-tail", service="checkout", since="10s")
    hostile = "ERROR ``` @everyone password=hunter2hunter2 \x1b[31m\x07"
    aws.add(CHECKOUT, "web", [(ago(seconds=0), hostile)])
    message = await tail_shows(stage, "@everyone")
    assert "hunter2" not in str(message)
    assert "\x07" not in str(message)
    assert not message["mention_everyone"]
    assert bare(message).count("```") == 2


async def test_live_tail_is_used_where_it_was_chosen(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    aws.manners.live.most = 2
    await stage.type("sam", "logs-tail", service="checkout", live=True)
    async with asyncio.timeout(5):
        while not aws.live_sessions:  # noqa: ASYNC110 - the stand-in has no event for it
            await asyncio.sleep(0.01)
    aws.add(CHECKOUT, "web", [(ago(seconds=0), f"INFO line {n}") for n in range(5)])
    await tail_shows(stage, "I line 1", "The store left lines out by itself")
    assert aws.calls["StartLiveTail"] == 1
