"""The story of the README, driven by mouse and by keyboard in a real browser over the demo."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from sandbox.demo import Demo, run_demo

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
COUPON = "ZeroDivisionError: integer division or modulo by zero"
FIRST_CARD = 10_000  # ms, as the README promises
PATIENCE = 15_000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]


@asynccontextmanager
async def demo_in(data: Path) -> AsyncIterator[Demo]:
    """The demo as `run.py demo` runs it, first crash included."""
    stop = asyncio.Event()
    ready: asyncio.Future[Demo] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(
        run_demo(
            stop=stop,
            data=data,
            port=0,
            open_browser=False,
            say=lambda _: None,
            on_ready=ready.set_result,
        )
    )
    await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    try:
        yield ready.result()
    finally:
        stop.set()
        await running


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        await running.close()


async def opened(browser: Browser, demo: Demo, person: str) -> Page:
    """The page as one person sees it; nothing may be logged as an error, or leave the machine."""
    page = await browser.new_page(viewport={"width": 1300, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: pytest.fail(f"the page failed: {error}"))
    page.on("request", lambda request: _must_be_local(request.url))
    await page.goto(f"{demo.page_url}?as={person}")
    await page.wait_for_selector("html[data-ready]")
    return page


def _must_be_local(url: str) -> None:
    assert re.match(r"(http://127\.0\.0\.1:|data:|blob:|about:)", url), url


def card(page: Page, title: str):
    """The message that shows an alert."""
    return page.locator(".message").filter(has=page.get_by_text(title, exact=True)).first


async def test_by_mouse_a_crash_is_acknowledged_and_becomes_an_issue(browser, memory):
    async with demo_in(memory) as demo:
        page = await opened(browser, demo, "kim")
        crash = card(page, "KeyError: 'CHF'")
        await expect(crash.get_by_text("Open", exact=False).first).to_be_visible(timeout=FIRST_CARD)
        await crash.get_by_role("button", name="Acknowledge").click()
        await expect(crash.get_by_text("Acknowledged by")).to_be_visible()
        await crash.get_by_role("button", name="Create issue").click()
        link = crash.get_by_role("link", name=re.compile("Issue #1")).first
        await expect(link).to_be_visible()
        async with page.context.expect_page() as opening:
            await link.click()
        issue = await opening.value
        await expect(issue.get_by_role("heading", name=re.compile("KeyError"))).to_be_visible()
        await issue.get_by_role("link", name=re.compile("pricing.py")).first.click()
        await expect(issue).to_have_url(re.compile(r"/blob/[0-9a-f]{40}/shop/pricing\.py#L\d+$"))
        await expect(issue.get_by_text("RATES[currency]").first).to_be_visible()


async def test_by_keyboard_after_a_restart_and_a_viewer_may_only_look(browser, memory):
    async with demo_in(memory) as demo:
        page = await opened(browser, demo, "sam")
        crash = card(page, "KeyError: 'CHF'")
        await expect(crash.get_by_text("Acknowledged by")).to_be_visible()
        await press(page, crash.get_by_role("button", name="Resolve"))
        await expect(crash.get_by_text("Resolved by")).to_be_visible()

        await press(page, page.get_by_role("button", name=re.compile("Use a coupon")))
        coupon = card(page, COUPON)
        await expect(coupon.get_by_role("button", name="Acknowledge")).to_be_visible()

        await page.keyboard.press("Escape")
        await page.keyboard.press("/")
        await page.keyboard.type("alert")
        await page.get_by_role("option", name=re.compile("^.alert ")).first.wait_for()
        await page.keyboard.press("Enter")
        await page.keyboard.type("zero")
        await page.get_by_role("option", name=re.compile("ZeroDivisionError")).first.wait_for()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Only you can see this").last).to_be_visible()
        await page.close()

        viewer = await opened(browser, demo, "rita")
        await press(viewer, card(viewer, COUPON).get_by_role("button").first)
        await expect(viewer.get_by_text("needs one of these roles").first).to_be_visible()


async def press(page: Page, button) -> None:
    """Reach a button and press it, without a mouse."""
    await button.focus()
    await page.keyboard.press("Enter")
