"""A local AWS: moto's server for CloudWatch Logs, S3 and DynamoDB, and its log subscriptions.

moto delivers subscriptions to Lambda only through Docker, so `Subscriptions` plays that part:
it reads new log events and calls the function with the very payload that AWS makes of them.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from moto.logs.models import LogEvent
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

log = logging.getLogger(__name__)

ACCOUNT = "123456789012"
REGION = "eu-central-1"
MOST_EVENTS = 1_000  # in one invocation
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0

FUNCTION_SECONDS = 8.0  # the function's timeout

LambdaFunction = Callable[[dict[str, Any], Any], object]


class LambdaContext:
    """What a Lambda function can ask of its invocation; ours is only asked for the time."""

    def __init__(self) -> None:
        self._deadline = time.monotonic() + FUNCTION_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function would be ended."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class Aws:
    """moto's server on loopback; everything in it is forgotten when it stops."""

    def __init__(self) -> None:
        self._server: ThreadedMotoServer | None = None
        self.url = ""

    def start(self, port: int = 0) -> None:
        """Start serving; the address is `url`."""
        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each request
        LogEvent.to_filter_dict = _with_id_of_aws  # type: ignore[method-assign, assignment]
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
        self._server.start()
        host, actual = self._server.get_host_and_port()
        self.url = f"http://{host}:{actual}"

    def stop(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.stop()
            moto_api_backend.reset()  # its memory is the process's, and would be the next one's
            self._server = None

    def environment(self) -> dict[str, str]:
        """The variables by which any SDK finds this AWS, and can reach no other."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_SESSION_TOKEN": "",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        """A boto3 client of this AWS."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
            config=Config(retries={"max_attempts": 1}, read_timeout=5, connect_timeout=2),
        )


@dataclass
class _Subscription:
    group: str
    position: dict[str, str] = field(default_factory=dict)  # stream → where reading goes on
    waiting: deque[dict[str, Any]] = field(default_factory=deque)  # payloads not delivered yet


class Subscriptions:
    """Calls a Lambda function with every new log event of the groups below a prefix.

    A call that raises is repeated with growing pauses, in order, as AWS does with
    asynchronous invocations.
    """

    def __init__(
        self, logs: Any, function: LambdaFunction, *, prefix: str, every: float = 0.4
    ) -> None:
        self._logs = logs
        self._function = function
        self._prefix = prefix
        self._every = every
        self._subscriptions: dict[str, _Subscription] = {}
        self._pause = FIRST_PAUSE

    async def run(self, stop: asyncio.Event) -> None:
        """Pump until told to stop."""
        while not stop.is_set():
            delivered = await asyncio.to_thread(self.pump)
            self._pause = self._every if delivered else min(self._pause * 2, LONGEST_PAUSE)
            try:
                await asyncio.wait_for(stop.wait(), self._pause)
            except TimeoutError:
                continue

    def pump(self) -> bool:
        """Deliver what is new; False if the function failed and must be called again."""
        for group in self._groups():
            subscription = self._subscriptions.setdefault(group, _Subscription(group))
            for stream in self._streams(group):
                for events in self._new_events(subscription, stream):
                    subscription.waiting.append(data_message(group, stream, events))
        failed = [each for each in self._subscriptions.values() if not self._deliver(each)]
        return not failed

    def _groups(self) -> list[str]:
        found = self._logs.describe_log_groups(logGroupNamePrefix=self._prefix)
        return [group["logGroupName"] for group in found["logGroups"]]

    def _streams(self, group: str) -> list[str]:
        found = self._logs.describe_log_streams(logGroupName=group)
        return [stream["logStreamName"] for stream in found["logStreams"]]

    def _new_events(
        self, subscription: _Subscription, stream: str
    ) -> Iterator[list[dict[str, Any]]]:
        while True:
            position = subscription.position.get(stream)
            answer = self._logs.get_log_events(
                logGroupName=subscription.group,
                logStreamName=stream,
                startFromHead=True,
                limit=MOST_EVENTS,
                **({"nextToken": position} if position else {}),
            )
            subscription.position[stream] = answer["nextForwardToken"]
            if not answer["events"]:
                return
            yield answer["events"]

    def _deliver(self, subscription: _Subscription) -> bool:
        while subscription.waiting:
            try:
                self._function(invocation(subscription.waiting[0]), LambdaContext())
            except Exception:  # whatever the function raises, AWS calls it again
                log.warning("the forwarder failed for %s", subscription.group, exc_info=True)
                return False
            subscription.waiting.popleft()
        return True


def data_message(group: str, stream: str, events: list[dict[str, Any]]) -> dict[str, Any]:
    """What CloudWatch Logs sends to a subscriber, before it is packed."""
    return {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": ["jinkies"],
        "logEvents": [
            {"id": event_id(event), "timestamp": event["timestamp"], "message": event["message"]}
            for event in events
        ],
    }


def event_id(event: Mapping[str, Any]) -> str:
    """A decimal id of 56 digits like CloudWatch's, the same for the same event."""
    told = f"{event['timestamp']} {event['ingestionTime']} {event['message']}"
    number = int.from_bytes(hashlib.sha256(told.encode()).digest())
    return f"{event['timestamp']:013d}{number % 10**43:043d}"


_as_moto_tells = LogEvent.to_filter_dict


def _with_id_of_aws(event: LogEvent) -> dict[str, Any]:
    """moto counts its events from 0 at every start; AWS's ids are its own and never come again,
    the same for who reads the log and who is subscribed to it."""
    told: dict[str, Any] = _as_moto_tells(event)
    return {**told, "eventId": event_id(told)}


def invocation(message: Mapping[str, Any]) -> dict[str, Any]:
    """The event with which AWS calls a subscribed function: base64 of gzip of JSON."""
    packed = gzip.compress(json.dumps(message).encode(), compresslevel=6)
    return {"awslogs": {"data": base64.b64encode(packed).decode()}}


@contextmanager
def environment_of(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while, as a Lambda function's configuration does."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
