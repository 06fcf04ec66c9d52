"""A discord.py bot of any kind, connected to the local Discord for the length of a test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import discord
import pytest
from discord.ext import commands

from sandbox.discord.server import DiscordStandIn

Prepare = Callable[[commands.Bot], None]
Connect = Callable[..., AbstractAsyncContextManager[commands.Bot]]


@contextlib.asynccontextmanager
async def connected(
    standin: DiscordStandIn,
    prepare: Prepare | None = None,
    *,
    sync: bool = True,
    intents: discord.Intents | None = None,
    **options: object,
) -> AsyncIterator[commands.Bot]:
    """Run a real discord.py bot until it is ready; `prepare` adds its commands and views."""
    bot = commands.Bot(
        "!",
        intents=intents or discord.Intents.all(),
        guild_ready_timeout=0.01,
        allowed_mentions=discord.AllowedMentions.none(),
        **options,
    )
    ready = asyncio.Event()

    async def on_ready() -> None:
        ready.set()

    async def setup_hook() -> None:
        if prepare:
            prepare(bot)
        if sync:
            await bot.tree.sync()

    bot.on_ready = on_ready
    bot.setup_hook = setup_hook
    running = asyncio.create_task(bot.start(standin.token))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
    try:
        if running.done():
            running.result()
        assert ready.is_set(), "the bot did not become ready"
        yield bot
    finally:
        waiting.cancel()
        await bot.close()
        with contextlib.suppress(asyncio.CancelledError, discord.DiscordException):
            await running


@pytest.fixture
def connect(discord_standin: DiscordStandIn) -> Connect:
    """Connect a bot to the test's Discord: `async with connect(prepare) as bot`."""
    return lambda prepare=None, **options: connected(discord_standin, prepare, **options)


@pytest.fixture
def connect_to() -> Connect:
    """Connect a bot to any Discord: `async with connect_to(standin, prepare) as bot`."""
    return connected


@pytest.fixture
async def bot(discord_standin: DiscordStandIn) -> AsyncIterator[commands.Bot]:
    """A connected bot with every permission that is not ADMINISTRATOR's own, and no commands."""
    discord_standin.world.grant("Jinkies", (1 << 52) - 1 & ~(1 << 3))
    async with connected(discord_standin, sync=False) as client:
        yield client


@pytest.fixture
def alerts(bot: commands.Bot) -> discord.TextChannel:
    """The channel #alerts as the bot sees it."""
    channel = discord.utils.get(bot.get_all_channels(), name="alerts")
    assert isinstance(channel, discord.TextChannel)
    return channel
