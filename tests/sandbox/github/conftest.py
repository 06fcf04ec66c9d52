"""A GitHub stand-in with a small shop in it, and PyGithub pointed at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import pytest
from github import Auth, Github

from sandbox.github import STAND_IN_TOKEN, Commit, GitHubStandIn

T = TypeVar("T")
ADA = "Ada Example <ada@example.com>"
PRICING = "def total(prices):\n    return sum(prices)\n\n\ndef average(prices):\n    return 0\n"
FIXED = PRICING.replace("return 0", "return total(prices) / len(prices)")
HISTORY = (
    Commit("Open the shop", ADA, {"README.md": "# Shop\n", "shop/pricing.py": PRICING}),
    Commit("Really compute the average", ADA, {"shop/pricing.py": FIXED}),
    Commit("Add the cart", "Bo <bo@example.com>", {"shop/cart.py": "ITEMS = []\n"}),
)


@pytest.fixture
async def standin() -> AsyncIterator[GitHubStandIn]:
    server = GitHubStandIn()
    await server.start()
    server.add_repository("acme/shop", HISTORY, description="A sample shop")
    yield server
    await server.stop()


def client(server: GitHubStandIn, token: str = STAND_IN_TOKEN, **options: Any) -> Github:
    options = {"retry": None, "seconds_between_requests": 0, "seconds_between_writes": 0} | options
    return Github(base_url=server.api_url, auth=Auth.Token(token), **options)


async def run(work: Callable[[], T]) -> T:
    """PyGithub blocks, and the server lives in this loop."""
    return await asyncio.to_thread(work)


@pytest.fixture
def drive(standin: GitHubStandIn) -> Callable[..., Any]:
    """Run a function of PyGithub's repository in a thread."""

    async def driven(work: Callable[[Any], T], **options: Any) -> T:
        return await run(lambda: work(client(standin, **options).get_repo("acme/shop")))

    return driven
