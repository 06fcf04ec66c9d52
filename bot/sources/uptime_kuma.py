"""Uptime Kuma's webhook notification: a monitor is down (0), up (1), pending (2) or maintained (3).

Its presets send JSON, or a form whose field `data` holds the JSON. Its Test button sends
neither heartbeat nor monitor. Nothing is signed: a bearer token as additional header.
"""

from __future__ import annotations

from bot.errors import BadPayload
from bot.models import Event, Severity, Signal
from bot.sources.forms import json_of_form
from bot.sources.heard import Heard, left_aside
from bot.sources.reading import Reader, first, json_object, lines, links_of, not_after
from bot.sources.request import Request, Secrets
from bot.sources.signatures import open_door, require_bearer

_SIGNALS = {0: Signal.FIRING, 1: Signal.RESOLVED}


def verify(request: Request, secrets: Secrets) -> None:
    """A bearer token; raises `BadSignature` or `DoorShut`."""
    keys = open_door(secrets, "UPTIME_KUMA_SECRET")
    require_bearer(request.headers.get("authorization", ""), keys)


def parse(request: Request) -> Heard:
    """A monitor that went down or came up; pending and maintenance tell nothing."""
    body = json_object(json_of_form(request, "data"))
    if "heartbeat" not in body.value or "monitor" not in body.value:
        raise BadPayload("heartbeat and monitor: both are expected; is this Uptime Kuma's webhook?")
    if not body.at("heartbeat") or not body.at("monitor"):
        return left_aside("a test: the door is open")
    status = body.at("heartbeat", "status").value
    signal = _SIGNALS.get(status) if isinstance(status, int) else None
    if signal is None:
        return left_aside("a pending or maintained monitor is neither down nor up")
    return Heard((_event(body, signal, request),))


def _event(body: Reader, signal: Signal, request: Request) -> Event:
    heartbeat, monitor = body.at("heartbeat"), body.at("monitor")
    name = first(monitor.name("name"), "monitor")
    told = "is down" if signal is Signal.FIRING else "is up again"
    tags = {tag.name("name"): tag.name("value") for tag in monitor.items("tags")}
    moment = heartbeat.text("time", length=64)
    identity = first(monitor.text("id", length=40), name)
    return Event(
        source="uptime_kuma",
        event_id=f"{identity}:{moment}:{signal}" if moment else request.id,
        service=first(tags.get("service", ""), name),
        environment=first(tags.get("environment", ""), tags.get("env", ""), "production"),
        severity=Severity.CRITICAL if signal is Signal.FIRING else Severity.INFO,
        signal=signal,
        title=f"{name} {told}",
        message=lines(f"{name} {told}.", heartbeat.text("msg")),
        # `time` is UTC without saying so; `localDateTime` is the other one.
        occurred_at=not_after(Reader(moment).moment(), request.received_at),
        fingerprint_hint=identity,
        links=links_of(("Monitored", monitor.text("url"))),
        labels={
            key: value for key, value in {"type": monitor.name("type"), **tags}.items() if value
        },
    )
