"""A log line as a person reads it: JSON becomes level, message and the fields that matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from bot.analysis.logs.levels import LEVEL_KEYS

_MESSAGE_KEYS = ("message", "msg", "@message", "event", "errorMessage", "log", "error")
_TIME_KEYS = frozenset(
    ("timestamp", "@timestamp", "time", "ts", "asctime", "datetime", "date", "t")
)
_LOGGER_KEYS = ("logger", "logger_name", "name", "log.logger", "target")
# Said by every line of a program alike.
_DULL = frozenset((
    "@version", "v", "pid", "hostname", "host", "thread", "threadName", "thread_name", "process",
    "processName", "level_value", "stream", "kubernetes", "docker", "agent", "ecs", "ecs.version",
    "cold_start", "function_arn", "function_memory_size", "function_name", "sampling_rate",
    "logStreamName", "xray_trace_id", "pathname", "lineno", "funcName", "module", "filename",
    "container_id", "container_name", "input", "source_location", "log.origin", "process.pid",
))  # fmt: skip
_TRACE_KEYS = (
    "exc_info", "exception", "stack_trace", "stackTrace", "stacktrace", "traceback", "stack",
    "error.stack_trace", "error.stack", "err.stack",
)  # fmt: skip
_FIRST = (
    "status", "status_code", "http.status_code", "method", "path", "url", "duration", "duration_ms",
    "latency", "user", "user_id", "order_id", "request_id", "requestId", "trace_id", "traceId",
)  # fmt: skip
LONGEST_VALUE = 120
MOST_FIELDS = 12


def readable(message: str, *, most_fields: int = MOST_FIELDS) -> str:
    """A JSON line as `message · key=value key=value`, with its trace below it.

    Any other line is given back as it is, without the white space at its end. The level and
    the time are left out: whoever shows lines shows those anyhow.
    """
    text = message.rstrip()
    start = text.find("{")
    if start < 0 or text[-1:] != "}" or start > 300:
        return text
    try:
        given = orjson.loads(text[start:])
    except orjson.JSONDecodeError:
        return text
    if not isinstance(given, dict) or not given:
        return text
    shown = _shown(given, most_fields)
    before = text[:start].strip()  # Node on Lambda: time, id, level, then JSON
    return f"{before} {shown}" if before else shown


def _shown(given: Mapping[str, Any], most_fields: int) -> str:
    flat = dict(_flat(given))
    told = next((key for key in _MESSAGE_KEYS if isinstance(flat.get(key), str) and flat[key]), "")
    trace = next((str(flat[key]) for key in _TRACE_KEYS if "\n" in str(flat.get(key, ""))), "")
    logger = next((str(flat[key]) for key in _LOGGER_KEYS if flat.get(key)), "")
    left_out = {told, *LEVEL_KEYS, *_LOGGER_KEYS, *_DULL, *_TRACE_KEYS, *_TIME_KEYS}
    fields = {key: value for key, value in flat.items() if key not in left_out}
    order = [key for key in _FIRST if key in fields]
    order += [key for key in fields if key not in order]
    pairs = [f"{key}={_value(fields[key])}" for key in order[:most_fields]]
    if len(order) > most_fields:
        pairs.append(f"… {len(order) - most_fields} more")
    head = f"{logger}: " if logger and told else ""
    line = head + (str(flat[told]).strip() if told else "")
    if pairs:
        line = f"{line} · {' '.join(pairs)}" if line else " ".join(pairs)
    return f"{line}\n{trace.rstrip()}" if trace else line


def _flat(given: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Dotted keys; no deeper than three, the rest as JSON."""
    for key, value in given.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value and depth < 2 and name not in _DULL:
            yield from _flat(value, f"{name}.", depth + 1)
        elif value not in (None, "", [], {}):
            yield name, value


def _value(value: Any) -> str:
    if isinstance(value, bool | int | float | dict | list):
        text = orjson.dumps(value).decode()
    else:
        text = str(value)
        if " " in text or "=" in text or not text.isprintable():
            text = orjson.dumps(text).decode()
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
