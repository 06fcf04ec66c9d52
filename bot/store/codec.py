"""An event as the store keeps it: JSON, compressed.

Errors of a service resemble each other and themselves, so this makes a row several times
smaller; what is saved in pages written and synced is more than what compressing costs.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
import zstandard

from bot.models import (
    Event,
    ExceptionInfo,
    Frame,
    Link,
    RequestInfo,
    Severity,
    Signal,
)
from bot.stack import Stack

_of_thread = threading.local()  # a compressor serves one thread at a time


def to_json(event: Event) -> bytes:
    """Write an event as JSON.

    Raises:
        orjson.JSONEncodeError: a text holds half a surrogate pair.
    """
    return orjson.dumps(event, default=_plain)


def _plain(value: Any) -> Any:
    """What orjson does not know: shared frames, whose JSON is shared too, and mappings."""
    if isinstance(value, Stack):
        return value.once("json", lambda: orjson.Fragment(orjson.dumps(tuple(value))))
    return dict(value)


def compress(json: bytes) -> bytes:
    """The body of a row, from `to_json`; thread-safe."""
    compressor: zstandard.ZstdCompressor | None = getattr(_of_thread, "compressor", None)
    if compressor is None:
        compressor = _of_thread.compressor = zstandard.ZstdCompressor(level=1)
    return compressor.compress(json)


def decode(body: bytes) -> Event:
    """Read a row's body; unknown keys of a newer version are ignored."""
    row = orjson.loads(zstandard.ZstdDecompressor().decompress(body))
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
