"""Prepare: what is done to events before the transaction that stores them begins.

redact → stack frames → fingerprint → the text that is stored. Pure and most of the work, so
that the transaction itself is short.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Protocol, TypeVar

import orjson

from bot.alerting.fingerprint import fingerprint
from bot.analysis import stacktrace
from bot.errors import BadPayload
from bot.models import (
    DRILL_ENVIRONMENT,
    DRILL_SOURCE,
    SIMULATED_ENVIRONMENT,
    Event,
    ExceptionInfo,
    Frame,
)
from bot.store.alerts import Identity
from bot.store.codec import compress, to_json
from bot.store.events import EventKey

T = TypeVar("T")

LONGEST_NAME = 200  # characters of a service, environment, source or event id in an index
LONGEST_TITLE = 250
SIMULATED = "SIMULATED ·"  # leads the title of a rehearsal, whichever door it came through
LONGEST_MESSAGE = 2000  # of the alert; its events keep theirs whole
_NUL = b"\\u0000"  # as JSON spells it


class Redacts(Protocol):
    """What the road needs of `alerting.redaction.Redactor`."""

    def event(self, event: Event) -> Event:
        """The event without secrets."""
        ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that is ready to be stored. `body` is what `store.codec` makes of it."""

    event: Event
    key: EventKey
    body: bytes
    identity: Identity
    title: str
    message: str
    culprit: str


class Preparation:
    """Makes arrivals of events. Thread-safe if the redactor is.

    Args:
        roots: path prefixes of our own code (see `stacktrace.mark_in_app`).
    """

    def __init__(self, redactor: Redacts, *, roots: Sequence[str] = ()) -> None:
        self._redactor = redactor
        self._roots = tuple(roots)

    def __call__(self, events: Sequence[Event]) -> list[Arrival]:
        """Redact, find the frames, write the text, fingerprint.

        Each of these is done for all before the next begins, while what it needs is at hand.

        Raises:
            BadPayload: an event has no id, so that it could not be told from others.
        """
        if not all(event.event_id for event in events):
            raise BadPayload("event_id: must not be empty")
        redacted = [self._redactor.event(event) for event in events]
        told = [self._with_frames(event) for event in redacted]
        return [_arrival(event, body) for event, body in [_storable(event) for event in told]]

    def _with_frames(self, event: Event) -> Event:
        return replace(
            event,
            source=_short(event.source),
            event_id=_short(event.event_id),
            service=_short(event.service) or "unknown",
            environment=_environment(event),
            exceptions=stacktrace.mark_in_app(_exceptions(event), roots=self._roots),
        )


def _arrival(event: Event, body: bytes) -> Arrival:
    same = fingerprint(event)
    at = stacktrace.culprit(event.exceptions)
    return Arrival(
        event=event,
        key=EventKey(event.source, event.event_id),
        body=body,
        identity=Identity(_short(same.key), event.service, event.environment, same.version),
        title=_title(event),
        message=event.message[:LONGEST_MESSAGE],
        culprit="" if at is None else _place(at),
    )


def _environment(event: Event) -> str:
    """Its own, unless it would make what is real look like a drill, and so be overlooked."""
    name = _short(event.environment) or "production"
    looks_drilled = name[: len(DRILL_ENVIRONMENT)].lower() == DRILL_ENVIRONMENT
    return f"not a {name}" if looks_drilled and event.source != DRILL_SOURCE else name


def _exceptions(event: Event) -> tuple[ExceptionInfo, ...]:
    """The sender's, unless only a text tells where it happened: the trace, or the message."""
    if any(info.frames for info in event.exceptions):
        return event.exceptions
    found = stacktrace.parse(event.stack_trace) if event.stack_trace else ()
    if not found and not event.exceptions and "\n" in event.message:
        found = stacktrace.parse(event.message)
    return found or event.exceptions


def _title(event: Event) -> str:
    """The sender's title, else the exception that surfaced, else the message; one line."""
    text = event.title
    if not text and event.exceptions:
        surfaced = event.exceptions[-1]
        text = f"{surfaced.type}: {surfaced.message}" if surfaced.message else surfaced.type
    if event.environment == SIMULATED_ENVIRONMENT:
        text = f"{SIMULATED} {text or event.message}"
    return " ".join((text or event.message or "(no message)")[: 4 * LONGEST_TITLE].split())[
        :LONGEST_TITLE
    ]


def _place(frame: Frame) -> str:
    """A frame in words: "shop/pricing.py in apply_discount"."""
    where = frame.file or frame.module
    return f"{where} in {frame.function}" if frame.function else where


def _short(name: str) -> str:
    """A name that fits an index; a longer one keeps its beginning and stays distinct."""
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name[: LONGEST_NAME - 65]}~{digest}"


def _storable(event: Event) -> tuple[Event, bytes]:
    """The event and its body, without characters that no database keeps."""
    try:
        json = to_json(event)
    except orjson.JSONEncodeError:
        json = _NUL
    if _NUL in json:
        event = _scrubbed(event)
        json = to_json(event)
    return event, compress(json)


def _scrubbed(value: T) -> T:
    """The value with NUL and halves of surrogate pairs replaced, all the way down."""
    scrubbed: Any = value
    if isinstance(value, str) and type(value) is str:
        scrubbed = value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    elif is_dataclass(value) and not isinstance(value, type):
        scrubbed = replace(
            value, **{each.name: _scrubbed(getattr(value, each.name)) for each in fields(value)}
        )
    elif isinstance(value, tuple):
        scrubbed = tuple(_scrubbed(each) for each in value)
    elif hasattr(value, "items"):
        scrubbed = {_scrubbed(key): _scrubbed(each) for key, each in value.items()}
    return scrubbed  # type: ignore[no-any-return]
