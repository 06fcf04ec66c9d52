"""Sentry's own SDKs, unchanged, report to a running Jinkies with nothing but a DSN of ours."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from rehearsal import Json, Rehearsal, text

from bot.store import Store
from bot.store.doors import add_key

KEY = "0123456789abcdef0123456789abcdef"
SDK = "@sentry/node@10.78.0"
CACHE = Path(__file__).parents[2] / ".jinkies" / "sentry-node-10.78.0"

PYTHON = """
import os, sentry_sdk
sentry_sdk.init(os.environ["DSN"], release="kiosk@2.3.1", environment="staging")
sentry_sdk.set_user({"id": "ada-7"})

def price_of(cart):
    return cart["total"] / len(cart["items"])

try:
    price_of({"total": 3, "items": []})
except ZeroDivisionError:
    sentry_sdk.capture_exception()
sentry_sdk.flush(10)
"""
NODE = """
const Sentry = require("@sentry/node");
Sentry.init({dsn: process.env.DSN, release: "kiosk@2.3.1", environment: "staging"});
function priceOf(cart) { return cart.items.length.toFixed(2); }
try { priceOf({}); } catch (error) { Sentry.captureException(error); }
Sentry.flush(10000);
"""


@pytest.fixture
async def dsn(stage: Rehearsal) -> str:
    """The bot is up, and knows a key of the service kiosk."""
    store = await Store.open(stage.settings.database_url, clock=lambda: datetime.now(UTC))
    made = await store.write(
        lambda transaction: add_key(transaction, KEY, "kiosk", "ada", datetime.now(UTC))
    )
    await store.close()
    await stage.start()
    return f"{stage.web_url.replace('http://', f'http://{KEY}@')}/{made.project_id}"


async def run(*command: str, **environment: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **environment})
    async with asyncio.timeout(40):
        assert await process.wait() == 0


def card_with(stage: Rehearsal, words: str) -> Json | None:
    return next((card for card in stage.cards() if words in text(card)), None)


async def test_sentry_s_python_sdk_reports_and_the_card_shows_it(
    stage: Rehearsal, dsn: str
) -> None:
    await run(sys.executable, "-c", PYTHON, DSN=dsn)
    card = await stage.until(lambda: card_with(stage, "ZeroDivisionError"))
    for word in ("division by zero", "price_of", "kiosk", "staging", "2.3.1"):
        assert word in text(card), text(card)


@pytest.fixture
async def node_modules() -> Path:
    """Where Node finds its SDK; skips where it cannot be had."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node.js with npm is not installed")
    if not (CACHE / "node_modules" / "@sentry" / "node").is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        quietly = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
        process = await asyncio.create_subprocess_exec(npm, "install", *quietly, SDK, cwd=CACHE)
        if await process.wait():
            pytest.skip(f"npm could not install {SDK}")
    return CACHE / "node_modules"


@pytest.mark.node
@pytest.mark.timeout(180)
async def test_sentry_s_node_sdk_reports_and_the_card_shows_it(
    stage: Rehearsal, dsn: str, node_modules: Path
) -> None:
    await run("node", "-e", NODE, DSN=dsn, NODE_PATH=str(node_modules))
    card = await stage.until(lambda: card_with(stage, "TypeError"))
    for word in ("Cannot read properties of undefined", "priceOf", "kiosk", "staging", "2.3.1"):
        assert word in text(card), text(card)


async def test_a_browser_may_report_from_any_page(stage: Rehearsal, dsn: str) -> None:
    """What a browser's SDK does: ask first, then send with the key in the query."""
    url = f"{stage.web_url}/api/1/envelope/?sentry_version=7&sentry_key={KEY}"
    asking = {
        "Origin": "https://shop.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    event = (
        '{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc"}\n{"type":"event"}\n'
        '{"exception":{"values":[{"type":"TypeError","value":"cart is undefined","stacktrace":'
        '{"frames":[{"filename":"https://shop.example.com/cart.js","lineno":3,"colno":9,'
        '"function":"pay","in_app":true}]}}]},"environment":"staging","release":"kiosk@2.3.1"}'
    )
    async with aiohttp.ClientSession() as browser:
        preflight = await browser.options(url, headers=asking)
        assert preflight.status == 200
        assert preflight.headers["Access-Control-Allow-Origin"] == "*"
        assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
        headers = {"Origin": "https://shop.example.com", "Content-Type": "text/plain;charset=UTF-8"}
        answer = await browser.post(url, data=event, headers=headers)
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert await answer.json() == {"id": "9ec79c33ec9942ab8353589fcb2e04dc"}
    card = await stage.until(lambda: card_with(stage, "cart is undefined"))
    assert "pay" in text(card)


async def test_a_revoked_or_unknown_key_is_refused(stage: Rehearsal, dsn: str) -> None:
    url = f"{stage.web_url}/api/1/envelope/?sentry_key={'f' * 32}"
    async with aiohttp.ClientSession() as session:
        answer = await session.post(url, data="{}\n")
        assert answer.status in (401, 403)
