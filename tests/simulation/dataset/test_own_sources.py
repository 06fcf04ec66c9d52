"""Every Sentry event, alarm and Grafana notification of a data set is one that we can hear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from bot.models import Signal
from bot.simulation.dataset.files import lines_of
from bot.simulation.dataset.shapes import compact
from bot.sources import eventbridge, grafana
from bot.sources.request import Request
from bot.sources.sentry.ingestion import SdkDoor, SdkProject

LATER = datetime(2027, 1, 1, tzinfo=UTC)


def lines(root: Path, source: str, kind: str) -> Iterator[Mapping[str, Any]]:
    for path in sorted((root / source).glob("*")):
        for raw in lines_of(path):
            line = orjson.loads(raw)
            if line["@kind"] == kind:
                yield line


def request(body: bytes, path: str = "/webhook/x", **headers: str) -> Request:
    return Request("POST", path, headers, {}, body, LATER, id="delivery-1")


def test_every_sentry_event_is_understood(short_set: Path) -> None:
    door = SdkDoor(lambda key: SdkProject(1, "shop") if key == "k" else None)
    count = 0
    for line in lines(short_set, "sentry", "event"):
        heard = door.parse(
            Request("POST", "/api/1/store/", {}, {"sentry_key": "k"}, compact(line), LATER, id="1")
        )
        (event,) = heard.events
        count += 1
        assert event.event_id == f"1:{line['event_id']}"
        assert event.service == line["tags"]["service"]
        assert event.trace_id == line["contexts"]["trace"]["trace_id"]
        assert event.commit == line["release"].partition("@")[2]
        error = event.exceptions[-1]
        sent = line["exception"]["values"][-1]
        assert (error.type, error.message) == (sent["type"], sent["value"])
        assert error.frames[-1].in_app
        assert (
            error.frames[-1].code.strip()
            == sent["stacktrace"]["frames"][-1]["context_line"].strip()
        )
        assert len(event.log_lines) == 4
    assert count > 200


@pytest.mark.parametrize("kind", ["event", "transaction", "session"])
def test_every_envelope_of_a_sdk_is_taken(kind: str, short_set: Path) -> None:
    door = SdkDoor(lambda _: SdkProject(1, "shop"))
    for line in lines(short_set, "sentry", kind):
        payload = compact(line)
        head = orjson.dumps({"type": kind, "length": len(payload)})
        body = b"{}\n" + head + b"\n" + payload + b"\n"
        asked = Request("POST", "/api/1/envelope/", {}, {"sentry_key": "k"}, body, LATER, id="1")
        assert len(door.parse(asked).events) == (kind == "event")


def test_every_alarm_is_understood(day_set: Path) -> None:
    states = set()
    for line in lines(day_set, "cloudwatch", "alarm"):
        (event,) = eventbridge.parse(request(compact(line))).events
        states.add(event.signal)
        assert event.event_id == line["id"]
        dimensions = line["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]
        assert event.service == dimensions["dimensions"]["ServiceName"]
        assert event.title == line["detail"]["alarmName"]
    assert states == {Signal.FIRING, Signal.RESOLVED}


def test_every_grafana_notification_is_understood(day_set: Path) -> None:
    states = set()
    for line in lines(day_set, "grafana", "notification"):
        (event,) = grafana.parse(request(compact(line))).events
        states.add(event.signal)
        assert event.service == line["commonLabels"]["service"]
    assert states == {Signal.FIRING, Signal.RESOLVED}
