"""The Flask app: the webhook's doors, liveness and readiness.

The Flask part is thin on purpose: what happens to a delivery is in `door`, so the hot path
pays for routing and one response object, and for nothing else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from bot.web.door import Answer, Door, Submit, reason_json
from bot.web.settings import Readiness, WebSettings

access_log = logging.getLogger("jinkies.access")

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
        started = time.perf_counter()
        answer = door.deliver(source, request.environ)
        if access_log.isEnabledFor(logging.INFO):
            _log_access(request.path, answer, started)
        return _response(answer)

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
    return app


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


def _log_access(path: str, answer: Answer, started: float) -> None:
    """The path only: a query may carry a secret. `ascii` keeps control characters out."""
    milliseconds = (time.perf_counter() - started) * 1000
    access_log.info("POST %s %d %.1f ms", ascii(path)[1:-1], answer.status, milliseconds)
