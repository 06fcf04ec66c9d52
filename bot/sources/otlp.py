"""OTLP/HTTP logs as JSON (opentelemetry.io, OTLP specification): `POST /webhook/otlp`.

Records of severity ERROR (17) and above, and any that carries an exception, become events.
Ids are hex as OTLP's JSON demands; names are lowerCamelCase, and the snake_case of older
exporters is read too. The answer is an empty ExportLogsServiceResponse.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bot.errors import BadPayload
from bot.models import Event, ExceptionInfo, Severity
from bot.sources.digest import digest
from bot.sources.heard import Heard
from bot.sources.reading import Reader, first, json_object, not_after
from bot.sources.request import Request, Secrets
from bot.sources.signatures import open_door, require_bearer
from bot.sources.text import TRACE_LENGTH, middle_cut

_ERROR, _FATAL = 17, 21
_MAX_EVENTS = 500
_SCALARS = ("stringValue", "intValue", "doubleValue", "boolValue")
_SPOKEN_FOR = frozenset({"exception.type", "exception.message", "exception.stacktrace"})
Attributes = dict[str, str]


def verify(request: Request, secrets: Secrets) -> None:
    """A bearer token (`OTEL_EXPORTER_OTLP_HEADERS`); raises `BadSignature` or `DoorShut`."""
    keys = open_door(secrets, "OTLP_SECRET")
    require_bearer(request.headers.get("authorization", ""), keys)


def parse(request: Request) -> Heard:
    """The errors of an export; other records are heard and left aside."""
    if request.headers.get("content-type", "").startswith("application/x-protobuf"):
        raise BadPayload("protobuf is not read: set OTEL_EXPORTER_OTLP_PROTOCOL=http/json")
    body = json_object(request.body)
    resources = _either(body, "resourceLogs", "resource_logs")
    if not isinstance(resources.value, list):
        raise BadPayload("resourceLogs: a list is expected; are these OTLP logs?")
    events = []
    for resource, record in _records(resources):
        event = _event(resource, record, request)
        if event is not None:
            events.append(event)
        if len(events) == _MAX_EVENTS:
            break
    note = "" if events else "no record is an error"
    return Heard(tuple(events), note=note, answer=b'{"partialSuccess":{}}')


def _records(resources: Reader) -> Iterator[tuple[Attributes, Reader]]:
    for resource in resources.items():
        attributes = _attributes(resource.at("resource"))
        for scope in _either(resource, "scopeLogs", "scope_logs").items():
            for record in _either(scope, "logRecords", "log_records").items():
                yield attributes, record


def _event(resource: Attributes, record: Reader, request: Request) -> Event | None:
    number = _either(record, "severityNumber", "severity_number").number() or 0
    attributes = _attributes(record)
    kind = attributes.get("exception.type", "")
    trace = attributes.get("exception.stacktrace", "")
    if number < _ERROR and not kind and not trace:
        return None
    body = _value(record.at("body").value)
    told = attributes.get("exception.message", "")
    message = first(body, told, kind)
    if not message:
        return None
    moment = first(
        _either(record, "timeUnixNano", "time_unix_nano").text(length=30),
        _either(record, "observedTimeUnixNano", "observed_time_unix_nano").text(length=30),
    )
    trace_id = _either(record, "traceId", "trace_id").text(length=64).lower()
    span_id = _either(record, "spanId", "span_id").text(length=64).lower()
    service = first(resource.get("service.name", ""), "unknown")[:100]
    return Event(
        source="otlp",
        # A batch that is sent again holds the same record at the same nanosecond.
        event_id=digest([service, moment, trace_id, span_id, message]) if moment else request.id,
        service=service,
        environment=first(
            resource.get("deployment.environment.name", ""),
            resource.get("deployment.environment", ""),
            "production",
        )[:100],
        severity=Severity.CRITICAL if number >= _FATAL else Severity.ERROR,
        message=message,
        occurred_at=not_after(_moment(moment), request.received_at),
        exceptions=(ExceptionInfo(kind, told),) if kind else (),
        stack_trace=middle_cut(trace, TRACE_LENGTH),
        commit=resource.get("vcs.ref.head.revision", "")[:64],
        trace_id=trace_id,
        labels={
            key: value[:1_000]
            for key, value in {**resource, **attributes}.items()
            if key not in _SPOKEN_FOR
        },
    )


def _either(reader: Reader, camel: str, snake: str) -> Reader:
    found = reader.at(camel)
    return found if found.value is not None else reader.at(snake)


def _attributes(holder: Reader) -> Attributes:
    pairs = (
        (one.text("key", length=100), one.at("value").value) for one in holder.items("attributes")
    )
    return {key: _value(value) for key, value in list(pairs)[:50] if key}


def _value(value: Any) -> str:
    """An AnyValue as text; arrays and maps in short."""
    if not isinstance(value, dict):
        return Reader(value).text()
    for name in _SCALARS:
        snake = name.removesuffix("Value") + "_value"
        for spelt in (name, snake):
            if spelt in value:
                return Reader(value[spelt]).text(length=TRACE_LENGTH)
    held = value.get("arrayValue") or value.get("kvlistValue")
    return Reader(str(held)).text(length=1_000) if held else ""


def _moment(nanoseconds: str) -> datetime | None:
    if not (nanoseconds.isascii() and nanoseconds.isdigit() and nanoseconds.strip("0")):
        return None
    try:
        return datetime.fromtimestamp(int(nanoseconds) // 1_000 / 1_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
