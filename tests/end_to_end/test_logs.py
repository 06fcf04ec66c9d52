"""/logs, from Discord's door to the store and back, with the real client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from log_stage import CHECKOUT, SHIPPING, ago, answer, bare, labels, menu, numbered, reading, shown
from rehearsal import Rehearsal

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
    assert option["label"].endswith("🔴 here")
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
