"""What happens to one delivery, free of any web framework: bytes in, an answer out.

Verify, decompress, parse, hand to the intake, wait for the commit. Every refusal is JSON with
a reason. An overload is 503 with Retry-After, never 429: Alertmanager and PagerDuty drop what
they hear 429 for.
"""

from __future__ import annotations

import concurrent.futures
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from uuid import uuid4

import orjson

from bot.errors import (
    BadPayload,
    BadSignature,
    DoorShut,
    JinkiesError,
    NotFound,
    Overloaded,
    TooLarge,
    UpstreamError,
)
from bot.models import Event, Receipt
from bot.sources.heard import Heard
from bot.sources.request import Request, Source
from bot.sources.table import SOURCES
from bot.web.body import UnknownEncoding, decoded, read_body
from bot.web.settings import WebSettings

Submit = Callable[[Sequence[Event]], "concurrent.futures.Future[tuple[Receipt, ...]]"]

log = logging.getLogger(__name__)

_SUBMITTED_AT_ONCE = 500  # a batch of 10,000 errors must not be larger than the intake's queue

#: The status of each refusal; the first class that fits counts.
_STATUS: tuple[tuple[type[JinkiesError], HTTPStatus], ...] = (
    (BadSignature, HTTPStatus.UNAUTHORIZED),
    (DoorShut, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (UnknownEncoding, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (BadPayload, HTTPStatus.BAD_REQUEST),
    (Overloaded, HTTPStatus.SERVICE_UNAVAILABLE),
    (UpstreamError, HTTPStatus.SERVICE_UNAVAILABLE),
)


class Answer(NamedTuple):
    """What the sender hears. `body` is JSON; `headers` are those beyond the usual ones."""

    status: HTTPStatus
    body: bytes
    headers: Mapping[str, str] = {}


class Door:
    """The webhook's doors, one per source. Used by many threads at once."""

    def __init__(self, submit: Submit, settings: WebSettings, clock: Callable[[], datetime]):
        self._submit = submit
        self._settings = settings
        self._clock = clock

    def deliver(self, source_name: str, environ: Mapping[str, Any]) -> Answer:
        """Take one delivery; the answer is 202 only after its events are committed."""
        try:
            heard = self._hear(source_name, environ)
            receipts = self._committed(heard.events)
        except JinkiesError as error:
            return refusal(error)
        return accepted(heard, receipts)

    def _hear(self, source_name: str, environ: Mapping[str, Any]) -> Heard:
        source = SOURCES.get(source_name)
        if source is None:
            raise NotFound("there is no source of this name; there are: " + ", ".join(SOURCES))
        request = self._request(environ)
        self._verify(source, request)
        encoding = request.headers.get("content-encoding", "")
        if encoding:
            body = decoded(request.body, encoding, self._settings.max_inflated_bytes)
            request = replace(request, body=body)
        return source.parse(request)

    def _request(self, environ: Mapping[str, Any]) -> Request:
        query = environ.get("QUERY_STRING", "")
        return Request(
            method=environ["REQUEST_METHOD"],
            path=environ.get("PATH_INFO", ""),
            headers=_headers(environ),
            query=dict(parse_qsl(query, max_num_fields=None)) if query else {},
            body=read_body(environ, self._settings.max_body_bytes),
            received_at=self._clock(),
            id=uuid4().hex,
        )

    def _verify(self, source: Source, request: Request) -> None:
        secrets = self._settings.secrets_of(source.name)
        if self._settings.open_doors and not secrets.accepted:
            return
        source.verify(request, secrets)

    def _committed(self, events: tuple[Event, ...]) -> Sequence[Receipt]:
        deadline = time.monotonic() + self._settings.commit_timeout
        receipts: list[Receipt] = []
        try:
            for first in range(0, len(events), _SUBMITTED_AT_ONCE):
                future = self._submit(events[first : first + _SUBMITTED_AT_ONCE])
                receipts += future.result(max(0.0, deadline - time.monotonic()))
        except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError):
            # It may still be committed; the same event id then counts once at the next try.
            log.warning("no commit within %.1f s", self._settings.commit_timeout)
            raise Overloaded from None
        return receipts


def accepted(heard: Heard, receipts: Sequence[Receipt]) -> Answer:
    """202 with what became of each event, in their order; or what the protocol demands."""
    if heard.answer:
        return Answer(HTTPStatus.OK, heard.answer, {"Content-Type": heard.content_type})
    alerts = [
        {
            "id": receipt.short_id,
            "new": receipt.is_new_alert,
            "duplicate": receipt.is_duplicate,
            "event_id": receipt.event_id,
        }
        for receipt in receipts
    ]
    told = {"alerts": alerts, "note": heard.note} if heard.note else {"alerts": alerts}
    return Answer(HTTPStatus.ACCEPTED, orjson.dumps(told))


def refusal(error: JinkiesError) -> Answer:
    """The status and the reason of a refused delivery."""
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    headers: dict[str, str] = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="jinkies"'
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        wait = error.retry_after if isinstance(error, (Overloaded, UpstreamError)) else None
        headers["Retry-After"] = str(max(1, math.ceil(wait or 1)))
    return Answer(status, reason_json(str(error)), headers)


def reason_json(reason: str) -> bytes:
    """The body of every refusal."""
    return orjson.dumps({"error": reason.encode("utf-8", "replace").decode()})


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    return {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
