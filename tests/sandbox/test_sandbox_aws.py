from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sandbox.aws import Aws, Subscriptions, environment_of


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    aws = Aws()
    aws.start()
    yield aws
    aws.stop()


@pytest.fixture
def logs(aws: Aws) -> Any:
    return aws.client("logs")


class Function:
    """A Lambda function that remembers its calls; it fails while `failing`."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.failing = False

    def __call__(self, event: Mapping[str, Any], context: object) -> None:
        if self.failing:
            raise ConnectionError("the webhook is down")
        self.messages.append(
            json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
        )

    @property
    def told(self) -> list[str]:
        return [each["message"] for message in self.messages for each in message["logEvents"]]


def write(logs: Any, group: str, *texts: str) -> None:
    try:
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="web/1")
    except logs.exceptions.ResourceAlreadyExistsException:
        pass
    at = int(time.time() * 1000)
    events = [{"timestamp": at + number, "message": text} for number, text in enumerate(texts)]
    logs.put_log_events(logGroupName=group, logStreamName="web/1", logEvents=events)


def test_a_subscriber_gets_what_aws_would_send(logs: Any) -> None:
    function = Function()
    write(logs, "/one/checkout", "first", "second")
    assert Subscriptions(logs, function, prefix="/one/").pump()
    (message,) = function.messages
    assert message["messageType"] == "DATA_MESSAGE"
    assert message["logGroup"] == "/one/checkout"
    assert message["logStream"] == "web/1"
    assert [event["message"] for event in message["logEvents"]] == ["first", "second"]
    for event in message["logEvents"]:
        assert set(event) == {"id", "timestamp", "message"}
        assert len(event["id"]) == 56
        assert event["id"].isdigit()


def test_who_reads_the_log_sees_the_ids_that_a_subscriber_got(logs: Any) -> None:
    function = Function()
    write(logs, "/ids/checkout", "first", "second")
    Subscriptions(logs, function, prefix="/ids/").pump()
    (message,) = function.messages
    read = logs.filter_log_events(logGroupName="/ids/checkout", limit=1)
    read["events"] += logs.filter_log_events(
        logGroupName="/ids/checkout", nextToken=read["nextToken"]
    )["events"]
    assert [each["eventId"] for each in read["events"]] == [
        each["id"] for each in message["logEvents"]
    ]


def test_nothing_is_delivered_twice_and_other_groups_not_at_all(logs: Any) -> None:
    function = Function()
    subscriptions = Subscriptions(logs, function, prefix="/two/")
    write(logs, "/two/checkout", "first")
    write(logs, "/other/checkout", "not ours")
    subscriptions.pump()
    subscriptions.pump()
    write(logs, "/two/checkout", "second")
    subscriptions.pump()
    assert function.told == ["first", "second"]


def test_what_a_failing_function_missed_comes_again_in_order(logs: Any) -> None:
    function = Function()
    function.failing = True
    subscriptions = Subscriptions(logs, function, prefix="/three/")
    write(logs, "/three/checkout", "first")
    assert not subscriptions.pump()
    write(logs, "/three/checkout", "second")
    assert not subscriptions.pump()
    function.failing = False
    assert subscriptions.pump()
    assert function.told == ["first", "second"]


async def test_the_pump_ends_when_it_is_told(logs: Any) -> None:
    function = Function()
    stop = asyncio.Event()
    pumping = asyncio.create_task(
        Subscriptions(logs, function, prefix="/four/", every=30).run(stop)
    )
    stop.set()
    await asyncio.wait_for(pumping, 5)


def test_s3_and_dynamodb_are_there(aws: Aws) -> None:
    aws.client("s3").create_bucket(
        Bucket="crashes", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    assert aws.client("s3").list_buckets()["Buckets"][0]["Name"] == "crashes"
    assert aws.client("dynamodb").list_tables()["TableNames"] == []


def test_the_environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "before")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with environment_of({"AWS_REGION": "inside", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}):
        assert os.environ["AWS_REGION"] == "inside"
    assert os.environ["AWS_REGION"] == "before"
    assert "AWS_ENDPOINT_URL" not in os.environ
