"""A local Discord with its page, a real bot on it, and a real browser before it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio
from page_stage import Stage
from playwright.async_api import async_playwright, expect
from showcase_bot import ShowcaseBot

from sandbox.discord import page
from sandbox.discord.server import DiscordStandIn

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextlib.asynccontextmanager
async def running_bot(standin: DiscordStandIn) -> AsyncIterator[ShowcaseBot]:
    """The showcase bot, connected and ready."""
    with standin.point_client_here():
        bot = ShowcaseBot()
        running = asyncio.create_task(bot.start(standin.token))
        ready = asyncio.create_task(bot.ready.wait())
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
        if running.done():
            running.result()
        try:
            yield bot
        finally:
            ready.cancel()
            await bot.close()
            await running


def standin_with_page(answer_within: float = 0.4) -> DiscordStandIn:
    """A local Discord, not started, that gives bots less time than Discord does."""
    return DiscordStandIn(mounts=[page.mount], rate_limits=False, answer_within=answer_within)


@dataclass
class PageClient:
    """The page's API as one person calls it; answers are (status, JSON)."""

    http: aiohttp.ClientSession
    standin: DiscordStandIn

    async def __call__(
        self, method: str, path: str, body: object = None, person: str = "sam", **query: str
    ) -> tuple[int, object]:
        url = f"{self.standin.url}/page/api{path}"
        params = {"as": person, **query}
        async with self.http.request(method, url, params=params, json=body) as answer:
            return answer.status, await answer.json() if answer.status != 204 else None


@pytest.fixture
async def page_standin() -> AsyncIterator[DiscordStandIn]:
    """A local Discord with its page."""
    standin = standin_with_page()
    await standin.start()
    yield standin
    await standin.stop()


@pytest.fixture
async def call(page_standin: DiscordStandIn) -> AsyncIterator[PageClient]:
    """Calls of the page's API."""
    async with aiohttp.ClientSession() as http:
        yield PageClient(http, page_standin)


@pytest.fixture
async def showcase(page_standin: DiscordStandIn) -> AsyncIterator[ShowcaseBot]:
    """The showcase bot on the test's own local Discord."""
    async with running_bot(page_standin) as bot:
        yield bot


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def whole_stage() -> AsyncIterator[Stage]:
    """A local Discord, a bot and a browser, for a module of tests."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    standin = standin_with_page()
    await standin.start()
    async with running_bot(standin) as bot, async_playwright() as driver:
        expect.set_options(timeout=10_000)
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield Stage(standin, bot, browser)
        await browser.close()
    await standin.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(whole_stage: Stage) -> AsyncIterator[Stage]:
    """The module's stage; afterwards nothing was complained of in the browser's console."""
    whole_stage.complaints.clear()
    yield whole_stage
    for context in whole_stage.contexts:
        await context.close()
    whole_stage.contexts.clear()
    assert whole_stage.complaints == []
