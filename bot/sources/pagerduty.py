"""PagerDuty's V3 webhooks. Its V1 and V2 were switched off in 2022 and are refused.

`X-PagerDuty-Signature: v1=…,v1=…`: HMAC-SHA256 of the raw body, several while a secret is
rotated, any of which may fit (PagerDuty developer docs, webhooks: signatures).
"""

from __future__ import annotations

from bot.errors import BadPayload
from bot.models import Event, Severity, Signal
from bot.sources.heard import Heard, left_aside
from bot.sources.reading import Reader, first, json_object, links_of, not_after, severity_of
from bot.sources.request import Request, Secrets
from bot.sources.signatures import open_door, prefixed, require_hex_signature

_SIGNALS = {
    "incident.triggered": Signal.FIRING,
    "incident.reopened": Signal.FIRING,
    "incident.escalated": Signal.FIRING,
    "incident.priority_updated": Signal.FIRING,
    "incident.resolved": Signal.RESOLVED,
}


def verify(request: Request, secrets: Secrets) -> None:
    """Any of the signatures; raises `BadSignature` or `DoorShut`."""
    keys = open_door(secrets, "PAGERDUTY_SECRET")
    given = prefixed(request.headers.get("x-pagerduty-signature", ""), "v1=")
    require_hex_signature(given, keys, request.body)


def parse(request: Request) -> Heard:
    """An event of an incident; what changes neither its trouble nor its end is left aside."""
    body = json_object(request.body)
    if isinstance(body.at("messages").value, list):
        raise BadPayload("messages: this is PagerDuty's old V1 or V2 webhook; make a V3 one")
    event = body.at("event")
    kind = event.text("event_type", length=100)
    if not kind:
        raise BadPayload("event.event_type: a text is expected; is this PagerDuty's V3 webhook?")
    if kind == "pagey.ping":
        return left_aside("a test ping: the door is open")
    signal = _SIGNALS.get(kind)
    if signal is None:
        return left_aside(f"{kind} neither opens nor closes a problem")
    return Heard((_event(event, signal, request),))


def _event(event: Reader, signal: Signal, request: Request) -> Event:
    incident = event.at("data")
    title = first(incident.text("title", length=256), "PagerDuty incident")
    priority = incident.name("priority", "summary")
    urgency = incident.name("urgency")
    return Event(
        source="pagerduty",
        event_id=first(event.text("id", length=200), request.id),
        service=first(incident.name("service", "summary"), "pagerduty"),
        severity=severity_of(priority, _by_urgency(urgency)),
        signal=signal,
        title=title,
        message=first(incident.text("body", "details"), incident.text("description"), title),
        occurred_at=not_after(event.moment("occurred_at"), request.received_at),
        fingerprint_hint=first(incident.text("id", length=200), title),
        user=event.name("agent", "summary") if signal is Signal.RESOLVED else "",
        links=links_of(("PagerDuty", incident.text("html_url"))),
        labels={
            name: value
            for name, value in {
                "incident": incident.name("number"),
                "priority": priority,
                "urgency": urgency,
                "assigned to": incident_assignees(incident),
            }.items()
            if value
        },
    )


def incident_assignees(incident: Reader) -> str:
    """The names of those it is assigned to, e.g. "Ada, Sam"."""
    return ", ".join(one.name("summary") for one in incident.items("assignees"))[:200]


def _by_urgency(urgency: str) -> Severity:
    return Severity.WARNING if urgency == "low" else Severity.ERROR
