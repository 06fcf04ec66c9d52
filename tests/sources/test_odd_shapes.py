"""Shapes that real senders have and their documentation does not mention, each read right."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.errors import BadPayload
from bot.models import Severity
from bot.sources import github, grafana, pagerduty, slack, uptime_kuma
from bot.sources.heard import Heard
from bot.sources.mapping import ready_mappings
from bot.sources.reading import json_object
from bot.sources.request import Request
from bot.sources.sentry import webhook as sentry
from bot.sources.sentry.event import Told, read_event

Deliver = Callable[..., Request]


@pytest.fixture
def hear(delivery: Deliver) -> Callable[..., Heard]:
    def make(parse: Callable[[Request], Heard], body: Any, **headers: str) -> Heard:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return parse(delivery(raw, named))

    return make


def test_a_byte_order_mark_before_json_is_no_mistake() -> None:
    assert json_object(b'\xef\xbb\xbf{"a": 1}').value == {"a": 1}


def test_sentry_s_event_alert_and_issue_name_the_same_service(hear: Callable[..., Heard]) -> None:
    alert = {
        "event_id": "a" * 32,
        "title": "KeyError: 'pears'",
        "url": "https://sentry.io/api/0/projects/acme/fruit-shop/events/1/",
        "issue_url": "https://sentry.io/api/0/issues/77/",
    }
    issue = {"id": "77", "title": "KeyError: 'pears'", "project": {"slug": "fruit-shop"}}
    (told,) = hear(sentry.parse, {"action": "triggered", "data": {"event": alert}}).events
    (over,) = hear(sentry.parse, {"action": "resolved", "data": {"issue": issue}}).events
    assert (told.service, told.fingerprint_hint) == ("fruit-shop", "issue:77")
    assert (over.service, over.fingerprint_hint) == ("fruit-shop", "issue:77")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"message": "no %s for %s", "params": ["pears", 7]}, "no pears for 7"),
        ({"message": "no %(fruit)s", "params": {"fruit": "pears"}}, "no pears"),
        ({"message": "no {fruit}", "params": {"fruit": "pears"}}, "no pears"),
        ({"message": "no %s", "formatted": "no plums"}, "no plums"),
        ("no fruit", "no fruit"),
    ],
)
def test_sentry_s_messages_are_filled_in(delivery: Deliver, entry: Any, message: str) -> None:
    body = json_object(json.dumps({"logentry": entry}).encode())
    assert read_event(body, Told("sentry"), delivery(b"")).message == message


def test_github_s_redelivery_keeps_the_time_of_what_it_tells(hear: Callable[..., Heard]) -> None:
    run = {"head_branch": "main", "conclusion": "failure", "updated_at": "2025-12-01T10:00:00Z"}
    repository = {"name": "shop", "full_name": "acme/shop", "default_branch": "main"}
    body = {"action": "completed", "workflow_run": run, "repository": repository}
    (event,) = hear(github.parse, body, x_github_event="workflow_run").events
    assert event.occurred_at.isoformat() == "2025-12-01T10:00:00+00:00"


def test_a_grafana_rule_without_labels_of_a_service_is_its_folder_s(
    hear: Callable[..., Heard],
) -> None:
    alert = {"status": "firing", "labels": {"alertname": "Memory", "grafana_folder": "payments"}}
    (event,) = hear(grafana.parse, {"alerts": [alert, None, 7][:1]}).events
    assert event.service == "payments"


@pytest.mark.parametrize(
    ("priority", "severity"),
    [(1, Severity.CRITICAL), (3, Severity.WARNING), ("P2", Severity.ERROR), (None, Severity.ERROR)],
)
def test_opsgenie_s_priority_may_be_a_number(
    hear: Callable[..., Heard], priority: Any, severity: Severity
) -> None:
    alert = {"alertId": "7", "message": "late", "priority": priority}
    body = {"action": "Create", "integrationName": "shop", "alert": alert}
    (event,) = hear(ready_mappings()["opsgenie"].parse, body).events
    assert event.severity is severity


def test_slack_reads_other_bots_and_never_itself(hear: Callable[..., Heard]) -> None:
    message = {
        "type": "message", "subtype": "bot_message", "app_id": "A2", "text": "",
        "attachments": [{"color": "danger", "fallback": "Disk <https://a.example|full>"}],
    }  # fmt: skip
    body = {"type": "event_callback", "event_id": "Ev1", "api_app_id": "A1", "event": message}
    (event,) = hear(slack.parse_events, body).events
    assert (event.event_id, event.severity) == ("Ev1", Severity.ERROR)
    assert event.message == "Disk full (https://a.example)"
    assert not hear(slack.parse_events, {**body, "api_app_id": "A2"}).events


def test_uptime_kuma_s_form_holds_its_json(hear: Callable[..., Heard]) -> None:
    body = {"heartbeat": {"status": 1}, "monitor": {"id": 3, "name": "Shop"}}
    form = urlencode({"data": json.dumps(body)}).encode()
    kind = "application/x-www-form-urlencoded"
    (event,) = hear(uptime_kuma.parse, form, content_type=kind).events
    assert event.signal.value == "resolved"
    assert "test" in hear(uptime_kuma.parse, {"heartbeat": None, "monitor": None}).note


def test_pagerduty_s_old_webhooks_are_told_apart(hear: Callable[..., Heard]) -> None:
    with pytest.raises(BadPayload, match="V3"):
        hear(pagerduty.parse, {"messages": []})
    assert "test" in hear(pagerduty.parse, {"event": {"event_type": "pagey.ping"}}).note
