"""What each system's deliveries mean, where that is not plain: what opens, what closes, what counts
once, and what is left aside."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.errors import BadSignature
from bot.models import Severity, Signal
from bot.sources import (
    alertmanager,
    datadog,
    github,
    grafana,
    healthchecks,
    pagerduty,
    slack,
    standard_webhooks,
)
from bot.sources.heard import Heard
from bot.sources.proofs import STANDARD
from bot.sources.request import Request, Secrets
from bot.sources.sentry.ingestion import SdkDoor, SdkProject
from bot.sources.sns import SnsDoor
from bot.sources.sns_signature import SnsTrust

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = "0123456789abcdef0123456789abcdef"
Hear = Callable[..., Heard]


@pytest.fixture
def hear(delivery: Callable[..., Request]) -> Hear:
    def make(parse: Callable[[Request], Heard], body: Any, **headers: str) -> Heard:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return parse(delivery(raw, named))

    return make


def alert(status: str, *, started: str = "2026-01-02T03:00:00Z", **more: str) -> dict[str, Any]:
    open_end = "0001-01-01T00:00:00Z"  # Go's zero time: it has not ended
    labels = {"alertname": "DiskFull", "instance": "db-1", "severity": "critical"}
    return {"status": status, "labels": labels, "startsAt": started, "endsAt": open_end, **more}


def test_alertmanager_alerts_of_one_group_open_and_close_each_on_its_own(hear: Hear) -> None:
    over = alert("resolved", endsAt="2026-01-02T03:02:00Z", fingerprint="b")
    group = {"version": "4", "status": "firing", "alerts": [alert("firing", fingerprint="a"), over]}
    firing, resolved = hear(alertmanager.parse, group).events
    assert (firing.signal, firing.severity) == (Signal.FIRING, Severity.CRITICAL)
    assert firing.occurred_at == datetime(2026, 1, 2, 3, 0, tzinfo=UTC), "not the open end"
    assert resolved.signal is Signal.RESOLVED
    assert resolved.occurred_at == datetime(2026, 1, 2, 3, 2, tzinfo=UTC)
    assert firing.fingerprint_hint != resolved.fingerprint_hint


def test_alertmanager_s_repetition_counts_once_and_a_new_outbreak_again(hear: Hear) -> None:
    def told(one: dict[str, Any]) -> tuple[str, str]:
        (event,) = hear(alertmanager.parse, {"version": "3", "alerts": [one]}).events
        return event.event_id, event.fingerprint_hint

    first, again = told(alert("firing")), told(alert("firing"))
    later, over = told(alert("firing", started="2026-01-02T04:00:00Z")), told(alert("resolved"))
    assert first == again
    assert len({first[0], later[0], over[0]}) == 3
    assert len({first[1], later[1], over[1]}) == 1, "version 3 sends no fingerprint: labels do"


def test_grafana_s_legacy_rule_closes_what_it_opened(hear: Hear) -> None:
    rule = {
        "ruleId": 7,
        "ruleName": "Latency",
        "ruleUrl": "https://g.example/d/1",
        "message": "slow",
    }
    (opened,) = hear(
        grafana.parse, {**rule, "state": "alerting", "title": "[Alerting] Latency"}
    ).events
    (closed,) = hear(grafana.parse, {**rule, "state": "ok", "title": "[OK] Latency"}).events
    assert (opened.signal, closed.signal) == (Signal.FIRING, Signal.RESOLVED)
    assert opened.fingerprint_hint == closed.fingerprint_hint


@pytest.mark.parametrize(
    ("kind", "action", "thing", "state"),
    [
        ("pull_request", "closed", {"merged": True}, "merged"),
        ("pull_request", "closed", {"merged": False}, "closed"),
        ("pull_request", "reopened", {}, "open"),
        ("issues", "closed", {}, "closed"),
        ("issues", "reopened", {}, "open"),
        ("issues", "labeled", {}, None),
    ],
)
def test_github_tells_what_became_of_a_shipment(
    hear: Hear, kind: str, action: str, thing: dict[str, Any], state: str | None
) -> None:
    about = {kind.removesuffix("s"): {"number": 3, **thing}, "action": action}
    body = {**about, "repository": {"full_name": "acme/shop"}, "sender": {"login": "ada"}}
    heard = hear(github.parse, body, x_github_event=kind)
    assert not heard.events
    assert [change.state for change in heard.shipments] == ([state] if state else [])


def test_github_s_workflows_of_other_branches_are_their_authors_business(hear: Hear) -> None:
    def run(branch: str, conclusion: str) -> Heard:
        told = {"head_branch": branch, "conclusion": conclusion, "workflow_id": 5, "id": 9}
        repository = {"full_name": "acme/shop", "default_branch": "main", "name": "shop"}
        body = {"action": "completed", "workflow_run": told, "repository": repository}
        return hear(github.parse, body, x_github_event="workflow_run")

    (failed,), (passed,) = run("main", "failure").events, run("main", "success").events
    assert (failed.signal, passed.signal) == (Signal.FIRING, Signal.RESOLVED)
    assert failed.fingerprint_hint == passed.fingerprint_hint
    assert not run("feature", "failure").events


@pytest.mark.parametrize(
    ("kind", "signal"),
    [
        ("incident.triggered", Signal.FIRING),
        ("incident.escalated", Signal.FIRING),
        ("incident.resolved", Signal.RESOLVED),
        ("incident.annotated", None),
    ],
)
def test_pagerduty_s_kinds_open_close_or_say_nothing(
    hear: Hear, kind: str, signal: Signal | None
) -> None:
    told = {"id": "E1", "event_type": kind, "data": {"id": "P1", "title": "Down", "urgency": "low"}}
    events = hear(pagerduty.parse, {"event": told}).events
    assert [event.signal for event in events] == ([signal] if signal else [])
    assert all(event.fingerprint_hint == "P1" for event in events)


def test_datadog_s_states_are_read_from_the_transition_or_the_title(hear: Hear) -> None:
    def state(**told: str) -> tuple[Signal, str]:
        (event,) = hear(datadog.parse, {"alert_id": "7", **told}).events
        return event.signal, event.fingerprint_hint

    assert state(title="[P1] Disk", alert_transition="Triggered") == (Signal.FIRING, "7")
    assert state(title="[Recovered] Disk") == (Signal.RESOLVED, "7")
    assert state(title="[Re-Triggered] Disk") == (Signal.FIRING, "7")
    assert not hear(datadog.parse, {"title": "A deployment"}).events


def test_healthchecks_down_and_up_are_one_problem_and_its_end(hear: Hear) -> None:
    check = {
        "name": "nightly backup",
        "uuid": "u1",
        "tags": "prod db",
        "now": "2026-01-02T03:00:00Z",
    }
    (down,) = hear(healthchecks.parse, {**check, "status": "down"}).events
    (up,) = hear(healthchecks.parse, {**check, "status": "up"}).events
    assert (down.signal, up.signal) == (Signal.FIRING, Signal.RESOLVED)
    assert down.fingerprint_hint == up.fingerprint_hint
    assert (down.environment, down.service) == ("production", "nightly backup")
    assert not hear(healthchecks.parse, {**check, "status": "grace"}).events


def test_slack_is_answered_its_challenge_and_a_retry_has_the_same_id(hear: Hear) -> None:
    answer = hear(slack.parse_events, {"type": "url_verification", "challenge": "c1"}).answer
    assert json.loads(answer or b"") == {"challenge": "c1"}
    message = {"type": "message", "text": "ERROR payments are down", "ts": "1767322800.0001"}
    body = {"type": "event_callback", "event_id": "Ev7", "event": message}
    (first,) = hear(slack.parse_events, body).events
    (again,) = hear(slack.parse_events, body, x_slack_retry_num="1").events
    assert first.event_id == again.event_id == "Ev7"
    edited = {**message, "subtype": "message_changed"}
    assert not hear(slack.parse_events, {**body, "event": edited}).events


def test_sns_confirms_carries_and_takes_leave(hear: Hear) -> None:
    sns = SnsDoor(SnsTrust(()))
    asked = {"Type": "SubscriptionConfirmation", "TopicArn": "arn:t", "Token": "k"}
    confirm = hear(sns.parse, asked).confirm
    assert confirm is not None
    assert (confirm.topic, confirm.token) == ("arn:t", "k")
    told = {"Type": "Notification", "TopicArn": "arn:aws:sns:x:1:ops", "MessageId": "m1"}
    (event,) = hear(sns.parse, {**told, "Message": "disk is full", "Subject": "Disk"}).events
    assert (event.event_id, event.service, event.title) == ("m1", "ops", "Disk")
    left = hear(sns.parse, {"Type": "UnsubscribeConfirmation", "TopicArn": "arn:t"})
    assert not left.events
    assert left.confirm is None


def test_an_envelope_s_errors_are_heard_and_the_rest_is_left_aside() -> None:
    door = SdkDoor({KEY: SdkProject(7, "shop")}.get)
    error = json.dumps({"event_id": "e" * 32, "message": "it broke", "level": "fatal"}).encode()
    body = b"\n".join(
        [
            json.dumps({"event_id": "e" * 32}).encode(),
            *(b'{"type": "session"}', b'{"sid": "s"}'),  # no length: until the line ends
            *(json.dumps({"type": "event", "length": len(error)}).encode(), error),
            *(b'{"type": "transaction"}', b"{}", b'{"type": "check_in"}', b"{}"),
        ]
    )
    auth = {"x-sentry-auth": f"Sentry sentry_key={KEY}"}
    request = Request("POST", "/api/7/envelope/", auth, {}, body, NOW, "r1")
    (event,) = door.parse(request).events
    assert (event.service, event.severity) == ("shop", Severity.CRITICAL)
    assert event.event_id == f"7:{'e' * 32}"


@pytest.mark.parametrize("age", [timedelta(minutes=6), -timedelta(minutes=6)])
def test_a_standard_webhook_cannot_be_played_again_later(
    delivery: Callable[..., Request], age: timedelta
) -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 24).decode()
    body = b'{"data": {"service": "shop", "message": "it broke"}}'
    headers = dict(STANDARD.headers(secret, body, NOW))
    standard_webhooks.verify(delivery(body, headers, NOW), Secrets(secret))
    with pytest.raises(BadSignature):
        standard_webhooks.verify(delivery(body, headers, NOW + age), Secrets(secret))
    moved = {**headers, "webhook-id": "msg_another"}
    with pytest.raises(BadSignature):
        standard_webhooks.verify(delivery(body, moved, NOW), Secrets(secret))
    retried = standard_webhooks.parse(delivery(body, headers, NOW))
    assert retried.events == standard_webhooks.parse(delivery(body, headers, NOW)).events
