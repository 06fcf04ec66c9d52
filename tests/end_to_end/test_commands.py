"""Slash commands through the stand-in's doors."""

import pytest
from rehearsal import Rehearsal, crash, labels, text

from bot.ui import answers
from sandbox.discord.objects import EPHEMERAL
from sandbox.discord.permissions import Permission

COMMANDS = {
    "alerts", "alert", "ack", "resolve", "silence", "unsilence",
    "create-issue", "create-pr", "status", "help", "sources", "dsn",
    "logs", "logs-tail", "logs-stop", "simulate", "drill",
}  # fmt: skip


async def test_everybody_is_offered_every_command(rehearsal: Rehearsal) -> None:
    assert {each["name"] for each in rehearsal.person("rita").commands()} == COMMANDS


async def test_commands_are_written_to_discord_once(rehearsal: Rehearsal) -> None:
    before = [each["version"] for each in rehearsal.person("rita").commands()]
    await rehearsal.restart()
    assert [each["version"] for each in rehearsal.person("rita").commands()] == before


async def test_alerts_are_listed_and_paged_after_a_restart_too(rehearsal: Rehearsal) -> None:
    await rehearsal.send(*(crash(service=f"service-{number:02}") for number in range(23)))
    reply = await rehearsal.type("rita", "alerts")
    assert reply.ephemeral
    assert reply.message is not None
    (embed,) = reply.message["embeds"]
    assert embed["title"] == "23 alerts"
    assert embed["footer"]["text"] == "page 1 of 3"
    assert labels(reply.message) == ["Older ▶"]
    await rehearsal.restart()
    second = await rehearsal.press("rita", reply.message, "Older ▶")
    assert second.updated is not None
    assert second.updated["embeds"][0]["footer"]["text"] == "page 2 of 3"
    assert labels(second.updated) == ["◀ Newer", "Older ▶"]


async def test_alerts_are_filtered(rehearsal: Rehearsal) -> None:
    await rehearsal.send(
        crash(service="email", severity="warning"),
        crash(service="email", environment="staging"),
        crash(service="checkout"),
    )
    for options, total in (
        ({"service": "email"}, "2 alerts"),
        ({"service": "email", "severity": "warning"}, "1 alert"),
        ({"environment": "staging"}, "1 alert"),
        ({"text": "zerodivision"}, "3 alerts"),
        ({"text": "nothing like it"}, "0 alerts"),
        ({"state": "resolved"}, "0 alerts"),
        ({"state": "any"}, "3 alerts"),
    ):
        reply = await rehearsal.type("rita", "alerts", **options)
        assert reply.message is not None
        assert reply.message["embeds"][0]["title"] == total


async def test_an_alert_is_opened_from_the_list(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash())
    reply = await rehearsal.type("rita", "alerts")
    assert reply.message is not None
    opened = await rehearsal.person("rita").select(reply.message, "jinkies:open", [str(alert)])
    await opened.finished()
    assert opened.message is not None
    assert f"J-{alert} ·" in text(opened.message)


async def test_an_alert_is_shared_with_the_channel_only_on_request(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash())
    await rehearsal.card(alert)
    private = await rehearsal.type("rita", "alert", alert=f"J-{alert}")
    shared = await rehearsal.type("rita", "alert", channel="general", alert="42", share=True)
    assert private.ephemeral
    assert shared.ephemeral
    shared = await rehearsal.type("rita", "alert", channel="general", alert=str(alert), share=True)
    assert not shared.ephemeral
    assert len(rehearsal.cards("general")) == 1


async def test_what_is_to_be_shared_and_fails_late_is_told_to_who_asked_alone(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "PATIENCE", 0.0)
    rita = rehearsal.person("rita")
    await rehearsal.type("rita", "alert", channel="general", alert="J-999", share=True)
    (told,) = await rehearsal.until(lambda: rita.messages("general"))
    assert told["content"] == "🤷 There is no alert J-999."
    assert told["flags"] & EPHEMERAL
    assert not rehearsal.cards("general")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("J-999", "🤷 There is no alert J-999."),
        ("nonsense", "🤷 “nonsense” is no alert id. They look like J-42; pick one as you type."),
        ("**x**", "🤷 “\\*\\*x\\*\\*” is no alert id."),
    ],
)
async def test_an_alert_that_is_not_there_is_named(
    rehearsal: Rehearsal, typed: str, words: str
) -> None:
    for command in ("alert", "ack", "resolve", "create-issue"):
        reply = await rehearsal.type("ada", command, alert=typed)
        assert reply.ephemeral
        assert reply.content.startswith(words)


async def test_alerts_are_suggested_while_one_types(rehearsal: Rehearsal) -> None:
    first, second = await rehearsal.send(crash(service="checkout"), crash(service="email" * 20))
    sam = rehearsal.person("sam")
    choices = await sam.autocomplete("ack", "alert", "")
    assert [each["value"] for each in choices] == [f"J-{second}", f"J-{first}"]
    assert all(len(each["name"]) <= 100 for each in choices)
    (choice,) = await sam.autocomplete("resolve", "alert", "checkout")
    assert choice["name"].startswith(f"J-{first} 🔴 checkout: ZeroDivisionError")
    await rehearsal.type("sam", "ack", alert=choice["value"])
    assert len(await sam.autocomplete("ack", "alert", "")) == 1
    assert len(await sam.autocomplete("resolve", "alert", "")) == 2


async def test_a_hostile_name_is_offered_harmless_and_found_by_what_it_is(
    rehearsal: Rehearsal,
) -> None:
    await rehearsal.send(crash(service="till\u202e\ngpj.exe"))
    rita = rehearsal.person("rita")
    (offered,) = await rita.autocomplete("alerts", "service", "till")
    assert offered["name"] == "till⟨202E⟩ gpj.exe"
    reply = await rehearsal.type("rita", "alerts", service=offered["value"])
    assert reply.message is not None
    assert reply.message["embeds"][0]["title"] == "1 alert"


async def test_services_and_environments_are_suggested(rehearsal: Rehearsal) -> None:
    await rehearsal.send(crash(service="checkout", environment="qa"), crash(service="email"))
    rita = rehearsal.person("rita")
    services = await rita.autocomplete("alerts", "service", "che")
    environments = await rita.autocomplete("alerts", "environment", "")
    assert [each["value"] for each in services] == ["checkout"]
    assert [each["value"] for each in environments] == ["production", "qa"]


async def test_no_more_than_25_are_suggested(rehearsal: Rehearsal) -> None:
    await rehearsal.send(*(crash(service=f"service-{number}") for number in range(30)))
    assert len(await rehearsal.person("rita").autocomplete("alert", "alert", "")) == 25


async def test_a_silence_by_command(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash())
    reply = await rehearsal.type("sam", "silence", alert=f"J-{alert}", duration=1440)
    assert f"J-{alert} is silenced for 1 day" in reply.content


async def test_status_tells_how_the_bot_is(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash())
    await rehearsal.card(alert)
    reply = await rehearsal.type("rita", "status")
    assert reply.message is not None
    shown = text(reply.message)
    assert "Jinkies is well" in shown
    assert "🔴 1 open · 👀 0 acknowledged · ✅ 0 resolved" in shown
    assert "discord.py" in shown


async def test_status_shows_what_was_not_delivered_to_administrators(
    rehearsal: Rehearsal,
) -> None:
    for role in ("Jinkies", "@everyone"):
        rehearsal.discord.world.revoke(role, Permission.SEND_MESSAGES)
    await rehearsal.send(crash())
    shown = ""
    while "1 given up" not in shown:
        reply = await rehearsal.type("ada", "status")
        shown = text(reply.message or {})
    for name, sees in (("ada", True), ("rita", False)):
        reply = await rehearsal.type(name, "status")
        assert reply.message is not None
        assert ("Give it View Channel" in text(reply.message)) is sees


async def test_help_marks_what_one_may_not_use(rehearsal: Rehearsal) -> None:
    for name, locked in (("ada", 0), ("kim", 1), ("sam", 2), ("rita", 3)):
        reply = await rehearsal.type(name, "help")
        assert reply.message is not None
        assert text(reply.message).count("🔒") == locked
        assert all(f"/{command}" in text(reply.message) for command in COMMANDS)
