"""Request ids, and the way of the logs to CloudWatch: one group per service."""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
import time
import uuid
from collections import defaultdict
from contextvars import ContextVar
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s [%(request_id)s] %(name)s: %(message)s"
FLUSH_SECONDS = 0.2
START = "web"

request_id: ContextVar[str] = ContextVar("request_id", default="-")
service: ContextVar[str] = ContextVar("service", default=START)


def new_request_id() -> str:
    """An id as our load balancer makes them."""
    return "req-" + uuid.uuid4().hex[:12]


class CloudWatchStream(logging.Handler):
    """Ships records in batches from a thread of its own, so that no request waits for AWS."""

    def __init__(self, client: Any) -> None:
        super().__init__()
        self.client = client
        self.stream = f"web/{os.getpid()}"
        self.waiting: queue.SimpleQueue[tuple[str, dict[str, Any]] | None] = queue.SimpleQueue()
        self.known: set[str] = set()
        self.thread = threading.Thread(target=self.ship_forever, name="cloudwatch", daemon=True)
        self.thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue one record; its service decides the log group."""
        event = {"timestamp": int(record.created * 1000), "message": self.format(record)}
        self.waiting.put((f"/shop/{service.get()}", event))

    def close(self) -> None:
        """Ship what is left."""
        self.waiting.put(None)
        self.thread.join(timeout=5)
        super().close()

    def ship_forever(self) -> None:
        """Wait for records, collect what comes together, ship it."""
        going_on = True
        while going_on:
            batches = defaultdict(list)
            entry = self.waiting.get()
            time.sleep(FLUSH_SECONDS)
            while entry is not None:
                batches[entry[0]].append(entry[1])
                if self.waiting.empty():
                    break
                entry = self.waiting.get()
            going_on = entry is not None
            for group, events in batches.items():
                self.ship(group, events)

    def ship(self, group: str, events: list[dict[str, Any]]) -> None:
        """Send one batch to one group; a failure is told on standard error."""
        try:
            if group not in self.known:
                self.create(group)
            events.sort(key=lambda event: event["timestamp"])
            self.client.put_log_events(
                logGroupName=group, logStreamName=self.stream, logEvents=events
            )
        except (BotoCoreError, ClientError) as error:
            print(f"{len(events)} log lines of {group} are lost: {error}", file=sys.stderr)

    def create(self, group: str) -> None:
        """Make sure that group and stream exist."""
        exists = self.client.exceptions.ResourceAlreadyExistsException
        for create, name in (
            (self.client.create_log_group, {"logGroupName": group}),
            (self.client.create_log_stream, {"logGroupName": group, "logStreamName": self.stream}),
        ):
            try:
                create(**name)
            except exists:
                continue
        self.known.add(group)


def set_up() -> logging.Handler:
    """Send every record of the shop to CloudWatch, with the id of its request."""
    stream = CloudWatchStream(boto3.client("logs"))
    formatter = logging.Formatter(FORMAT, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    stream.setFormatter(formatter)
    stream.addFilter(_with_request_id)
    root = logging.getLogger()
    root.addHandler(stream)
    root.setLevel(logging.WARNING)
    logging.getLogger(__package__).setLevel(logging.INFO)
    return stream


def _with_request_id(record: logging.LogRecord) -> bool:
    record.request_id = request_id.get()
    return True
