"""Sentry SDK ingestion: `/api/<project>/envelope/` and the older `/api/<project>/store/`.

An application with any Sentry SDK and our DSN (`https://<key>@<our host>/<project>`) reports
here with no Sentry account. The key is public by design (it lies in web pages), so it only
says which project may be told of; keys are made and revoked by a command.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from bot.errors import BadPayload, BadSignature, DoorShut
from bot.models import Event
from bot.sources.heard import Heard
from bot.sources.reading import Reader, json_object
from bot.sources.request import Request, Secrets
from bot.sources.sentry.envelope import read_envelope
from bot.sources.sentry.event import Told, read_event

_AUTH_PAIR = re.compile(r"\bsentry_key=([^,\s]{1,100})")
_DSN = re.compile(r"https?://([^:@/]{1,100})(?::[^@/]*)?@")
_PATH = re.compile(r"/api/(\d{1,19})/(envelope|store)/?$")
_ERRORS = frozenset({"event", "error", "feedback"})
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class SdkProject:
    """The application a DSN key belongs to; its name is the service of its events."""

    id: int
    service: str


@dataclass(frozen=True, slots=True)
class SdkDoor:
    """Verifies and parses what SDKs send.

    Attributes:
        project_of: the project of a public key, None if it was never made or is revoked;
            called from any thread and must be quick (a cache over the store).
    """

    project_of: Callable[[str], SdkProject | None]

    def verify(self, request: Request, secrets: Secrets) -> None:  # noqa: ARG002 - keys, not secrets
        """The key must belong to the project in the path."""
        self._project(request)

    def parse(self, request: Request) -> Heard:
        """The events of an envelope or of one store request; the SDK is answered their id."""
        project = self._project(request)
        if _endpoint(request)[1] == "store":
            return _heard([json_object(request.body)], [], project, request)
        envelope = read_envelope(request.body)
        errors = [item for item in envelope.items if item.kind in _ERRORS]
        others = [item.kind for item in envelope.items if item.kind not in _ERRORS]
        event_id = envelope.header.text("event_id", length=64)
        return _heard([_item(item.payload) for item in errors], others, project, request, event_id)

    def _project(self, request: Request) -> SdkProject:
        project_id, _ = _endpoint(request)
        key = public_key(request)
        if not key:
            raise BadSignature("the DSN's public key is missing (X-Sentry-Auth or sentry_key)")
        project = self.project_of(key)
        if project is None:
            raise DoorShut("this DSN key is unknown or revoked; make one with /dsn create")
        if project.id != project_id:
            raise BadSignature("the DSN key belongs to another project")
        return project


def public_key(request: Request) -> str:
    """The DSN's key from the header, the query, or the envelope's own header (tunnels)."""
    header = request.headers.get("x-sentry-auth", "") or request.headers.get("authorization", "")
    if match := _AUTH_PAIR.search(header):
        return match[1]
    if key := request.query.get("sentry_key", ""):
        return key[:100]
    line = request.body.partition(b"\n")[0]
    if b'"dsn"' in line and len(line) < 10_000:
        try:
            match = _DSN.match(Reader(orjson.loads(line)).text("dsn", length=500))
        except orjson.JSONDecodeError:
            return ""
        return match[1] if match else ""
    return ""


def _endpoint(request: Request) -> tuple[int, str]:
    match = _PATH.search(request.path)
    if match is None:
        raise BadPayload("the path must be /api/<project>/envelope/ or /api/<project>/store/")
    return int(match[1]), match[2]


def _item(payload: bytes) -> Reader:
    try:
        return Reader(orjson.loads(payload))
    except orjson.JSONDecodeError:
        raise BadPayload("an event in the envelope is not valid JSON") from None


def _heard(
    payloads: list[Reader],
    others: list[str],
    project: SdkProject,
    request: Request,
    envelope_id: str = "",
) -> Heard:
    events = tuple(_event(payload, project, request, envelope_id) for payload in payloads)
    own_id = events[0].event_id.rpartition(":")[2] if events else ""  # without our project
    answered = envelope_id or own_id or request.id
    note = (
        "" if events else "left aside: " + (", ".join(sorted(set(others))) or "an empty envelope")
    )
    return Heard(events, note=note, answer=orjson.dumps({"id": answered}))


def _event(payload: Reader, project: SdkProject, request: Request, envelope_id: str) -> Event:
    own_id = payload.text("event_id", length=64) or envelope_id
    is_id = len(own_id) >= 32 and set(own_id.replace("-", "").lower()) <= _HEX
    told = Told(
        source="sentry_sdk",
        service=project.service,
        # Two projects may, by a broken SDK, send one id; they are not one event.
        event_id=f"{project.id}:{own_id.replace('-', '').lower()}" if is_id else "",
    )
    return read_event(payload, told, request)
