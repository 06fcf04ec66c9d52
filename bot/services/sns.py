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
from typing import IO, Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bot.errors import UpstreamError

MAX_CERTIFICATE_BYTES = 16_384
MAX_CERTIFICATES = 64
SECONDS = 4.0
WAIT_AFTER_FAILURE = 30.0
_SYSTEM = "Amazon SNS"
_TOPIC = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z0-9-]{1,30}):")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A certificate lies where its URL says, or nowhere."""

    def redirect_request(
        self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        """Follow nothing: the answer then counts as an error."""


class SnsCertificates:
    """Fetches certificates and keeps the last of them; thread-safe.

    Asked only for URLs that `sns_signature` has found to be exactly a region's own. A URL that
    failed is not asked for again for half a minute, and one is fetched at a time, so that a
    flood of made-up ones costs little.

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
        secure = urllib.request.HTTPSHandler(context=context or ssl.create_default_context())
        self._opener = urllib.request.build_opener(secure, _NoRedirect())
        self._clock = clock
        self._fetching = threading.Lock()
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._failed: OrderedDict[str, float] = OrderedDict()

    def __call__(self, url: str) -> bytes:
        """The PEM at `url`.

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
            with self._opener.open(url, timeout=SECONDS) as answer:
                pem: bytes = answer.read(MAX_CERTIFICATE_BYTES + 1)
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            _keep(self._failed, url, self._clock())
            raise UpstreamError(_SYSTEM, f"its certificate cannot be fetched: {error}") from error
        if len(pem) > MAX_CERTIFICATE_BYTES:
            _keep(self._failed, url, self._clock())
            raise UpstreamError(_SYSTEM, "its certificate is larger than any certificate")
        _keep(self._known, url, pem)
        return pem


def _keep(cache: OrderedDict[str, Any], url: str, value: object) -> None:
    """Remember it; the oldest goes when there are too many."""
    cache[url] = value
    if len(cache) > MAX_CERTIFICATES:
        cache.popitem(last=False)


class SnsConfirmations:
    """Confirms subscriptions at the topic's own region, never at an address from a message.

    ConfirmSubscription needs no credentials: the token is the proof.

    Args:
        endpoint_url: a stand-in of AWS; "" for AWS itself.
    """

    def __init__(self, endpoint_url: str = "") -> None:
        self._endpoint_url = endpoint_url

    def __call__(self, topic: str, token: str) -> None:
        """Confirm; twice is as good as once.

        Raises:
            UpstreamError: AWS refuses, or cannot be reached.
        """
        arn = _TOPIC.match(topic)
        if arn is None:
            raise UpstreamError(_SYSTEM, "the topic's ARN cannot be read", permanent=True)
        suffix = "amazonaws.com.cn" if arn[1] == "aws-cn" else "amazonaws.com"
        client = boto3.client(
            "sns",
            region_name=arn[2],
            endpoint_url=self._endpoint_url or f"https://sns.{arn[2]}.{suffix}",
            config=Config(
                signature_version=UNSIGNED,
                connect_timeout=SECONDS,
                read_timeout=SECONDS,
                retries={"max_attempts": 1},
            ),
        )
        try:
            client.confirm_subscription(TopicArn=topic, Token=token)
        except ClientError as error:
            code = error.response["Error"].get("Code", "refused")
            raise UpstreamError(_SYSTEM, f"the subscription is not confirmed: {code}") from error
        except BotoCoreError as error:
            raise UpstreamError(_SYSTEM, str(error)) from error
