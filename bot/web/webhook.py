"""The Flask app: the webhook's doors, liveness and readiness.

What happens to a delivery is in `door`. A delivery takes the straight way there, past Flask's
contexts, signals and routing (0.1 ms, a sixth of what an event may cost); Flask answers
everything else.
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

from bot.sources.request import PathForm, Source
from bot.sources.table import SDK, SourceSettings, source_table
from bot.web.answer import Answer, reason_json
from bot.web.door import Beside, Door, Submit
from bot.web.promised import TAKES_PROMISES, Promised, PromisedBody
from bot.web.sdk import PREFLIGHT, SDK_PATH, for_sdk
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
    sources: Mapping[str, Source] | None = None,
    beside: Beside | None = None,
) -> Flask:
    """Build the app.

    Args:
        intake_submit: hands events to the road; thread-safe; the future is done at the commit.
        readiness: asked by `GET /ready`, from any thread; must not block for long.
        settings: secrets and limits.
        clock: the time of receipt; the real one if None.
        sources: the table of sources; those that need no more than a secret if None.
        beside: what the doors do beside handing events to the intake; nothing if None.
    """
    app = Flask("jinkies", static_folder=None)
    sources = source_table(SourceSettings()) if sources is None else sources
    door = Door(intake_submit, sources, settings, clock or _now, beside or Beside())

    @app.post("/webhook/<source>", provide_automatic_options=False)
    def webhook(source: str) -> Response:
        return response_of(door.deliver(source, request.environ))

    @app.get("/health", provide_automatic_options=False)
    def health() -> Response:
        return response_of(Answer(HTTPStatus.OK, b'{"status":"ok"}'))

    @app.get("/ready", provide_automatic_options=False)
    def ready() -> Response:
        state = readiness()
        status = HTTPStatus.OK if state.ready else HTTPStatus.SERVICE_UNAVAILABLE
        told = {"ready": state.ready, "checks": dict(state.checks)}
        return response_of(Answer(status, orjson.dumps(told)))

    app.register_error_handler(HTTPException, _http_error)
    app.wsgi_app = _StraightWay(door, app.wsgi_app)  # type: ignore[method-assign]
    return app


class _StraightWay:
    """Takes deliveries to their door; leaves all else, odd paths included, to Flask."""

    def __init__(self, door: Door, flask: WSGIApplication) -> None:
        self._door = door
        self._flask = flask

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        found = self._door_of(environ["PATH_INFO"])
        method = environ["REQUEST_METHOD"]
        if found is None or (method != "POST" and (method, found.name) != ("OPTIONS", SDK)):
            return self._flask(environ, start_response)
        started = time.perf_counter()
        taken = PREFLIGHT if method == "OPTIONS" else self._door.take(found.name, environ)

        def told(answer: Answer) -> list[bytes]:
            answer = for_sdk(answer) if found.path is PathForm.SDK else answer
            return _told(answer, method, environ["PATH_INFO"], started, start_response)

        if not isinstance(taken, Promised):
            return told(taken)
        if TAKES_PROMISES not in environ:
            return told(taken.answer())
        return PromisedBody(taken, lambda: told(taken.answer()))

    def _door_of(self, path: str) -> Source | None:
        """The door at exactly this path, whatever the secret in it."""
        sources = self._door.sources
        if path.startswith(_DOORS):
            name, _, ending = path[len(_DOORS) :].partition("/")
            found = sources.get(name)
            wanted = PathForm.ENDING if ending else PathForm.PLAIN
            return found if found is not None and found.path is wanted else None
        return sources.get(SDK) if SDK_PATH.fullmatch(path) else None


def _told(
    answer: Answer, method: str, path: str, started: float, start_response: StartResponse
) -> list[bytes]:
    """Give the answer to the server, and to the log of accesses."""
    if access_log.isEnabledFor(logging.INFO):
        milliseconds = (time.perf_counter() - started) * 1000
        shown = shown_path(path)  # no query: it may carry a secret too
        access_log.info("%s %s %d %.1f ms", method, shown, answer.status, milliseconds)
    headers = {**SECURITY_HEADERS, **answer.headers, "Content-Length": str(len(answer.body))}
    start_response(_STATUS_LINES[answer.status], list(headers.items()))
    return [answer.body]


def shown_path(path: str) -> str:
    """A path as it may be logged: without what may be a secret in it."""
    source, slash, _ = path.removeprefix(_DOORS).partition("/")
    return f"{_DOORS}{source}/…" if path.startswith(_DOORS) and slash else path


def _now() -> datetime:
    return datetime.now(UTC)


def response_of(answer: Answer) -> Response:
    """An answer with the headers that all have."""
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
    return response_of(Answer(status, reason_json(reason), kept))
