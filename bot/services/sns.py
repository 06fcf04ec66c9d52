"""Amazon SNS: its signing certificates, and the confirmation of subscriptions.

Called from the web server's threads, inside SNS's 15 seconds. Every failure is an
`UpstreamError`, which the sender hears as 503, so that it tries again.
"""

from __future__ import annotations

import http.client
import re
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property
from typing import IO, Any
from urllib.parse import urlencode

from bot.errors import UpstreamError

MAX_BYTES = 16_384  # of an answer; certificates have about 2,000
MAX_CERTIFICATES = 64
SECONDS = 4.0
WAIT_AFTER_FAILURE = 30.0
_SYSTEM = "Amazon SNS"
_VERSION = "2010-03-31"  # of its API
_TOPIC = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z0-9-]{1,30}):")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A certificate lies where its URL says, or nowhere."""

    def redirect_request(
        self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        """Follow nothing: the answer then counts as an error."""


class SnsHosts:
    """Talks to SNS's own hosts, without credentials; thread-safe.

    Args:
        context: trusts what the machine trusts, if None.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        context: ssl.SSLContext | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._clock = clock
        self._fetching = threading.Lock()
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._failed: OrderedDict[str, float] = OrderedDict()

    @cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        # Reading the machine's certificates takes a tenth of a second; most never hear of SNS.
        secure = urllib.request.HTTPSHandler(context=self._context or ssl.create_default_context())
        return urllib.request.build_opener(secure, _NoRedirect())

    def certificate(self, url: str) -> bytes:
        """The PEM at `url`, one that `sns_signature` has found to be exactly a region's own.

        It is kept. A URL that failed is not asked for again for half a minute, and one is
        fetched at a time, so that a flood of made-up ones costs little.

        Raises:
            UpstreamError: it cannot be had now.
        """
        found = self._known.get(url)
        if found is not None:
            return found
        if not self._fetching.acquire(timeout=SECONDS):
            raise UpstreamError(_SYSTEM, "other certificates are being fetched", retry_after=1)
        try:
            return self._known.get(url) or self._fetched(url)
        finally:
            self._fetching.release()

    def _fetched(self, url: str) -> bytes:
        since = self._failed.get(url)
        if since is not None and self._clock() - since < WAIT_AFTER_FAILURE:
            raise UpstreamError(_SYSTEM, "its certificate could not be fetched just now")
        try:
            pem = self._asked(url, None)
        except UpstreamError:
            _keep(self._failed, url, self._clock())
            raise
        _keep(self._known, url, pem)
        return pem

    def confirm(self, topic: str, token: str) -> None:
        """Confirm a subscription at the topic's region; twice is as good as once.

        The token is the proof, so this needs no credentials.

        Raises:
            UpstreamError: AWS refuses, or cannot be reached.
        """
        arn = _TOPIC.match(topic)
        if arn is None:
            raise UpstreamError(_SYSTEM, "the topic's ARN cannot be read", permanent=True)
        suffix = "amazonaws.com.cn" if arn[1] == "aws-cn" else "amazonaws.com"
        asked = {"Action": "ConfirmSubscription", "Version": _VERSION}
        form = urlencode({**asked, "TopicArn": topic, "Token": token}).encode()
        self._asked(f"https://sns.{arn[2]}.{suffix}/", form)

    def _asked(self, url: str, form: bytes | None) -> bytes:
        """GET, or POST a form; what is answered with 200."""
        try:
            with self._opener.open(url, form, timeout=SECONDS) as answer:
                body: bytes = answer.read(MAX_BYTES + 1)
        except urllib.error.HTTPError as error:
            error.close()
            raise UpstreamError(_SYSTEM, f"refuses with status {error.code}") from error
        except (http.client.HTTPException, OSError) as error:
            raise UpstreamError(_SYSTEM, f"cannot be reached: {error}") from error
        if len(body) > MAX_BYTES:
            raise UpstreamError(_SYSTEM, "answers more than it ever should")
        return body


def _keep(cache: OrderedDict[str, Any], url: str, value: object) -> None:
    """Remember it; the oldest goes when there are too many."""
    cache[url] = value
    if len(cache) > MAX_CERTIFICATES:
        cache.popitem(last=False)
