"""A data set sent on to something that lives, as if it were happening now.

Times move by one distance, and ids of the systems' own change with the run, so that a second
replay is a second day and not a duplicate.
"""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from heapq import merge
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson

from bot.simulation.dataset.configuration import SOURCES
from bot.simulation.dataset.draws import uuid_text
from bot.simulation.dataset.files import DatasetError, lines_of
from bot.simulation.dataset.folder import DataSet
from bot.simulation.dataset.shapes import milliseconds, plain
from bot.simulation.dataset.traffic import HOUR, moment_of

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?")
_EPOCH_MS = re.compile(r"1\d{12}")
_IDS = frozenset({"event_id", "id", "sid", "queryId", "eventId"})
_MINUTE = 60_000
_AT_ONCE = 200
_PATIENCE = 0.002
"""Seconds too early that nobody waits for."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One entry on its way: its source and kind, and itself without our own keys."""

    source: str
    kind: str
    at: int  # milliseconds since 1970, as it happened
    line: Mapping[str, Any]


@dataclass(slots=True)
class Sent:
    """What became of a replay."""

    delivered: int = 0
    refused: int = 0
    last_refusal: str = ""


class Door(Protocol):
    """Where entries go."""

    @property
    def takes(self) -> Mapping[str, frozenset[str]]:
        """Source -> the kinds it understands."""

    def deliver(self, deliveries: Sequence[Delivery]) -> Iterator[str]:
        """Deliver; yields "" for what was taken and a reason for what was refused."""


@dataclass(slots=True)
class HttpDoor:
    """A Jinkies (`plain` is False) or any HTTP server that takes a JSON body by POST.

    Sentry's events need a DSN key of that Jinkies, `http://key@host/1` as /dsn makes it; without
    one they go through its generic door. `secrets` are by the name of the door in its path, ""
    for every other.
    """

    url: str
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    plain: bool = False
    _connection: http.client.HTTPConnection | None = None

    @property
    def takes(self) -> Mapping[str, frozenset[str]]:
        """A Jinkies hears of errors, alarms and alerts; any other server takes everything."""
        if self.plain:
            return {source: frozenset() for source in SOURCES}
        return {
            "sentry": frozenset({"event"}),
            "cloudwatch": frozenset({"alarm"}),
            "grafana": frozenset({"notification"}),
        }

    def deliver(self, deliveries: Sequence[Delivery]) -> Iterator[str]:
        """One request each, over one connection."""
        for delivery in deliveries:
            path, body = self._request(delivery)
            yield self._post(path, body, f"{delivery.source}/{delivery.kind}")

    def _request(self, delivery: Delivery) -> tuple[str, bytes]:
        base = urlsplit(self.url)
        if self.plain:
            return base.path or "/", _json(delivery.line)
        prefix = base.path.rstrip("/")
        if base.username:  # a DSN, whose last part is the project
            prefix, _, project = prefix.rpartition("/")
            if delivery.source == "sentry":
                path = f"{prefix}/api/{project}/store/?sentry_key={base.username}"
                return path, _json(delivery.line)
        if delivery.source == "sentry":
            return f"{prefix}/webhook/generic", _json(_generic(delivery.line))
        source = {"cloudwatch": "eventbridge"}.get(delivery.source, delivery.source)
        return f"{prefix}/webhook/{source}", _json(delivery.line)

    def _post(self, path: str, body: bytes, about: str) -> str:
        headers = {"Content-Type": "application/json", "X-Dataset-Entry": about}
        if secret := self.secrets.get(path.rpartition("/")[2]) or self.secrets.get(""):
            headers["Authorization"] = f"Bearer {secret}"
        for attempt in (1, 2):
            connection = self._connection or self._open()
            try:
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                text = answer.read(300).decode("utf-8", "replace")
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self._connection = None
                if attempt == 2:
                    raise DatasetError(f"{urlsplit(self.url).netloc}: {error}") from None
                continue
            if answer.status < 300:
                return ""
            return f"{path.partition('?')[0]} answered {answer.status}: {text[:200]}"
        raise AssertionError("unreachable")

    def _open(self) -> http.client.HTTPConnection:
        url = urlsplit(self.url)
        kind = {"https": http.client.HTTPSConnection, "http": http.client.HTTPConnection}
        if url.scheme not in kind or not url.hostname:
            raise DatasetError(f"--to {self.url}: http://… or https://… is expected")
        self._connection = kind[url.scheme](url.hostname, url.port, timeout=30)
        return self._connection


def _json(line: Mapping[str, Any]) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode()


def _generic(event: Mapping[str, Any]) -> dict[str, Any]:
    """A Sentry event in Jinkies' own words, for a Jinkies without a DSN."""
    error = event["exception"]["values"][-1]
    frames = [
        f'  File "{frame["filename"]}", line {frame["lineno"]}, in {frame["function"]}\n'
        f"    {frame.get('context_line', '').strip() or 'pass'}"
        for frame in error["stacktrace"]["frames"]
    ]
    return {
        "event_id": event["event_id"],
        "service": event["tags"]["service"],
        "message": error["value"],
        "timestamp": event["timestamp"],
        "environment": event["environment"],
        "trace_id": event["contexts"]["trace"]["trace_id"],
        "stack_trace": "\n".join(
            ["Traceback (most recent call last):", *frames, f"{error['type']}: {error['value']}"]
        ),
    }


@dataclass(slots=True)
class Replay:
    """`speed` times as fast as it happened; times are moved so that the first minute is now."""

    root: Path
    door: Door
    speed: float
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    pause: Callable[[float], None] = time.sleep

    def run(self, *, first: int, minutes: int | None, told: Callable[[int, int], None]) -> Sent:
        """Send from minute `first` of the set on; Ctrl-C ends it early. Raises `DatasetError`."""
        dataset = DataSet(self.root)
        start = dataset.start + first
        end = min(dataset.end, start + minutes) if minutes else dataset.end
        if end <= start:
            raise DatasetError("there is nothing to replay in that span")
        begun = self.clock()
        shift = begun - moment_of(start)
        salt = begun.isoformat()
        sent, shown = Sent(), start
        told(0, end - start)
        due: list[Delivery] = []

        def send() -> None:
            for refusal in self.door.deliver(due):
                sent.delivered += not refusal
                sent.refused += bool(refusal)
                sent.last_refusal = refusal or sent.last_refusal
            due.clear()

        for delivery in self._entries(dataset, start, end):
            minute = delivery.at // _MINUTE
            if minute > shown:
                shown = minute
                told(shown - start, end - start)
            into = delivery.at - start * _MINUTE
            ahead = into / 1000 / self.speed - (self.clock() - begun).total_seconds()
            if due and (ahead > _PATIENCE or len(due) >= _AT_ONCE):
                send()
            if ahead > _PATIENCE:
                self.pause(ahead)
            # What happened later on the clock of the set has just happened on ours.
            lag = timedelta(milliseconds=into) * (1 - 1 / self.speed)
            line = shifted(delivery.line, shift - lag, salt)
            due.append(Delivery(delivery.source, delivery.kind, delivery.at, line))
        send()
        told(end - start, end - start)
        return sent

    def _entries(self, dataset: DataSet, start: int, end: int) -> Iterator[Delivery]:
        hours = sorted({dataset.place_of(file)[1] for file in dataset.files})
        for hour in hours:
            if (hour + 1) * HOUR <= start or hour * HOUR >= end:
                continue
            streams = [
                self._file(source, dataset.root / str(file["path"]), hour)
                for file in dataset.files
                for source, its_hour in (dataset.place_of(file),)
                if its_hour == hour and source in self.door.takes
            ]
            for delivery in merge(*streams, key=lambda one: one.at):
                if start * _MINUTE <= delivery.at < end * _MINUTE:
                    yield delivery

    def _file(self, source: str, path: Path, hour: int) -> Iterator[Delivery]:
        kinds = self.door.takes[source]
        last = hour * HOUR * _MINUTE
        for number, raw in enumerate(lines_of(path), 1):
            try:
                line = orjson.loads(raw)
                kind = line["@kind"]
                if kinds and kind not in kinds:
                    continue
                last = milliseconds(source, line) or last
            except (ValueError, TypeError, LookupError):
                raise DatasetError(f"{path}:{number}: is damaged; `validate` tells how") from None
            yield Delivery(source, kind, last, plain(line))


def shifted(value: Any, by: timedelta, salt: str, key: str = "") -> Any:
    """A JSON value with all its times moved, and with fresh ids where they are ids."""
    if isinstance(value, Mapping):
        return {name: shifted(inner, by, salt, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [shifted(inner, by, salt) for inner in value]
    if isinstance(value, str):
        if key in _IDS and len(value) >= 32:
            return _fresh(value, salt)
        if _EPOCH_MS.fullmatch(value):
            return str(int(value) + by // timedelta(milliseconds=1))
        return _TIME.sub(lambda match: _moved(match[0], by), value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if 1e12 < value < 4e12:
        return value + by // timedelta(milliseconds=1)
    return (
        round(value + by.total_seconds(), 3) if 1e9 < value < 4e9 and "timestamp" in key else value
    )


def _moved(text: str, by: timedelta) -> str:
    """A written time moved, as long and as punctuated as it was."""
    moment = datetime.fromisoformat(text.replace(",", ".")) + by
    moved = moment.isoformat(sep=text[10], timespec="microseconds")
    return (moved + "000")[: len(text)].replace(".", text[19] if len(text) > 19 else ".")


def _fresh(text: str, salt: str) -> str:
    digits = blake2b(f"{salt}{text}".encode(), digest_size=16).hexdigest()
    return uuid_text(digits) if "-" in text else digits
