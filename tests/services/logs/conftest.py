"""A local CloudWatch, and a store that reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from log_groups import START, session

from bot.services.logs.account import Account
from bot.services.logs.cloudwatch import CloudWatchStore
from bot.services.logs.tailing import TailRhythm
from sandbox.cloudwatch import CloudWatchStandIn


@pytest.fixture
async def aws() -> AsyncIterator[CloudWatchStandIn]:
    standin = CloudWatchStandIn()
    await standin.start()
    yield standin
    await standin.stop()


@pytest.fixture
async def store(aws: CloudWatchStandIn) -> AsyncIterator[CloudWatchStore]:
    opened = CloudWatchStore(
        Account(session=session()),
        endpoint_url=aws.url,
        rhythm=TailRhythm(pause=0.01, overlap=5, deep_every=0.05, deep_overlap=120),
        clock=lambda: START + timedelta(hours=1),
    )
    yield opened
    await opened.close()
