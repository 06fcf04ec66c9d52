"""Whether a line holds what its kind must, when it happened, and whose it is.

Read by `validate`, `describe` and `replay`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from bot.simulation.dataset.schemas import faults, names

Line = Mapping[str, Any]
KINDS = frozenset(
    (source, kind) for source, _, kind in (name.partition(".") for name in names()) if kind
)
# Where the moment of an entry stands; what is missing here carries no time of its own.
_WHEN = {
    ("kubernetes", "log"): "time",
    ("kubernetes", "event"): "eventTime",
    ("kubernetes", "metrics"): "timestamp",
    ("sentry", "event"): "timestamp",
    ("sentry", "transaction"): "start_timestamp",
    ("sentry", "session"): "timestamp",
    ("cloudwatch", "metric"): "timestamp",
    ("cloudwatch", "log"): "timestamp",
    ("cloudwatch", "alarm"): "detail.state.timestamp",
    ("grafana", "panel"): "@query.to",
    ("grafana", "annotation"): "time",
}
_MOMENTS = {kind: tuple(path.split(".")) for kind, path in _WHEN.items()}


def at(line: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of keys, None where there is none."""
    for key in path:
        if not isinstance(line, Mapping):
            return None
        line = line.get(key)
    return line


def wrongs(source: str, line: Line) -> Iterator[str]:
    """What is wrong with the shape of a line, by its published schema."""
    kind = line.get("@kind")
    if not isinstance(kind, str) or (source, kind) not in KINDS:
        yield f"@kind {kind!r} is not known in {source}"
        return
    yield from faults(f"{source}.{kind}", line)


def milliseconds(source: str, line: Line) -> int | None:
    """When it happened, in milliseconds since 1970; None for kinds without a time.

    Raises `ValueError` where it cannot be read.
    """
    kind = (source, str(line.get("@kind")))
    if kind == ("grafana", "notification"):
        return _of_text(str(line["alerts"][0]["startsAt"]))
    if kind not in _MOMENTS:
        return None
    value = at(line, _MOMENTS[kind])
    if isinstance(value, str):
        return int(value) if value.isdigit() else _of_text(value)
    return round(value * 1000) if source == "sentry" else int(value)


def _of_text(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def service_of(source: str, line: Line) -> str:
    """The service that a line is about; empty where it names none."""
    finder = _SERVICES.get((source, str(line.get("@kind"))))
    return str(finder(line) or "") if finder else ""


def _of_event(line: Line) -> Any:
    path = at(line, ("involvedObject", "fieldPath"))
    return path[16:-1] if isinstance(path, str) else at(line, ("involvedObject", "name"))


def _of_alarm(line: Line) -> Any:
    metrics = at(line, ("detail", "configuration", "metrics"))
    return at(metrics[0], ("metricStat", "metric", "dimensions", "ServiceName")) if metrics else ""


_SERVICES: dict[tuple[str, str], Callable[[Line], Any]] = {
    ("kubernetes", "log"): lambda line: at(line, ("kubernetes", "labels", "app")),
    ("kubernetes", "metrics"): lambda line: at(line, ("metadata", "labels", "app")),
    ("kubernetes", "event"): _of_event,
    ("sentry", "event"): lambda line: at(line, ("tags", "service")),
    ("sentry", "transaction"): lambda line: at(line, ("tags", "service")),
    ("cloudwatch", "metric"): lambda line: at(line, ("dimensions", "ServiceName")),
    ("cloudwatch", "alarm"): _of_alarm,
    ("grafana", "panel"): lambda line: at(line, ("@query", "dashboardUID")),
    ("grafana", "annotation"): lambda line: line.get("dashboardUID"),
    ("grafana", "notification"): lambda line: at(line, ("commonLabels", "service")),
}


def plain(line: Line) -> dict[str, Any]:
    """The line as its system would have sent it: without what we added."""
    return {key: value for key, value in line.items() if not key.startswith("@")}


def compact(line: Line) -> bytes:
    """`plain` as JSON."""
    return json.dumps(plain(line), separators=(",", ":")).encode()
