"""Report the errors of a Python program to Jinkies: a `logging` handler, standard library only.

Copy this file (for Django also `django_logging_config.py`, which needs it beside it), then:

    import logging
    from python_logging_handler import JinkiesHandler

    logging.getLogger().addHandler(JinkiesHandler.from_environment())
    logging.getLogger().setLevel(logging.INFO)      # so that lines before an error are seen

    log.exception("checkout failed", extra={"labels": {"order": 7}})

JINKIES_URL and JINKIES_SECRET say where to and let in; JINKIES_SERVICE, JINKIES_ENVIRONMENT and
JINKIES_COMMIT are shown on the card. Without JINKIES_URL the handler does nothing.

It never makes the program wait or fail: events go into a bounded queue, and one background
thread sends them in batches and tries again, ever more slowly, while Jinkies is away. What
does not fit into the queue is counted, and the next delivery says how many. Known secrets are
removed before anything leaves the process. A forked child starts with an empty queue and a
thread of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import hmac
import http.client
import json
import logging
import math
import os
import queue
import random
import re
import socket
import sys
import threading
import time
import traceback
import urllib.error
import urllib.request
import uuid
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

Event = dict[str, Any]
Label = str | int | float | bool

QUEUE_EVENTS = 200
BATCH_EVENTS = 15
LINES_KEPT = 40
TRACE_LENGTH = 30_000
PATIENCE = 5.0  # seconds one delivery may take
SLOWEST = 30.0  # seconds between two tries at most
AT_EXIT = 2.0  # seconds the program's end may be delayed
REMOVED = "[removed]"

_NAME = (
    r"[\w.-]{0,40}(?:passw(?:or)?d|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|authorization|cookie|session[_-]?id|csrf|credential|card[_-]?number|cvv)[\w-]{0,40}"
)
SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
_SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\beyJ[\w-]{8,2000}\.[\w-]{8,2000}\.[\w-]*"  # a JSON web token
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_\w{20,}|\bxox[abp]-[\w-]{10,}"
    r"|(?<=\b[Bb]earer )[^\s\"',;]+|(?<=\b[Bb]asic )[\w+/=]{8,}"
    r"|(?<=://)[^\s/:@]{0,200}:[^\s/@]{1,200}(?=@)",
    re.DOTALL,
)
_CARD = re.compile(r"\b(?:\d[ -]?){12,18}\d\b")
# name=value, name: value, "name": "value"; the quotes stay, the value goes; a cookie's line too.
_NAMED = re.compile(
    rf"""(\b(?:set-)?cookie["']?\s?[=:]\s?)[^\n]*"""
    rf"""|(\b{_NAME}["']?\s{{0,5}}[=:]\s{{0,5}})(?:"[^"\n]*"|'[^'\n]*'|[^\s"'&,;)\]}}]+)""",
    re.IGNORECASE,
)


@dataclass(slots=True)
class RequestContext:
    """What an error should say of the request (or job) it happened in."""

    method: str = ""
    url: str = ""
    request_id: str = ""
    user: Callable[[], str] = str
    hidden: Callable[[], Iterable[str]] = tuple
    labels: dict[str, Label] = field(default_factory=dict)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES_KEPT))
    has_reported: bool = False


_current: ContextVar[RequestContext | None] = ContextVar("jinkies_request", default=None)


@contextlib.contextmanager
def request_context(context: RequestContext) -> Iterator[RequestContext]:
    """Everything logged inside belongs to this request; threads and tasks have their own."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def redacted(text: str, hidden: Iterable[str] = ()) -> str:
    """`text` without what looks like a secret, and without the `hidden` values themselves."""
    text = text.encode("utf-8", "replace").decode()  # a lone surrogate is no JSON text
    for value in sorted(hidden, key=len, reverse=True):
        text = text.replace(value, REMOVED)
    text = _CARD.sub(lambda found: REMOVED if _is_card(found[0]) else found[0], text)
    text = _SECRETS.sub(REMOVED, text)
    return _NAMED.sub(lambda found: (found[1] or found[2]) + REMOVED, text)


def _is_card(text: str) -> bool:
    """Luhn's check digit tells card numbers from other long ones."""
    digits = [int(char) for char in reversed(text) if char.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


class JinkiesHandler(logging.Handler):
    """Sends records of ERROR and above; lower ones are kept as the lines around an error.

    The same exception, logged by the program and again by its framework, is sent once.

    Args:
        url: of Jinkies, e.g. https://jinkies.example.com; "" switches the handler off.
        secret: the value of its WEBHOOK_SECRET; it signs and is never sent.
        service, environment, commit, labels: what every event of this process says.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        service: str,
        environment: str = "production",
        commit: str = "",
        labels: Mapping[str, Label] | None = None,
        queue_events: int = QUEUE_EVENTS,
    ) -> None:
        super().__init__()
        self._about = {
            "service": service[:100], "environment": environment[:100], "commit": commit[:200],
        }  # fmt: skip
        self._labels = {"host": socket.gethostname(), **(labels or {})}
        self.sender = Sender(url, secret, self._about, queue_events) if url else None

    @classmethod
    def from_environment(cls, **given: Any) -> JinkiesHandler:
        """Read JINKIES_URL, _SECRET, _SERVICE, _ENVIRONMENT and _COMMIT; `given` wins."""
        environ = os.environ.get
        program = os.path.basename(sys.argv[0]).removesuffix(".py") or "python"  # noqa: PTH119
        told = {
            "url": environ("JINKIES_URL", ""),
            "secret": environ("JINKIES_SECRET", ""),
            "service": environ("JINKIES_SERVICE") or program,
            "environment": environ("JINKIES_ENVIRONMENT") or "production",
            "commit": environ("JINKIES_COMMIT") or environ("GIT_COMMIT", ""),
        }
        return cls(**{**told, **given})

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line, or queue the event; never waits, never raises."""
        if self.sender is None or self.sender.is_this_thread():
            return
        try:
            context = self.context_of(record)
            if self._is_news(record, context):
                hidden = [value for value in context.hidden() if len(value) >= 4]
                self.sender.put(self._event(record, context), hidden)
                context.has_reported = True
            context.lines.append(_line(record))
        except Exception:  # noqa: BLE001 - as every logging handler: shown, never raised
            self.handleError(record)

    def context_of(self, record: logging.LogRecord) -> RequestContext:  # noqa: ARG002
        """The request a record belongs to; frameworks may know it from the record."""
        return _current.get() or RequestContext()

    def flush(self) -> None:
        """Wait, for `AT_EXIT` seconds at most, until everything is delivered."""
        if self.sender is not None:
            self.sender.flush(AT_EXIT)

    def report_uncaught(self) -> JinkiesHandler:
        """Also report what ends the program or one of its threads; returns the handler."""
        log = logging.getLogger("uncaught")
        before, before_thread = sys.excepthook, threading.excepthook

        def of_program(kind: Any, error: Any, trace: Any) -> None:
            if issubclass(kind, Exception):
                log.critical("the program ends", exc_info=(kind, error, trace))
            before(kind, error, trace)

        def of_thread(args: Any) -> None:
            if issubclass(args.exc_type, Exception):
                log.error("a thread ends", exc_info=tuple(args[:3]))
            before_thread(args)

        sys.excepthook, threading.excepthook = of_program, of_thread
        return self

    def _is_news(self, record: logging.LogRecord, context: RequestContext) -> bool:
        if record.levelno < logging.ERROR:
            return False
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            # Django says "Internal Server Error" of a view that has logged its error itself.
            return not (context.has_reported and hasattr(record, "status_code"))
        if getattr(error, "_jinkies_reported", False):
            return False
        with contextlib.suppress(AttributeError, TypeError):  # an error that takes no attribute
            error._jinkies_reported = True  # type: ignore[attr-defined]
        return True

    def _event(self, record: logging.LogRecord, context: RequestContext) -> Event:
        error = record.exc_info[1] if record.exc_info else None
        labels = {**self._labels, "logger": record.name, "process": record.process or 0}
        own = getattr(record, "labels", None)
        labels |= context.labels | (own if isinstance(own, dict) else {})
        message = _message(record)
        if error is not None:
            message = _said(error.__str__, type(error).__name__)
        event: Event = {
            **self._about,
            "event_id": uuid.uuid4().hex,
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "severity": "critical" if record.levelno >= logging.CRITICAL else "error",
            "message": message[:8_000] or "an error",
            "log_lines": [*context.lines, _line(record)],
            "labels": {str(key)[:80]: _label(value) for key, value in list(labels.items())[:50]},
            "user": context.user()[:150],
        }
        if error is not None:
            event["exception_type"] = type(error).__name__[:200]
            event["stack_trace"] = _cut("".join(traceback.format_exception(error)))
        if context.method or context.url or context.request_id:
            event["request"] = {
                "method": context.method[:20], "url": context.url[:2_000],
                "request_id": context.request_id[:150],
            }  # fmt: skip
        return event


class Sender:
    """A bounded queue and the thread that empties it. Counts what it had to drop."""

    def __init__(self, url: str, secret: str, about: Mapping[str, str], capacity: int) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("JINKIES_URL must begin with http:// or https://")
        if not secret:
            raise ValueError("JINKIES_SECRET is not set")
        self._url = url.rstrip("/") + "/webhook/generic"
        self._secret, self._about, self._capacity = secret.encode(), about, capacity
        self._opener = urllib.request.build_opener(_NoRedirects)
        "localhost".encode("idna")  # imported later, in our thread, a fork could find it half done
        self._begin()
        _senders.add(self)

    def _begin(self) -> None:
        """A fresh queue; also what a forked child starts with."""
        self._queue: queue.Queue[tuple[Event, list[str]]] = queue.Queue(self._capacity)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._hurry = threading.Event()  # the program ends: no long waits any more
        self._idle = threading.Event()
        self._idle.set()
        self.dropped = 0

    def put(self, event: Event, hidden: list[str]) -> None:
        """Queue an event, or count it as dropped; never waits for the network."""
        with self._lock:
            self._idle.clear()
            try:
                self._queue.put_nowait((event, hidden))
            except queue.Full:
                self.dropped += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="jinkies", daemon=True)
                self._thread.start()

    def is_this_thread(self) -> bool:
        """Whether the sender itself is logging: that must not be sent."""
        return threading.current_thread() is self._thread

    def flush(self, seconds: float) -> bool:
        """Wait until all is delivered, at most `seconds`; False if something was left."""
        self._hurry.set()
        try:
            return self._idle.wait(seconds)
        finally:
            self._hurry.clear()

    def _run(self) -> None:
        while True:
            batch, failures = self._batch(), 0
            while batch and not self._delivered(batch):
                failures = min(failures + 1, 10)
                if self._hurry.is_set():
                    time.sleep(0.1)
                pause = min(SLOWEST, 0.5 * 2**failures) * random.uniform(0.5, 1)  # noqa: S311
                self._hurry.wait(pause)
            with self._lock:
                if self._queue.empty():
                    self._idle.set()

    def _batch(self) -> list[Event]:
        batch = [_cleaned(*self._queue.get())]
        while len(batch) < BATCH_EVENTS and not self._queue.empty():
            batch.append(_cleaned(*self._queue.get()))
        return batch

    def _delivered(self, batch: list[Event]) -> bool:
        """Send; True when it is done, be it because Jinkies refuses these events for good."""
        dropped = self.dropped
        told = [*batch, self._confession(dropped)] if dropped else batch
        status = self._post(json.dumps({"events": told}, default=str).encode())
        if status in (400, 413) and len(batch) > 1:  # one of them is at fault: send each alone
            return all(self._delivered([event]) for event in batch)
        if status == 0 or status == 429 or status >= 500:
            return False
        was_taken = status < 300
        if not was_taken:
            sys.stderr.write(f"jinkies: {len(batch)} event(s) refused with status {status}\n")
        with self._lock:
            self.dropped += -dropped if was_taken else len(batch)
        return True

    def _confession(self, dropped: int) -> Event:
        return {
            **self._about,
            "event_id": uuid.uuid4().hex,
            "severity": "warning",
            "title": "Events were dropped before they reached Jinkies",
            "message": f"{dropped} event(s) of this process could not be queued or were refused",
            "fingerprint": "jinkies-sender-dropped",
            "labels": {"dropped": dropped, "process": os.getpid()},
        }

    def _post(self, body: bytes) -> int:
        """The answer's status; 0 if there was none."""
        timestamp = str(int(time.time()))
        signed = b"v1:" + timestamp.encode() + b":" + body
        signature = hmac.new(self._secret, signed, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-Jinkies-Timestamp": timestamp,
            "X-Jinkies-Signature": f"v1={signature}",
        }
        request = urllib.request.Request(self._url, body, headers)  # noqa: S310 - checked above
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code
        except (OSError, ValueError, http.client.HTTPException):
            return 0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET and be lost."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        return None


_senders: weakref.WeakSet[Sender] = weakref.WeakSet()


def _after_fork() -> None:
    for sender in list(_senders):
        sender._begin()


def _at_exit() -> None:
    deadline = time.monotonic() + AT_EXIT
    for sender in list(_senders):
        sender.flush(max(0.0, deadline - time.monotonic()))


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)


def _cleaned(value: Any, hidden: list[str]) -> Any:
    """Redact every text; a value whose name tells of a secret goes whole."""
    if isinstance(value, dict):
        return {
            name: REMOVED if SECRET_NAME.fullmatch(name) else _cleaned(held, hidden)
            for name, held in ((redacted(key, hidden), held) for key, held in value.items())
            if name.strip()
        }
    if isinstance(value, list):
        return [_cleaned(held, hidden) for held in value]
    return value if isinstance(value, int | float) else redacted(str(value), hidden)


def _said(speak: Callable[[], str], otherwise: str) -> str:
    try:
        return speak() or otherwise
    except Exception:  # noqa: BLE001 - a broken format or __str__ must not lose the error
        return otherwise


def _label(value: Any) -> Label:
    """A label is one value: Jinkies would refuse a whole event for a list or an object in it."""
    is_plain = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    return value if is_plain else _said(lambda: str(value), type(value).__name__)[:1_000]


def _message(record: logging.LogRecord) -> str:
    return _said(record.getMessage, str(record.msg))


def _line(record: logging.LogRecord) -> str:
    clock = datetime.fromtimestamp(record.created, UTC)
    return f"{clock:%H:%M:%S} {record.levelname} {record.name}: {_message(record)[:1_000]}"


def _cut(trace: str) -> str:
    half = TRACE_LENGTH // 2
    return trace if len(trace) <= TRACE_LENGTH else f"{trace[:half]}\n…\n{trace[-half:]}"
