"""The forwarder, called as Lambda calls it, against the real app over a real socket."""

from __future__ import annotations

import base64
import gzip
import importlib.util
import json
import random
import socketserver
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

from bot.errors import Overloaded
from bot.models import Event, Receipt
from bot.sources.request import Secrets
from bot.web.server import WebServer
from bot.web.settings import Readiness, WebSettings
from bot.web.webhook import create_app

FILE = Path(__file__).parents[2] / "examples/lambda_cloudwatch_forwarder.py"
SECRET = "the-forwarder-s-secret"


@dataclass
class Context:
    """As much of Lambda's context as the forwarder uses."""

    milliseconds: int = 20_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@dataclass
class CountingIntake:
    """Refuses the first `failures` submissions, and what holds the event `never`; else commits."""

    failures: int = 0
    never: str = ""
    events: list[Event] = field(default_factory=list)

    def submit(self, events: Sequence[Event]) -> Future[tuple[Receipt, ...]]:
        if self.failures:
            self.failures -= 1
            raise Overloaded
        if self.never in {event.event_id for event in events}:
            raise Overloaded
        self.events.extend(events)
        future: Future[tuple[Receipt, ...]] = Future()
        future.set_result(tuple(Receipt(event.event_id, 1) for event in events))
        return future


@pytest.fixture
def intake() -> CountingIntake:
    return CountingIntake()


@pytest.fixture
def forwarder(intake: CountingIntake, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    settings = WebSettings(secrets=Secrets(SECRET))
    server = WebServer(create_app(intake.submit, lambda: Readiness(True), settings))
    server.start()
    spec = importlib.util.spec_from_file_location("lambda_function", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.FIRST_PAUSE = 0.01  # type: ignore[attr-defined]
    monkeypatch.setenv("JINKIES_URL", server.url)
    monkeypatch.setenv("JINKIES_SECRET", SECRET)
    for name in ("JINKIES_SERVICE", "JINKIES_COMMIT", "DEAD_LETTER_QUEUE_URL"):
        monkeypatch.delenv(name, raising=False)
    yield module
    server.stop()


def subscription(messages: Sequence[str], **changed: Any) -> dict[str, Any]:
    data = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": "/aws/lambda/checkout",
        "logStream": "s",
        "logEvents": [
            {"id": f"id-{number}", "timestamp": 1_767_000_000_000 + number // 10, "message": text}
            for number, text in enumerate(messages)
        ],
    } | changed
    return {
        "awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(data).encode())).decode()}
    }


def test_errors_arrive_with_what_the_function_knows(
    forwarder: ModuleType, intake: CountingIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JINKIES_COMMIT", "abc123")
    monkeypatch.setenv("JINKIES_ENVIRONMENT", "staging")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    done = forwarder.lambda_handler(subscription(["INFO fine", "ERROR it broke"]), Context())
    assert done == {"delivered": 1, "dead_letters": 0}
    (event,) = intake.events
    assert (event.service, event.environment, event.commit) == ("checkout", "staging", "abc123")
    assert event.labels["region"] == "eu-west-1"


def test_a_control_message_is_not_sent(forwarder: ModuleType, intake: CountingIntake) -> None:
    event = subscription(["CWL CONTROL MESSAGE"], messageType="CONTROL_MESSAGE")
    assert forwarder.handler(event, None)["delivered"] == 0
    assert intake.events == []


def test_an_overloaded_jinkies_is_tried_again(
    forwarder: ModuleType, intake: CountingIntake
) -> None:
    intake.failures = 2
    assert forwarder.lambda_handler(subscription(["ERROR x"]), Context())["delivered"] == 1
    assert len(intake.events) == 1


def test_when_the_time_is_over_it_raises_so_that_aws_calls_again(
    forwarder: ModuleType, intake: CountingIntake
) -> None:
    intake.failures = 10**9
    with pytest.raises(forwarder.NotDelivered):
        forwarder.lambda_handler(subscription(["ERROR x"]), Context(milliseconds=3_100))


def test_a_refusal_for_good_is_not_repeated(
    forwarder: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("JINKIES_SECRET", "wrong")
    with pytest.raises(forwarder.NotDelivered):
        forwarder.lambda_handler(subscription(["ERROR x"]), Context())
    assert "Jinkies answered 401" in caplog.text
    assert "next try" not in caplog.text
    assert "wrong" not in caplog.text


def test_a_jinkies_that_is_away_is_tried_again_until_the_time_is_over(
    forwarder: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("JINKIES_URL", "http://127.0.0.1:9")  # discard: nobody listens
    with pytest.raises(forwarder.NotDelivered):
        forwarder.lambda_handler(subscription(["ERROR x"]), Context(milliseconds=3_600))
    assert "cannot be reached" in caplog.text


def test_a_large_batch_is_split_and_nothing_is_lost(
    forwarder: ModuleType, intake: CountingIntake
) -> None:
    chance = random.Random(1)
    messages = [f"ERROR {chance.randbytes(150).hex()}" for _ in range(1_200)]
    done = forwarder.lambda_handler(subscription(messages), Context())
    assert done["delivered"] > 1
    assert [event.event_id for event in intake.events] == [f"id-{n}" for n in range(1_200)]


def test_the_split_does_not_cut_a_trace(forwarder: ModuleType) -> None:
    lines = [
        {"id": "", "timestamp": at, "message": text}
        for at, text in [
            (1, "ERROR a"),
            (2, "Traceback:"),
            (2, "  File"),
            (2, "    x"),
            (3, "INFO"),
        ]
    ]
    assert forwarder._seam(lines) in (1, 4)


def test_every_body_fits_even_with_one_huge_line(forwarder: ModuleType) -> None:
    huge = "ERROR " + random.Random(1).randbytes(400_000).hex()
    data = json.loads(gzip.decompress(base64.b64decode(subscription([huge])["awslogs"]["data"])))
    (body,) = forwarder.bodies(data)
    assert len(body) <= forwarder.MAX_BODY_BYTES


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    keys = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "x"}
    for name, value in {**keys, "AWS_SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield boto3.client("sqs")


def test_what_cannot_be_delivered_lies_in_the_dead_letter_queue_ready_to_be_sent(
    forwarder: ModuleType, intake: CountingIntake, sqs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", queue)
    monkeypatch.setenv("JINKIES_SECRET", "wrong")
    done = forwarder.lambda_handler(subscription(["ERROR x"]), Context())
    assert done == {"delivered": 0, "dead_letters": 1}
    (letter,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    monkeypatch.setenv("JINKIES_SECRET", SECRET)
    forwarder.deliver(letter["Body"].encode(), deadline=float("inf"))
    assert [event.event_id for event in intake.events] == ["id-0"]


def three_requests() -> dict[str, Any]:
    """Lines of which each nearly fills a request."""
    chance = random.Random(2)
    return subscription([f"ERROR {chance.randbytes(100_000).hex()}" for _ in range(3)])


def test_a_request_that_fails_leaves_the_others_their_time(
    forwarder: ModuleType, intake: CountingIntake, sqs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", queue)
    intake.never = "id-1"
    done = forwarder.lambda_handler(three_requests(), Context(milliseconds=6_000))
    assert done == {"delivered": 2, "dead_letters": 1}
    assert [event.event_id for event in intake.events] == ["id-0", "id-2"]
    (letter,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    intake.never = ""
    forwarder.deliver(letter["Body"].encode(), deadline=float("inf"))
    assert [event.event_id for event in intake.events] == ["id-0", "id-2", "id-1"]


def test_a_dead_letter_queue_that_refuses_makes_aws_call_again(
    forwarder: ModuleType, sqs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/1/gone")
    monkeypatch.setenv("JINKIES_SECRET", "wrong")
    with pytest.raises(forwarder.NotDelivered, match="3 requests are in no queue"):
        forwarder.lambda_handler(three_requests(), Context())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "answered 301"),
        (b"nonsense\r\n\r\n", "cannot be reached"),
        (b"HTTP/1.1 503 Away\r\nContent-Length: 4\r\n\r\naway", "answered 503: away"),
    ],
    ids=["a redirect", "no HTTP", "a proxy"],
)
def test_an_answer_that_is_not_jinkies_own_is_no_delivery(
    forwarder: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    answer: bytes,
    said: str,
) -> None:
    class Proxy(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            length = 0
            while line := self.rfile.readline().strip().lower():
                if line.startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            self.rfile.read(length)
            self.wfile.write(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        monkeypatch.setenv("JINKIES_URL", f"http://127.0.0.1:{proxy.server_address[1]}")
        with pytest.raises(forwarder.NotDelivered):
            forwarder.lambda_handler(subscription(["ERROR x"]), Context(milliseconds=3_600))
        proxy.shutdown()
    assert said in caplog.text


def test_an_address_that_is_no_web_address_is_refused(
    forwarder: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JINKIES_URL", "file:///etc/passwd")
    with pytest.raises(ValueError, match="https"):
        forwarder.lambda_handler(subscription(["ERROR x"]), Context())
