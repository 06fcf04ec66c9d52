"""The ten incidents, the six crashes and a drill, from the demo's page in a real browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright, expect
from test_browser_story import ARGUMENTS, CHROMIUM, opened

from bot.simulation.crash.library import Library
from bot.simulation.incident.playing import KEPT, Journal
from bot.simulation.incident.scenario import CASCADES
from sandbox.demo import HURRY, Demo, demo

LONG = 20_000  # ms
SHORTEST = 20  # messages of an incident, at whatever hour

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """A demo that is in no hurry because of Discord's limits; those are tested elsewhere."""
    stop = asyncio.Event()
    tempo = replace(HURRY, plays=())
    async with demo(stop=stop, data=tmp_path_factory.mktemp("demo"), tempo=tempo) as joined:
        for scenario in CASCADES:
            joined.discord.world.add_channel(f"play-{scenario}")
        yield joined
        assert joined.discord.violations == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(running: Demo) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield await opened(browser, running, "sam")
        await browser.close()


async def typed(page: Page, command: str, scenario: str) -> None:
    """A command with its scenario, by the keyboard, as fast as keys can be pressed."""
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")
    await page.keyboard.type(command)
    await page.get_by_role("option", name=re.compile(f"^.{command}")).first.wait_for()
    await page.keyboard.press("Enter")
    await page.keyboard.type(scenario)
    await page.get_by_role("option", name=re.compile(scenario)).first.wait_for()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")


@pytest.mark.parametrize("scenario", sorted(Library().all()))
async def test_a_crash_is_played_from_the_page(page: Page, scenario: str) -> None:
    await page.get_by_text("incidents", exact=True).first.click()
    await typed(page, "simulate crash", scenario)
    answer = page.locator(".message").filter(has_text=re.compile(f"{scenario} crashed, on purpose"))
    await expect(answer.get_by_text("SIMULATED").first).to_be_visible(timeout=LONG)
    await expect(answer.get_by_text(f"{scenario}", exact=False).last).to_be_visible()


@pytest.mark.parametrize("scenario", CASCADES)
async def test_an_incident_is_played_from_the_page(
    page: Page, running: Demo, scenario: str
) -> None:
    channel = f"play-{scenario}"
    await page.get_by_text(channel, exact=True).first.click()
    await typed(page, "simulate incident", scenario)
    begun = page.locator(".message").filter(has_text=re.compile(f"plays {scenario}"))
    await expect(begun.get_by_text("It is over.")).to_be_visible(timeout=LONG)
    world = running.discord.world
    room = world.channel(channel)["id"]
    rooms = [room, *(each["id"] for each in world.channels.rows() if each.get("parent_id") == room)]
    said = [
        message
        for each in rooms
        for message in world.history(each)
        if message.get("webhook_id") and message["author"]["username"].endswith("SIMULATION")
    ]
    journals = [Journal(path) for path in (running.data / KEPT.name).iterdir()]
    (played,) = [each for each in journals if each.head["where"] == room]
    assert played.document is not None
    assert len(said) >= len(played.events) == len(played.document["timeline"]) > SHORTEST
    assert len(rooms) > 1
