"""FilterLogEvents without boto3's parser, which takes four times the CPU of all the rest.

Signature, connections, proxies and certificates are botocore's own; the answer is read by
orjson straight into lines. One thread parses at a time, so that a big read by many threads
leaves the event loop its turns.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ConnectionError, HTTPClientError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from bot.analysis.logs.query import LogLine
from bot.errors import UpstreamError
from bot.services.logs.account import Account
from bot.services.logs.failures import SYSTEM, Refusal

_TARGET = "Logs_20140328.FilterLogEvents"
_TIMEOUTS = (5, 30)  # to connect, to be answered; seconds

Keep = Callable[[list[LogLine]], list[LogLine]]


@dataclass(slots=True)
class Page:
    """One answer: the lines that were kept, in order, and what the whole page was like.

    `first_at` and `last_at` are those of all `count` events; None if there is none.
    """

    lines: list[LogLine]
    count: int
    token: str | None
    first_at: int | None = None
    last_at: int | None = None
    is_sorted: bool = True


class Wire:
    """Signed calls over kept-open connections; used by many threads at once."""

    def __init__(self, account: Account, endpoint: str, connections: int) -> None:
        self._account = account
        self._endpoint = endpoint
        self._http = URLLib3Session(
            proxies=get_environ_proxies(endpoint),
            timeout=_TIMEOUTS,
            max_pool_connections=connections,
        )
        self._parsing = threading.Lock()

    def filter(self, asked: Mapping[str, Any], group: str, keep: Keep) -> Page:
        """Ask for one page; blocks. `group` is what its lines are said to come from.

        Raises:
            Refusal: AWS's own error.
            UpstreamError: AWS cannot be reached, or there are no credentials.
        """
        body = self._ask(orjson.dumps(asked))
        with self._parsing, _no_collection():
            return read_page(body, group, keep)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _ask(self, body: bytes) -> bytes:
        request = AWSRequest(
            method="POST",
            url=self._endpoint,
            data=body,
            headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": _TARGET},
            stream_output=True,  # read here at once, not in pieces that are joined
        )
        try:
            signature = SigV4Auth(self._account.credentials(), "logs", self._account.region)
            signature.add_auth(request)
            response = self._http.send(request.prepare())
            content: bytes = response.raw.read(decode_content=True)
        except (ConnectionError, HTTPClientError, urllib3.exceptions.HTTPError) as error:
            raise Refusal("ServiceUnavailable", str(error), "FilterLogEvents", 503) from error
        except BotoCoreError as error:
            raise UpstreamError(
                SYSTEM, str(error), permanent=True, cure="Set AWS_REGION and credentials."
            ) from error
        if response.status_code != 200:
            raise _refusal(response.status_code, content)
        return content


def read_page(body: bytes, group: str, keep: Keep) -> Page:
    """Make lines of an answer of FilterLogEvents."""
    answer = orjson.loads(body)
    events = answer.get("events") or []
    intern, make = sys.intern, tuple.__new__  # half of what LogLine(…) takes
    lines: list[LogLine] = [
        make(
            LogLine,
            (
                event["timestamp"],
                event["message"],
                group,
                intern(event["logStreamName"]),
                event["eventId"],
            ),
        )
        for event in events
    ]
    token = answer.get("nextToken")
    if not lines:
        return Page([], 0, token)
    is_sorted = True
    last = lines[0].at
    for line in lines:
        if line[0] < last:
            is_sorted = False
            lines.sort(key=lambda each: each[0])
            break
        last = line[0]
    return Page(keep(lines), len(lines), token, lines[0].at, lines[-1].at, is_sorted)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep Python from looking for circles among the lines: there are none in a page.

    It would look at all that are in memory, again and again, while the event loop waits.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _refusal(status: int, body: bytes) -> Refusal:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        told = {}
    code = str(told.get("__type", "")).rpartition("#")[2] or f"HTTP {status}"
    message = str(told.get("message") or told.get("Message") or body[:200].decode(errors="replace"))
    return Refusal(code, message, "FilterLogEvents", status)
