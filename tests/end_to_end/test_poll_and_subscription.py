"""Log groups that are looked through: on a schedule, by a request, by `run.py scan`, and beside a
subscription of the same lines."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import aiohttp
import documented
import pytest
from rehearsal import SECRET, TRACE, Rehearsal

from bot.config import ALIASES, SETTINGS
from sandbox.aws import REGION, LambdaContext, data_message, invocation
from sandbox.cloudwatch import CloudWatchStandIn, Refused

ROOT = Path(__file__).parents[2]
FORWARDER = ROOT / "examples/lambda_cloudwatch_forwarder.py"
GROUP = "/aws/lambda/checkout"
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
# `run.py scan` without its look at what is installed.
SCAN = (
    "import bootstrap, run, sys; bootstrap.ready = lambda _: None; sys.exit(run.main(sys.argv[1:]))"
)


@pytest.fixture
async def aws(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CloudWatchStandIn]:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    standin = CloudWatchStandIn()
    await standin.start()
    yield standin
    await standin.stop()


def crashed(
    aws: CloudWatchStandIn, *, ago: timedelta = timedelta(minutes=1)
) -> Mapping[str, object]:
    """A service writes a trace; gives what CloudWatch sends to a subscriber of the group."""
    at = int((datetime.now(UTC) - ago).timestamp() * 1000)
    lines = list(enumerate(["INFO checking out", "ERROR checkout failed", *TRACE.splitlines()]))
    ids = aws.add(GROUP, "2026/[$LATEST]a", [(at + place, line) for place, line in lines])
    message = data_message(GROUP, "2026/[$LATEST]a", [])
    message["logEvents"] = [
        {"id": line_id, "timestamp": at + place, "message": line}
        for line_id, (place, line) in zip(ids, lines, strict=True)
    ]
    return message


def forwarder(url: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The Lambda function of the examples, as it is deployed."""
    monkeypatch.setenv("JINKIES_URL", url)
    monkeypatch.setenv("JINKIES_SECRET", SECRET)
    spec = importlib.util.spec_from_file_location("deployed_forwarder", FORWARDER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def scanned(rehearsal: Rehearsal, **order: object) -> Mapping[str, object]:
    """Ask the bot for a scan over HTTP; what it says of the one group."""
    proof = {"Authorization": f"Bearer {SECRET}"}
    async with aiohttp.ClientSession(headers=proof) as session:
        answer = await session.post(f"{rehearsal.web_url}/trigger-scan", json=order or None)
        assert answer.status == 200, await answer.text()
        (group,) = (await answer.json())["groups"]
    return dict(group)


def with_aws(stage: Rehearsal, aws: CloudWatchStandIn, **more: object) -> Rehearsal:
    told = {"aws_region": REGION, "aws_endpoint_url": aws.url, **more}
    stage.settings = stage.settings.model_copy(update=told)
    return stage


@pytest.mark.parametrize("first", ["subscription", "poll"])
async def test_a_poll_and_a_subscription_of_the_same_lines_count_once(
    stage: Rehearsal, aws: CloudWatchStandIn, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    rehearsal = with_aws(stage, aws)
    await rehearsal.start()
    message = crashed(aws)
    function = forwarder(f"{rehearsal.web_url}/webhook/cloudwatch", monkeypatch)

    async def subscription() -> None:
        await asyncio.to_thread(function.lambda_handler, invocation(message), LambdaContext())

    if first == "subscription":
        await subscription()
    found = await scanned(rehearsal, since="60m", groups=["checkout"])
    assert (found["group"], found["errors"], found["problem"]) == (GROUP, 1, "")
    if first == "poll":
        await subscription()
    assert found["duplicates"] == (first == "subscription")
    again = await scanned(rehearsal, since="60m", groups=[GROUP])
    assert (again["errors"], again["duplicates"]) == (1, 1)
    await rehearsal.card(1, "ZeroDivisionError", "checkout", "**1×**")


async def test_the_documented_request_scans(stage: Rehearsal, aws: CloudWatchStandIn) -> None:
    crashed(aws)
    rehearsal = with_aws(stage, aws)
    await rehearsal.start()
    command = documented.block("scanned log groups", "curl")
    said = await documented.run(command, rehearsal.web_url, WEBHOOK_SECRET=SECRET)
    assert '"new_alerts":1' in said
    await rehearsal.card(1, "ZeroDivisionError", "checkout")


async def test_the_schedule_brings_cards_by_itself(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    crashed(aws)
    rehearsal = with_aws(stage, aws, scan_groups=("checkout",))
    await rehearsal.start()
    await rehearsal.card(1, "ZeroDivisionError", "checkout")


async def begin_scan(
    stage: Rehearsal, aws: CloudWatchStandIn, *arguments: str
) -> asyncio.subprocess.Process:
    """`run.py scan` as a process of its own."""
    ours = {
        "ALERT_CHANNEL_ID": str(stage.settings.alert_channel_id),
        "DATABASE_URL": stage.settings.database_url,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": aws.url,
        "PYTHONPATH": str(ROOT),
        **KEYS,
    }
    inherited = {k: v for k, v in os.environ.items() if k not in {*SETTINGS, *ALIASES}}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SCAN, "scan", *arguments),
        cwd=stage.database.parent,
        env=inherited | ours,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def run_scan(stage: Rehearsal, aws: CloudWatchStandIn, *arguments: str) -> tuple[int, str]:
    """`run.py scan` to its end; its exit code and what it said."""
    process = await begin_scan(stage, aws, *arguments)
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_the_command_scans_once_and_the_bot_delivers(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    crashed(aws)
    code, said = await run_scan(stage, aws, "--since", "60m", "--group", "checkout")
    assert (code, "1 errors, 1 new alerts, 0 known" in said) == (0, True), said
    code, said = await run_scan(stage, aws, "--since", "60m", "--group", GROUP)
    assert (code, "1 errors, 0 new alerts, 1 known" in said) == (0, True), said
    await stage.start()
    await stage.card(1, "ZeroDivisionError", "**1×**")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--since", "whenever", "--group", GROUP], 1, "'whenever' is no time; write one such as"),
        (["--since", "2099-01-01", "--group", GROUP], 1, "before it begins"),
        (["--group", "nobody"], 1, "no service or log group called nobody"),
        (["--group", "/aws/lambda/gone"], 1, "There is no log group /aws/lambda/gone"),
        (["--since", "60m"], 2, "SCAN_GROUPS"),
        (["--until", "5m"], 2, "--until"),
    ],
    ids=["bad time", "time to come", "no such service", "no such group", "no group", "misspelt"],
)
async def test_a_scan_that_cannot_be_made_says_why(
    stage: Rehearsal, aws: CloudWatchStandIn, arguments: list[str], code: int, words: str
) -> None:
    crashed(aws)
    ended, said = await run_scan(stage, aws, *arguments)
    assert (ended, words in said) == (code, True), said
    assert "Traceback" not in said


async def test_a_scan_that_aws_refuses_says_what_is_missing(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    crashed(aws)
    denied = "User: arn:aws:iam::1:user/x is not authorized to perform: logs:FilterLogEvents on"
    aws.manners.refusals = [Refused("AccessDeniedException", denied)] * 20
    code, said = await run_scan(stage, aws, "--since", "60m", "--group", GROUP)
    assert (code, "logs:FilterLogEvents" in said) == (1, True), said
    assert "Traceback" not in said


def reached(database: Path) -> float:
    """How far the group has been scanned, as the database says; 0 before the first commit."""
    with closing(sqlite3.connect(database)) as store:
        found = store.execute("SELECT reached FROM scans").fetchone()
    return float(found[0]) if found else 0.0


async def test_a_scan_killed_in_its_midst_loses_no_error_and_counts_none_twice(
    stage: Rehearsal, aws: CloudWatchStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = int((datetime.now(UTC) - timedelta(minutes=14)).timestamp() * 1000)
    lines = [f"{'INFO' if place % 1_000 else 'ERROR'} line {place}" for place in range(18_000)]
    aws.add(GROUP, "s", [(begin + 40 * place, line) for place, line in enumerate(lines)])
    aws.manners.page_events = 250
    answer = aws.answer
    with monkeypatch.context() as patch:
        process = await begin_scan(stage, aws, "--group", GROUP)

        def killing(operation: str, asked: Mapping[str, object]) -> bytes:
            if reached(stage.database):  # something is committed, and more is asked for
                os.kill(process.pid, signal.SIGKILL)
            return answer(operation, asked)

        patch.setattr(aws, "answer", killing)
        await process.communicate()
    assert process.returncode == -signal.SIGKILL
    halfway = reached(stage.database)
    code, said = await run_scan(stage, aws, "--group", GROUP)
    assert code == 0, said
    with closing(sqlite3.connect(stage.database)) as store:
        (occurrences,) = store.execute("SELECT SUM(occurrences) FROM alerts").fetchone()
        (events,) = store.execute("SELECT COUNT(*) FROM events").fetchone()
    assert (occurrences, events) == (18, 18)
    known = int(said.partition(" new alerts, ")[2].split()[0])
    assert 0 < known < 18, "the second began where the first had committed, and overlapped"
    assert reached(stage.database) > halfway


@pytest.mark.parametrize(
    ("proof", "body", "status", "reason"),
    [
        ("", "{}", 401, "bearer token or a signature is required"),
        ("Bearer wrong", "{}", 401, "the bearer token is not the one"),
        (f"Bearer {SECRET}", "[]", 400, "object"),
        (f"Bearer {SECRET}", '{"since": "whenever"}', 400, "'whenever' is no time"),
        (f"Bearer {SECRET}", "{}", 400, "SCAN_GROUPS"),
        (f"Bearer {SECRET}", " " * 65_537, 413, "larger than 64 KiB"),
    ],
    ids=["no proof", "wrong proof", "a list", "no time", "no group", "too large"],
)
async def test_a_request_for_a_scan_that_is_not_right_is_refused_with_the_reason(
    rehearsal: Rehearsal, proof: str, body: str, status: int, reason: str
) -> None:
    headers = {"Authorization": proof} if proof else {}
    async with aiohttp.ClientSession() as session:
        answer = await session.post(
            f"{rehearsal.web_url}/trigger-scan", data=body.encode(), headers=headers
        )
        assert (answer.status, reason in (await answer.json())["error"]) == (status, True)
