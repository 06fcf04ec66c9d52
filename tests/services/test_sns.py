"""Certificates over real TLS, through a proxy that leads to a server of ours."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import trustme

from bot.errors import UpstreamError
from bot.services.sns import MAX_BYTES, SnsHosts

HOST = "sns.us-east-1.amazonaws.com"
URL = f"https://{HOST}/SimpleNotificationService-{'0' * 32}.pem"


@dataclass
class Amazon:
    """A TLS server that says it is SNS, reached by CONNECT as through a company's proxy."""

    context: ssl.SSLContext
    proxy: str = ""
    answers: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def will_answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.answers.append((status, body, headers))


def serve(amazon: Amazon, server_context: ssl.SSLContext) -> http.server.ThreadingHTTPServer:
    class Pages(http.server.BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            assert self.path == f"{HOST}:443"
            self.send_response(200)
            self.end_headers()
            secure = server_context.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = secure.makefile("rb"), secure.makefile("wb", 0)  # type: ignore[assignment]
            self.handle_one_request()
            secure.close()

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(f"{self.path} {form}")

        def do_GET(self) -> None:
            self._answer(self.path)

        def _answer(self, asked: str) -> None:
            amazon.asked.append(asked)
            status, body, headers = amazon.answers.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_arguments: object) -> None:
            """Nobody reads it."""

    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Amazon]:
    authority = trustme.CA()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(server_context)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    amazon = Amazon(context)
    server = serve(amazon, server_context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.server_address[1]}")
    yield amazon
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_certificate_is_fetched_once(amazon: Amazon) -> None:
    certificates = SnsHosts(amazon.context)
    amazon.will_answer(b"the certificate")
    assert [certificates.certificate(URL), certificates.certificate(URL)] == [
        b"the certificate"
    ] * 2
    assert amazon.asked == [f"/SimpleNotificationService-{'0' * 32}.pem"]


def test_a_redirect_is_not_followed(amazon: Amazon) -> None:
    amazon.will_answer(b"", 302, Location=f"https://{HOST}/elsewhere.pem")
    with pytest.raises(UpstreamError):
        SnsHosts(amazon.context).certificate(URL)
    assert len(amazon.asked) == 1


def test_what_is_too_large_for_a_certificate_is_none(amazon: Amazon) -> None:
    amazon.will_answer(b"x" * (MAX_BYTES + 1))
    with pytest.raises(UpstreamError, match="more than"):
        SnsHosts(amazon.context).certificate(URL)


def test_a_url_that_failed_is_left_alone_for_a_while(amazon: Amazon) -> None:
    now = [1000.0]
    certificates = SnsHosts(amazon.context, clock=lambda: now[0])
    amazon.will_answer(b"no such key", 403)
    amazon.will_answer(b"the certificate")
    for _ in range(3):
        with pytest.raises(UpstreamError):
            certificates.certificate(URL)
    assert len(amazon.asked) == 1
    now[0] += 31
    assert certificates.certificate(URL) == b"the certificate"


def test_a_server_that_is_not_amazon_is_not_believed(amazon: Amazon) -> None:
    with pytest.raises(UpstreamError, match="CERTIFICATE_VERIFY_FAILED"):
        SnsHosts().certificate(URL)
    assert not amazon.asked


def test_nobody_there_is_an_upstream_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused at once
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(UpstreamError, match="cannot be reached"):
            SnsHosts().certificate(URL)


def test_a_subscription_is_confirmed_at_the_topics_region(amazon: Amazon) -> None:
    amazon.will_answer(b"<ConfirmSubscriptionResponse/>")
    SnsHosts(amazon.context).confirm("arn:aws:sns:us-east-1:123456789012:alarms", "the token")
    (asked,) = amazon.asked
    assert asked.startswith("/ Action=ConfirmSubscription&Version=2010-03-31&TopicArn=arn%3Aaws")
    assert asked.endswith("alarms&Token=the+token")


def test_a_refused_confirmation_is_an_upstream_error(amazon: Amazon) -> None:
    amazon.will_answer(b"<ErrorResponse/>", 400)
    with pytest.raises(UpstreamError, match="status 400"):
        SnsHosts(amazon.context).confirm("arn:aws:sns:us-east-1:123456789012:alarms", "old")
    with pytest.raises(UpstreamError, match="ARN"):
        SnsHosts(amazon.context).confirm("nonsense", "token")
