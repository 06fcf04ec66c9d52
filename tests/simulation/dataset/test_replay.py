from __future__ import annotations

import gzip
import json
import shutil
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bot.simulation.dataset.files import DatasetError
from bot.simulation.dataset.replay import Delivery, HttpDoor, Replay, shifted
from bot.sources import eventbridge, generic, grafana
from bot.sources.request import Request

NOW = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)


class Receiver:
    """A server that keeps what it is sent and answers what it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 202
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.taken.append((self.path, dict(self.headers), body))
                answer = b'{"why":"because"}'
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.server.shutdown()
    one.server.server_close()


class Watch:
    """A clock that moves only when somebody pauses."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def replay(root: Path, url: str, *, plain: bool = False, speed: float = 60.0) -> Replay:
    watch = Watch()
    door = HttpDoor(url, {"": "s3cret", "grafana": "own"}, plain=plain)
    return Replay(root, door, speed, clock=watch, pause=watch.pause)


def test_a_jinkies_hears_events_alarms_and_notifications_as_if_they_were_now(
    short_set: Path, receiver: Receiver
) -> None:
    sent = replay(short_set, receiver.url).run(first=0, minutes=60, told=lambda *_: None)
    assert sent.delivered == len(receiver.taken) > 50
    assert sent.refused == 0
    paths = {path for path, _, _ in receiver.taken}
    assert paths == {"/webhook/generic", "/webhook/eventbridge", "/webhook/grafana"}
    parsers = {"generic": generic.parse, "eventbridge": eventbridge.parse, "grafana": grafana.parse}
    for path, headers, body in receiver.taken:
        secret = "own" if path.endswith("grafana") else "s3cret"
        assert headers["Authorization"] == f"Bearer {secret}"
        assert b'"@' not in body
        asked = Request("POST", path, {}, {}, body, NOW + timedelta(minutes=2), id="1")
        (event,) = parsers[path.rpartition("/")[2]](asked).events
        assert NOW <= event.occurred_at <= NOW + timedelta(seconds=61)


def test_a_dsn_in_the_url_is_the_door_of_sentry_events(short_set: Path, receiver: Receiver) -> None:
    url = receiver.url.replace("http://", "http://abc123@") + "/7"
    replay(short_set, url).run(first=0, minutes=5, told=lambda *_: None)
    assert {path for path, _, _ in receiver.taken} >= {"/api/7/store/?sentry_key=abc123"}


def test_any_other_server_is_sent_everything_in_order(short_set: Path, receiver: Receiver) -> None:
    door = replay(short_set, receiver.url + "/in", plain=True)
    sent = door.run(first=10, minutes=2, told=lambda *_: None)
    assert sent.delivered > 150
    assert {path for path, _, _ in receiver.taken} == {"/in"}
    kinds = {headers["X-Dataset-Entry"] for _, headers, _ in receiver.taken}
    assert {"kubernetes/log", "sentry/event", "cloudwatch/metric", "grafana/panel"} <= kinds


def test_a_refusal_is_counted_and_told(short_set: Path, receiver: Receiver) -> None:
    receiver.status = 401
    sent = replay(short_set, receiver.url).run(first=0, minutes=3, told=lambda *_: None)
    assert sent.delivered == 0
    assert sent.refused > 3
    assert 'answered 401: {"why":"because"}' in sent.last_refusal


def test_a_damaged_line_is_told_by_file_and_line(
    short_set: Path, tmp_path: Path, receiver: Receiver
) -> None:
    copy = Path(shutil.copytree(short_set, tmp_path / "copy"))
    path = copy / "sentry" / "2026-01-07T08.jsonl.gz"
    path.write_bytes(gzip.compress(b"{oh\n"))
    door = HttpDoor(receiver.url)
    with pytest.raises(DatasetError, match=r"2026-01-07T08\.jsonl\.gz:1: is damaged"):
        Replay(copy, door, 1e8).run(first=0, minutes=None, told=lambda *_: None)


def test_nobody_at_the_door_is_told(short_set: Path) -> None:
    with pytest.raises(DatasetError, match=r"127\.0\.0\.1:9"):
        replay(short_set, "http://127.0.0.1:9").run(first=0, minutes=3, told=lambda *_: None)


class Listener:
    """A door that remembers when it was knocked at."""

    def __init__(self, watch: Watch) -> None:
        self.takes = {"sentry": frozenset({"event"})}
        self.watch = watch
        self.heard: list[tuple[datetime, Delivery]] = []

    def deliver(self, deliveries: Sequence[Delivery]) -> Iterator[str]:
        for delivery in deliveries:
            self.heard.append((self.watch.now, delivery))
            yield ""


@pytest.mark.parametrize("speed", [1.0, 30.0, 600.0])
def test_the_pace_is_kept_and_times_are_those_of_the_delivery(
    speed: float, short_set: Path
) -> None:
    watch = Watch()
    listener = Listener(watch)
    Replay(short_set, listener, speed, clock=watch, pause=watch.pause).run(
        first=0, minutes=30, told=lambda *_: None
    )
    assert len(listener.heard) > 20
    begin = listener.heard[0][1].at // 3_600_000 * 3_600_000
    for when, delivery in listener.heard:
        due = NOW + timedelta(milliseconds=(delivery.at - begin) / speed)
        assert abs((when - due).total_seconds()) < 0.01
        told = datetime.fromisoformat(delivery.line["timestamp"])
        assert abs((told - when).total_seconds()) < 0.01


def test_a_second_replay_is_another_day_and_no_duplicate(short_set: Path) -> None:
    ids = []
    for salt in ("a", "b"):
        line = {
            "event_id": "0" * 32,
            "id": "c4c1c1c9-6542-461b-aef0-8c4d36933a92",
            "user": {"id": "7"},
        }
        ids.append(shifted(line, timedelta(0), salt))
    assert ids[0]["event_id"] != ids[1]["event_id"]
    assert ids[0]["id"] != ids[1]["id"]
    assert len(ids[0]["event_id"]) == 32
    assert ids[0]["user"] == {"id": "7"}


def test_times_in_every_notation_move_alike() -> None:
    line = {
        "a": "2026-01-07T08:00:00.500Z",
        "b": 1767772800500,
        "c": "1767772800500",
        "timestamp": 1767772800.5,
        "text": "at 2026-01-07 08:00:00,500 it broke",
        "count": 17,
        "up": True,
    }
    moved = shifted(json.loads(json.dumps(line)), timedelta(hours=1), "x")
    assert moved == {
        "a": "2026-01-07T09:00:00.500Z",
        "b": 1767776400500,
        "c": "1767776400500",
        "timestamp": 1767776400.5,
        "text": "at 2026-01-07 09:00:00,500 it broke",
        "count": 17,
        "up": True,
    }
