from __future__ import annotations

import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from bot.web import server as server_module
from bot.web.server import THREADS, WebServer

SECRET = "a-long-random-secret"
HEADERS = {"Authorization": f"Bearer {SECRET}"}
BODY = json.dumps({"service": "checkout", "message": "it broke"}).encode()

TOO_LARGE = (
    "the body is larger than 9.8 KiB; the setting MAX_BODY_BYTES (now 10000) sets this limit"
)


@pytest.fixture
def server(make_app: Callable[..., Flask]) -> Iterator[WebServer]:
    server = WebServer(make_app(), port=0, max_body_bytes=10_000)
    server.start()
    yield server
    server.stop()


def raw(server: WebServer, request: bytes) -> bytes:
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_deliveries_come_over_a_connection_that_stays_open(server: WebServer) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    for _ in range(3):
        connection.request("POST", "/webhook/generic", BODY, HEADERS)
        answer = connection.getresponse()
        assert (answer.status, len(json.load(answer)["alerts"])) == (202, 1)
        assert answer.getheader("Server") is None


def test_a_chunked_body_is_read(server: WebServer) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    parts = iter([BODY[:10], BODY[10:]])
    connection.request("POST", "/webhook/generic", parts, HEADERS, encode_chunked=True)
    assert connection.getresponse().status == 202


def test_a_body_of_exactly_the_limit_is_read(server: WebServer) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    connection.request("POST", "/webhook/generic", BODY.ljust(10_000), HEADERS)
    assert connection.getresponse().status == 202


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_a_little_too_large_is_refused_in_peace(server: WebServer, chunked: bool) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    body: Any = iter([BODY.ljust(10_001)]) if chunked else BODY.ljust(10_001)
    connection.request("POST", "/webhook/generic", body, HEADERS, encode_chunked=chunked)
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)["error"]) == (413, TOO_LARGE)


def test_a_body_far_too_large_hears_the_same_limit(server: WebServer) -> None:
    head = b"POST /webhook/generic HTTP/1.1\r\nHost: x\r\nContent-Length: 90000000\r\n\r\n"
    answer = raw(server, head)
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"] == TOO_LARGE


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"Content-Length: 20000\r\n\r\n", b"413"),
        (b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n", b"400"),
        (b"Content-Length: nonsense\r\n\r\n", b"400"),
        (b"Transfer-Encoding: gzip\r\n\r\n", b"501"),
    ],
)
def test_what_the_server_refuses_by_itself_is_json_too(
    server: WebServer, request_head: bytes, status: bytes
) -> None:
    answer = raw(server, b"POST /webhook/generic HTTP/1.1\r\nHost: x\r\n" + request_head)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] == status
    assert json.loads(body)["error"]
    assert b"Connection: close" in head


def test_the_stop_answers_what_was_received_and_takes_no_more(
    server: WebServer, intake: Any
) -> None:
    arrived = intake.hold()
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    connection.request("POST", "/webhook/generic", BODY, HEADERS)
    assert arrived.acquire(timeout=5)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    while server.is_listening:  # ends as soon as the loop has turned once
        threading.Event().wait(0.001)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=5)
    intake.commit()
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (202, "close")
    stopping.join(5)
    assert not stopping.is_alive()


def test_the_stop_does_not_wait_for_ever(make_app: Callable[..., Flask], intake: Any) -> None:
    arrived = intake.hold()
    server = WebServer(make_app(commit_timeout=2), port=0)
    server.start()
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    connection.request("POST", "/webhook/generic", BODY, HEADERS)
    assert arrived.acquire(timeout=5)
    server.stop(timeout=0.05)
    assert not server.is_listening
    intake.commit()


def test_the_loop_does_not_close_what_the_stop_still_writes_to(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_LOOP_WAIT", 0.01)  # it wakes by itself, and first
    server = WebServer(make_app(), port=0)
    server.start()
    pull = server._server.pull_trigger

    def pull_late() -> None:
        server._thread.join(0.2)
        pull()

    monkeypatch.setattr(server._server, "pull_trigger", pull_late)
    server.stop()
    assert not server._thread.is_alive()


def test_a_server_that_never_started_can_be_stopped(make_app: Callable[..., Flask]) -> None:
    server = WebServer(make_app(), port=0)
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=5)


def test_a_taken_port_is_an_error_at_construction(
    server: WebServer, make_app: Callable[..., Flask]
) -> None:
    with pytest.raises(OSError):
        WebServer(make_app(), port=server.port)


def test_many_more_wait_for_their_commit_than_there_are_threads(
    server: WebServer, intake: Any
) -> None:
    arrived = intake.hold()
    connections = [connected(server) for _ in range(5 * THREADS)]
    for connection in connections:
        connection.request("POST", "/webhook/generic", BODY, HEADERS)
    for _ in connections:
        assert arrived.acquire(timeout=5)
    other = connected(server)
    other.request("GET", "/health")
    assert other.getresponse().status == 200
    intake.commit()
    assert [connection.getresponse().status for connection in connections] == [202] * 40


def test_a_commit_that_comes_too_late_disturbs_nobody(
    make_app: Callable[..., Flask], intake: Any
) -> None:
    server = WebServer(make_app(commit_timeout=0.05), port=0)
    server.start()
    try:
        intake.holds = True
        connection = connected(server)
        connection.request("POST", "/webhook/generic", BODY, HEADERS)
        began = time.monotonic()
        late = connection.getresponse()
        assert time.monotonic() - began < 0.9  # Sentry hangs up after a second
        assert (late.status, late.getheader("Retry-After")) == (503, "1")
        late.read()
        intake.commit()
        intake.holds = False
        connection.request("POST", "/webhook/generic", BODY, HEADERS)
        assert connection.getresponse().status == 202
    finally:
        server.stop()


def test_requests_sent_in_one_go_are_answered_in_order(server: WebServer, intake: Any) -> None:
    arrived = intake.hold()
    head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items()).encode()
    post = b"POST /webhook/generic HTTP/1.1\r\nHost: x\r\n" + head
    with socket.create_connection((server.host, server.port), timeout=5) as client:
        client.sendall(
            post
            + b"Content-Length: %d\r\n\r\n" % len(BODY)
            + BODY
            + b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        assert arrived.acquire(timeout=5)
        intake.commit()
        answers = b"".join(iter(lambda: client.recv(65_536), b""))
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"202", b"200"]


def test_who_leaves_before_the_commit_leaves_the_others_in_peace(
    server: WebServer, intake: Any
) -> None:
    arrived = intake.hold()
    leaver, stayer = connected(server), connected(server)
    for connection in (leaver, stayer):
        connection.request("POST", "/webhook/generic", BODY, HEADERS)
        assert arrived.acquire(timeout=5)
    leaver.close()
    intake.commit()
    assert stayer.getresponse().status == 202


def test_a_fault_of_ours_is_a_500_and_the_server_goes_on(
    server: WebServer, intake: Any, caplog: pytest.LogCaptureFixture
) -> None:
    faulty: dict[str, None] = {}
    intake.arrived = lambda: faulty["a fault"]
    connection = connected(server)
    connection.request("POST", "/webhook/generic", BODY, HEADERS)
    assert connection.getresponse().status == 500
    intake.arrived = lambda: None
    other = connected(server)
    other.request("POST", "/webhook/generic", BODY, HEADERS)
    assert other.getresponse().status == 202
    assert "a fault" in caplog.text


def connected(server: WebServer) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(server.host, server.port, timeout=5)
