"""The Django example in a real Django, reporting to the real app over a real socket."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import django
import django_shop
import pytest
from django.conf import settings
from django_logging_config import DjangoJinkiesHandler
from listening import SECRET, Listening

from bot.analysis.stacktrace import parse

HERE = Path(__file__).parent
if not settings.configured:
    own = {name: getattr(django_shop, name) for name in dir(django_shop) if name.isupper()}
    # The test hangs the handler in; Django's own set-up would take pytest's away.
    settings.configure(**{**own, "LOGGING_CONFIG": None})
    django.setup()

from django.test import AsyncClient, Client  # noqa: E402 - needs the settings


@pytest.fixture
def handler(jinkies: Listening) -> Iterator[DjangoJinkiesHandler]:
    made = DjangoJinkiesHandler(
        jinkies.url, SECRET, service="shop", environment="staging", commit="abc123"
    )
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(made)
    root.setLevel(logging.INFO)
    yield made
    root.removeHandler(made)
    root.setLevel(level)
    jinkies.is_overloaded = False
    jinkies.release()
    assert made.sender is not None
    made.sender.flush(5)


@pytest.fixture
def client(handler: DjangoJinkiesHandler) -> Client:
    return Client(raise_request_exception=False)


def test_a_view_that_crashes_is_told_with_its_place_its_request_and_its_lines(
    client: Client, jinkies: Listening
) -> None:
    assert client.get("/crash?order=7", headers={"X-Request-ID": "r-1"}).status_code == 500
    (event,) = jinkies.wait_for(1)
    assert (event.service, event.environment, event.commit) == ("shop", "staging", "abc123")
    assert event.message == "'pears'"
    assert event.stack_trace.rstrip().endswith("KeyError: 'pears'")
    frame = parse(event.stack_trace)[-1].frames[-1]
    source = (HERE / "django_shop.py").read_text(encoding="utf-8").splitlines()
    assert (frame.file, frame.function) == (str(HERE / "django_shop.py"), "crash")
    assert 'basket["pears"]' in source[(frame.line or 0) - 1]
    assert event.request is not None
    assert event.request.method == "GET"
    assert event.request.url == "http://testserver/crash?order=7"
    assert event.request.request_id == "r-1"
    assert event.labels["view"] == "crash"
    assert event.log_lines[0].endswith("INFO shop: looking for order 7")
    assert "Internal Server Error: /crash" in event.log_lines[-1]


@pytest.mark.parametrize("address", ["/logged-and-raised", "/logged-and-answered"])
def test_an_error_logged_by_the_view_and_by_django_counts_once(
    client: Client, handler: DjangoJinkiesHandler, jinkies: Listening, address: str
) -> None:
    assert client.get(address).status_code == 500
    handler.flush()
    (event,) = jinkies.events
    assert event.message == "integer division or modulo by zero"
    assert event.labels.get("order", "7") == "7"


def test_a_host_that_is_not_allowed_breaks_nothing(client: Client, jinkies: Listening) -> None:
    assert client.get("/crash", headers={"Host": "evil.example"}).status_code == 500
    assert jinkies.wait_for(1)[0].request.url == "http://evil.example/crash"  # type: ignore[union-attr]


async def test_async_views_and_sync_views_under_asgi_have_their_request(
    handler: DjangoJinkiesHandler, jinkies: Listening
) -> None:
    client = AsyncClient(raise_request_exception=False)
    for address in ("/crash-async?order=8", "/crash?order=9"):
        assert (await client.get(address)).status_code == 500
    handler.flush()
    told = [(event.request.url, event.log_lines[0][9:]) for event in jinkies.events]  # type: ignore[union-attr]
    assert told == [
        ("http://testserver/crash-async?order=8", "INFO shop: awaiting order 8"),
        ("http://testserver/crash?order=9", "INFO shop: looking for order 9"),
    ]


def test_requests_in_threads_keep_their_lines_apart(client: Client, jinkies: Listening) -> None:
    together = threading.Barrier(8)

    def ask(number: int) -> None:
        together.wait(10)
        client.get(f"/crash?order={number}")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for event in jinkies.wait_for(8):
        assert event.request is not None
        number = event.request.url.rpartition("=")[2]
        assert [line[9:] for line in event.log_lines[:-1]] == [
            f"INFO shop: looking for order {number}"
        ]


@pytest.mark.parametrize("kind", ["form", "json"])
def test_secrets_of_bodies_headers_and_cookies_never_leave(
    client: Client, jinkies: Listening, kind: str
) -> None:
    secrets = {"password": "hunter2-battery", "api_key": "k-99887766", "name": "ada"}
    body = secrets if kind == "form" else json.dumps({"user": secrets})
    content = {} if kind == "form" else {"content_type": "application/json"}
    client.cookies["visit"] = "cookie-value-123"
    headers = {"Authorization": "Token header-secret-1", "X-Auth-Token": "header-secret-2"}
    client.post("/sign-in?access_token=query-secret", body, headers=headers, **content)
    told = repr(jinkies.wait_for(1))
    for secret in (
        "hunter2-battery",
        "k-99887766",
        "cookie-value",
        "header-secret",
        "query-secret",
    ):
        assert secret not in told
    assert "cannot sign in with" in told
    assert "ada" in told


def test_a_slow_jinkies_does_not_hold_a_request(
    client: Client, handler: DjangoJinkiesHandler, jinkies: Listening
) -> None:
    jinkies.holds = True
    client.get("/crash?order=0")
    jinkies.wait_for(1)  # one delivery is held open, and all requests are answered meanwhile
    assert [client.get("/crash").status_code for _ in range(3)] == [500, 500, 500]
    assert len(jinkies.events) == 1
    jinkies.release()
    handler.flush()
    assert len({event.event_id for event in jinkies.wait_for(4)}) == 4


def test_what_does_not_fit_is_counted_and_told(client: Client, jinkies: Listening) -> None:
    jinkies.is_overloaded = True
    made = DjangoJinkiesHandler(jinkies.url, SECRET, service="small", queue_events=2)
    logging.getLogger("small").addHandler(made)
    assert made.sender is not None
    for number in range(30):
        logging.getLogger("small").error("error %d", number)
    assert made.sender.dropped >= 30 - 2 - 15  # the queue and one batch
    jinkies.is_overloaded = False
    assert made.sender.flush(5)
    told = [event for event in jinkies.events if event.service == "small"]
    confessed = sum(int(event.labels.get("dropped", "0")) for event in told)
    assert confessed + sum("dropped" not in event.labels for event in told) == 30
    assert made.sender.dropped == 0


def run(program: str, environment: dict[str, str]) -> str:
    about = {"DJANGO_SETTINGS_MODULE": "django_shop", "JINKIES_SERVICE": "forking"}
    setup = "import os, django, logging; from django.test import Client; django.setup()\n"
    done = subprocess.run(
        [sys.executable, "-c", setup + program],
        env={**environment, **about}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_a_jinkies_that_is_not_there_changes_nothing(jinkies: Listening) -> None:
    program = (
        "import python_logging_handler as example; example.AT_EXIT = 0.05\n"
        "client = Client(raise_request_exception=False)\n"
        "print({client.get('/crash').status_code for _ in range(220)})\n"
        "[handler] = [one for one in logging.getLogger().handlers if hasattr(one, 'sender')]\n"
        "print('dropped', 220 - 200 - 15 <= handler.sender.dropped < 21)\n"
    )
    told = run(program, {**jinkies.environment, "JINKIES_URL": "http://127.0.0.1:9"})
    assert "{500}" in told
    assert "dropped True" in told


def test_the_settings_of_the_example_report_from_a_forked_worker(jinkies: Listening) -> None:
    program = (
        "client = Client(raise_request_exception=False)\n"
        "client.get('/crash?order=parent'); child = os.fork()\n"
        "client.get('/crash?order=' + ('parent' if child else 'child'))\n"
        "child and os.waitpid(child, 0)\n"
    )
    told = run(program, jinkies.environment)
    assert told.count("KeyError: 'pears'") == 3  # the console says each of them once
    urls = [event.request.url for event in jinkies.events if event.request]
    assert sorted(url.rpartition("=")[2] for url in urls) == ["child", "parent", "parent"]
    assert {event.service for event in jinkies.events} == {"forking"}
