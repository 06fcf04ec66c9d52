"""Datadog's webhooks integration, with its default template or ours.

The default template says little and everything as strings: the state stands in the title
("[Triggered on {host:web-1}] …") and the text between `%%%` fences. docs/sources.md has the
template to paste instead. Datadog signs nothing: a bearer token as custom header.
"""

from __future__ import annotations

import re

from bot.errors import BadPayload
from bot.models import Event, Severity, Signal
from bot.sources.heard import Heard, left_aside
from bot.sources.reading import Reader, first, json_object, links_of, not_after, severity_of
from bot.sources.request import Request, Secrets
from bot.sources.signatures import open_door, require_bearer

_STATE = re.compile(r"^\s*\[([A-Za-z -]+?)(?: on [^\]]*)?\]\s*")
_PRIORITY = re.compile(r"^\s*\[(P[1-5])\]\s*")
_MONITOR = re.compile(r"https://[\w.-]+/monitors[#/](\d+)[^\s)\]]*")
_STATES = {
    "triggered": (Signal.FIRING, Severity.ERROR),
    "re-triggered": (Signal.FIRING, Severity.ERROR),
    "renotify": (Signal.FIRING, Severity.ERROR),
    "warn": (Signal.FIRING, Severity.WARNING),
    "re-warn": (Signal.FIRING, Severity.WARNING),
    "no data": (Signal.FIRING, Severity.WARNING),
    "re-no data": (Signal.FIRING, Severity.WARNING),
    "recovered": (Signal.RESOLVED, Severity.INFO),
    "warn recovered": (Signal.RESOLVED, Severity.INFO),
}
_ALERT_TYPES = {"error": "triggered", "warning": "warn", "success": "recovered"}


def verify(request: Request, secrets: Secrets) -> None:
    """A bearer token; raises `BadSignature` or `DoorShut`."""
    keys = open_door(secrets, "DATADOG_SECRET")
    require_bearer(request.headers.get("authorization", ""), keys)


def parse(request: Request) -> Heard:
    """One monitor's change of state; events that are none (info) are left aside."""
    body = json_object(request.body)
    heading = first(body.text("title", length=512), body.text("event_title", length=512))
    if not heading:
        raise BadPayload("title: a text is expected; is this Datadog's webhook template?")
    marker = _STATE.match(heading)
    state = first(
        body.text("alert_transition").lower(),
        marker[1].lower() if marker else "",
        _ALERT_TYPES.get(body.text("alert_type").lower(), ""),
    )
    if state not in _STATES:
        return left_aside(f"an event in state {state or 'unknown'} is no alert")
    signal, severity = _STATES[state]
    return Heard((_event(body, heading, signal, severity, request),))


def _event(
    body: Reader, heading: str, signal: Signal, severity: Severity, request: Request
) -> Event:
    text = first(body.text("body"), body.text("event_msg")).replace("%%%", "").strip()
    title = _STATE.sub("", heading)
    priority = _PRIORITY.match(title)
    title = _PRIORITY.sub("", title)[:256] or "Datadog monitor"
    monitor = _MONITOR.search(text)
    tags = _tags(body.text("tags"))
    moment = first(body.text("last_updated"), body.text("date"))
    return Event(
        source="datadog",
        event_id=first(body.text("id", length=200), request.id),
        service=first(tags.get("service", ""), body.name("hostname"), "datadog"),
        environment=first(tags.get("env", ""), "production"),
        severity=severity_of(
            first(body.text("priority"), priority[1] if priority else ""), severity
        ),
        signal=signal,
        title=title,
        message=text or title,
        occurred_at=not_after(Reader(moment).moment(), request.received_at),
        fingerprint_hint=first(
            body.text("aggregation_key", length=200),
            body.text("alert_id", length=200),
            monitor[1] if monitor else "",
            title,
        ),
        links=links_of(
            ("Datadog", first(body.text("link"), monitor[0] if monitor else "")),
            ("Snapshot", body.text("snapshot")),
        ),
        labels=tags,
    )


def _tags(text: str) -> dict[str, str]:
    """Read "env:prod, service:shop, urgent"; tags without a value are left out."""
    pairs = (tag.strip().partition(":") for tag in text.split(","))
    return {name[:100]: value[:1_000] for name, _, value in pairs if name and value}
