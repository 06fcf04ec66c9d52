"""The sample shop as its customers know it: a process, HTTP, and logs in CloudWatch."""

from __future__ import annotations

import asyncio
import linecache
import re
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from sandbox.aws import Aws
from sandbox.breakages import BREAKAGES, ORDINARY, Breakage
from sandbox.shop_process import ShopProcess

LINE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z (INFO|ERROR) \[(req-\w{12})\] ")
FRAME = re.compile(r'File "(.+)", line (\d+), in (\w+)\n    (.+)')


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    aws = Aws()
    aws.start()
    yield aws
    aws.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(aws: Aws) -> AsyncIterator[ShopProcess]:
    shop = ShopProcess({**aws.environment(), "SHOP_COMMIT": "abc1234"})
    await shop.start()
    yield shop
    await shop.stop()


def surfaced(text: str) -> str:
    """The type of the exception that a traceback ends with."""
    return text.splitlines()[-1].partition(":")[0].rpartition(".")[2]


async def traceback_of(aws: Aws, breakage: Breakage, seen: set[str]) -> str:
    """A new error of its kind in the service's log group, once it is there."""
    logs = aws.client("logs")
    while True:
        try:
            found = await asyncio.to_thread(
                logs.filter_log_events, logGroupName=f"/shop/{breakage.service}"
            )
        except logs.exceptions.ResourceNotFoundException:
            found = {"events": []}
        for event in found["events"]:
            text = str(event["message"])
            if "Traceback" in text and text not in seen and surfaced(text) == breakage.error:
                seen.add(text)
                return text
        await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def seen() -> set[str]:
    return set()


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_ordinary_requests_succeed(shop: ShopProcess) -> None:
    assert [await shop.send(request) for request in ORDINARY] == [200] * len(ORDINARY)


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.id)
async def test_a_breakage_crashes_for_real_and_its_traceback_is_in_cloudwatch(
    shop: ShopProcess, aws: Aws, seen: set[str], breakage: Breakage
) -> None:
    statuses = await shop.break_with(breakage)
    assert 500 in statuses
    text = await asyncio.wait_for(traceback_of(aws, breakage, seen), 20)
    assert LINE.match(text)
    frames = [found for found in FRAME.findall(text) if "site-packages" not in found[0]]
    assert any(frame[0].endswith(breakage.file) for frame in frames)
    path, number, _function, code = frames[-1]
    assert linecache.getline(path, int(number)).strip() == code


async def test_lines_of_one_request_share_its_id(shop: ShopProcess, aws: Aws) -> None:
    for request in ORDINARY:
        assert await shop.send(request) == 200
    await asyncio.wait_for(each_id_is_shared(aws), 20)


async def each_id_is_shared(aws: Aws) -> None:
    """Wait for it: a request's first line may be shipped before its last."""
    while True:
        ids = await logged_ids(aws)
        if ids and all(ids.count(each) >= 2 for each in ids):
            return
        await asyncio.sleep(0.05)


async def logged_ids(aws: Aws) -> list[str]:
    """The id of each line that the catalogue has logged."""
    logs = aws.client("logs")
    try:
        found = await asyncio.to_thread(logs.filter_log_events, logGroupName="/shop/catalogue")
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [match[2] for each in found["events"] if (match := LINE.match(each["message"]))]


async def test_every_service_has_a_log_group(shop: ShopProcess, aws: Aws) -> None:
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix="/shop/")["logGroups"]
    services = {group["logGroupName"].rpartition("/")[2] for group in groups}
    assert {breakage.service for breakage in BREAKAGES} <= services


async def test_the_last_log_lines_are_shipped_before_the_shop_ends(aws: Aws) -> None:
    shop = ShopProcess({**aws.environment(), "SHOP_COMMIT": "lastwords"})
    await shop.start()
    await shop.stop()
    found = aws.client("logs").filter_log_events(logGroupName="/shop/web")["events"]
    assert any("commit lastwords, started" in event["message"] for event in found)
