"""What buttons and commands work with: handed to the Discord client by main."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import discord
from discord.ext import commands

from bot.alerting.actions import Actions
from bot.alerting.doorkeeping import SdkKeys
from bot.alerting.drills import Drills
from bot.alerting.ingest import Intake
from bot.alerting.knocking import Doors
from bot.simulation.crash.library import Library
from bot.store import Store
from bot.ui.access import Access
from bot.ui.logs.desk import LogDesk
from bot.ui.logs.tails import Tails
from bot.ui.plays import Plays


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The parts that people's presses and commands reach."""

    store: Store
    actions: Actions
    access: Access
    doors: Doors
    keys: SdkKeys
    intake: Intake
    crashes: Library
    drills: Drills
    logs: LogDesk
    tails: Tails
    plays: Plays
    clock: Callable[[], datetime]
    started_at: datetime


class JinkiesClient(commands.Bot):
    """The Discord client; `furnish` adds commands and buttons before the gateway opens.

    Needs no privileged intent: no member list, and message content only if `message_content`
    says so (in drills, colleagues answer messages; those that mention the bot it reads anyway).
    It mentions nobody unless a send says so.
    """

    def __init__(
        self,
        desk: Desk,
        furnish: Callable[[JinkiesClient], Awaitable[None]],
        *,
        guild_ready_timeout: float = 2.0,
        message_content: bool = False,
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(
                guilds=True, guild_messages=True, message_content=message_content
            ),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            max_ratelimit_timeout=30.0,
            guild_ready_timeout=guild_ready_timeout,
        )
        self.desk = desk
        self.became_ready = asyncio.Event()
        self._furnish = furnish

    @property
    def was_ready(self) -> bool:
        """Whether it has ever been ready."""
        return self.became_ready.is_set()

    async def on_ready(self) -> None:
        """Called by discord.py when the servers are known."""
        self.became_ready.set()

    async def on_message(self, message: discord.Message, /) -> None:
        """Nothing of our own: there are no commands but slash commands."""

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        """Tell the listeners, unless it is closed: what comes after that is told to nobody.

        discord.py ends its wait for further servers only after `close`, and then has no loop to
        run a listener on.
        """
        if not self.is_closed():
            super().dispatch(event_name, *args, **kwargs)

    async def setup_hook(self) -> None:
        """Called by discord.py after the login, before the gateway."""
        await self._furnish(self)


discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # we never speak

Press: TypeAlias = discord.Interaction[JinkiesClient]
