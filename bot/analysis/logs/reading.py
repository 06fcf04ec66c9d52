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

from bot.analysis.logs.records import Record
from bot.models import Severity

_LEVELS: Mapping[str, Severity] = {
    **dict.fromkeys(("TRACE", "DEBUG", "INFO", "NOTICE", "INFORMATION"), Severity.INFO),
    **dict.fromkeys(("WARN", "WARNING"), Severity.WARNING),
    **dict.fromkeys(("ERR", "ERROR", "SEVERE"), Severity.ERROR),
    **dict.fromkeys(("CRIT", "CRITICAL", "FATAL", "ALERT"), Severity.CRITICAL),
    **dict.fromkeys(("EMERG", "EMERGENCY", "PANIC"), Severity.CRITICAL),
}
_KLOG = {"I": "INFO", "W": "WARNING", "E": "ERROR", "F": "FATAL"}
_LEVEL_FIELD = re.compile(
    r"\b(?:level|lvl|severity|levelname|log\.level)[\"']?\s*[=:]\s*[\"']?([A-Za-z]{3,11})\b"
)
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
_UNLEVELLED_ERROR = re.compile(
    r"panic: |fatal error: |Exception in thread |Uncaught |Unhandled |Unable to import module"
    r"|Task timed out after |Error: Runtime exited|.{0,80}Runtime\.ExitError"
)
_WORDS_READ = 9
_BRACKETED = re.compile(r"\s*(?:\[[^\]\n]{0,80}\]|[-–:|]+)(?=\s|$)")
_REQUEST_ID = re.compile(
    r"\s*(?:RequestId: )?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
)
_THREAD = re.compile(r'Exception in thread "[^"\n]{0,200}" ')

_JSON_FIELDS: Mapping[str, tuple[str, ...]] = {
    "level": ("level", "severity", "levelname", "log.level", "lvl", "log_level"),
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
    severity, message_at = _level(text)
    trace = _trace(text, message_at)
    if severity is None and not trace and not _UNLEVELLED_ERROR.match(text[message_at:]):
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
        severity=_severity(level) or (Severity.ERROR if kind or trace else None),
        message=message or kind or "(no message)",
        trace=trace if _TRACE.search(trace) else "",
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


def _severity(level: str) -> Severity | None:
    if level.isascii() and level.isdigit():  # pino and bunyan: 10 trace … 60 fatal
        number = int(level[:3])
        named = {50: Severity.ERROR, 60: Severity.CRITICAL, 40: Severity.WARNING}
        return named.get(number, Severity.INFO)
    return _LEVELS.get(level.upper())


def _level(text: str) -> tuple[Severity | None, int]:
    """The level in the head of a record, and where the message begins.

    Only what may stand before a level is passed over: times, ids, brackets, dotted names. So
    the ERROR in "Received ERROR from upstream" is no level.
    """
    head = text[:400].partition("\n")[0]
    position = 0
    for word in head.split(None, _WORDS_READ)[:_WORDS_READ]:
        at = head.index(word, position)
        severity = _word_level(word, is_first=at == 0)
        if severity is not None:
            return severity, at + _after_level(word)
        if not _may_precede_level(word):
            break
        position = at + len(word)
    found = _LEVEL_FIELD.search(head)
    if found and (severity := _LEVELS.get(found[1].upper())) is not None:
        return severity, 0
    return None, _skip_space(text, position)


def _word_level(word: str, *, is_first: bool) -> Severity | None:
    if is_first and len(word) == 5 and word[0] in _KLOG and word[1:].isdigit():
        return _LEVELS[_KLOG[word[0]]]
    bare = word.strip("[]()<>|,*").partition(":")[0]
    if bare.isupper() or word[0] == "[" or (is_first and word.endswith(":")):
        return _LEVELS.get(bare.upper())
    return None


def _after_level(word: str) -> int:
    """Behind `ERROR`; behind `ERROR:root:` too, the logger's name being no message."""
    name_at = word.find(":")
    if 0 < name_at < len(word) - 1:
        return word.rfind(":") + 1 if ":" in word[name_at + 1 :] else name_at + 1
    return len(word)


def _may_precede_level(word: str) -> bool:
    if word in ("RequestId:", "|", "-"):
        return True
    return not word.rstrip(":,;").isalpha() and any(one in "0123456789[(.:|/_-" for one in word)


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


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
