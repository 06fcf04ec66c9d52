"""How services write what they log."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import orjson

from bot.simulation.crash.playing import Entry
from bot.simulation.crash.scenario import Scalar

Render = Callable[[Entry, str], str]
"""Takes an entry and its environment; gives its line, or lines, without the last line break."""

_BARE = re.compile(r"[^\s\"'=]+")
_LOGFMT_LEVELS = {"warning": "warn", "critical": "fatal"}


def text(entry: Entry, _environment: str) -> str:
    """As Python's logging writes it."""
    logger = f"[{entry.logger}] " if entry.logger else ""
    pairs = _pairs({**entry.fields, **_place(entry)})
    head = f"{_moment(entry.at, ' ', ',')} {entry.level.upper()} {logger}{entry.message} {pairs}"
    return f"{head}\n{entry.trace.rstrip()}" if entry.trace else head


def logfmt(entry: Entry, environment: str) -> str:
    """key=value, as Go's services and Heroku do; a trace follows in lines of its own."""
    level = _LOGFMT_LEVELS.get(entry.level, entry.level)
    told = {
        "level": level,
        "msg": entry.message,
        "logger": entry.logger,
        **entry.fields,
        **_place(entry),
        "env": environment,
    }
    head = f"time={_moment(entry.at, 'T', '.')}Z {_pairs(told)}"
    return f"{head}\n{entry.trace.rstrip()}" if entry.trace else head


def json(entry: Entry, environment: str) -> str:
    """One object a line."""
    told = {
        "timestamp": f"{_moment(entry.at, 'T', '.')}Z",
        "level": entry.level.upper(),
        "message": entry.message,
        "logger": entry.logger,
        **_place(entry),
        "environment": environment,
        **entry.fields,
    }
    if entry.trace:
        told["stack_trace"] = entry.trace
    return orjson.dumps(told).decode()


def ecs(entry: Entry, environment: str) -> str:
    """Elastic's common schema."""
    fields = dict(entry.fields)
    told: dict[str, object] = {
        "@timestamp": f"{_moment(entry.at, 'T', '.')}Z",
        "log.level": entry.level,
        "message": entry.message,
        "ecs.version": "1.6.0",
        "log.logger": entry.logger,
        "service.name": entry.service,
        "service.environment": environment,
        "host.name": entry.host,
        "trace.id": entry.trace_id,
    }
    if "user" in fields:
        told["user.id"] = fields.pop("user")
    if entry.trace:
        told["error.type"] = entry.trace.rstrip().rpartition("\n")[2].partition(":")[0]
        told["error.stack_trace"] = entry.trace
    if fields:
        told["labels"] = fields
    return orjson.dumps(told).decode()


FORMATS: Mapping[str, Render] = {"text": text, "json": json, "logfmt": logfmt, "ecs": ecs}


def _place(entry: Entry) -> dict[str, Scalar]:
    return {"service": entry.service, "host": entry.host, "trace_id": entry.trace_id}


def _pairs(told: Mapping[str, Scalar]) -> str:
    return " ".join(f"{key}={_quoted(value)}" for key, value in told.items() if value != "")


def _quoted(value: Scalar) -> str:
    if not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    plain = value
    if plain.isidentifier() or _BARE.fullmatch(plain):
        return plain
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


_seconds: dict[int, str] = {}


def _moment(at: int, between: str, point: str) -> str:
    second, rest = divmod(at, 1000)
    told = _seconds.get(second)
    if told is None:
        _seconds.clear()  # neighbours share their second; more need not be remembered
        told = _seconds[second] = datetime.fromtimestamp(second, UTC).isoformat()[:19]
    return f"{told[:10]}{between}{told[11:]}{point}{rest:03d}"
