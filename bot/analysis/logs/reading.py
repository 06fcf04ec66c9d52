"""What one log record says: how bad it is, its message, its trace, its fields.

Reads plain lines as the usual loggers write them (Python, Java, Node, Go, Lambda's own) and
JSON lines (Powertools, structlog, python-json-logger, pino, winston, logstash, ECS).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from bot.analysis.logs.levels import LEVEL_KEYS, is_error_without_level, named_level, text_level
from bot.analysis.logs.records import Record
from bot.analysis.stacktrace import parse
from bot.models import Severity

_TRACE = re.compile(
    r"^[\s+|]*(?:Exception Group )?Traceback \(most recent call last\):"
    r"|^\s+at [^\n]{1,300}[(:]|^\s+at \S+$|^Caused by: |^goroutine \d+ \["
    r"|thread '[^'\n]*' panicked at"
    r"|^\s*from [^\n]{1,300}:\d+:in |\.rb:\d+:in |^#\d+ [^\n]{1,300}\(\d+\)",
    re.MULTILINE,
)
_TRACEBACK = re.compile(
    r"^[ \t+|]*(?:Exception Group )?Traceback \(most recent call last\):", re.MULTILINE
)
_BRACKETED = re.compile(r"\s*(?:\[[^\]\n]{0,80}\]|[-–:|]+)(?=\s|$)")
_REQUEST_ID = re.compile(
    r"\s*(?:RequestId: )?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
)
_THREAD = re.compile(r'Exception in thread "[^"\n]{0,200}" ')

_JSON_FIELDS: Mapping[str, tuple[str, ...]] = {
    "level": LEVEL_KEYS,
    "message": ("message", "msg", "errorMessage", "error.message", "err.message", "event", "error"),
    "type": ("exception_name", "errorType", "error.type", "err.type", "exc_type", "exception.type"),
    "trace": (
        "exc_info", "exception", "stack_trace", "stackTrace", "stacktrace", "traceback", "stack",
        "error.stack_trace", "error.stack", "err.stack", "exception.stacktrace",
    ),
    "service": ("service", "service.name", "service_name", "app"),
    "environment": ("environment", "env", "service.environment", "deployment.environment"),
    "commit": ("commit", "git.commit", "git_commit", "git_sha", "commit_sha"),
    "request_id": (
        "request_id", "requestId", "function_request_id", "aws_request_id", "AWSRequestId",
    ),
    "trace_id": ("trace_id", "traceId", "xray_trace_id", "trace.id"),
    "user": ("user_id", "user.id", "user"),
    "logger": ("logger", "logger_name", "name", "log.logger"),
    "method": ("http.method", "request.method", "method"),
    "url": ("http.url", "request.url", "url", "path"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """One record, understood. `fields` has the keys of `_JSON_FIELDS` that were there."""

    severity: Severity | None
    message: str
    trace: str = ""
    exception_type: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_error(self) -> bool:
        """An error line, or a trace that its author did not call harmless."""
        if self.severity is None:
            return bool(self.trace)
        if self.trace:
            return self.severity is not Severity.INFO
        return self.severity.rank >= Severity.ERROR.rank


def read(record: Record) -> Reading:
    """Understand one record."""
    text = record.text
    if text.startswith("{") and (given := _json(text)) is not None:
        return _read_json(given)
    severity, message_at = text_level(text)
    trace = _trace(text, message_at)
    if severity is None and not trace and not is_error_without_level(text, message_at):
        return Reading(None, text[message_at:])
    severity = severity or Severity.ERROR
    _, brace, tail = text.partition("\t{")
    if brace and (given := _json("{" + tail)) is not None:  # Node on Lambda
        read_json = _read_json(given)
        return Reading(severity, read_json.message, read_json.trace, read_json.exception_type)
    return Reading(severity, _message(text, message_at, has_trace=bool(trace)), trace)


def _json(text: str) -> dict[str, Any] | None:
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return given if isinstance(given, dict) else None


def _read_json(given: Mapping[str, Any]) -> Reading:
    fields = {name: _first(given, paths) for name, paths in _JSON_FIELDS.items()}
    trace = fields.pop("trace")
    level = fields.pop("level")
    kind = fields.pop("type")
    message = fields.pop("message") or (trace.rstrip().rpartition("\n")[2] if trace else "")
    return Reading(
        severity=named_level(level) or (Severity.ERROR if kind or trace else None),
        message=message or kind or "(no message)",
        trace=trace if _TRACE.search(trace) or parse(trace) else "",
        exception_type=kind,
        fields={name: value for name, value in fields.items() if value},
    )


def _first(given: Mapping[str, Any], paths: tuple[str, ...]) -> str:
    for path in paths:
        value = given.get(path)
        if value is None and "." in path:
            value = _nested(given, path)
        if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            value = "\n".join(one.rstrip("\n") for one in value)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def _nested(given: Mapping[str, Any], path: str) -> Any:
    value: Any = given
    for step in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _trace(text: str, message_at: int) -> str:
    """The trace of a record; empty if it has none."""
    if "\n" not in text or not _TRACE.search(text):
        return ""
    found = _TRACEBACK.search(text)
    if not found:
        return text[message_at:].lstrip(" \t")
    trace = text[found.start() :]
    last = trace.rstrip().rpartition("\n")[2]
    if last[:1] in (" ", "\t") and "|" not in last:
        # Lambda's runtime prints the exception before its traceback, Python after it.
        trace = f"{trace.rstrip()}\n{text[message_at : found.start()].strip()}"
    return trace


def _message(text: str, message_at: int, *, has_trace: bool) -> str:
    body = text[message_at:]
    while found := _BRACKETED.match(body) or _REQUEST_ID.match(body):
        body = body[found.end() :]
    body = _THREAD.sub("", body.lstrip(), count=1)
    if not has_trace:
        return body.strip() or text.strip()
    first = body.partition("\n")[0].strip()
    if _TRACEBACK.match(first) or not first:
        return body.rstrip().rpartition("\n")[2].strip()
    return first
