"""Healthchecks.io's webhook integration: a check went down or came up again.

The body is the user's own template: `$JSON` (the whole check) or one of $NAME, $STATUS,
$CODE, $TAGS, $NOW. A name with a quote in it breaks such JSON, so what does not parse is
unreadable and becomes an alert of its own. Nothing is signed: a bearer token as header.
"""

from __future__ import annotations

from bot.errors import BadPayload
from bot.models import Event, Severity, Signal
from bot.sources.heard import Heard, left_aside
from bot.sources.reading import Reader, first, json_object, links_of, not_after
from bot.sources.request import Request, Secrets
from bot.sources.signatures import open_door, require_bearer

_SIGNALS = {"down": Signal.FIRING, "up": Signal.RESOLVED}
_ENVIRONMENTS = {"prod": "production", "stage": "staging", "dev": "development"}
_KNOWN_ENVIRONMENTS = frozenset({"production", "staging", "development", "test"})


def verify(request: Request, secrets: Secrets) -> None:
    """A bearer token; raises `BadSignature` or `DoorShut`."""
    keys = open_door(secrets, "HEALTHCHECKS_SECRET")
    require_bearer(request.headers.get("authorization", ""), keys)


def parse(request: Request) -> Heard:
    """A check that is down or up; grace, paused and new tell nothing."""
    check = json_object(request.body)
    name, status = check.name("name"), check.text("status", length=20).lower()
    if not name or not status:
        raise BadPayload("name and status: both are expected; use $JSON as the webhook's body")
    signal = _SIGNALS.get(status)
    if signal is None:
        return left_aside(f"a check that is {status} is neither down nor up")
    return Heard((_event(check, name, signal, request),))


def _event(check: Reader, name: str, signal: Signal, request: Request) -> Event:
    tags = check.text("tags", length=500).split()
    told = "has gone down" if signal is Signal.FIRING else "is up again"
    last = check.text("last_ping", length=64)
    exit_status = check.text("exitstatus", length=10)
    about = (f"{check.text('desc')}", f"Last ping: {last}" if last else "")
    moment = first(check.text("now", length=64), "")
    identity = first(check.text("uuid", length=64), check.text("code", length=64), name)
    return Event(
        source="healthchecks",
        event_id=f"{identity}:{moment}:{signal}" if moment else request.id,
        service=name,
        environment=_environment(tags),
        severity=Severity.ERROR,
        signal=signal,
        title=f"{name} {told}",
        message="\n".join(line for line in (f"{name} {told}.", *about) if line),
        occurred_at=not_after(Reader(moment).moment(), request.received_at),
        fingerprint_hint=identity,
        links=links_of(("Check", check.text("details_url"))),
        labels={
            label: value
            for label, value in {
                "tags": " ".join(tags)[:200],
                "schedule": check.name("schedule"),
                "exit status": "" if exit_status == "-1" else exit_status,
            }.items()
            if value
        },
    )


def _environment(tags: list[str]) -> str:
    named = (_ENVIRONMENTS.get(tag.lower(), tag.lower()) for tag in tags)
    return next((tag for tag in named if tag in _KNOWN_ENVIRONMENTS), "production")
