"""What a line of each kind must hold, when it happened, and whose it is.

One table, read by `validate`, `describe` and `replay`; docs/dataset.md shows it to people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

Line = Mapping[str, Any]
_NUMBER = (int, float)

REQUIRED: dict[tuple[str, str], dict[str, type | tuple[type, ...]]] = {
    ("kubernetes", "log"): {
        "time": str,
        "stream": str,
        "log": str,
        "kubernetes.pod_name": str,
        "kubernetes.pod_id": str,
        "kubernetes.host": str,
        "kubernetes.namespace_name": str,
        "kubernetes.container_name": str,
        "kubernetes.docker_id": str,
        "kubernetes.labels.app": str,
    },
    ("kubernetes", "event"): {
        "kind": str,
        "apiVersion": str,
        "metadata.uid": str,
        "metadata.name": str,
        "involvedObject.kind": str,
        "involvedObject.name": str,
        "reason": str,
        "message": str,
        "eventTime": str,
        "type": str,
        "count": int,
    },
    ("kubernetes", "metrics"): {
        "kind": str,
        "apiVersion": str,
        "metadata.name": str,
        "metadata.uid": str,
        "timestamp": str,
        "window": str,
        "containers": list,
    },
    ("sentry", "event"): {
        "event_id": str,
        "timestamp": str,
        "platform": str,
        "level": str,
        "release": str,
        "server_name": str,
        "exception.values": list,
        "breadcrumbs.values": list,
        "user.id": str,
        "tags.service": str,
        "contexts.trace.trace_id": str,
        "request.url": str,
    },
    ("sentry", "transaction"): {
        "event_id": str,
        "type": str,
        "transaction": str,
        "start_timestamp": _NUMBER,
        "timestamp": _NUMBER,
        "contexts.trace.trace_id": str,
        "contexts.trace.span_id": str,
        "spans": list,
        "release": str,
        "server_name": str,
    },
    ("sentry", "session"): {
        "sid": str,
        "started": str,
        "timestamp": str,
        "status": str,
        "errors": int,
        "attrs.release": str,
    },
    ("cloudwatch", "metric"): {
        "metric_stream_name": str,
        "account_id": str,
        "region": str,
        "namespace": str,
        "metric_name": str,
        "dimensions": dict,
        "timestamp": int,
        "value.max": _NUMBER,
        "value.min": _NUMBER,
        "value.sum": _NUMBER,
        "value.count": _NUMBER,
        "unit": str,
    },
    ("cloudwatch", "log"): {
        "logGroupName": str,
        "logStreamName": str,
        "timestamp": int,
        "message": str,
        "ingestionTime": int,
        "eventId": str,
    },
    ("cloudwatch", "alarm"): {
        "id": str,
        "detail-type": str,
        "source": str,
        "time": str,
        "resources": list,
        "detail.alarmName": str,
        "detail.state.value": str,
        "detail.state.timestamp": str,
        "detail.previousState.value": str,
        "detail.configuration.metrics": list,
    },
    ("cloudwatch", "insights"): {
        "queryId": str,
        "queryString": str,
        "status": str,
        "statistics.recordsMatched": _NUMBER,
        "results": list,
    },
    ("grafana", "panel"): {
        "@query.from": str,
        "@query.to": str,
        "@query.queries": list,
        "results.A.status": int,
        "results.A.frames": list,
    },
    ("grafana", "annotation"): {
        "id": int,
        "dashboardUID": str,
        "time": int,
        "timeEnd": int,
        "text": str,
        "tags": list,
    },
    ("grafana", "notification"): {
        "receiver": str,
        "status": str,
        "alerts": list,
        "groupKey": str,
        "commonLabels": dict,
        "externalURL": str,
        "title": str,
        "version": str,
    },
}
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
_PATHS = {
    kind: tuple((tuple(path.split(".")), path, expected) for path, expected in paths.items())
    for kind, paths in REQUIRED.items()
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
    """What is wrong with the shape of a line."""
    kind = line.get("@kind")
    paths = _PATHS.get((source, str(kind)))
    if paths is None:
        yield f"@kind {kind!r} is not known in {source}"
        return
    for keys, path, expected in paths:
        value = at(line, keys)
        if not isinstance(value, expected) or isinstance(value, bool):
            yield f"{path}: {_named(expected)} is expected, {_named(type(value))} is there"


def _named(expected: type | tuple[type, ...]) -> str:
    names = {str: "a text", int: "a number", dict: "an object", list: "a list", bool: "true/false"}
    return "a number" if isinstance(expected, tuple) else names.get(expected, expected.__name__)


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


_SERVICES: dict[tuple[str, str], Callable[[Line], Any]] = {
    ("kubernetes", "log"): lambda line: at(line, ("kubernetes", "labels", "app")),
    ("kubernetes", "metrics"): lambda line: at(line, ("metadata", "labels", "app")),
    ("kubernetes", "event"): _of_event,
    ("sentry", "event"): lambda line: at(line, ("tags", "service")),
    ("sentry", "transaction"): lambda line: at(line, ("tags", "service")),
    ("cloudwatch", "metric"): lambda line: at(line, ("dimensions", "ServiceName")),
    ("cloudwatch", "alarm"): lambda line: at(
        line["detail"]["configuration"]["metrics"][0],
        ("metricStat", "metric", "dimensions", "ServiceName"),
    ),
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
