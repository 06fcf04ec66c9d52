"""People act: by button and by command, with roles, at once, and after a restart."""

import asyncio

import pytest
from rehearsal import REPOSITORY, Rehearsal, crash, labels, text

from sandbox.discord import objects
from sandbox.discord.permissions import EVERYONE
from sandbox.github.faults import Fault


async def test_a_responder_acknowledges_and_resolves(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash())
    card = await rehearsal.card(alert)
    reply = await rehearsal.press("sam", card, "Acknowledge")
    assert reply.ephemeral
    assert reply.content == f"👀 J-{alert} is acknowledged."
    card = await rehearsal.card(alert, "👀 Acknowledged by **Sam**")
    assert "Acknowledge" not in labels(card)
    assert (await rehearsal.press("sam", card, "Resolve")).content == f"✅ J-{alert} is resolved."
    await rehearsal.card(alert, "✅ Resolved by **Sam**")


async def test_an_administrator_of_another_server_may_not_even_look(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash())
    card = await rehearsal.card(alert)
    world = rehearsal.discord.world
    mallory, elsewhere = world.add_user("mallory"), world.snowflakes.next()
    everyone = objects.role(elsewhere, "@everyone", EVERYONE, 0)
    guild = objects.guild(elsewhere, "Elsewhere", mallory["id"], [everyone])
    world.guilds.put(elsewhere, guild)
    lair = world.add_channel("lair", guild_id=elsewhere)["id"]
    for member in (mallory["id"], card["author"]["id"]):
        world.join(elsewhere, member)
    await rehearsal.restart()
    for command, options in (("alerts", {}), ("ack", {"alert": f"J-{alert}"}), ("dsn list", {})):
        reply = await rehearsal.type("mallory", command, channel=lair, **options)
        assert (reply.content or "").startswith("⛔ You may not do this")
        assert f"set `DISCORD_GUILD_ID={elsewhere}`" in reply.content
    await rehearsal.card(alert, "🔴 Open")
    reply = await rehearsal.type("rita", "ack", alert=f"J-{alert}")
    assert "DISCORD_GUILD_ID" not in reply.content


async def test_the_second_to_acknowledge_is_told_who_was_first(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash())
    await rehearsal.card(alert)
    await rehearsal.type("sam", "ack", alert=f"J-{alert}")
    reply = await rehearsal.type("kim", "ack", alert=str(alert))
    assert reply.content == "👀 Already acknowledged by Sam a moment ago."


@pytest.mark.parametrize("button", ["Acknowledge", "Resolve", "Silence"])
async def test_a_viewer_may_not_respond(rehearsal: Rehearsal, button: str) -> None:
    (alert,) = await rehearsal.send(crash())
    reply = await rehearsal.press("rita", await rehearsal.card(alert), button)
    assert reply.ephemeral
    assert reply.content == (
        "⛔ You may not do this: it needs one of these roles: Responder, Shipper, Admin."
    )
    await rehearsal.card(alert, "🔴 Open")


@pytest.mark.parametrize("button", ["Create issue", "Create PR"])
async def test_a_responder_may_not_ship(rehearsal: Rehearsal, button: str) -> None:
    (alert,) = await rehearsal.send(crash())
    reply = await rehearsal.press("sam", await rehearsal.card(alert), button)
    assert "needs one of these roles: Shipper, Admin" in reply.content


async def test_a_silence_is_chosen_shown_and_undone(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash())
    asked = await rehearsal.press("sam", await rehearsal.card(alert), "Silence")
    assert asked.message is not None
    assert labels(asked.message) == ["30 minutes", "1 hour", "4 hours", "1 day"]
    done = await rehearsal.press("sam", asked.message, "4 hours")
    assert f"J-{alert} is silenced for 4 hours" in done.content
    card = await rehearsal.card(alert, "🔕 Silenced until")
    assert "Unsilence" in labels(card)
    assert done.updated is not None
    undone = await rehearsal.press("sam", done.updated, "Unsilence")
    assert undone.content == f"🔔 J-{alert} is unsilenced."
    await rehearsal.until(lambda: "🔕 Silenced until" not in text(rehearsal.cards()[0]) or None)
    again = await rehearsal.type("sam", "unsilence", alert=f"J-{alert}")
    assert again.content == f"🔔 J-{alert} is not silenced."


async def test_an_old_card_works_after_a_restart(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash())
    card = await rehearsal.card(alert)
    asked = await rehearsal.press("sam", card, "Silence")
    await rehearsal.restart()
    assert "acknowledged" in (await rehearsal.press("sam", card, "Acknowledge")).content
    assert asked.message is not None
    assert "silenced" in (await rehearsal.press("sam", asked.message, "1 hour")).content
    await rehearsal.card(alert, "Acknowledged by **Sam**", "🔕 Silenced until")


async def test_two_people_at_once_create_one_issue(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash())
    card = await rehearsal.card(alert)
    replies = await asyncio.gather(
        rehearsal.press("kim", card, "Create issue"), rehearsal.press("ada", card, "Create issue")
    )
    said = sorted(reply.content for reply in replies)
    assert any("is created in" in each for each in said)
    assert any("was already created by" in each for each in said)
    card = await rehearsal.card(alert, "Issue #1 (open)")
    assert "Issue #1" in labels(card)
    assert len(rehearsal.github.world.repository(REPOSITORY).issues) == 1


async def test_a_pull_request_is_drafted_once(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash())
    await rehearsal.card(alert)
    first = await rehearsal.type("kim", "create-pr", alert=f"J-{alert}")
    second = await rehearsal.type("ada", "create-pr", alert=f"J-{alert}")
    assert "is created in" in first.content
    assert "was already created by Kim" in second.content
    await rehearsal.card(alert, "Pull request #1 (open)")


@pytest.mark.parametrize(
    ("button", "route", "shown"),
    [
        ("Create issue", "/issues$", "Issue #1 (open)"),
        ("Create PR", "/git/commits$", "Pull request #1 (open)"),
        ("Create PR", "/git/refs$", "Pull request #1 (open)"),
        ("Create PR", "/pulls$", "Pull request #1 (open)"),
    ],
)
async def test_a_lost_answer_of_github_makes_no_second_one(
    rehearsal: Rehearsal, button: str, route: str, shown: str
) -> None:
    (alert,) = await rehearsal.send(crash())
    card = await rehearsal.card(alert)
    rehearsal.github.faults.lose_answer("POST", route)
    first = await rehearsal.press("kim", card, button)
    assert not rehearsal.github.faults.waiting
    told = [first.content]
    card = await rehearsal.card(alert)
    if button in labels(card):  # else the card has changed to the link already
        told.append((await rehearsal.press("ada", card, button)).content)
    assert sum("is created in" in text for text in told) == 1
    await rehearsal.card(alert, shown)
    repository = rehearsal.github.world.repository(REPOSITORY)
    assert len(repository.issues) == 1
    assert len(repository.refs) == (2 if button == "Create PR" else 1)


async def test_a_failure_of_github_is_told_with_what_to_do(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash())
    card = await rehearsal.card(alert)
    rehearsal.github.faults.add(Fault("POST", "/issues$", status=503, times=20))
    failed = await rehearsal.press("kim", card, "Create issue")
    assert failed.content.startswith("⚠️ GitHub:")
    assert "Nothing is lost: press again" in failed.content
    rehearsal.github.faults.clear()
    assert "is created in" in (await rehearsal.press("kim", card, "Create issue")).content


async def test_details_are_for_the_presser_only_with_everything_in_a_file(
    rehearsal: Rehearsal,
) -> None:
    (alert,) = await rehearsal.send(crash(log_lines=["one", "two"]))
    reply = await rehearsal.press("rita", await rehearsal.card(alert), "Details")
    assert reply.ephemeral
    assert reply.message is not None
    (file,) = reply.message["attachments"]
    assert b"one\ntwo" in rehearsal.discord.world.files[file["id"]]["data"]
