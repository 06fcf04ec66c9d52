"""What people do with the answer of /logs: download it, share it, attach it, ask Insights."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from log_stage import CHECKOUT, SHIPPING, ago, answer, bare, labels, menu, numbered, reading
from rehearsal import Rehearsal, crash, text

from bot.store import Store, logbook
from bot.ui.logs import screen
from sandbox.cloudwatch import CloudWatchStandIn

Json = dict[str, Any]
KEY = "AKIA" + "IOSFODNN7EXAMPLE"


@pytest.fixture
async def aws(
    stage: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[CloudWatchStandIn]:
    async with reading(stage, monkeypatch) as standin:
        standin.add(SHIPPING, "web", [(ago(hours=9), "INFO nothing new")])
        standin.add(CHECKOUT, "web", [(ago(hours=9), "INFO nothing new")])
        await stage.start()
        yield standin


async def file_of(message: Json) -> tuple[str, bytes]:
    (attached,) = message["attachments"]
    async with aiohttp.ClientSession() as session:
        answered = await session.get(attached["url"])
        return attached["filename"], await answered.read()


async def uses(stage: Rehearsal) -> list[tuple[str, str]]:
    """Who used answers how, as the audit trail has it."""
    store = await Store.open(stage.settings.database_url, clock=lambda: datetime.now(UTC))
    try:
        return [(use, name) for use, name, _ in await store.read(logbook.uses)]
    finally:
        await store.close()


async def test_secrets_are_removed_from_pages_menus_and_files(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    pem = ["-----BEGIN RSA PRIVATE KEY-----", "MIIEpAIBAAKCAQEA75", "-----END RSA PRIVATE KEY-----"]
    at = ago(minutes=1)
    aws.add(CHECKOUT, "web", [(at, f"ERROR key {KEY} password=hunter2hunter2")])
    aws.add(CHECKOUT, "web", [(at + 1 + n, line) for n, line in enumerate(pem)])
    reply = await stage.type("rita", "logs", service="checkout")
    loaded = answer(await stage.press("rita", answer(reply), "Download"))
    name, data = await file_of(loaded)
    assert name.startswith("checkout-")
    assert name.endswith(".log")
    for told in (str(reply.message), data.decode()):
        assert KEY not in told
        assert "hunter2" not in told
        assert "MIIEpAIBAAKCAQEA75" not in told
        assert "[removed: aws key]" in told


async def test_download_holds_all_lines_beyond_the_limit(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    aws.add(CHECKOUT, "web", numbered(25_000, ago(minutes=10)))
    reply = await stage.type("rita", "logs", service="checkout", limit=20)
    loaded = answer(await stage.press("rita", answer(reply), "Download"))
    assert "25,000 lines" in bare(loaded)
    name, data = await file_of(loaded)
    assert name.endswith(".log.gz")
    lines = gzip.decompress(data).decode().splitlines()
    assert len(lines) == 25_000
    assert lines[0].endswith(f"{CHECKOUT} web INFO line 024999")
    assert lines == sorted(lines, reverse=True)


async def test_sharing_shows_a_page_to_the_channel_and_is_written_down(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    aws.add(CHECKOUT, "web", [(ago(minutes=1), "ERROR cannot pay")])
    refused = await stage.type("rita", "logs", service="checkout")
    no = await stage.press("rita", answer(refused), "Share")
    assert "⛔" in bare(no.message)
    assert stage.cards() == []
    reply = await stage.type("sam", "logs", service="checkout")
    await stage.press("sam", answer(reply), "Share")
    (posted,) = stage.cards()
    assert "E cannot pay" in bare(posted)
    assert "shared by Sam" in bare(posted)
    opened = await stage.press("rita", posted, "Open")
    assert opened.ephemeral
    assert "Collapse to 1" not in labels(opened.message)
    await stage.restart()
    opened = await stage.press("rita", posted, "Open")
    assert "E cannot pay" in bare(opened.message)
    await stage.press("sam", answer(reply), "Share")
    assert [bare(each) for each in stage.cards()] == [bare(posted)] * 2
    assert await uses(stage) == [("share", "Sam"), ("share", "Sam")]


async def test_lines_hang_on_an_alerts_card_as_a_file(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    aws.add(CHECKOUT, "web", [(ago(minutes=1), "ERROR cannot pay")])
    (alert,) = await stage.send(crash())
    card = await stage.card(alert)
    reply = await stage.type("sam", "logs", channel="general", service="checkout")
    offer = await stage.press("sam", answer(reply), "Attach to alert")
    chosen = menu(offer.message)
    assert chosen["options"][0]["label"].startswith(f"J-{alert} ")
    done = await stage.person("sam").select(answer(offer), chosen["custom_id"], [str(alert)])
    await done.finished()
    assert f"The lines hang on J-{alert} now" in bare(answer(done))
    (posted,) = [each for each in stage.cards() if each["attachments"]]
    assert posted["message_reference"]["message_id"] == card["id"]
    assert "attached by **Sam**" in bare(posted)
    assert b"cannot pay" in (await file_of(posted))[1]
    assert "📎 Sam: log lines attached" in text(await stage.card(alert, "📎"))


async def test_an_alert_that_is_not_in_the_list_is_named_in_a_form(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    aws.add(CHECKOUT, "web", [(ago(minutes=1), "ERROR cannot pay")])
    (alert,) = await stage.send(crash())
    await stage.card(alert)
    sam = stage.person("sam")
    reply = await stage.type("sam", "logs", service="checkout")
    offer = await stage.press("sam", answer(reply), "Attach to alert")
    for typed, told in (
        ("J-999", "There is no alert J-999"),
        ("nonsense", "is no alert id"),
        (f"j{alert}", f"hang on J-{alert} now"),
    ):
        form = await sam.select(answer(offer), menu(offer.message)["custom_id"], ["other"])
        sent = await (await sam.submit(form, {_field(form.modal): typed})).finished()
        assert told in bare(sent.updated or sent.message)


def _field(modal: Json | None) -> str:
    assert modal is not None
    row = modal["components"][0]
    inner = row.get("component") or row["components"][0]
    return str(inner["custom_id"])


async def test_insights_is_offered_in_its_own_language_with_a_link(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    aws.add(CHECKOUT, "web", numbered(5, ago(minutes=30)))
    reply = await stage.type("rita", "logs", service="checkout", text="line")
    told = bare((await stage.press("rita", answer(reply), "Insights")).message)
    assert "filter @message like /(?i)line/" in told
    assert re.search(
        r"\[[^\]]+\]\(https://eu-central-1\.console\.aws\.amazon\.com/[^()\s]+\)", told
    )


async def test_insights_is_asked_where_there_is_more_than_was_shown(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    aws.add(CHECKOUT, "web", numbered(500, ago(minutes=30)))
    aws.add(CHECKOUT, "web", [(ago(minutes=31), '{"level": "error", "code": 500, "m": "x"}')])
    reply = await stage.type("rita", "logs", service="checkout", text="line 0", limit=10)
    found = await stage.press("rita", answer(reply), "Ask Insights")
    assert found.ephemeral
    assert "500 lines, newest first" in bare(found.message)
    assert "found by Insights" in bare(found.message)
    assert "Ask Insights" not in labels(found.message)
    older = answer(await stage.press("rita", answer(found), "Older ▶"))
    assert "page 2 of" in bare(older)
    where = await stage.type("rita", "logs", service="checkout", where="code>=500")
    link = await stage.press("rita", answer(where), "Insights")
    asked = await stage.press("rita", answer(link), "Ask it here")
    assert "1 line ·" in bare(asked.message)


@pytest.mark.parametrize("ends", ["Failed", "Timeout", "Cancelled"])
async def test_an_insights_query_that_ends_badly_says_so(
    stage: Rehearsal, aws: CloudWatchStandIn, ends: str
) -> None:
    aws.add(CHECKOUT, "web", numbered(50, ago(minutes=30)))
    aws.manners.query_ends = ends
    reply = await stage.type("rita", "logs", service="checkout", limit=10)
    failed = await stage.press("rita", answer(reply), "Ask Insights")
    assert f"the Insights query ended as {ends}" in bare(failed.message)
    assert labels(failed.message) == ["Run again"]
    aws.manners.query_ends = "Complete"
    again = await stage.press("rita", answer(failed), "Run again")
    assert "50 lines" in bare(answer(again))


async def test_an_insights_query_that_is_given_up_is_stopped_in_aws(
    stage: Rehearsal, aws: CloudWatchStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.add(CHECKOUT, "web", numbered(50, ago(minutes=30)))
    reply = await stage.type("rita", "logs", service="checkout", limit=10)
    monkeypatch.setattr(screen, "PATIENCE", 0.05)
    monkeypatch.setattr(screen, "EVERY", 0.05)
    aws.manners.query_looks = 1_000
    await stage.person("rita").press(answer(reply), "Ask Insights")

    def running() -> Json | None:
        newest = stage.person("rita").messages("alerts")[-1]
        return newest if labels(newest) == ["Cancel"] else None

    await stage.person("rita").press(await stage.until(running), "Cancel")

    def given_up() -> Json | None:
        newest = stage.person("rita").messages("alerts")[-1]
        return newest if "Given up" in bare(newest) else None

    await stage.until(given_up)
    async with asyncio.timeout(5):
        while not aws.calls["StopQuery"]:  # noqa: ASYNC110 - the stand-in has no event for it
            await asyncio.sleep(0.01)


async def test_interactions_are_answered_in_time_during_a_big_read(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    aws.add(CHECKOUT, "web", numbered(30_000, ago(minutes=30)))
    reply = await stage.type("sam", "logs", service="checkout", limit=5_000)
    await stage.until(lambda: "Download" in labels(answer(reply)))
    await stage.person("sam").press(answer(reply), "Download")
    other = await stage.type("rita", "alerts")
    assert other.message is not None

    def written() -> Json | None:
        newest = stage.person("sam").messages("alerts")[-1]
        return newest if newest["attachments"] else None

    assert "30,000 lines" in bare(await stage.until(written))


async def test_where_there_are_no_lines_there_is_no_file(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    reply = await stage.type("sam", "logs", service="checkout", since="1m")
    assert "Nothing fits" in bare(reply.message)
    empty = await stage.press("sam", answer(reply), "Download")
    assert "there are no lines to write" in bare(answer(empty))
