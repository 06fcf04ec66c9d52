"""Prometheus Alertmanager's webhook, version 4 and the old 3; each alert on its own.

One delivery mixes firing and resolved alerts, so `alerts[]` is what counts and the group's
`status` is not read. Alertmanager signs nothing: the door wants its secret as bearer token
(`http_config.authorization`). Documented at prometheus.io, configuration `<webhook_config>`.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.errors import BadPayload
from bot.models import Event, Severity, Signal
from bot.sources.digest import digest
from bot.sources.heard import Heard, left_aside
from bot.sources.reading import (
    Reader,
    first,
    json_object,
    lines,
    links_of,
    not_after,
    severity_of,
)
from bot.sources.request import Request, Secrets
from bot.sources.signatures import open_door, require_bearer

SERVICE_LABELS = (
    *("service", "app", "application", "job", "namespace", "host", "instance"),
    "grafana_folder",  # Grafana gives every rule one, be there nothing else
)
ENVIRONMENT_LABELS = ("environment", "env", "stage", "cluster")
_VALUES_LENGTH = 500
_SPOKEN_FOR = frozenset({"alertname", "severity"})


def verify(request: Request, secrets: Secrets) -> None:
    """A bearer token; raises `BadSignature` or `DoorShut`."""
    require_bearer(
        request.headers.get("authorization", ""),
        open_door(secrets, "ALERTMANAGER_SECRET"),
    )


def parse(request: Request) -> Heard:
    """One event an alert; raises `BadPayload` if the body is no Alertmanager delivery."""
    body = json_object(request.body)
    if not isinstance(body.at("alerts").value, list):
        raise BadPayload("alerts: a list is expected; is this an Alertmanager webhook?")
    return read_alerts(body, request, "alertmanager")


def read_alerts(delivery: Reader, request: Request, source: str) -> Heard:
    """Every element of `alerts[]`; Grafana's unified alerting has the same shape."""
    alerts = tuple(_event(alert, delivery, request, source) for alert in delivery.items("alerts"))
    return Heard(alerts) if alerts else left_aside("the delivery holds no alert")


def _event(alert: Reader, delivery: Reader, request: Request, source: str) -> Event:
    labels = alert.pairs("labels")
    annotations = alert.pairs("annotations")
    name = first(labels.get("alertname", ""), "unnamed alert")
    is_resolved = alert.text("status") == "resolved"
    # The fingerprint is Alertmanager's hash of the labels; version 3 did not send it.
    key = first(alert.text("fingerprint", length=200), digest(sorted(labels.items())))
    started, ended = alert.moment("startsAt"), alert.moment("endsAt")
    return Event(
        source=source,
        # The same alert is sent again every repeat_interval; one firing is one event.
        event_id=f"{key}:{alert.text('startsAt', length=64)}:{alert.text('status', length=16)}",
        service=first(_first_label(labels, SERVICE_LABELS), "unknown"),
        environment=first(_first_label(labels, ENVIRONMENT_LABELS), "production"),
        severity=severity_of(labels.get("severity", ""), Severity.ERROR),
        signal=Signal.RESOLVED if is_resolved else Signal.FIRING,
        title=_title(name, labels),
        message=_message(annotations, alert, name),
        occurred_at=not_after(ended if is_resolved else started, request.received_at),
        fingerprint_hint=key,
        links=links_of(
            ("Graph", alert.text("generatorURL")),
            ("Panel", alert.text("panelURL")),
            ("Dashboard", first(annotations.get("dashboard", ""), alert.text("dashboardURL"))),
            ("Runbook", first(annotations.get("runbook_url", ""), annotations.get("runbook", ""))),
            ("Silence", alert.text("silenceURL")),
            ("Alertmanager", delivery.text("externalURL")),
        ),
        labels={key: value for key, value in labels.items() if key not in _SPOKEN_FOR},
    )


def _first_label(labels: Mapping[str, str], names: tuple[str, ...]) -> str:
    return first(*(labels.get(name, "") for name in names))[:100]


def _title(name: str, labels: Mapping[str, str]) -> str:
    where = first(labels.get("instance", ""), labels.get("host", ""))
    return f"{name} on {where}"[:256] if where else name[:256]


def _message(annotations: Mapping[str, str], alert: Reader, name: str) -> str:
    told = [annotations.get(key, "") for key in ("summary", "description", "message")]
    values = alert.text("valueString", length=_VALUES_LENGTH)
    return lines(*told, values) or name
