"""POST /trigger-scan: look through log groups for errors now.

Opens to the secret of the webhook. The body may be empty, or JSON: {"since": "60m", "groups":
["/aws/lambda/checkout"]}; clock times are UTC. Answers 200 with what was found, or 202 if that
takes long: the scan then goes on by itself. Whoever comes meanwhile hears 503: the web server's
threads are there for deliveries, not for waiting in line.
"""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

import orjson
from flask import Flask, Response, request

from bot.analysis.logs.times import parse_window
from bot.errors import BadPayload, JinkiesError, Overloaded, TooLarge
from bot.sources.reading import json_object
from bot.sources.request import Request, Secrets
from bot.sources.signatures import require_bearer_or_signature
from bot.sources.text import size_in_words
from bot.web.answer import Answer, refusal

PATH = "/trigger-scan"
PATIENCE = 25.0  # seconds; load balancers like to hang up after 30
_COME_BACK = 5.0
_MOST_GROUPS = 50
_KNOWN = {"since", "groups"}
_MOST_BYTES = 65_536

Scan = Callable[
    [Sequence[str], timedelta | None],
    "concurrent.futures.Future[Sequence[Mapping[str, object]]]",
]


def add_scanning(
    app: Flask,
    scan: Scan,
    *,
    secrets: Secrets,
    has_groups: bool,
    clock: Callable[[], datetime],
    respond: Callable[[Answer], Response],
) -> None:
    """Add the route.

    Args:
        scan: begins a scan of groups (none: those of the settings); thread-safe.
        has_groups: whether the settings name any.
        respond: makes the response, with the usual headers.
    """

    one_at_a_time = _OneAtATime(scan)

    @app.post(PATH, provide_automatic_options=False)
    def trigger_scan() -> Response:
        try:
            groups, since = _order(_proven(secrets, clock()), clock())
            if not groups and not has_groups:
                raise BadPayload("groups: name some, or set SCAN_GROUPS")
            found = one_at_a_time(groups, since).result(PATIENCE)
        except concurrent.futures.TimeoutError:
            return respond(Answer(HTTPStatus.ACCEPTED, b'{"note":"the scan goes on"}'))
        except JinkiesError as error:
            return respond(refusal(error))
        return respond(Answer(HTTPStatus.OK, orjson.dumps({"groups": list(found)})))


class _OneAtATime:
    """Begins a scan unless one is under way that was begun here; raises `Overloaded` then."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._lock = threading.Lock()
        self._under_way: concurrent.futures.Future[Sequence[Mapping[str, object]]] | None = None

    def __call__(
        self, groups: Sequence[str], since: timedelta | None
    ) -> concurrent.futures.Future[Sequence[Mapping[str, object]]]:
        with self._lock:
            if self._under_way is not None and not self._under_way.done():
                raise Overloaded(_COME_BACK)
            self._under_way = begun = self._scan(groups, since)
        return begun


def _proven(secrets: Secrets, now: datetime) -> bytes:
    """The body of a caller who knows the secret."""
    body = request.stream.read(_MOST_BYTES + 1)
    if len(body) > _MOST_BYTES:
        raise TooLarge(f"the body is larger than {size_in_words(_MOST_BYTES)}")
    headers = {name.lower(): value for name, value in request.headers.items()}
    asked = Request(request.method, request.path, headers, {}, body, now)
    require_bearer_or_signature(asked, secrets, setting="WEBHOOK_SECRET")
    return body


def _order(body: bytes, now: datetime) -> tuple[tuple[str, ...], timedelta | None]:
    given = json_object(body).value if body.strip() else {}
    if unknown := sorted(set(given) - _KNOWN):
        raise BadPayload(f"{unknown[0][:100]}: unknown; there are since and groups")
    groups, since = given.get("groups") or [], given.get("since") or ""
    if not isinstance(groups, list) or not all(isinstance(each, str) for each in groups):
        raise BadPayload("groups: must be a list of names")
    if len(groups) > _MOST_GROUPS:
        raise BadPayload(f"groups: more than {_MOST_GROUPS}")
    if not isinstance(since, str):
        raise BadPayload("since: must be a text such as 60m")
    back = now - parse_window(since, now=now)[0] if since.strip() else None
    return tuple(name for each in groups if (name := each.strip()[:512])), back
