"""An event as the store keeps it: one JSON text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from bot.models import (
    Event,
    ExceptionInfo,
    Frame,
    Link,
    RequestInfo,
    Severity,
    Signal,
)


def encode(event: Event) -> str:
    """Write an event as JSON.

    Characters that no database keeps (NUL, halves of surrogate pairs) are the caller's to
    remove (`alerting.preparation`).

    Raises:
        orjson.JSONEncodeError: a text holds half a surrogate pair.
    """
    return orjson.dumps(event, default=dict).decode()


def decode(text: str) -> Event:
    """Read what `encode` wrote; unknown keys of a newer version are ignored."""
    row = orjson.loads(text)
    request = row["request"]
    bare = Event(
        source=row["source"],
        event_id=row["event_id"],
        service=row["service"],
        message=row["message"],
        occurred_at=datetime.fromisoformat(row["occurred_at"]),
        environment=row["environment"],
        severity=Severity(row["severity"]),
        signal=Signal(row["signal"]),
        request=None if request is None else RequestInfo(**request),
        labels=row["labels"],
    )
    return replace(
        bare,
        exceptions=tuple(_exception(each) for each in row["exceptions"]),
        log_lines=tuple(row["log_lines"]),
        links=tuple(Link(**link) for link in row["links"]),
        **{name: row[name] for name in _PLAIN},
    )


_PLAIN = ("title", "stack_trace", "fingerprint_hint", "commit", "user", "trace_id")


def _exception(row: Mapping[str, Any]) -> ExceptionInfo:
    frames = tuple(Frame(**frame) for frame in row["frames"])
    return ExceptionInfo(row["type"], row["message"], frames, row["module"])
