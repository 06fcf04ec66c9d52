"""CloudWatch Logs subscription data, as AWS makes it and as our Lambda forwarder sends it.

A body is AWS's own Lambda event `{"awslogs": {"data": "<base64 of gzip of JSON>"}}`, or that
JSON itself (`{"messageType": "DATA_MESSAGE", "logEvents": [...]}`). The forwarder adds what
it knows beside it, all of it optional: `service`, `environment`, `commit`, `region`, `labels`.
Fields we do not know are AWS's affair and left alone.

Only error lines and traces become events; the other lines are what a card shows around them.
The event id is CloudWatch's id of the first line, so a poll that reads the same line, or a
Lambda retry, counts once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson

from bot.analysis.logs.query import LogLine
from bot.analysis.logs.reading import Reading, read
from bot.analysis.logs.records import Record, records
from bot.errors import BadPayload
from bot.models import SIMULATED_ENVIRONMENT, Event, ExceptionInfo, Link, RequestInfo
from bot.sources.compression import gunzip
from bot.sources.heard import Heard, left_aside
from bot.sources.request import Request, Secrets
from bot.sources.signatures import require_bearer_or_signature
from bot.sources.text import LINE_LENGTH, MESSAGE_LENGTH, TRACE_LENGTH, middle_cut, shortened

SETTING = "WEBHOOK_SECRET"
MAX_INFLATED_BYTES = 16 * 1024 * 1024
MAX_LOG_EVENTS = 10_000  # AWS's own limit of a batch
_LINES_BEFORE = 30
_LINES_AFTER = 10
_NAME_LENGTH = 100
_FAR_FUTURE_MS = 4_102_444_800_000  # the year 2100
#: Log groups that AWS names itself: what stands between these and the next slash is the service.
_SERVICE_AFTER = re.compile(
    r"/aws/(?:lambda/(?:us-east-1\.)?|rds/(?:instance|cluster)/|codebuild/|elasticbeanstalk/|eks/"
    r"|apigateway/|ecs/containerinsights/|sagemaker/(?:Endpoints|TrainingJobs)/|states/)([^/]+)"
)


@dataclass(frozen=True, slots=True)
class Batch:
    """One subscription batch and what the forwarder said beside it."""

    log_group: str
    log_stream: str
    account: str
    lines: tuple[LogLine, ...]
    service: str = ""
    environment: str = ""
    commit: str = ""
    region: str = ""
    labels: Mapping[str, str] | None = None


def verify(request: Request, secrets: Secrets) -> None:
    """Bearer token or signature; raises `BadSignature` or `DoorShut`."""
    require_bearer_or_signature(request, secrets, setting=SETTING)


def parse(request: Request) -> Heard:
    """The errors of a batch, in order; none for AWS's CONTROL_MESSAGE probes.

    Raises:
        BadPayload: what came is not a subscription batch; the reason names the field.
        TooLarge: more than 16 MiB decompressed.
    """
    envelope = _object(request.body, "the body")
    data = _subscription_data(envelope)
    if data.get("messageType") == "CONTROL_MESSAGE":
        return left_aside("a CONTROL_MESSAGE, AWS's probe")
    if data.get("messageType") != "DATA_MESSAGE":
        raise BadPayload("messageType: must be DATA_MESSAGE or CONTROL_MESSAGE")
    errors = tuple(events(_batch(envelope, data), request.received_at))
    return Heard(errors) if errors else left_aside("no error in these log events")


def events(batch: Batch, received_at: datetime) -> list[Event]:
    """The error records of one batch as events."""
    found = records(batch.lines)
    readings = [read(record) for record in found]
    return [
        _event(batch, found, number, reading, received_at)
        for number, reading in enumerate(readings)
        if reading.is_error
    ]


def service_of(log_group: str) -> str:
    """The service a log group belongs to: /aws/lambda/checkout -> checkout."""
    found = _SERVICE_AFTER.match(log_group)
    name = found[1] if found else log_group.rstrip("/").rpartition("/")[2]
    return name[:_NAME_LENGTH] or "unknown"


def _subscription_data(envelope: Mapping[str, Any]) -> Mapping[str, Any]:
    if "messageType" in envelope:
        return envelope
    wrapped = envelope.get("awslogs")
    if not isinstance(wrapped, dict):
        raise BadPayload("awslogs: missing; send the event that the Lambda function was given")
    data = wrapped.get("data")
    if not isinstance(data, str):
        raise BadPayload("awslogs.data: must be a base64 string")
    try:
        packed = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise BadPayload("awslogs.data: is not base64") from None
    return _object(gunzip(packed, limit=MAX_INFLATED_BYTES, what="awslogs.data"), "awslogs.data")


def _object(data: bytes, what: str) -> dict[str, Any]:
    try:
        given = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadPayload(f"{what} is not JSON: {error.msg}") from None
    if not isinstance(given, dict):
        raise BadPayload(f"{what}: must be a JSON object")
    return given


def _batch(envelope: Mapping[str, Any], data: Mapping[str, Any]) -> Batch:
    log_group = _text(data, "logGroup", "")
    log_stream = _text(data, "logStream", "")
    given = data.get("logEvents")
    if not isinstance(given, list):
        raise BadPayload("logEvents: must be a list")
    if len(given) > MAX_LOG_EVENTS:
        raise BadPayload(f"logEvents: more than {MAX_LOG_EVENTS}")
    where = f"{log_group}\n{log_stream}"
    return Batch(
        log_group=log_group,
        log_stream=log_stream,
        account=_text(data, "owner", ""),
        lines=tuple(_line(one, number, where) for number, one in enumerate(given)),
        service=_text(envelope, "service", ""),
        environment=_text(envelope, "environment", ""),
        commit=_text(envelope, "commit", ""),
        region=_text(envelope, "region", ""),
        labels=_labels(envelope.get("labels")),
    )


def _line(given: object, number: int, where: str) -> LogLine:
    path = f"logEvents[{number}]"
    if not isinstance(given, dict):
        raise BadPayload(f"{path}: must be an object")
    at, message, line_id = given.get("timestamp"), given.get("message"), given.get("id", "")
    if type(at) is not int or not 0 <= at < _FAR_FUTURE_MS:
        raise BadPayload(f"{path}.timestamp: must be milliseconds since 1970")
    if not isinstance(message, str):
        raise BadPayload(f"{path}.message: must be a string")
    if not isinstance(line_id, str) or len(line_id) > 200:
        raise BadPayload(f"{path}.id: must be a string of at most 200 characters")
    line_id = line_id or _made_id(where, number, at, message)
    return LogLine(at, middle_cut(message, TRACE_LENGTH), id=line_id)


def _made_id(where: str, number: int, at: int, message: str) -> str:
    """An id for a line that came without one: the same at every delivery of its batch."""
    return hashlib.sha256(f"{where}\n{number}\n{at}\n{message}".encode()).hexdigest()[:40]


def _text(given: Mapping[str, Any], name: str, default: str) -> str:
    value = given.get(name, default)
    if value is None:
        return default
    if not isinstance(value, str):
        raise BadPayload(f"{name}: must be a string")
    return shortened(value.strip(), 512)


def _labels(given: object) -> Mapping[str, str]:
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > 50:
        raise BadPayload("labels: must be an object of at most 50 strings")
    if not all(isinstance(value, str) for value in given.values()):
        raise BadPayload("labels: every value must be a string")
    return {shortened(name, 100): shortened(value, 1_000) for name, value in given.items()}


def _event(
    batch: Batch,
    found: Sequence[Record],
    number: int,
    reading: Reading,
    received_at: datetime,
) -> Event:
    record, fields = found[number], reading.fields
    message = shortened(reading.message, MESSAGE_LENGTH)
    request_id = fields.get("request_id") or record.request_id
    occurred_at = datetime.fromtimestamp(record.at / 1000, UTC)
    exceptions: tuple[ExceptionInfo, ...] = ()
    if reading.exception_type and not reading.trace:  # else the trace tells it, with frames
        exceptions = (ExceptionInfo(shortened(reading.exception_type, 200), message),)
    assert reading.severity is not None, "is_error holds only with a severity"
    return Event(
        source="cloudwatch",
        event_id=record.id,
        service=_name(batch.service or fields.get("service", "")) or service_of(batch.log_group),
        message=message,
        occurred_at=min(occurred_at, received_at),
        environment=_environment(batch, fields),
        severity=reading.severity,
        exceptions=exceptions,
        stack_trace=middle_cut(reading.trace, TRACE_LENGTH),
        commit=_name(fields.get("commit", "") or batch.commit),
        request=_request(fields, request_id),
        user=_name(fields.get("user", "")),
        trace_id=_name(fields.get("trace_id", "")),
        log_lines=_around(found, number, request_id),
        links=_links(batch, record.at),
        labels=_event_labels(batch, fields),
    )


def _environment(batch: Batch, fields: Mapping[str, str]) -> str:
    """The forwarder knows where it runs; a line of a rehearsal knows that it is none of that."""
    told = fields.get("environment", "")
    wins = told == SIMULATED_ENVIRONMENT
    return _name(told if wins else batch.environment or told) or "production"


def _name(text: str) -> str:
    return shortened(text.strip(), _NAME_LENGTH)


def _request(fields: Mapping[str, str], request_id: str) -> RequestInfo | None:
    method, url = fields.get("method", ""), fields.get("url", "")
    if not (method or url or request_id):
        return None
    return RequestInfo(shortened(method, 20), shortened(url, 2_048), _name(request_id))


def _around(found: Sequence[Record], number: int, request_id: str) -> tuple[str, ...]:
    """What was logged shortly before and after, by the same request as far as one can tell."""
    before = found[max(0, number - _LINES_BEFORE) : number]
    after = found[number + 1 : number + 1 + _LINES_AFTER]
    return tuple(
        shortened(record.lines[0], LINE_LENGTH)
        for record in (*before, found[number], *after)
        if not request_id or record.request_id in ("", request_id)
    )


def _links(batch: Batch, at: int) -> tuple[Link, ...]:
    """The log stream in AWS's console, if the forwarder told the region."""
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", batch.region):
        return ()
    group, stream = _console_name(batch.log_group), _console_name(batch.log_stream)
    url = (
        f"https://{batch.region}.console.aws.amazon.com/cloudwatch/home?region={batch.region}"
        f"#logsV2:log-groups/log-group/{group}/log-events/{stream}$3Fstart$3D{at - 60_000}"
    )
    return (Link("CloudWatch", url),)


def _console_name(name: str) -> str:
    """The console's own way to write a name into its fragment: quoted twice, % as $."""
    return quote(quote(name, safe=""), safe="").replace("%", "$")


def _event_labels(batch: Batch, fields: Mapping[str, str]) -> Mapping[str, str]:
    known = {
        "log_group": batch.log_group,
        "log_stream": batch.log_stream,
        "aws_account": batch.account,
        "region": batch.region,
        "logger": shortened(fields.get("logger", ""), 200),
    }
    return {**{name: value for name, value in known.items() if value}, **(batch.labels or {})}
