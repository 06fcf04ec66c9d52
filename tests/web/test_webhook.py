from __future__ import annotations

import gzip
import json
import logging
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import UpstreamError
from bot.sources.request import Secrets
from bot.sources.signatures import signature_headers
from bot.web.settings import Readiness, WebSettings
from bot.web.webhook import create_app

SECRET = "a-long-random-secret"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BEARER = {"Authorization": f"Bearer {SECRET}"}
BODY = json.dumps({"service": "checkout", "message": "it broke"}).encode()
DOCUMENTED = {200, 202, 400, 401, 403, 404, 405, 413, 415, 503}
MakeApp = Callable[..., Flask]


def test_a_delivery_is_answered_with_the_ids_of_its_alerts(make_app: MakeApp, intake: Any) -> None:
    events = [{"service": "a", "message": "x", "event_id": f"mine-{n}"} for n in range(2)]
    answer = make_app().test_client().post("/webhook/generic", json=events, headers=BEARER)
    assert answer.status_code == 202
    assert answer.json == {
        "alerts": [
            {"id": "J-1", "new": True, "duplicate": False, "event_id": "a/production/mine-0"},
            {"id": "J-2", "new": True, "duplicate": False, "event_id": "a/production/mine-1"},
        ]
    }
    assert [event.occurred_at for event in intake.events] == [NOW, NOW]


def test_the_answer_comes_only_after_the_commit(make_app: MakeApp, intake: Any) -> None:
    arrived = intake.hold()
    answers: list[int] = []
    client = make_app().test_client()

    def deliver() -> None:
        answers.append(client.post("/webhook/generic", data=BODY, headers=BEARER).status_code)

    thread = threading.Thread(target=deliver)
    thread.start()
    assert arrived.acquire(timeout=5)
    assert answers == []
    intake.commit()
    thread.join(5)
    assert answers == [202]


def test_a_commit_that_does_not_come_is_503_with_retry_after(
    make_app: MakeApp, intake: Any
) -> None:
    intake.holds = True
    app = make_app(commit_timeout=0.01)
    answer = app.test_client().post("/webhook/generic", data=BODY, headers=BEARER)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_an_overload_is_503_and_says_when_to_come_back(make_app: MakeApp, intake: Any) -> None:
    intake.overloaded = True
    answer = make_app().test_client().post("/webhook/generic", data=BODY, headers=BEARER)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")


@pytest.mark.parametrize(
    "failure", [UpstreamError("database", "disk full", retry_after=7), CancelledError()]
)
def test_a_failed_commit_is_503_so_that_the_sender_tries_again(failure: Exception) -> None:
    def submit(events: object) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(failure)
        return future

    app = create_app(submit, lambda: Readiness(True), WebSettings(secrets=Secrets(SECRET)))
    answer = app.test_client().post("/webhook/generic", data=BODY, headers=BEARER)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1


def test_more_events_than_the_queue_takes_are_handed_on_in_parts(
    make_app: MakeApp, intake: Any
) -> None:
    lines = [{"id": str(n), "timestamp": 1, "message": f"ERROR {n}"} for n in range(1_200)]
    body = gzip.compress(json.dumps({"messageType": "DATA_MESSAGE", "logEvents": lines}).encode())
    parts: list[int] = []
    seen = 0

    def count() -> None:
        nonlocal seen
        parts.append(len(intake.events) - seen)
        seen = len(intake.events)

    intake.arrived = count
    headers = BEARER | {"Content-Encoding": "gzip"}
    app = make_app(max_body_bytes=100_000)
    answer = app.test_client().post("/webhook/cloudwatch", data=body, headers=headers)
    assert parts == [500, 500, 200]
    assert [alert["event_id"] for alert in answer.json["alerts"]] == [line["id"] for line in lines]


def test_a_delivery_without_an_error_in_it_is_202_and_says_so(make_app: MakeApp) -> None:
    body = {"messageType": "CONTROL_MESSAGE", "logEvents": []}
    answer = make_app().test_client().post("/webhook/cloudwatch", json=body, headers=BEARER)
    assert answer.status_code == 202
    assert answer.json["alerts"] == []
    assert "CONTROL_MESSAGE" in answer.json["note"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "GZIP", "identity"])
def test_a_signature_covers_the_bytes_on_the_wire(make_app: MakeApp, encoding: str) -> None:
    pack = {"gzip": gzip.compress, "deflate": zlib.compress}.get(encoding.lower(), bytes)
    body = pack(BODY)
    headers = signature_headers(SECRET, body, NOW) | {"Content-Encoding": encoding}
    answer = make_app().test_client().post("/webhook/generic", data=body, headers=headers)
    assert answer.status_code == 202


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "nonsense; ; ="]
)
def test_the_content_type_does_not_matter(make_app: MakeApp, content_type: str) -> None:
    answer = (
        make_app()
        .test_client()
        .post("/webhook/generic", data=BODY, headers=BEARER, content_type=content_type)
    )
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "reason"),
    [
        ("generic", BODY, {}, 401, "bearer token or a signature is required"),
        ("generic", BODY, {"Authorization": "Bearer x"}, 401, "bearer token is not"),
        ("generic", BODY, {"X-Jinkies-Signature": "v1=é"}, 401, "timestamp"),
        ("nobody", BODY, BEARER, 404, "there are: generic, cloudwatch"),
        ("generic", b"", BEARER, 400, "Invalid JSON"),
        (
            "generic",
            b"x" * 10_001,
            BEARER,
            413,
            "larger than 9.8 KiB; the setting MAX_BODY_BYTES (now 10000)",
        ),
        ("generic", BODY, BEARER | {"Content-Encoding": "lzma"}, 415, "gzip, deflate"),
        ("generic", BODY, BEARER | {"Content-Encoding": "gzip"}, 400, "not valid gzip"),
        ("generic", b"{}", BEARER, 400, "service: Field required"),
    ],
)
def test_every_refusal_is_json_with_a_reason(
    make_app: MakeApp, path: str, body: bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    answer = make_app().test_client().post(f"/webhook/{path}", data=body, headers=headers)
    assert answer.status_code == status
    assert reason in answer.json["error"]
    assert answer.content_type == "application/json"
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_a_compressed_body_may_not_grow_without_end(make_app: MakeApp) -> None:
    bomb = gzip.compress(bytes(5_000_000))
    answer = (
        make_app(max_inflated_bytes=1_000_000)
        .test_client()
        .post("/webhook/generic", data=bomb, headers=BEARER | {"Content-Encoding": "gzip"})
    )
    assert answer.status_code == 413
    assert answer.json == {"error": "decompressed, the body is larger than 976.6 KiB"}


def test_nobody_may_deliver_until_a_secret_is_set(make_app: MakeApp) -> None:
    app = make_app(secrets=Secrets())
    answer = app.test_client().post("/webhook/generic", data=BODY, headers=BEARER)
    assert answer.status_code == 403
    assert "WEBHOOK_SECRET" in answer.json["error"]


def test_the_demo_may_leave_its_doors_open_but_a_set_secret_still_counts(
    make_app: MakeApp,
) -> None:
    opened = make_app(secrets=Secrets(), open_doors=True).test_client()
    assert opened.post("/webhook/generic", data=BODY).status_code == 202
    locked = make_app(open_doors=True).test_client()
    assert locked.post("/webhook/generic", data=BODY).status_code == 401


def test_a_source_may_have_a_secret_of_its_own(make_app: MakeApp) -> None:
    client = make_app(secrets_by_source={"cloudwatch": Secrets("other")}).test_client()
    assert client.post("/webhook/generic", data=BODY, headers=BEARER).status_code == 202
    assert client.post("/webhook/cloudwatch", data=BODY, headers=BEARER).status_code == 401


def test_health_tells_that_it_lives(make_app: MakeApp) -> None:
    answer = make_app().test_client().get("/health")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
def test_ready_tells_the_state_of_the_parts(make_app: MakeApp, ready: bool, status: int) -> None:
    state = Readiness(ready, {"database": "ok", "discord": "disconnected"})
    answer = make_app(state).test_client().get("/ready")
    assert answer.status_code == status
    assert answer.json == {"ready": ready, "checks": dict(state.checks)}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/webhook", 404),
        ("POST", "/webhook/", 404),
        ("POST", "/webhook/a/b", 404),
        ("GET", "/webhook/generic", 405),
        ("OPTIONS", "/webhook/generic", 405),
        ("DELETE", "/health", 405),
    ],
)
def test_other_paths_and_methods_are_answered_in_json(
    make_app: MakeApp, method: str, path: str, status: int
) -> None:
    answer = make_app().test_client().open(path, method=method)
    assert answer.status_code == status
    assert answer.json["error"]
    assert ("Allow" in answer.headers) == (status == 405)


def test_every_answer_carries_the_security_headers(make_app: MakeApp) -> None:
    client = make_app().test_client()
    for answer in (client.get("/health"), client.get("/x"), client.post("/webhook/generic")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_access_log_tells_the_door_and_the_status_and_no_secret(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "jinkies.access")
    client = make_app().test_client()
    client.post("/webhook/generic?token=hush", data=BODY, headers=BEARER)
    client.post("/webhook/no%0d%0aINFO%20forged?token=hush", data=BODY, headers=BEARER)
    (line,) = caplog.messages
    assert line.startswith("POST /webhook/generic 202 ")
    assert "hush" not in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("announced", ["abc", "-5", "9" * 40, "²"])
def test_a_length_that_is_no_number_is_refused(make_app: MakeApp, announced: str) -> None:
    lie = {"CONTENT_LENGTH": announced}
    answer = (
        make_app()
        .test_client()
        .post("/webhook/generic", data=BODY, headers=BEARER, environ_overrides=lie)
    )
    assert answer.status_code == 400


def test_a_body_that_ends_early_is_refused(make_app: MakeApp) -> None:
    answer = make_app().test_client().post(
        "/webhook/generic", data=BODY, headers=BEARER, environ_overrides={"CONTENT_LENGTH": "5000"}
    )  # fmt: skip
    assert answer.status_code == 400
    assert "ends after" in answer.json["error"]


def samples() -> list[tuple[str, bytes]]:
    subscription = {
        "messageType": "DATA_MESSAGE",
        "logGroup": "/aws/lambda/x",
        "logStream": "s",
        "owner": "1",
        "logEvents": [{"id": "1", "timestamp": 1, "message": "ERROR x\nTraceback (most recent"}],
    }
    generic = {"service": "a", "message": "m", "labels": {"a": 1}, "timestamp": 1767322800,
               "links": [{"title": "t", "url": "https://x"}], "log_lines": ["x"]}  # fmt: skip
    return [
        ("generic", json.dumps(generic).encode()),
        ("generic", json.dumps({"events": [generic, generic]}).encode()),
        ("cloudwatch", json.dumps(subscription).encode()),
    ]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """A valid delivery with some of its bytes cut, doubled or replaced by trouble."""
    source, body = draw(st.sampled_from(samples()))
    trouble = [
        b"",
        b"\x00",
        b"\xff",
        b"\\ud800",
        b"NaN",
        b"9" * 400,
        b"[" * 300,
        b'"',
        b"{}",
        b"-1e999",
    ]
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(body)))
        end = draw(st.integers(at, min(len(body), at + 12)))
        body = body[:at] + draw(st.sampled_from(trouble) | st.binary(max_size=6)) + body[end:]
    return source, body


odd_headers = st.dictionaries(
    st.sampled_from(["Content-Encoding", "Content-Type", "X-Jinkies-Signature",
                     "X-Jinkies-Timestamp", "Authorization", "Accept", "X-Forwarded-For"]),
    st.text([chr(code) for code in range(256) if chr(code) not in "\r\n"], max_size=20)
    | st.sampled_from(["gzip", "deflate", "br", f"Bearer {SECRET}", "v1=00"]),
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(delivery=mutated(), headers=odd_headers, trusted=st.booleans())
def test_whatever_is_delivered_the_answer_is_a_documented_one(
    make_app: MakeApp, delivery: tuple[str, bytes], headers: dict[str, str], trusted: bool
) -> None:
    source, body = delivery
    sent = headers | BEARER if trusted else headers
    answer = make_app().test_client().post(f"/webhook/{source}", data=body, headers=sent)
    assert answer.status_code in DOCUMENTED - {503}
    assert isinstance(answer.json, dict)
    assert ("error" in answer.json) == (answer.status_code != 202)
