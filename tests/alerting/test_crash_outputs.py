"""Where a rehearsed crash goes: in which order, in which words, and what a failure leaves."""

from __future__ import annotations

import gzip
import io
import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from bot.alerting.crash_outputs import Crashed, Destination, Means, deliver, destination
from bot.alerting.crash_telling import (
    archive_item,
    archive_key,
    generic_delivery,
    sentry_envelope,
    slack_message,
)
from bot.alerting.rehearsing import Rehearsal, event_of
from bot.errors import SettingsError
from bot.models import SIMULATED_ENVIRONMENT
from bot.simulation.crash.library import Library
from bot.simulation.crash.playing import Play
from bot.sources.generic import DELIVERY

sys.path.append(str(Path(__file__).parents[1] / "services"))
from slack_standin import CHANNEL, TOKEN, slack

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory) -> Crashed:
    found = Library().get("taskq_oversell")
    rehearsal = Rehearsal(found, Play(found.scenario, 7, NOW))
    log = tmp_path_factory.mktemp("log") / "crash.log"
    log.write_text("".join(f"{each.text}\n" for each in rehearsal.written()))
    return Crashed(rehearsal.report(), rehearsal.play, rehearsal.trace, log, NOW)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.mark.parametrize(
    ("text", "kind", "target"),
    [
        ("s3://crashes", "s3", "crashes"),
        ("s3:crashes", "s3", "crashes"),
        ("dynamodb:crashes", "dynamodb", "crashes"),
        ("slack:#incidents", "slack", "#incidents"),
        ("slack:https://hooks.slack.com/services/T/B/x", "slack", "https://hooks.slack.com/services/T/B/x"),
        ("cloudwatch:/aws/lambda/pay", "cloudwatch", "/aws/lambda/pay"),
        ("http://jinkies:8080", "webhook", "http://jinkies:8080/webhook/generic"),
        ("https://j.example.com/a/webhook/generic", "webhook", "https://j.example.com/a/webhook/generic"),
        ("http://abc@jinkies:8080/1", "dsn", "http://abc@jinkies:8080/1"),
    ],
)  # fmt: skip
def test_where_it_goes_is_understood(text: str, kind: str, target: str) -> None:
    assert destination(text) == Destination(kind, target)


@pytest.mark.parametrize("text", ["", "s3:", "ftp://x", "http://", "webhook:x", "http://x/other"])
def test_where_nothing_goes_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(SettingsError, match="is expected"):
        destination(text)


@pytest.mark.usefixtures("aws")
async def test_log_record_message_and_lines_arrive_and_know_each_other(crash: Crashed) -> None:
    said: list[str] = []
    with slack() as server:
        means = Means(Path("unused"), "", "eu-central-1", "", TOKEN, f"{server.url}/api")
        where = [f"slack:{CHANNEL}", "cloudwatch:/rehearsal", "dynamodb:crashes", "s3://crashes"]
        assert await deliver(crash, [destination(each) for each in where], means, said.append)
    key = f"{crash.play.id}/error/{crash.play.upload_id}.log"
    (item,) = boto3.client("dynamodb", "eu-central-1").scan(TableName="crashes")["Items"]
    assert item["s3Key"] == {"S": key}
    assert item["s3Url"]["S"] == f"https://crashes.s3.eu-central-1.amazonaws.com/{key}"
    assert item["usersImpacted"] == {"N": str(crash.report.users_impacted)}
    s3 = boto3.client("s3", "eu-central-1")
    assert b"OversoldError" in s3.get_object(Bucket="crashes", Key=key)["Body"].read()
    (message,) = server.posted
    assert "SIMULATED" in message["text"]
    (button,) = [each for each in message["blocks"] if each["type"] == "actions"]
    assert button["elements"][0]["url"] == item["s3Url"]["S"]
    logs = boto3.client("logs", "eu-central-1")
    events = logs.filter_log_events(logGroupName="/rehearsal")["events"]
    lines = [json.loads(each["message"]) for each in events]
    assert {each["environment"] for each in lines} == {SIMULATED_ENVIRONMENT}
    assert [each["stack_trace"] for each in lines if "stack_trace" in each] == [crash.trace]
    assert [each[:4] for each in said] == ["  ✓ "] * 4


@pytest.mark.usefixtures("aws")
async def test_a_log_that_can_be_kept_nowhere_does_not_hold_up_the_others(
    crash: Crashed, tmp_path: Path
) -> None:
    said: list[str] = []
    (tmp_path / "file").write_text("")
    means = Means(tmp_path / "file", "", "eu-central-1", "", "", "")
    where = [destination("s3://x"), destination("dynamodb:crashes")]
    assert not await deliver(crash, where, means, said.append)
    assert said[0].startswith("  ✗ S3")
    assert said[1].startswith("    and it cannot be kept here: ")
    assert said[2].startswith("  ✓ DynamoDB")


@pytest.mark.usefixtures("aws")
async def test_each_failure_is_said_and_the_others_still_happen(
    crash: Crashed, tmp_path: Path
) -> None:
    said: list[str] = []
    means = Means(tmp_path, aws_region="eu-central-1")
    where = [
        "s3://x", "dynamodb:crashes", "slack:#incidents", "http://127.0.0.1:9",
    ]  # fmt: skip
    assert not await deliver(crash, [destination(each) for each in where], means, said.append)
    assert [each.strip()[0] for each in said] == ["✗", "i", "✓", "✗", "✗"]
    assert "SLACK_BOT_TOKEN" in said[3]
    kept = tmp_path / archive_key(crash.play)
    assert crash.log is not None
    assert kept.read_bytes() == crash.log.read_bytes()
    (item,) = boto3.client("dynamodb", "eu-central-1").scan(TableName="crashes")["Items"]
    assert item["s3Url"]["S"] == kept.as_uri()


async def test_a_door_that_refuses_says_why_and_what_to_set(crash: Crashed, tmp_path: Path) -> None:
    said: list[str] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_error(401, "no")

        def log_message(self, *_args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    to = destination(f"http://127.0.0.1:{server.server_port}")
    assert not await deliver(crash, [to], Means(tmp_path, "wrong"), said.append)
    thread.join()
    server.server_close()
    assert "answered 401" in said[0]
    assert "Set WEBHOOK_SECRET" in said[0]


def test_the_record_has_the_fields_that_are_promised(crash: Crashed) -> None:
    item = archive_item(crash.report, crash.play, url="u", key="k", now=NOW)
    assert list(item) == [
        "crashId", "scenario", "timestamp", "s3Url", "s3Key", "errorDetails", "usersImpacted",
        "status", "createdAt", "updatedAt",
    ]  # fmt: skip
    details = item["errorDetails"]
    assert isinstance(details, dict)
    assert list(details) == ["title", "description", "severity", "component", "errorType"]
    assert details["errorType"] == "OversoldError"
    assert item["scenario"] == "taskq_oversell"


def test_a_hostile_crash_stays_inside_slacks_limits_and_calls_nobody(crash: Crashed) -> None:
    report = replace(crash.report, title="<!channel> " + "x" * 500, description="<@U1> & " * 900)
    text, blocks = slack_message(report, crash.play, "file:///data/crash.log")
    told = json.dumps(blocks)
    assert "<!channel>" not in text
    assert "<!channel>" not in json.dumps([each for each in blocks if each["type"] != "header"])
    assert "<@U1>" not in told
    assert len(blocks[0]["text"]["text"]) <= 150
    assert all(
        len(each["text"]["text"]) <= 3_000
        for each in blocks
        if each["type"] == "section" and "text" in each
    )
    assert not any(each["type"] == "actions" for each in blocks)


def test_the_generic_door_takes_what_we_send(crash: Crashed) -> None:
    event = event_of(crash.report, crash.play)
    given = DELIVERY.validate_json(generic_delivery(event))
    assert given.environment == SIMULATED_ENVIRONMENT  # type: ignore[union-attr]
    assert len(given.log_lines) > 10  # type: ignore[union-attr]


def test_an_envelope_is_one_event_with_its_frames_and_breadcrumbs(crash: Crashed) -> None:
    event = event_of(crash.report, crash.play)
    head, item, body = io.BytesIO(sentry_envelope(event)).read().split(b"\n")[:3]
    told = json.loads(body)
    assert json.loads(head)["event_id"] == told["event_id"]
    assert json.loads(item)["length"] == len(body)
    cause, surfaced = told["exception"]["values"]
    assert (cause["type"], surfaced["type"]) == ("IntegrityError", "OversoldError")
    assert cause["stacktrace"]["frames"][-1]["lineno"] == 30
    assert told["environment"] == SIMULATED_ENVIRONMENT
    assert told["breadcrumbs"]["values"]
    assert len(gzip.compress(body)) < 100_000
