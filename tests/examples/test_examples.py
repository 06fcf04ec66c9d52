"""The small examples, run as their first lines say, against the real app over a real socket."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest

from bot.models import Event, Receipt
from bot.sources.request import Secrets
from bot.web.server import WebServer
from bot.web.settings import Readiness, WebSettings
from bot.web.webhook import create_app

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "the-example-s-secret"


@pytest.fixture
def heard() -> list[Event]:
    return []


@pytest.fixture
def environment(heard: list[Event]) -> Iterator[dict[str, str]]:
    def submit(events: Sequence[Event]) -> Future[tuple[Receipt, ...]]:
        heard.extend(events)
        future: Future[tuple[Receipt, ...]] = Future()
        future.set_result(tuple(Receipt(event.event_id, 42) for event in events))
        return future

    settings = WebSettings(secrets=Secrets(SECRET))
    server = WebServer(create_app(submit, lambda: Readiness(True), settings))
    server.start()
    yield {**os.environ, "JINKIES_URL": server.url, "JINKIES_SECRET": SECRET}
    server.stop()


def test_curl_reports_with_a_token_and_with_a_signature(
    environment: dict[str, str], heard: list[Event]
) -> None:
    if not all(shutil.which(tool) for tool in ("sh", "curl", "openssl")):
        pytest.skip("needs sh, curl and openssl")
    done = subprocess.run(
        ["sh", str(EXAMPLES / "curl.sh")], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("J-42") == 2
    assert heard[1].labels == {"host": "db-1"}


def test_a_python_program_reports_its_exception(
    environment: dict[str, str], heard: list[Event]
) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "report_an_error.py")],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert "J-42" in done.stdout, done.stderr
    (event,) = heard
    assert event.service == "fruit-shop"
    assert event.stack_trace.rstrip().endswith("KeyError: 'pears'")
    assert "in <module>" in event.stack_trace
