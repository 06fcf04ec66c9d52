"""The Flask app: the webhook's doors, liveness and readiness.

What happens to a delivery is in `door`. A delivery to /webhook/<source> takes the straight way
there, past Flask's contexts, signals and routing (0.1 ms, a sixth of what an event may cost);
Flask answers everything else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from bot.sources.table import SOURCES
from bot.web.door import Answer, Door, Submit, reason_json
from bot.web.settings import Readiness, WebSettings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

access_log = logging.getLogger("jinkies.access")

_DOORS = "/webhook/"
_STATUS_LINES = {status: f"{status.value} {status.phrase}" for status in HTTPStatus}

SECURITY_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Content-Type": "application/json",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def create_app(
    intake_submit: Submit,
    readiness: Callable[[], Readiness],
    settings: WebSettings,
    *,
    clock: Callable[[], datetime] | None = None,
) -> Flask:
    """Build the app.

    Args:
        intake_submit: hands events to the road; thread-safe; the future is done at the commit.
        readiness: asked by `GET /ready`, from any thread; must not block for long.
        settings: secrets and limits.
        clock: the time of receipt; the real one if None.
    """
    app = Flask("jinkies", static_folder=None)
    door = Door(intake_submit, settings, clock or _now)

    @app.post("/webhook/<source>", provide_automatic_options=False)
    def webhook(source: str) -> Response:
        return _response(door.deliver(source, request.environ))

    @app.get("/health", provide_automatic_options=False)
    def health() -> Response:
        return _response(Answer(HTTPStatus.OK, b'{"status":"ok"}'))

    @app.get("/ready", provide_automatic_options=False)
    def ready() -> Response:
        state = readiness()
        status = HTTPStatus.OK if state.ready else HTTPStatus.SERVICE_UNAVAILABLE
        told = {"ready": state.ready, "checks": dict(state.checks)}
        return _response(Answer(status, orjson.dumps(told)))

    app.register_error_handler(HTTPException, _http_error)
    app.wsgi_app = _StraightWay(door, app.wsgi_app)  # type: ignore[method-assign]
    return app


class _StraightWay:
    """Takes deliveries to their door; leaves all else, odd paths included, to Flask."""

    def __init__(self, door: Door, flask: WSGIApplication) -> None:
        self._door = door
        self._flask = flask

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        source = environ["PATH_INFO"].removeprefix(_DOORS)
        if environ["REQUEST_METHOD"] != "POST" or source not in SOURCES:
            return self._flask(environ, start_response)
        started = time.perf_counter()
        answer = self._door.deliver(source, environ)
        if access_log.isEnabledFor(logging.INFO):
            milliseconds = (time.perf_counter() - started) * 1000
            # The path only: a query may carry a secret.
            access_log.info("POST %s%s %d %.1f ms", _DOORS, source, answer.status, milliseconds)
        headers = {**SECURITY_HEADERS, **answer.headers, "Content-Length": str(len(answer.body))}
        start_response(_STATUS_LINES[answer.status], list(headers.items()))
        return [answer.body]


def _now() -> datetime:
    return datetime.now(UTC)


def _response(answer: Answer) -> Response:
    headers = {**SECURITY_HEADERS, **answer.headers}
    return Response(answer.body, answer.status, headers)


def _http_error(error: HTTPException) -> Response:
    """404, 405 and, for a bug of ours, 500: JSON like every other answer."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    reason = {
        HTTPStatus.NOT_FOUND: "nothing is here; deliveries go to POST /webhook/<source>",
        HTTPStatus.METHOD_NOT_ALLOWED: "this method is not allowed here",
    }.get(status, status.phrase)
    headers = dict(error.get_headers())
    kept = {"Allow": headers["Allow"]} if "Allow" in headers else {}
    return _response(Answer(status, reason_json(reason), kept))
