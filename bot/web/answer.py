"""What a sender hears."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

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
from bot.models import Receipt
from bot.sources.heard import Heard
from bot.web.body import UnknownEncoding

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
