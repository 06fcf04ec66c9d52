"""Our own documented JSON, for anything that can make an HTTP request.

A body is one event, a list of events, or `{"events": [...]}`; the content type does not
matter. All or nothing: one wrong event refuses the whole delivery, and the reason names the
field, e.g. `events[3].labels.region`. Unknown fields are refused, because a misspelt
`environment` would quietly raise its alert in production; what is the sender's own belongs
in `labels`. Identifiers over their length are refused, longer free texts are cut, so that
no error is lost for being long. Of a key that occurs twice the last one counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from bot.errors import BadPayload
from bot.models import (
    NO_LABELS,
    Event,
    ExceptionInfo,
    Link,
    RequestInfo,
    Severity,
    Signal,
)
from bot.sources.digest import scoped_id
from bot.sources.heard import Heard
from bot.sources.request import Request, Secrets
from bot.sources.signatures import require_bearer_or_signature
from bot.sources.text import (
    MESSAGE_LENGTH,
    TRACE_LENGTH,
    clean,
    last_lines,
    middle_cut,
    shortened,
)

SETTING = "WEBHOOK_SECRET"
MAX_EVENTS = 500
_LABEL_LENGTH = 1_000
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_SHOWN_MISTAKES = 5
_WRAPPED = re.compile(rb'\s*\{\s*"events"\s*:')

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Identifier = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2_048)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class GenericRequest(_Strict):
    """The HTTP request in which the error happened."""

    method: Annotated[str, StringConstraints(max_length=20)] = ""
    url: Annotated[str, StringConstraints(max_length=2_048)] = ""
    request_id: Identifier = ""


class GenericLink(_Strict):
    """A link shown on the card."""

    title: Name
    url: Url


class GenericEvent(_Strict):
    """One error, told by the program that had it."""

    service: Annotated[Name, Field(description="What failed, e.g. checkout.")]
    message: Annotated[
        str, Field(min_length=1, description="What happened, in words; cut at 8,192 characters.")
    ]
    environment: Annotated[Name, Field(description="Where it runs.")] = "production"
    severity: Literal["info", "warning", "error", "critical"] = "error"
    state: Annotated[
        Literal["firing", "resolved"], Field(description="`resolved` closes the alert.")
    ] = "firing"
    title: Annotated[str, Field(description="Overrides the card's title.")] = ""
    exception_type: Annotated[Identifier, Field(description="E.g. KeyError.")] = ""
    stack_trace: Annotated[
        str, Field(description="As the language prints it; cut in the middle at 65,536 characters.")
    ] = ""
    event_id: Annotated[
        Identifier,
        Field(
            description="Yours, unique within the service and its environment; the same id again "
            "counts once. Set it if you retry."
        ),
    ] = ""
    fingerprint: Annotated[
        Identifier, Field(description="Your own grouping key; wins over the computed one.")
    ] = ""
    timestamp: Annotated[
        AwareDatetime | None,
        Field(strict=False, description="RFC 3339 with an offset, or Unix seconds."),
    ] = None
    commit: Annotated[Identifier, Field(description="The deployed commit.")] = ""
    request: GenericRequest | None = None
    user: Annotated[Identifier, Field(description="Who was affected.")] = ""
    trace_id: Identifier = ""
    log_lines: Annotated[
        list[str],
        Field(
            default_factory=list,
            max_length=1_000,
            description="Around the error; the last 100 are kept.",
        ),
    ]
    links: Annotated[list[GenericLink], Field(default_factory=list, max_length=20)]
    labels: Annotated[
        dict[Name, str | int | float | bool],
        Field(
            default_factory=dict,
            max_length=50,
            description="Anything else worth showing or filtering by.",
        ),
    ]


class GenericEvents(_Strict):
    """Several events in one delivery."""

    events: Annotated[list[GenericEvent], Field(min_length=1, max_length=MAX_EVENTS)]


_ONE: TypeAdapter[GenericEvent] = TypeAdapter(GenericEvent)
_LIST: TypeAdapter[list[GenericEvent]] = TypeAdapter(
    Annotated[list[GenericEvent], Field(min_length=1, max_length=MAX_EVENTS)]
)
_WRAPPER: TypeAdapter[GenericEvents] = TypeAdapter(GenericEvents)
#: Everything the door accepts; docs/schemas/generic-event.json is made from it.
DELIVERY: TypeAdapter[GenericEvent | list[GenericEvent] | GenericEvents] = TypeAdapter(
    GenericEvent
    | Annotated[list[GenericEvent], Field(min_length=1, max_length=MAX_EVENTS)]
    | GenericEvents
)


def verify(request: Request, secrets: Secrets) -> None:
    """Bearer token or signature; raises `BadSignature` or `DoorShut`."""
    require_bearer_or_signature(request, secrets, setting=SETTING)


def parse(request: Request) -> Heard:
    """Read the events of a delivery; raises `BadPayload` naming every wrong field."""
    body = request.body
    try:
        if _WRAPPED.match(body):
            given = _WRAPPER.validate_json(body).events
        elif body.lstrip()[:1] == b"[":
            given = _LIST.validate_json(body)
        else:
            given = [_ONE.validate_json(body)]
    except ValidationError as error:
        raise BadPayload(_reason(error)) from None
    return Heard(tuple(_event(one, request, number) for number, one in enumerate(given)))


def _event(given: GenericEvent, request: Request, number: int) -> Event:
    message = shortened(given.message, MESSAGE_LENGTH)
    exceptions: tuple[ExceptionInfo, ...] = ()
    if given.exception_type:
        exceptions = (ExceptionInfo(clean(given.exception_type), message),)
    service, environment = clean(given.service), clean(given.environment)
    own_id = clean(given.event_id) or f"{request.id}:{number}"
    return Event(
        source="generic",
        event_id=scoped_id(own_id, service, environment),
        service=service,
        message=message,
        occurred_at=_moment(given.timestamp, request.received_at),
        environment=environment,
        severity=Severity(given.severity),
        signal=Signal(given.state),
        title=shortened(given.title, 256),
        exceptions=exceptions,
        stack_trace=middle_cut(given.stack_trace, TRACE_LENGTH),
        fingerprint_hint=clean(given.fingerprint),
        commit=clean(given.commit),
        request=_request(given.request),
        user=clean(given.user),
        trace_id=clean(given.trace_id),
        log_lines=last_lines(given.log_lines),
        links=tuple(Link(clean(link.title), clean(link.url)) for link in given.links),
        labels=_labels(given.labels),
    )


def _request(given: GenericRequest | None) -> RequestInfo | None:
    if given is None:
        return None
    return RequestInfo(clean(given.method), clean(given.url), clean(given.request_id))


def _labels(given: Mapping[str, str | int | float | bool]) -> Mapping[str, str]:
    if not given:
        return NO_LABELS
    return {clean(name): shortened(_label(value), _LABEL_LENGTH) for name, value in given.items()}


def _label(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _moment(given: datetime | None, received_at: datetime) -> datetime:
    """UTC, and not later than now: a sender's clock may run ahead."""
    if given is None:
        return received_at
    if given < _EARLIEST:
        raise BadPayload("timestamp: lies before the year 2000; is it Unix seconds?")
    return received_at if given > received_at else given.astimezone(UTC)


def _reason(error: ValidationError) -> str:
    """Every mistake with its path, without repeating what was sent (it may hold secrets)."""
    mistakes = error.errors(include_url=False, include_context=False, include_input=False)
    told = [_mistake(one["loc"], one["type"], one["msg"]) for one in mistakes[:_SHOWN_MISTAKES]]
    if len(mistakes) > _SHOWN_MISTAKES:
        told.append(f"and {len(mistakes) - _SHOWN_MISTAKES} more mistakes")
    return "; ".join(told)


def _mistake(location: tuple[int | str, ...], kind: str, message: str) -> str:
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{clean(step)[:100]}"
    path = path.removeprefix(".")
    if kind == "extra_forbidden":
        message = "unknown field; put what is your own into labels"
    return f"{path}: {message}" if path else message
