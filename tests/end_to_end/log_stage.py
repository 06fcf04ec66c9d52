"""A bot that reads the local CloudWatch, for the tests of /logs; loaded by their fixtures."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rehearsal import Rehearsal

from sandbox.cloudwatch import CloudWatchStandIn
from sandbox.discord.interactions import Reply

Json = dict[str, Any]

CHECKOUT = "/aws/lambda/checkout"
SHIPPING = "/aws/lambda/shipping"


def ago(**length: float) -> int:
    """Milliseconds since 1970 of a moment that long ago."""
    return int((datetime.now(UTC) - timedelta(**length)).timestamp() * 1000)


def numbered(count: int, first: int, step: int = 10) -> list[tuple[int, str]]:
    """Lines that tell their number, in steps of milliseconds."""
    return [(first + number * step, f"INFO line {number:06}") for number in range(count)]


@asynccontextmanager
async def reading(
    stage: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[CloudWatchStandIn]:
    """The stage with a CloudWatch that its bot will read."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ):
        monkeypatch.setenv(name, value)
    aws = CloudWatchStandIn()
    await aws.start()
    stage.settings = stage.settings.model_copy(
        update={
            "aws_region": "eu-central-1",
            "aws_endpoint_url": aws.url,
            "log_groups_by_service": {"checkout": (CHECKOUT,), "both": (CHECKOUT, SHIPPING)},
        }
    )
    try:
        yield aws
    finally:
        await stage.stop()
        await aws.stop()


def shown(message: Json | None) -> str:
    """All texts of a message of Components V2."""
    assert message is not None
    return "\n".join(_texts(message["components"]))


def bare(message: Json | None) -> str:
    """The same without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", shown(message))


def labels(message: Json | None) -> list[str]:
    """Labels of the buttons that can be pressed."""
    assert message is not None
    return [
        each["label"]
        for row in message["components"]
        for each in row.get("components", [])
        if each["type"] == 2 and not each.get("disabled")
    ]


def menu(message: Json | None) -> Json:
    """The one menu of a message."""
    assert message is not None
    (found,) = [
        each
        for row in message["components"]
        for each in row.get("components", [])
        if each["type"] == 3
    ]
    return found


def answer(reply: Reply) -> Json:
    """The message that a press or command was answered with."""
    message = reply.updated or reply.message
    assert message is not None
    return message


def _texts(components: list[Json]) -> list[str]:
    found = [each["content"] for each in components if "content" in each]
    for each in components:
        found += _texts(each.get("components", []))
    return found
