"""From an HTTP request to a living card."""

import pytest
from rehearsal import Rehearsal, crash, footer, labels, text


async def test_an_event_becomes_a_card(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash(service="checkout", user="u-7"))
    card = await rehearsal.card(alert)
    assert card["content"].startswith("🔴 New: **checkout** ZeroDivisionError")
    assert "shop/pricing.py:2 in price\n    return total / len(items)" in text(card)
    assert labels(card) == [
        "Acknowledge",
        "Resolve",
        "Silence",
        "Create issue",
        "Create PR",
        "Logs",
        "Details",
    ]


async def test_more_of_the_same_is_counted_on_the_same_card(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash())
    first = await rehearsal.card(alert, "**1×**")
    again = await rehearsal.send(*(crash() for _ in range(4)))
    assert set(again) == {alert}
    assert (await rehearsal.card(alert, "**5×**"))["id"] == first["id"]
    assert len(rehearsal.cards()) == 1


async def test_different_problems_have_cards_of_their_own(rehearsal: Rehearsal) -> None:
    alerts = await rehearsal.send(crash(), crash(service="email"), crash(environment="staging"))
    assert len(set(alerts)) == 3
    for alert in alerts:
        await rehearsal.card(alert)


async def test_a_resolved_event_closes_the_card(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash(fingerprint="disk"))
    await rehearsal.card(alert, "🔴 Open")
    await rehearsal.send(crash(fingerprint="disk", state="resolved"))
    card = await rehearsal.card(alert, "✅ Resolved")
    assert "Resolve" not in labels(card)


async def test_a_deleted_card_is_posted_again(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash())
    first = await rehearsal.card(alert)
    rehearsal.discord.world.messages.drop(first["id"])
    reply = await rehearsal.type("sam", "ack", alert=f"J-{alert}")
    assert "acknowledged" in reply.content
    assert (await rehearsal.card(alert, "Acknowledged"))["id"] != first["id"]


async def test_what_does_not_fit_is_a_file_on_the_card(rehearsal: Rehearsal) -> None:
    (alert,) = await rehearsal.send(crash(title="Too much", message="long line of words\n" * 300))
    card = await rehearsal.card(alert)
    assert [each["filename"] for each in card["attachments"]] == [f"J-{alert}-details.txt"]
    assert footer(card).endswith("press Details for the rest")


@pytest.mark.parametrize(
    "hostile",
    [
        "@everyone <@&1> <@2> [click](https://evil.example) **bold** `code` ``` fence",
        "\u202egpj.exe \x00\x1b[31m \u2066 z" + "\u0301" * 300,
        "# " + "`" * 5000,
        "😀" * 3000,
        "\\" * 4000,
    ],
)
async def test_hostile_text_is_shown_and_harmless(rehearsal: Rehearsal, hostile: str) -> None:
    event = crash(
        message=hostile, title=hostile[:200], service=hostile[:90].strip(), user=hostile[:200],
        exception_type="", stack_trace="",
    )  # fmt: skip
    (alert,) = await rehearsal.send(event)
    card = await rehearsal.card(alert)
    assert "@everyone" not in card["content"]
    assert not card["mention_everyone"]
    assert not card["mentions"]
    assert not card["mention_roles"]


async def test_secrets_never_reach_discord(rehearsal: Rehearsal) -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLE"
    (alert,) = await rehearsal.send(crash(message=f"denied for {key}", log_lines=[f"key={key}"]))
    card = await rehearsal.card(alert)
    reply = await rehearsal.press("rita", card, "Details")
    assert key not in text(card)
    (file,) = reply.message["attachments"] if reply.message else []
    assert key.encode() not in rehearsal.discord.world.files[file["id"]]["data"]
