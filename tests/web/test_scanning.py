"""POST /trigger-scan: for those who know the secret, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bot.errors import UpstreamError
from bot.sources.request import Secrets
from bot.web import scanning
from bot.web.scanning import add_scanning
from bot.web.webhook import response_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PROOF = {"Authorization": "Bearer knock"}


class Asked:
    """A scan in the test's hands."""

    def __init__(self) -> None:
        self.calls: list[tuple[Sequence[str], timedelta | None]] = []
        self.answer: Future[Sequence[Mapping[str, object]]] = Future()

    def __call__(
        self, groups: Sequence[str], since: timedelta | None
    ) -> Future[Sequence[Mapping[str, object]]]:
        self.calls.append((groups, since))
        return self.answer


@pytest.fixture
def asked() -> Asked:
    return Asked()


def client(asked: Asked, *, secret: str = "knock", has_groups: bool = True) -> FlaskClient:
    app = Flask("test")
    add_scanning(
        app, asked, secrets=Secrets(secret), has_groups=has_groups, clock=lambda: NOW,
        respond=response_of,
    )  # fmt: skip
    return app.test_client()


def test_a_scan_of_the_settings_groups_needs_no_body(asked: Asked) -> None:
    asked.answer.set_result([{"group": "/app", "errors": 2}])
    answer = client(asked).post("/trigger-scan", headers=PROOF)
    assert (answer.status_code, answer.json) == (200, {"groups": [{"group": "/app", "errors": 2}]})
    assert asked.calls == [((), None)]
    assert answer.headers["Cache-Control"] == "no-store"


def test_groups_and_a_time_can_be_named(asked: Asked) -> None:
    asked.answer.set_result([])
    told = {"since": "2h", "groups": ["/a", "/b"]}
    assert client(asked).post("/trigger-scan", headers=PROOF, json=told).status_code == 200
    assert asked.calls == [(("/a", "/b"), timedelta(hours=2))]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_nobody_else_may_scan(asked: Asked, headers: dict[str, str]) -> None:
    assert client(asked).post("/trigger-scan", headers=headers).status_code == 401
    assert client(asked, secret="").post("/trigger-scan", headers=PROOF).status_code == 403
    assert not asked.calls


@pytest.mark.parametrize(
    "body",
    [
        "[]", "{", '{"since": "whenever"}', '{"since": "2099-01-01"}', '{"since": 60}',
        '{"groups": "checkout"}', '{"groups": [7]}', '{"group": ["checkout"]}',
    ],
    ids=[
        "a list", "cut short", "no time", "not yet", "a number", "no list", "no names", "misspelt",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(asked: Asked, body: str) -> None:
    assert client(asked).post("/trigger-scan", headers=PROOF, data=body).status_code == 400
    assert not asked.calls


def test_a_body_that_is_too_large_is_not_cut_but_refused(asked: Asked) -> None:
    answer = client(asked).post("/trigger-scan", headers=PROOF, data=" " * 65_537)
    assert answer.status_code == 413
    assert not asked.calls


def test_without_any_group_there_is_nothing_to_scan(asked: Asked) -> None:
    answer = client(asked, has_groups=False).post("/trigger-scan", headers=PROOF)
    assert answer.status_code == 400
    assert "SCAN_GROUPS" in answer.json["error"]


def test_a_long_scan_goes_on_behind_the_answer(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "PATIENCE", 0.01)
    assert client(asked).post("/trigger-scan", headers=PROOF).status_code == 202
    assert not asked.answer.cancelled()


def test_one_scan_at_a_time_so_that_deliveries_keep_their_threads(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "PATIENCE", 0.01)
    door = client(asked)
    assert door.post("/trigger-scan", headers=PROOF).status_code == 202
    second = door.post("/trigger-scan", headers=PROOF)
    assert (second.status_code, second.headers["Retry-After"]) == (503, "5")
    asked.answer.set_result([])
    assert door.post("/trigger-scan", headers=PROOF).status_code == 200
    assert len(asked.calls) == 2


def test_a_store_that_is_away_is_told(asked: Asked) -> None:
    asked.answer.set_exception(UpstreamError("The database", "away"))
    assert client(asked).post("/trigger-scan", headers=PROOF).status_code == 503
