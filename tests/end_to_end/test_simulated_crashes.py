"""A crash played on purpose: from the command to its marked card, and by the command line."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from rehearsal import SECRET, Rehearsal, labels, text

from bot.simulation.crash.library import Library

ROOT = Path(__file__).parents[2]
# Scenario -> the frame that is to blame, as the card shows it.
CULPRITS = {
    "db_startup_failure": "catalogue-api/catalogue/database.py:31 in _greet",
    "migration_type_mismatch": "orders-api/orders/statements.py:21 in total_of",
    "paystack_timeout": "payments-api/payments/connection.py:46 in receive",
    "stripe_signature_error": "billing-api/billing/signatures.py:21 in verify_header",
    "taskq_oversell": "reservations/tickets/stock.py:30 in take_one",
    "verify_payment_timeout": "subscriptions-api/subscriptions/pool.py:24 in acquire",
}


def test_every_scenario_that_ships_is_tried_here() -> None:
    assert set(Library().all()) == set(CULPRITS)


@pytest.mark.parametrize("scenario", CULPRITS)
async def test_a_crash_from_discord_makes_a_marked_card_with_file_and_line(
    rehearsal: Rehearsal, scenario: str
) -> None:
    reply = await rehearsal.type("sam", "simulate crash", scenario=scenario, seed=7)
    assert "J-1" in reply.content
    assert reply.message is not None
    (log,) = reply.message["attachments"]
    assert log["filename"].startswith(scenario)
    shown = text(reply.message)
    assert "SIMULATED" in shown
    assert "Warning signs" in shown
    card = await rehearsal.card(1, "SIMULATED ·")
    told = text(card)
    assert "simulated" in card["embeds"][0]["author"]["name"]
    assert CULPRITS[scenario] in told
    assert "warning signs came" in told
    assert {"Acknowledge", "Resolve", "Details"} <= set(labels(card))


async def test_scenarios_are_offered_by_name_and_by_title(rehearsal: Rehearsal) -> None:
    sam = rehearsal.person("sam")
    offered = await sam.autocomplete("simulate crash", "scenario", "")
    assert [choice["value"] for choice in offered] == sorted(CULPRITS)
    (ticket,) = await sam.autocomplete("simulate crash", "scenario", "last ticket")
    assert ticket["value"] == "taskq_oversell"
    assert await rehearsal.person("rita").autocomplete("simulate crash", "scenario", "") == []


async def test_only_responders_may_play_a_crash(rehearsal: Rehearsal) -> None:
    reply = await rehearsal.type("rita", "simulate crash", scenario="taskq_oversell")
    assert "⛔" in reply.content
    assert "Responder" in reply.content
    assert rehearsal.cards() == []


async def test_a_misspelt_scenario_is_told_what_is_meant(rehearsal: Rehearsal) -> None:
    reply = await rehearsal.type("sam", "simulate crash", scenario="taskq_oversel")
    assert "Did you mean taskq" in reply.content


async def test_the_same_seed_is_the_same_problem_once_more(rehearsal: Rehearsal) -> None:
    await rehearsal.type("sam", "simulate crash", scenario="paystack_timeout", seed=1)
    again = await rehearsal.type("sam", "simulate crash", scenario="paystack_timeout", seed=2)
    assert "J-1" in again.content
    assert "known already" in again.content
    await rehearsal.card(1, "2×")


async def test_a_crash_played_live_shows_its_progress(rehearsal: Rehearsal) -> None:
    sam = rehearsal.person("sam")
    reply = await sam.command("simulate crash", scenario="taskq_oversell", speed=150)
    progress = await reply.finished()
    assert "before the crash" in progress.content
    assert "warnings" in progress.content
    assert rehearsal.cards() == []  # it has not crashed yet
    await rehearsal.card(1, "OversoldError")
    await rehearsal.until(lambda: "It is J-1" in reply.content)


async def test_the_command_line_sends_a_crash_through_a_door(rehearsal: Rehearsal) -> None:
    made = await rehearsal.type("ada", "dsn create", project="shop")
    dsn = next(word for word in made.content.split() if word.startswith("http://"))
    dsn = dsn.replace(dsn.split("@")[1].split("/")[0], rehearsal.web_url.removeprefix("http://"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "run.py"), "simulate", "crash", "stripe_signature_error",
        "--to", f"{rehearsal.web_url}/webhook/generic", "--to", dsn,
        env={**os.environ, "WEBHOOK_SECRET": SECRET},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, told = await process.communicate()
    assert process.returncode == 0, told.decode()
    assert b"Traceback (most recent call last):" in out
    assert "webhook/generic answered 202" in told.decode()
    assert "envelope/ answered 200" in told.decode()
    for alert in (1, 2):
        card = await rehearsal.card(alert, "billing/signatures.py:21 in verify_header")
        assert "simulated" in text(card)
