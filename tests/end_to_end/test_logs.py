"""/logs, from Discord's door to the store and back, with the real client."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from log_stage import CHECKOUT, SHIPPING, ago, answer, bare, labels, menu, reading, shown
from rehearsal import Rehearsal, crash, text

from bot.store import Store, logbook
from bot.ui.logs import screen
from sandbox.cloudwatch import CloudWatchStandIn, Refused

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


def numbered(count: int, first: int, step: int = 10) -> list[tuple[int, str]]:
    return [(first + number * step, f"INFO line {number:06}") for number in range(count)]


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


async def test_the_newest_lines_come_first_with_their_levels(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    aws.add(
        CHECKOUT,
        "web",
        [
            (ago(minutes=3), "INFO started"),
            (ago(minutes=2), "ERROR cannot pay"),
            (ago(minutes=2), "Traceback (most recent call last):"),
            (ago(minutes=2), '  File "pay.py", line 3, in pay'),
            (ago(minutes=2), "KeyError: 'CHF'"),
            (ago(minutes=1), '{"level": "warning", "message": "slow", "duration_ms": 900}'),
        ],
    )
    reply = await stage.type("rita", "logs", service="checkout")
    assert reply.ephemeral
    told = bare(reply.message)
    assert "6 lines, newest first" in told
    places = [told.index(each) for each in ("W slow", "E cannot pay", "KeyError", "I started")]
    assert places == sorted(places)
    assert "\x1b[31mE" in shown(reply.message)
    assert "1 error" in told


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"level": "error"}, {"charged: boom", "  at pay (pay.js:1:2)"}),
        ({"text": "CHARGED"}, {"charged: boom", "charged: fine"}),
        ({"text": "/char(ged|d): f/"}, {"charged: fine"}),
        ({"text": "charged", "exclude": "boom"}, {"charged: fine"}),
        ({"exclude": "/charged|at pay|slow/"}, {"[ERROR] in brackets"}),
        ({"where": "duration_ms>500, path~^/api"}, {"slow"}),
        ({"where": "duration_ms>5000"}, set()),
        ({"trace": "req-77"}, {"charged: fine"}),
        ({"pattern": '"charged:" -boom'}, {"charged: fine"}),
        ({"stream": "other/"}, {"slow"}),
        # The earlier bot's first fault: as CloudWatch's pattern, [ERROR] matches every line.
        ({"text": "[ERROR]"}, {"[ERROR] in brackets"}),
    ],
)
async def test_lines_are_narrowed(
    stage: Rehearsal, aws: CloudWatchStandIn, options: dict[str, str], expected: set[str]
) -> None:
    aws.add(
        CHECKOUT,
        "web",
        [
            (ago(minutes=9), "ERROR charged: boom"),
            (ago(minutes=9), "  at pay (pay.js:1:2)"),
            (ago(minutes=8), "INFO charged: fine [req-77]"),
            (ago(minutes=7), "2026-01-01 10:00:00 INFO [ERROR] in brackets"),
        ],
    )
    slow = '{"level": "info", "message": "slow", "duration_ms": 900, "path": "/api/pay"}'
    aws.add(CHECKOUT, "other/1", [(ago(minutes=6), slow)])
    reply = await stage.type("rita", "logs", service="checkout", **options)
    told = bare(reply.message).partition("```\n-#")[0].rpartition("```ansi")[2]
    marks = {
        "charged: boom",
        "  at pay (pay.js:1:2)",
        "charged: fine",
        "slow",
        "[ERROR] in brackets",
    }
    assert {mark for mark in marks if mark in told} == expected


async def test_the_newest_50_of_a_large_group_take_three_calls_at_most(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    aws.add(CHECKOUT, "web", numbered(60_000, ago(minutes=10)))
    reply = await stage.type("rita", "logs", service="checkout", since="20m", limit=50)
    # The earlier bot's third fault: the oldest 50 were shown, the rest dropped without a word.
    assert "line 059999" in bare(reply.message)
    assert "showing 50 of at least" in bare(reply.message)
    assert "there are more: narrow it, or Download" in bare(reply.message)
    assert aws.calls["FilterLogEvents"] <= 3


async def test_pages_turn_after_a_restart_too(stage: Rehearsal, aws: CloudWatchStandIn) -> None:
    aws.add(CHECKOUT, "web", numbered(300, ago(minutes=5)))
    reply = await stage.type("rita", "logs", service="checkout", order="oldest")
    assert "line 000000" in bare(reply.message)
    assert "page 1 of" in bare(reply.message)
    turned = answer(await stage.press("rita", answer(reply), "Later ▶"))
    assert "page 2 of" in bare(turned)
    second = bare(turned)
    await stage.restart()
    back = answer(await stage.press("rita", turned, "◀ Earlier"))
    assert bare(back) == bare(reply.message)
    again = answer(await stage.press("rita", back, "Later ▶"))
    assert bare(again) == second
    last = answer(await stage.press("rita", again, "⏭"))
    assert "line 000299" in bare(last)
    assert "⏭" not in labels(last)


async def test_repeated_lines_collapse_into_shapes_with_counts(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    many = [(ago(minutes=5) + n, f"INFO GET /orders/{n} took {n % 7} ms") for n in range(312)]
    aws.add(CHECKOUT, "web", [*many, (ago(minutes=1), "ERROR only once")])
    reply = await stage.type("rita", "logs", service="checkout")
    collapsed = answer(await stage.press("rita", answer(reply), "Collapse to 2"))
    assert "×312 I GET /orders/<n> took <n> ms" in bare(collapsed)
    assert "×1 E only once" in bare(collapsed)
    assert "313 lines in 2 shapes" in bare(collapsed)
    lines = answer(await stage.press("rita", collapsed, "All lines"))
    assert bare(lines) == bare(reply.message)


async def test_a_line_shows_what_stands_around_it(stage: Rehearsal, aws: CloudWatchStandIn) -> None:
    at = ago(minutes=30)
    aws.add(CHECKOUT, "web", numbered(100, at))
    aws.add(CHECKOUT, "web", [(at + 505, "ERROR here")])
    aws.add(CHECKOUT, "elsewhere", [(at + 504, "INFO of another stream")])
    reply = await stage.type("rita", "logs", service="checkout", level="error")
    (option,) = menu(reply.message)["options"]
    assert option["label"].endswith("🔴 ERROR here")
    around = await stage.person("rita").select(
        answer(reply), menu(reply.message)["custom_id"], [option["value"]]
    )
    await around.finished()
    assert around.ephemeral
    told = bare(around.message)
    assert "41 lines" in told
    assert "▶" in told.partition("E here")[0].rpartition("\n")[2]
    assert "line 000031" in told
    assert "line 000070" in told
    assert "another stream" not in told


async def test_several_groups_are_merged_by_time(stage: Rehearsal, aws: CloudWatchStandIn) -> None:
    at = ago(minutes=5)
    aws.add(CHECKOUT, "web", [(at + 1, "INFO one"), (at + 3, "INFO three")])
    aws.add(SHIPPING, "web", [(at + 2, "INFO two"), (at + 4, "INFO four")])
    reply = await stage.type("rita", "logs", service="both", order="oldest")
    told = bare(reply.message)
    places = [
        told.index(f"I {where} {what}")
        for where, what in (
            ("checkout", "one"), ("shipping", "two"), ("checkout", "three"), ("shipping", "four"),
        )
    ]  # fmt: skip
    assert places == sorted(places)


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


async def test_hostile_lines_are_harmless(stage: Rehearsal, aws: CloudWatchStandIn) -> None:
    hostile = (
        "ERROR ``` @everyone <@&1> \x1b[31mred\x1b[0m \x07\u202egnp.exe [x](http://evil.example)"
    )
    aws.add(CHECKOUT, "web", [(ago(minutes=1), hostile), (ago(minutes=2), "```\n# huge")])
    reply = await stage.type("rita", "logs", service="checkout")
    message = answer(reply)
    block = next(part for part in shown(message).split("```ansi\n") if "everyone" in part)
    body = block.partition("\n```")[0]
    assert "```" not in body
    assert "\x07" not in body
    assert "\u202e" not in body
    assert body.count("\x1b[31m") == 1  # ours
    assert message["mentions"] == []
    assert not message["mention_everyone"]


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


async def test_a_long_read_tells_how_far_it_is_and_can_be_given_up(
    stage: Rehearsal, aws: CloudWatchStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "PATIENCE", 0.05)
    monkeypatch.setattr(screen, "EVERY", 0.05)
    aws.add(CHECKOUT, "web", numbered(200, ago(minutes=30)))
    aws.manners.latency, aws.manners.page_events = 0.2, 2
    await stage.person("rita").command("logs", service="checkout", text="line")

    def told() -> Json | None:
        own = [each for each in stage.person("rita").messages("alerts") if each["components"]]
        return own[-1] if own and "lines looked at" in bare(own[-1]) else None

    progress = await stage.until(told)
    assert labels(progress) == ["Cancel"]
    await stage.person("rita").press(progress, "Cancel")

    def given_up() -> Json | None:
        own = stage.person("rita").messages("alerts")
        return own[-1] if "Given up" in bare(own[-1]) else None

    ended = await stage.until(given_up)
    assert "Run again" in labels(ended)
    aws.manners.latency, aws.manners.page_events = 0.0, 10_000
    again = await stage.press("rita", ended, "Run again")
    assert "200 lines" in bare(answer(again))


async def test_cancel_after_a_restart_says_so_and_offers_to_run_again(
    stage: Rehearsal, aws: CloudWatchStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "PATIENCE", 0.01)
    aws.add(CHECKOUT, "web", numbered(5, ago(minutes=30)))
    aws.manners.latency = 30.0
    await stage.person("rita").command("logs", service="checkout")

    def told() -> Json | None:
        own = [each for each in stage.person("rita").messages("alerts") if each["components"]]
        return own[-1] if own and "Reading" in bare(own[-1]) else None

    progress = await stage.until(told)
    await stage.restart()
    aws.manners.latency = 0.0
    reply = await stage.press("rita", progress, "Cancel")
    assert "restarted" in bare(answer(reply))
    again = await stage.press("rita", answer(reply), "Run again")
    assert "5 lines" in bare(answer(again))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"service": "chekout"}, "There is no service or log group called chekout"),
        ({"service": "/aws/lambda/chekout"}, "Did you mean /aws/lambda/checkout"),
        ({"service": "checkout", "text": "/(/"}, "the regular expression"),
        ({"service": "checkout", "since": "gestern"}, "is no time; write one such as"),
        ({"service": "checkout", "since": "5m", "until": "10m"}, "ends"),
        ({"service": "checkout", "where": "status>=many"}, "a number must stand behind"),
        ({"service": "file:/etc/passwd"}, "its store is not set up"),
    ],
)
async def test_what_cannot_be_asked_is_refused_in_words(
    stage: Rehearsal, aws: CloudWatchStandIn, options: dict[str, str], told: str
) -> None:
    reply = await stage.type("rita", "logs", **options)
    assert reply.ephemeral
    assert told in bare(reply.message).replace("\\", "").replace("\u200b", "")


async def test_a_missing_right_is_told_with_its_cure(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    words = "User: x is not authorized to perform: logs:FilterLogEvents on resource: y"
    aws.manners.refusals = [Refused("AccessDeniedException", words)]
    reply = await stage.type("rita", "logs", service="checkout")
    assert "Allow logs:FilterLogEvents in the policy" in bare(reply.message)
    aws.add(CHECKOUT, "web", [(ago(minutes=1), "INFO well")])
    again = await stage.press("rita", answer(reply), "Run again")
    assert "I well" in bare(answer(again))


async def test_services_groups_and_times_are_suggested(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    rita = stage.person("rita")

    async def offered(option: str, typed: str) -> list[str]:
        return [each["name"] for each in await rita.autocomplete("logs", option, typed)]

    assert await offered("service", "check") == ["checkout", CHECKOUT]
    assert (await offered("service", ""))[:2] == ["checkout", "both"]
    assert await offered("service", "both, ship") == [f"both, {SHIPPING}"]
    assert "15m" in await offered("since", "")
    assert await offered("since", "yes") == ["yesterday 14:00"]
    (meant,) = await offered("since", "2026-01-31 14:00")
    assert meant == "2026-01-31 14:00 = Sat 2026-01-31 14:00:00 UTC"


async def test_services_are_suggested_while_aws_does_not_answer(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    aws.manners.refusals = [Refused("AccessDeniedException", "no") for _ in range(9)]
    choices = await stage.person("rita").autocomplete("logs", "service", "check")
    assert [each["value"] for each in choices] == ["checkout"]


async def test_insights_is_offered_in_its_own_language_with_a_link(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    aws.add(CHECKOUT, "web", numbered(5, ago(minutes=30)))
    reply = await stage.type("rita", "logs", service="checkout", text="line")
    told = bare((await stage.press("rita", answer(reply), "Insights")).message)
    assert "filter @message like /(?i)line/" in told
    assert "https://eu-central-1.console.aws.amazon.com/cloudwatch/home" in told


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


@pytest.mark.parametrize("ends", ["Failed", "Timeout"])
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


async def test_times_are_those_of_the_servers_zone(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    """The earlier bot took its machine's naive time for UTC."""
    zone = ZoneInfo("Asia/Kathmandu")  # UTC+5:45
    await stage.stop()
    stage.settings = stage.settings.model_copy(update={"time_zone": zone.key})
    await stage.start()
    at = datetime.now(zone).replace(microsecond=0) - timedelta(minutes=3)
    aws.add(CHECKOUT, "web", [(int(at.timestamp() * 1000), "INFO then")])
    since = (at - timedelta(seconds=1)).strftime("%H:%M:%S")
    until = (at + timedelta(seconds=1)).strftime("%Y-%m-%d %H:%M:%S")
    reply = await stage.type("rita", "logs", service="checkout", since=since, until=until)
    assert f"{at:%H:%M:%S}.000 I then" in bare(reply.message)
    assert "Asia/Kathmandu" in bare(reply.message)
    (meant,) = await stage.person("rita").autocomplete("logs", "since", "10:30")
    assert "10:30:00 Asia/Kathmandu" in meant["name"]


async def test_a_team_without_aws_reads_its_files(stage: Rehearsal, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    moment = datetime.now(UTC) - timedelta(minutes=1)
    log.write_text(f"{moment:%Y-%m-%dT%H:%M:%S}Z ERROR cannot pay\n", encoding="utf-8")
    group = f"file:{tmp_path}/*.log"
    stage.settings = stage.settings.model_copy(
        update={"log_files": (group,), "log_groups_by_service": {"shop": (group,)}}
    )
    await stage.start()
    reply = await stage.type("rita", "logs", service="shop")
    assert "E cannot pay" in bare(reply.message)
    assert "Insights" not in labels(reply.message)
    secret = await stage.type("rita", "logs", service="file:/etc/passwd")
    assert "is not among the log files that may be read" in bare(secret.message)


async def test_interactions_are_answered_in_time_during_a_big_read(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    aws.add(CHECKOUT, "web", numbered(30_000, ago(minutes=30)))
    reply = await stage.type("sam", "logs", service="checkout", limit=5_000)
    await stage.person("sam").press(answer(reply), "Download")
    other = await stage.type("rita", "alerts")
    assert other.message is not None

    def written() -> Json | None:
        newest = stage.person("sam").messages("alerts")[-1]
        return newest if newest["attachments"] else None

    assert "30,000 lines" in bare(await stage.until(written))
