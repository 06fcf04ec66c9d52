"""AWS Lambda: send CloudWatch Logs to Jinkies. Standard library only; paste it into the console.

Set up
1. Create a function, runtime Python 3.11 or newer, and paste this file as `lambda_function.py`.
   Its handler is `lambda_function.lambda_handler`, as the console suggests. Timeout: 1 minute.
2. Set its environment variables:
       JINKIES_URL        where Jinkies listens, e.g. https://jinkies.example.com
       JINKIES_SECRET     the value of Jinkies' WEBHOOK_SECRET
   and, if you like:
       JINKIES_ENVIRONMENT       e.g. staging; production if unset
       JINKIES_SERVICE           the service's name, if the log group does not tell it
       JINKIES_COMMIT            the commit that is deployed, for links into the source
       DEAD_LETTER_QUEUE_URL     an SQS queue for what could not be delivered (needs the
                                 permission sqs:SendMessage); each message is one request body
3. Add a subscription filter to each log group, with this function as its destination. An empty
   filter pattern is best: the lines around an error come with it.

What it does with trouble: 408, 429, 5xx and network errors are tried again with growing, random
pauses while the function has time. What is left goes to the dead letter queue, or, without one,
the function raises, so that AWS calls it again. Nothing counts twice: Jinkies knows CloudWatch's
event ids.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import http.client
import json
import logging
import os
import random
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

MAX_BODY_BYTES = 200_000  # fits Jinkies' limit and an SQS message
MAX_LINES = 1_000
MAX_MESSAGE = 100_000  # characters of one line, if it alone is too large
REQUEST_TIMEOUT = 10.0  # seconds
RESERVE = 3.0  # seconds kept for the dead letters and the log
FIRST_PAUSE = 0.5  # seconds, doubled at every try
LONGEST_PAUSE = 10.0
WITHOUT_CONTEXT = 30.0  # seconds to work when nobody says how many there are

log = logging.getLogger("jinkies")
log.setLevel(logging.INFO)


class NotDelivered(Exception):  # noqa: N818 - what it says in the function's log
    """One request that Jinkies did not take."""


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Deliver the log lines of one subscription event.

    Returns how many requests were `delivered` and how many became `dead_letters`.

    Raises:
        NotDelivered: something could be neither delivered nor put into the dead letter queue.
    """
    deadline = time.monotonic() + _seconds_left(context) - RESERVE
    data = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    if data["messageType"] == "CONTROL_MESSAGE":
        return {"delivered": 0, "dead_letters": 0}
    delivered, failed = 0, []
    requests = list(bodies(data))
    for left, body in zip(range(len(requests), 0, -1), requests, strict=True):
        now = time.monotonic()
        try:
            # Each gets its share of the time: one that fails leaves the others theirs.
            deliver(body, now + (deadline - now) / left)
            delivered += 1
        except NotDelivered as error:
            log.error("not delivered: %s", error)
            failed.append(body)
    log.info("%s: %d delivered, %d failed", data["logGroup"], delivered, len(failed))
    _bury(failed)
    return {"delivered": delivered, "dead_letters": len(failed)}


handler = lambda_handler


def bodies(data: dict[str, Any]) -> Iterator[bytes]:
    """The requests for one subscription batch, each small enough for Jinkies and for SQS."""
    lines = data["logEvents"]
    body = _body(data)
    if len(lines) <= MAX_LINES and len(body) <= MAX_BODY_BYTES:
        yield body
    elif len(lines) > 1:
        middle = _seam(lines)
        yield from bodies({**data, "logEvents": lines[:middle]})
        yield from bodies({**data, "logEvents": lines[middle:]})
    else:
        message = lines[0]["message"]
        half = MAX_MESSAGE // 2
        cut = f"{message[:half]}\n[cut by the forwarder]\n{message[-half:]}"
        log.warning("a line of %d characters was cut", len(message))
        yield _body({**data, "logEvents": [{**lines[0], "message": cut}]})


def deliver(body: bytes, deadline: float) -> None:
    """Post one body, trying again until `deadline` (of `time.monotonic`).

    Raises:
        NotDelivered: Jinkies refused it for good, or the time is over.
    """
    pause = FIRST_PAUSE
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise NotDelivered("the time is over")
        trouble = _post(body, min(REQUEST_TIMEOUT, left))
        if trouble is None:
            return
        # Half to full pause: many functions that failed together do not come back together.
        wait = random.uniform(pause / 2, pause)  # noqa: S311 - no secret
        if time.monotonic() + wait >= deadline:
            raise NotDelivered(f"the time is over; last: {trouble}")
        log.warning("%s; next try in %.1f s", trouble, wait)
        time.sleep(wait)
        pause = min(2 * pause, LONGEST_PAUSE)


def signed(body: bytes, secret: str) -> dict[str, str]:
    """The headers that prove to Jinkies who sends `body`."""
    timestamp = str(int(time.time()))
    text = b"v1:" + timestamp.encode() + b":" + body
    signature = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "jinkies-forwarder/1",
        "X-Jinkies-Timestamp": timestamp,
        "X-Jinkies-Signature": f"v1={signature}",
    }


def _post(body: bytes, timeout: float) -> str | None:
    """Post once; None if it was taken, else what to tell before the next try."""
    request = urllib.request.Request(  # noqa: S310 - _url allows http and https only
        _url(), data=body, headers=signed(body, os.environ["JINKIES_SECRET"]), method="POST"
    )
    try:
        with _opener.open(request, timeout=timeout):
            return None
    except urllib.error.HTTPError as error:
        with error:
            reason = error.read(1_000).decode("utf-8", "replace")
        told = f"Jinkies answered {error.code}: {reason}"
        worth_it = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
        if error.code < 500 and error.code not in worth_it:
            raise NotDelivered(told) from None
        return told
    except (OSError, http.client.HTTPException) as error:  # timeouts, resets, half an answer
        return f"Jinkies cannot be reached: {error}"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET: answered with 200 by anybody, and lost."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        return None


_opener = urllib.request.build_opener(_NoRedirects)


def _url() -> str:
    url = os.environ["JINKIES_URL"].rstrip("/")
    if not url.startswith(("https://", "http://")):
        raise ValueError("JINKIES_URL must begin with https:// or http://")
    return url if "/webhook/" in url else f"{url}/webhook/cloudwatch"


def _body(data: dict[str, Any]) -> bytes:
    packed = base64.b64encode(gzip.compress(json.dumps(data).encode(), mtime=0)).decode()
    known = {
        "service": os.environ.get("JINKIES_SERVICE", ""),
        "environment": os.environ.get("JINKIES_ENVIRONMENT", ""),
        "commit": os.environ.get("JINKIES_COMMIT", ""),
        "region": os.environ.get("AWS_REGION", ""),
    }
    beside = {name: value for name, value in known.items() if value}
    return json.dumps({**beside, "awslogs": {"data": packed}}).encode()


def _seam(lines: list[dict[str, Any]]) -> int:
    """Where to cut near the middle without cutting a trace that came line by line."""
    middle = len(lines) // 2
    for away in range(middle):
        for at in (middle - away, middle + away):
            if (
                0 < at < len(lines)
                and lines[at]["timestamp"] != lines[at - 1]["timestamp"]
                and not lines[at]["message"][:1].isspace()
            ):
                return at
    return middle


def _bury(failed: list[bytes]) -> None:
    """Put what failed into the dead letter queue; without one, or if it fails too, raise."""
    if not failed:
        return
    queue = os.environ.get("DEAD_LETTER_QUEUE_URL")
    if not queue:
        raise NotDelivered(f"{len(failed)} requests were not delivered; AWS will call again")
    import boto3  # in Lambda's runtime; needed only here
    from botocore.exceptions import BotoCoreError, ClientError

    sqs, lost = boto3.client("sqs"), 0
    for body in failed:
        try:
            sqs.send_message(QueueUrl=queue, MessageBody=body.decode())
        except (BotoCoreError, ClientError) as error:
            log.error("not in the dead letter queue: %s", error)
            lost += 1
    log.error("%d requests are in the dead letter queue %s", len(failed) - lost, queue)
    if lost:
        raise NotDelivered(f"{lost} requests are in no queue; AWS will call again")


def _seconds_left(context: Any) -> float:
    if context is None:
        return WITHOUT_CONTEXT
    return float(context.get_remaining_time_in_millis()) / 1000
