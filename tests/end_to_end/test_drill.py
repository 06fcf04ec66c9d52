"""Drills, from `/drill start` to the scorecard, through the real bot and a local Discord."""

from __future__ import annotations

from typing import Any

import pytest
from rehearsal import Rehearsal, crash, text

from bot.alerting.drills import planner_of
from bot.errors import SettingsError
from bot.simulation.crash.library import Library
from sandbox.discord.faults import Fault
from sandbox.discord.permissions import Permission

Json = dict[str, Any]
PLAN = planner_of(Library()).plan("paystack_timeout", 7, 60.0)
(CHECKOUT,) = [each.name for each in PLAN.colleagues if each.service == "checkout-api"]


def area(rehearsal: Rehearsal) -> Json | None:
    """The newest area of a drill."""
    found = [
        row for row in rehearsal.discord.world.channels.rows() if "drill" in row["name"].lower()
    ]
    return found[-1] if found else None


def said(rehearsal: Rehearsal, *words: str) -> Json | None:
    """The first message in the area that shows all these words."""
    place = area(rehearsal)
    assert place is not None
    for message in rehearsal.discord.world.history(place["id"]):
        shown = text(message) if message["embeds"] else message["content"]
        if all(word in shown for word in words):
            return message
    return None


async def start(rehearsal: Rehearsal, **options: Any) -> Json:
    """Sam starts the same drill every time; returns its area."""
    asked = {"scenario": "paystack_timeout", "seed": 7, "minutes": 1, **options}
    reply = await rehearsal.type("sam", "drill start", **asked)
    assert "begins in" in reply.content, reply.content
    place = area(rehearsal)
    assert place is not None
    return place


async def drill(rehearsal: Rehearsal, command: str, place: Json, **options: Any) -> Any:
    return await rehearsal.type("sam", f"drill {command}", channel=place["id"], **options)


async def test_a_drill_is_started_solved_and_scored(rehearsal: Rehearsal) -> None:
    place = await start(rehearsal, participants="@kim")
    number = place["name"].removeprefix("DRILL #")
    briefing = await rehearsal.until(lambda: said(rehearsal, "none of this is real"))
    assert "Name the cause" in str(briefing["components"])
    assert place["id"] in {row["id"] for row in rehearsal.person("kim").channels()}
    assert place["id"] not in {row["id"] for row in rehearsal.person("rita").channels()}

    symptom = await rehearsal.until(lambda: said(rehearsal, "[DRILL]", "not confirmed"))
    assert symptom["embeds"][0]["color"] == 0xFEE75C
    assert symptom["content"].startswith("🎭 DRILL · ")
    await rehearsal.press("sam", symptom, "Acknowledge")
    assert "0 alerts" in str((await rehearsal.type("rita", "alerts")).message)
    assert "1 acknowledged" in str((await drill(rehearsal, "status", place)).message)
    in_area = await rehearsal.type("sam", "alerts", channel=place["id"])
    assert "1 alert" in str(in_area.message)

    await rehearsal.type(
        "sam", "drill ask", channel=place["id"], colleague=CHECKOUT, question="any errors?"
    )
    answer = await rehearsal.until(lambda: said(rehearsal, "Yes, ", "not confirmed in 30 s"))
    assert answer["author"]["username"] == f"{CHECKOUT} · checkout-api · DRILL"

    logs = await rehearsal.type("sam", "logs", channel=place["id"], service="payments-api")
    assert "Paystack" in str(logs.message)

    button = await rehearsal.press("sam", symptom, "Logs")
    assert "not confirmed in 30 s" in str(button.message)

    wrong = await drill(rehearsal, "answer", place, service="checkout-api")
    assert wrong.ephemeral
    assert "❌ It is not that service." in wrong.content
    root = await rehearsal.until(lambda: said(rehearsal, "[DRILL]", "Paystack did not answer"))
    right = await drill(rehearsal, "answer", place, service="payments-api")
    assert "✅ That is the service." in right.content
    line = await drill(rehearsal, "answer", place, file="payments/connection.py", line=46)
    assert "✅ That is the line." in line.content
    withheld = await rehearsal.press("kim", root, "Create issue")
    assert withheld.content.startswith("🎭 This is a drill, so nothing was written to GitHub.")
    await rehearsal.press("sam", root, "Resolve")

    score = await rehearsal.until(lambda: said(rehearsal, "/ 100", "payments-api"))
    assert PLAN.truth.cause[:60] in text(score)
    assert score["attachments"][0]["filename"] == f"drill-{number}.png"
    await rehearsal.until(lambda: area(rehearsal)["thread_metadata"]["archived"])  # type: ignore[index]
    assert not rehearsal.discord.world.webhooks.rows()
    history = await rehearsal.type("rita", "drill history")
    assert history.message is not None
    assert "paystack\\_timeout (solved)" in text(history.message)
    assert history.message["attachments"][0]["filename"] == "drills.png"
    assert rehearsal.cards() == []


async def test_everything_that_is_seen_of_a_drill_says_drill(rehearsal: Rehearsal) -> None:
    place = await start(rehearsal, participants="@kim")
    symptom = await rehearsal.until(lambda: said(rehearsal, "[DRILL]", "not confirmed"))
    await drill(rehearsal, "ask", place, colleague=CHECKOUT, question="any errors?")
    await rehearsal.until(lambda: said(rehearsal, "Yes, "))
    await rehearsal.press("sam", symptom, "Acknowledge")
    await drill(rehearsal, "stop", place)
    await rehearsal.until(lambda: said(rehearsal, "/ 100"))
    assert place["name"].startswith("DRILL #")
    shown = [each for each in rehearsal.discord.world.history(place["id"]) if each["type"] == 0]
    assert len(shown) >= 4
    for message in shown:
        if message.get("webhook_id"):
            assert message["author"]["username"].endswith("· DRILL")
        else:
            assert "DRILL" in message["content"]
        assert all("drill" in str(embed).lower() for embed in message["embeds"])
    assert rehearsal.cards() == []


async def test_a_real_critical_alert_ends_the_drill_loudly(rehearsal: Rehearsal) -> None:
    place = await start(rehearsal, participants="kim")
    await rehearsal.until(lambda: said(rehearsal, "[DRILL]"))
    (alert,) = await rehearsal.send(crash(severity="critical"))
    card = await rehearsal.card(alert)
    told = await rehearsal.until(lambda: said(rehearsal, "REAL ALERT", f"J-{alert} "))
    assert told["content"].startswith("# 🚨 THIS IS NOT THE DRILL")
    assert f"/{card['channel_id']}/{card['id']}" in told["content"]
    assert {each["username"] for each in told["mentions"]} == {"sam", "kim"}
    await rehearsal.until(lambda: area(rehearsal)["thread_metadata"]["archived"])  # type: ignore[index]
    for message in rehearsal.discord.world.history(place["id"]):
        assert "[DRILL]" not in text(message) or "✅ Resolved" in text(message)
    history = await rehearsal.type("sam", "drill history")
    assert history.content.startswith("No drill has been scored yet.")
    assert "Open" in text(await rehearsal.card(alert))


async def test_no_drill_begins_while_a_real_critical_alert_is_open(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash(severity="critical"))
    reply = await rehearsal.type("sam", "drill start", scenario="paystack_timeout")
    assert f"no time for a drill: J-{alert} in checkout is real" in reply.content
    await rehearsal.type("sam", "ack", alert=f"J-{alert}")
    await start(rehearsal)


async def test_a_drill_survives_a_restart_of_the_bot(rehearsal: Rehearsal) -> None:
    place = await start(rehearsal)
    symptom = await rehearsal.until(lambda: said(rehearsal, "[DRILL]", "not confirmed"))
    await rehearsal.press("sam", symptom, "Acknowledge")
    await rehearsal.restart()
    await rehearsal.until(lambda: said(rehearsal, "I was restarted; the drill goes on"))
    await rehearsal.until(lambda: said(rehearsal, "[DRILL]", "Paystack did not answer"))
    again = await rehearsal.type("sam", "drill start")
    assert "is under way" in again.content
    stopped = await drill(rehearsal, "stop", place)
    assert "The drill is over" in stopped.content
    score = await rehearsal.until(lambda: said(rehearsal, "/ 100", "payments-api"))
    assert "**0:" in text(score), "the acknowledgement from before the restart counts"


async def test_without_private_threads_a_private_channel_is_made(rehearsal: Rehearsal) -> None:
    world = rehearsal.discord.world
    role = world.role("Jinkies")
    bits = int(role["permissions"]) & ~Permission.CREATE_PRIVATE_THREADS
    world.change_role(role["id"], permissions=str(int(bits | Permission.MANAGE_CHANNELS)))
    place = await start(rehearsal, participants="@kim")
    assert place["type"] == 0
    seen = {
        name: place["id"] in {row["id"] for row in rehearsal.person(name).channels()}
        for name in ("sam", "kim", "rita")
    }
    assert seen == {"sam": True, "kim": True, "rita": False}
    await rehearsal.until(lambda: said(rehearsal, "[DRILL]"))
    await drill(rehearsal, "stop", place)
    await rehearsal.until(lambda: (area(rehearsal) or {})["name"].startswith("ended-drill"))


async def test_a_bot_that_may_make_no_area_says_what_it_needs(rehearsal: Rehearsal) -> None:
    world = rehearsal.discord.world
    role = world.role("Jinkies")
    bits = int(role["permissions"]) & ~Permission.CREATE_PRIVATE_THREADS
    world.change_role(role["id"], permissions=str(int(bits)))
    reply = await rehearsal.type("sam", "drill start", scenario="paystack_timeout")
    assert "may make neither private threads nor channels here" in reply.content
    assert "Create Private Threads" in reply.content
    status = await rehearsal.type("sam", "drill status")
    assert status.content.startswith("No drill is under way.")


async def test_where_no_webhook_may_be_made_the_bot_speaks_for_colleagues(
    rehearsal: Rehearsal,
) -> None:
    world = rehearsal.discord.world
    role = world.role("Jinkies")
    bits = int(role["permissions"]) & ~Permission.MANAGE_WEBHOOKS
    world.change_role(role["id"], permissions=str(int(bits)))
    place = await start(rehearsal)
    await drill(rehearsal, "ask", place, colleague=CHECKOUT, question="any errors?")
    await rehearsal.until(lambda: said(rehearsal, f"🎭 **{CHECKOUT}** (checkout-api): Yes, "))


@pytest.mark.parametrize(
    ("who", "options", "words"),
    [
        ("rita", {}, "⛔"),
        ("sam", {"scenario": "paystack_timeot"}, "Did you mean paystack\\_timeout"),
        ("sam", {"participants": "@nobody"}, "is called @nobody"),
        ("sam", {"participants": "<@123456789012345678>"}, "is nobody in this server"),
    ],
)
async def test_a_drill_that_cannot_begin_says_why(
    rehearsal: Rehearsal, who: str, options: Json, words: str
) -> None:
    reply = await rehearsal.type(who, "drill start", **options)
    assert reply.ephemeral
    assert words in reply.content
    assert area(rehearsal) is None


async def test_a_drill_that_may_writes_to_github_and_says_drill(rehearsal: Rehearsal) -> None:
    await start(rehearsal, participants="@kim", github=True)
    card = await rehearsal.until(lambda: said(rehearsal, "[DRILL]", "not confirmed"))
    await rehearsal.press("kim", card, "Create issue")
    (issue,) = rehearsal.github.world.repository("acme/shop").issues.values()  # type: ignore[union-attr]
    assert issue.title.startswith("[DRILL] [J-")


async def test_the_cause_is_named_with_a_form_too(rehearsal: Rehearsal) -> None:
    await start(rehearsal)
    briefing = await rehearsal.until(lambda: said(rehearsal, "none of this is real"))
    sam = rehearsal.person("sam")
    form = await sam.press(briefing, "Name the cause")
    assert form.modal is not None
    fields = [row["components"][0]["custom_id"] for row in form.modal["components"]]
    answers = dict(zip(fields, ["payments-api", "connection.py", "46"], strict=True))
    reply = await (await sam.submit(form, answers)).finished()
    assert "✅ That is the service. ✅ That is the line." in reply.content


async def test_colleagues_answer_messages_that_mention_the_bot(rehearsal: Rehearsal) -> None:
    place = await start(rehearsal)
    sam, first = rehearsal.person("sam"), CHECKOUT.split()[0]
    me = rehearsal.discord.world.role("Jinkies")["tags"]["bot_id"]
    await sam.write(place["id"], f"{first}, any errors?")  # the bot may not read this
    await sam.write(place["id"], f"<@{me}> {first}, is it slow?")
    answer = await rehearsal.until(lambda: said(rehearsal, "Our answers took"))
    assert answer["author"]["username"].startswith(CHECKOUT)
    await sam.write(place["id"], f"<@{me}> and errors?", reply_to=answer)
    await rehearsal.until(lambda: said(rehearsal, "Yes, ", "so far"))
    everything = [row["content"] for row in rehearsal.discord.world.history(place["id"])]
    assert sum("so far. The first" in each for each in everything) == 1


async def test_a_start_that_fails_half_way_leaves_nothing_behind(rehearsal: Rehearsal) -> None:
    rehearsal.discord.faults.add(Fault("POST", r"/channels/\d+/messages", status=403))
    reply = await rehearsal.type("sam", "drill start", scenario="paystack_timeout")
    assert "the bot may not post" in reply.content
    assert area(rehearsal) is None
    await start(rehearsal)


async def test_a_start_that_discord_does_not_answer_is_no_drill(rehearsal: Rehearsal) -> None:
    rehearsal.discord.faults.add(Fault("POST", "/channels/[0-9]+/threads$", cut=True, times=None))
    reply = await rehearsal.type("sam", "drill start", scenario="paystack_timeout")
    assert "no area could be made: it does not answer" in reply.content
    rehearsal.discord.faults.clear()
    await start(rehearsal)


async def test_with_the_intent_colleagues_answer_plain_messages(stage: Rehearsal) -> None:
    stage.settings = stage.settings.model_copy(update={"message_content": True})
    await stage.start()
    place = await start(stage)
    await stage.person("sam").write(place["id"], f"{CHECKOUT.split()[0]}, any errors?")
    await stage.until(lambda: said(stage, "so far. The first"))


async def test_an_intent_that_the_bot_does_not_have_is_named(stage: Rehearsal) -> None:
    world = stage.discord.world
    (application,) = world.applications.rows()
    world.applications.change(application["id"], flags=0)
    stage.settings = stage.settings.model_copy(update={"message_content": True})
    with pytest.raises(SettingsError, match="MESSAGE_CONTENT: the bot does not have that intent"):
        await stage.start()
    stage._bot = None


async def test_the_logs_of_a_drill_are_followed_in_its_area(rehearsal: Rehearsal) -> None:
    place = await start(rehearsal)
    await rehearsal.type("sam", "logs-tail", channel=place["id"], service="payments-api")
    await rehearsal.until(
        lambda: "Paystack is slow" in str(rehearsal.discord.world.history(place["id"]))
    )
