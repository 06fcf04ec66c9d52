"""The real bot between the stand-ins, for the tests that drive the whole road."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from pydantic import SecretStr

from bot.config import Settings
from bot.main import Running, Tempo, run_bot
from sandbox.discord.interactions import Reply
from sandbox.discord.people import PersonDoor
from sandbox.discord.server import DiscordStandIn
from sandbox.github.server import Commit, GitHubStandIn
from sandbox.github.world import STAND_IN_TOKEN

T = TypeVar("T")
Json = dict[str, Any]

SECRET = "a secret only this test knows"
REPOSITORY = "acme/shop"
TRACE = """Traceback (most recent call last):
  File "/app/shop/cart.py", line 3, in checkout
    return price(cart)
  File "/app/shop/pricing.py", line 2, in price
    return total / len(items)
ZeroDivisionError: division by zero
"""
FILES = {
    "shop/cart.py": "from shop.pricing import price\ndef checkout(cart):\n    return price(cart)\n",
    "shop/pricing.py": "def price(items, total):\n    return total / len(items)\n",
}
_ids = itertools.count(1)


class Rehearsal:
    """A Discord, a GitHub, a database and the bot; `start` and `stop` as often as one likes."""

    def __init__(self, discord: DiscordStandIn, github: GitHubStandIn, database: Path) -> None:
        self.discord = discord
        self.github = github
        self.database = database
        self.settings = Settings(
            discord_token=SecretStr(discord.token),
            alert_channel_id=int(discord.world.channel("alerts")["id"]),
            roles_respond=("Responder",),
            roles_ship=("Shipper",),
            roles_admin=("Admin",),
            database_url=f"sqlite+aiosqlite:///{database}",
            web_port=0,
            webhook_secret=SecretStr(SECRET),
            github_token=SecretStr(STAND_IN_TOKEN),
            github_repository=REPOSITORY,
            github_api_url=github.api_url,
            in_app_roots=("/app",),
        )
        self.tempo = Tempo(
            guild_ready=0.02, first_wait=0.02, send=5.0, between_writes=0, drill=0.05, plays=()
        )
        self.web_url = ""
        self.stop_event = asyncio.Event()
        self._bot: asyncio.Task[None] | None = None

    async def start(self, *, wait_for_discord: bool = True) -> None:
        """Start the bot and wait until it is up (or only until it takes webhooks)."""
        self.stop_event = asyncio.Event()
        listening, ready = asyncio.Event(), asyncio.Event()

        def is_listening(url: str) -> None:
            self.web_url = url
            listening.set()

        def is_ready(_running: Running) -> None:
            ready.set()

        self._bot = asyncio.create_task(
            run_bot(
                self.settings,
                stop=self.stop_event,
                on_ready=is_ready,
                on_listening=is_listening,
                tempo=self.tempo,
            )
        )
        waiting = asyncio.create_task((ready if wait_for_discord else listening).wait())
        await asyncio.wait({self._bot, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._bot.done():
            self._bot.result()

    async def stop(self) -> None:
        """Ask the bot to end, and wait until it has."""
        if self._bot is not None:
            self.stop_event.set()
            async with asyncio.timeout(20):
                await self._bot
            self._bot = None

    async def restart(self) -> None:
        """What a deployment does."""
        await self.stop()
        await self.start()

    # --- doors -------------------------------------------------------------------------------

    async def send(self, *events: Json) -> list[int]:
        """Post events to the webhook; return their alerts' numbers."""
        async with aiohttp.ClientSession() as session:
            answer = await session.post(
                f"{self.web_url}/webhook/generic",
                json={"events": list(events)},
                headers={"Authorization": f"Bearer {SECRET}"},
            )
            assert answer.status == 202, await answer.text()
            body = await answer.json()
        return [int(each["id"].removeprefix("J-")) for each in body["alerts"]]

    async def connected(self) -> None:
        """Wait until the bot says that it is connected to Discord."""
        async with asyncio.timeout(15), aiohttp.ClientSession() as session:
            told = ""
            while told != "connected":
                answer = await session.get(f"{self.web_url}/ready")
                assert answer.status == 200
                told = (await answer.json())["checks"]["discord"]

    def person(self, name: str) -> PersonDoor:
        """Rita looks, Sam responds, Kim ships, Ada administers."""
        return self.discord.person(name)

    async def press(self, name: str, card: Json, button: str) -> Reply:
        """A person presses; wait until the answer is there."""
        return await (await self.person(name).press(card, button)).finished()

    async def type(self, name: str, command: str, **options: Any) -> Reply:
        """A person uses a slash command; wait until the answer is there."""
        return await (await self.person(name).command(command, **options)).finished()

    # --- looking -----------------------------------------------------------------------------

    def cards(self, channel: str = "alerts") -> list[Json]:
        """All messages of the channel that everybody sees, oldest first."""
        return self.discord.world.history(channel)

    async def until(self, look: Callable[[], T | None]) -> T:
        """Wait until `look` sees something; it looks whenever anything happens in Discord."""
        happened = asyncio.Event()
        unsubscribe = self.discord.world.subscribe(lambda _dispatch: happened.set())
        try:
            async with asyncio.timeout(15):
                while not (seen := look()):
                    await happened.wait()
                    happened.clear()
        finally:
            unsubscribe()
        return seen

    async def card(self, alert: int, *words: str) -> Json:
        """The one card of an alert, as soon as it shows all these words."""

        def look() -> Json | None:
            found = [card for card in self.cards() if footer(card).startswith(f"J-{alert} ·")]
            assert len(found) <= 1, "two cards of one alert"
            return found[0] if found and all(word in text(found[0]) for word in words) else None

        return await self.until(look)


def crash(**changes: Any) -> Json:
    """An event as our webhook takes it; each has an id of its own."""
    return {
        "service": "checkout",
        "message": "division by zero",
        "exception_type": "ZeroDivisionError",
        "stack_trace": TRACE,
        "event_id": f"event-{next(_ids)}",
        **changes,
    }


def text(card: Json) -> str:
    """Everything a card shows, in one text."""
    (embed,) = card["embeds"] or [{}]
    parts = [
        card["content"],
        embed.get("author", {}).get("name", ""),
        embed.get("title", ""),
        embed.get("description", ""),
        *(f"{field['name']}\n{field['value']}" for field in embed.get("fields", [])),
        footer(card),
    ]
    return "\n".join(parts)


def footer(card: Json) -> str:
    """The footer of a card's embed; "" if it has none."""
    embeds: list[Json] = card["embeds"]
    return str(embeds[0].get("footer", {}).get("text", "")) if embeds else ""


def labels(message: Json) -> list[str]:
    """Labels of the buttons that can be pressed (or followed)."""
    return [
        each["label"]
        for row in message["components"]
        for each in row["components"]
        if each["type"] == 2 and not each.get("disabled")
    ]


def shop() -> list[Commit]:
    """The history of the repository."""
    return [Commit("the shop", "Ada <ada@example.com>", FILES)]
