"""What happens to one delivery, free of any web framework: bytes in, an answer out.

Verify, decompress, parse, hand to the road, wait for the commit. Every refusal is JSON with
a reason. An overload is 503 with Retry-After, never 429: Alertmanager and PagerDuty drop what
they hear 429 for.
"""

from __future__ import annotations

import concurrent.futures
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from bot.errors import BadPayload, JinkiesError, NotFound, Overloaded
from bot.models import Event, Receipt, Reception, ShipmentChange
from bot.sources.heard import Heard, SnsSubscription
from bot.sources.request import Request, Source, Unreadable
from bot.web.answer import Answer, accepted, refusal
from bot.web.body import UnknownEncoding, decoded, read_body
from bot.web.promised import Promised
from bot.web.settings import WebSettings
from bot.web.unreadable import UnreadableAlerts

Receipts = tuple[Receipt, ...]
Submit = Callable[[Sequence[Event]], "concurrent.futures.Future[Receipts]"]
Follow = Callable[[Sequence[ShipmentChange]], "concurrent.futures.Future[Receipts]"]

log = logging.getLogger(__name__)

_SUBMITTED_AT_ONCE = 500  # a batch of 10,000 errors must not be larger than the intake's queue
_ID_LENGTH = 100
_OF_PATIENCE = 0.8  # of a sender's time-out; the rest is for the way there and back


def _follow_nothing(_changes: Sequence[ShipmentChange]) -> concurrent.futures.Future[Receipts]:
    done: concurrent.futures.Future[Receipts] = concurrent.futures.Future()
    done.set_result(())
    return done


@dataclass(frozen=True, slots=True)
class Beside:
    """What a door does beside handing events to the intake; all of it from any thread.

    Attributes:
        follow: takes what became of issues and pull requests; done when it is committed, with
            a receipt for each alert it changed.
        confirm: confirms the subscription to an SNS topic; raises `UpstreamError`.
        count: is told how each delivery was received; must be quick.
        redact: takes secrets out of what is shown of an unreadable body.
    """

    follow: Follow = _follow_nothing
    confirm: Callable[[SnsSubscription], None] = lambda _subscription: None
    count: Callable[[str, Reception, datetime], None] = lambda _name, _how, _at: None
    redact: Callable[[str], str] = lambda _text: "[not shown]"


class Door:
    """The doors, one per source. Used by many threads at once."""

    def __init__(
        self,
        submit: Submit,
        sources: Mapping[str, Source],
        settings: WebSettings,
        clock: Callable[[], datetime],
        beside: Beside,
    ) -> None:
        self.sources = sources
        self._submit = submit
        self._settings = settings
        self._clock = clock
        self._beside = beside
        self._unreadable = UnreadableAlerts(beside.redact)

    def deliver(self, source_name: str, environ: Mapping[str, Any]) -> Answer:
        """Take one delivery; the answer is 202 only after its events are committed."""
        taken = self.take(source_name, environ)
        return taken.answer() if isinstance(taken, Promised) else taken

    def take(self, source_name: str, environ: Mapping[str, Any]) -> Answer | Promised:
        """`deliver`, but who has nothing to wait for but a commit is promised the answer."""
        source = self.sources.get(source_name)
        if source is None:
            names = ", ".join(self.sources)
            return refusal(NotFound(f"there is no source of this name; there are: {names}"))
        at = self._clock()
        try:
            heard = self._heard(source, environ, at)
        except JinkiesError as error:
            return self._counted(source, at, Reception.REFUSED, refusal(error))
        if isinstance(heard, Heard) and _is_simple(heard):
            return self._promised(source, at, heard)
        return self._answered(source, at, lambda: self._received(source, heard))

    def _heard(self, source: Source, environ: Mapping[str, Any], at: datetime) -> Heard | _Unread:
        request = self._request(source, environ, at)
        self._verify(source, request)
        try:
            request = self._unpacked(request)
            return source.parse(request)
        except BadPayload as error:
            return _Unread(request, error)

    def _promised(self, source: Source, at: datetime, heard: Heard) -> Answer | Promised:
        deadline = self._deadline(source)
        try:
            promise = self._submit(heard.events)
        except JinkiesError as error:
            return self._counted(source, at, Reception.REFUSED, refusal(error))

        def told() -> tuple[Reception, Answer]:
            return Reception.ACCEPTED, accepted(heard, self._waited(promise, deadline))

        return Promised(promise, deadline, lambda: self._answered(source, at, told))

    def _received(self, source: Source, heard: Heard | _Unread) -> tuple[Reception, Answer]:
        if isinstance(heard, _Unread):
            return Reception.UNREADABLE, self._unread(source, heard.request, heard.error)
        deadline = self._deadline(source)
        receipts: Sequence[Receipt] = self._committed(heard.events, deadline)
        if heard.shipments:
            receipts = [*receipts, *self._waited(self._beside.follow(heard.shipments), deadline)]
        if heard.confirm is not None:
            self._beside.confirm(heard.confirm)
        is_news = heard.events or heard.shipments or heard.confirm
        how = Reception.ACCEPTED if is_news else Reception.LEFT_ASIDE
        return how, accepted(heard, receipts)

    def _answered(
        self, source: Source, at: datetime, work: Callable[[], tuple[Reception, Answer]]
    ) -> Answer:
        try:
            how, answer = work()
        except JinkiesError as error:
            how, answer = Reception.REFUSED, refusal(error)
        return self._counted(source, at, how, answer)

    def _counted(self, source: Source, at: datetime, how: Reception, answer: Answer) -> Answer:
        self._beside.count(source.name, how, at)
        return answer

    def _request(self, source: Source, environ: Mapping[str, Any], at: datetime) -> Request:
        query = environ.get("QUERY_STRING", "")
        headers = _headers(environ)
        return Request(
            method=environ["REQUEST_METHOD"],
            path=environ.get("PATH_INFO", ""),
            headers=headers,
            query=dict(parse_qsl(query, max_num_fields=None)) if query else {},
            body=read_body(environ, self._settings.max_body_bytes),
            received_at=at,
            id=headers.get(source.delivery_header, "").strip()[:_ID_LENGTH] or uuid4().hex,
        )

    def _verify(self, source: Source, request: Request) -> None:
        secrets = self._settings.secrets_of(source)
        if self._settings.open_doors and not secrets.accepted:
            return
        source.verify(request, secrets)

    def _unpacked(self, request: Request) -> Request:
        encoding = request.headers.get("content-encoding", "")
        if not encoding:
            return request
        body = decoded(request.body, encoding, self._settings.max_inflated_bytes)
        return replace(request, body=body)

    def _unread(self, source: Source, request: Request, error: BadPayload) -> Answer:
        """Keep what can be told of it, then answer as its sender takes it best."""
        event = self._unreadable.event(source, request, error)
        deadline = self._deadline(source)
        receipts = self._committed((event,), deadline) if event is not None else ()
        if isinstance(error, UnknownEncoding) or source.unreadable is Unreadable.REFUSED:
            return refusal(error)
        return accepted(Heard(note=f"unreadable: {error.reason}"), receipts)

    def _deadline(self, source: Source) -> float:
        """Until when to wait for the commit: an answer must come before its sender hangs up."""
        patience = min(self._settings.commit_timeout, _OF_PATIENCE * source.patience)
        return time.monotonic() + patience

    def _committed(self, events: tuple[Event, ...], deadline: float) -> Sequence[Receipt]:
        receipts: list[Receipt] = []
        for first in range(0, len(events), _SUBMITTED_AT_ONCE):
            future = self._submit(events[first : first + _SUBMITTED_AT_ONCE])
            receipts += self._waited(future, deadline)
        return receipts

    def _waited(self, future: concurrent.futures.Future[Receipts], deadline: float) -> Receipts:
        try:
            return future.result(max(0.0, deadline - time.monotonic()))
        except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError):
            # It may still be committed; the same event id then counts once at the next try.
            log.warning("no commit in time; its sender hears 503")
            raise Overloaded from None


@dataclass(frozen=True, slots=True)
class _Unread:
    """What proved to be from its sender and could not be read."""

    request: Request
    error: BadPayload


def _is_simple(heard: Heard) -> bool:
    """Whether it asks for nothing but to commit its events together."""
    if heard.shipments or heard.confirm is not None:
        return False
    return 0 < len(heard.events) <= _SUBMITTED_AT_ONCE


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    headers = {_header(name): value for name, value in environ.items() if name.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")  # the one that WSGI sets apart
    return headers


@lru_cache(maxsize=256)
def _header(name: str) -> str:
    """The name of a header by its name in WSGI."""
    return name[5:].replace("_", "-").lower()
