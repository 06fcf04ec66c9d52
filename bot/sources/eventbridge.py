"""Amazon EventBridge through an API destination: alarms, and any other event as it is.

The connection of the API destination sends its secret as `Authorization: Bearer …`. Alarms'
creations, updates and deletions tell of no trouble.
"""

from __future__ import annotations

from bot.errors import BadPayload
from bot.models import Event, Severity
from bot.sources.aws_alarm import is_alarm, read_alarm
from bot.sources.heard import Heard, left_aside
from bot.sources.reading import Reader, first, json_object, lines, not_after, severity_of
from bot.sources.request import Request, Secrets
from bot.sources.signatures import open_door, require_bearer

_FAILURES = ("fail", "error", "unhealthy", "stopped", "timed out", "denied", "alarm")


def verify(request: Request, secrets: Secrets) -> None:
    """A bearer token; raises `BadSignature` or `DoorShut`."""
    keys = open_door(secrets, "EVENTBRIDGE_SECRET")
    require_bearer(request.headers.get("authorization", ""), keys)


def parse(request: Request) -> Heard:
    """An alarm's change, or any event whose words tell of a failure."""
    body = json_object(request.body)
    kind = first(body.text("detail-type", length=256), "Alarm" if is_alarm(body) else "")
    if not kind:
        raise BadPayload("detail-type: a text is expected; is this an EventBridge event?")
    return read_event(body, kind, request, "eventbridge")


def read_event(body: Reader, kind: str, request: Request, source: str) -> Heard:
    """Read an event that arrived here or inside an SNS message."""
    event_id = first(body.text("id", length=200), request.id)
    if body.text("source") == "aws.cloudwatch" and "State Change" not in kind and kind != "Alarm":
        return left_aside(f"{kind} tells of no trouble")
    if is_alarm(body):
        return read_alarm(body, request, source, event_id)
    return _other(body, kind, event_id, request, source)


def _other(body: Reader, kind: str, event_id: str, request: Request, source: str) -> Heard:
    detail = body.at("detail")
    state = first(*(detail.text(name) for name in ("state", "status", "lastStatus", "severity")))
    told = lines(*(detail.text(name) for name in ("message", "description", "stoppedReason")))
    words = f"{kind} {state} {told}".lower()
    if not any(word in words for word in _FAILURES):
        return left_aside(f"{kind} ({state or 'no state'}) tells of no failure")
    origin = first(body.name("source"), "eventbridge")
    event = Event(
        source=source,
        event_id=event_id,
        service=origin.removeprefix("aws."),
        severity=severity_of(state, Severity.ERROR),
        title=f"{kind}: {state}"[:256] if state else kind,
        message=told or f"{kind} {state}".strip(),
        occurred_at=not_after(body.moment("time"), request.received_at),
        labels={
            **{key: value for key, value in detail.pairs().items() if len(value) < 200},
            "account": body.name("account"),
            "region": body.name("region"),
        },
    )
    return Heard((event,))
