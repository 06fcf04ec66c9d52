"""What browser tests share: a local Discord, a bot on it, a browser before it."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.async_api import Browser, BrowserContext, Page
from showcase_bot import ShowcaseBot

from sandbox.discord.server import DiscordStandIn


@dataclass
class Stage:
    """What the browser tests of a module share: starting a browser takes a second."""

    standin: DiscordStandIn
    bot: ShowcaseBot
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def visit(self, path: str, person: str = "sam", **options: object) -> Page:
        """Open the page as a person, in a browser profile of its own."""
        context = await self.browser.new_context(**options)
        self.contexts.append(context)
        tab = await context.new_page()
        tab.set_default_timeout(10_000)
        tab.on("console", lambda said: self.complaints.append(f"console: {said.text}"))
        tab.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        tab.on("request", lambda request: self._check(request.url))
        await tab.goto(f"{self.standin.url}{path}?as={person}")
        await tab.wait_for_selector("html[data-ready]")
        return tab

    def _check(self, url: str) -> None:
        if not url.startswith(self.standin.url):
            self.complaints.append(f"left the machine: {url}")

    def place(self, name: str) -> str:
        """The path of a channel; a new one is made if there is none of this name."""
        known = [row for row in self.standin.world.channels.rows() if row.get("name") == name]
        row = known[0] if known else self.standin.world.add_channel(name)
        return f"/channels/{row['guild_id']}/{row['id']}"
