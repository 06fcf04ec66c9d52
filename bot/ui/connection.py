"""Keeps the bot connected to Discord: a client that ends is replaced by a new one.

discord.py reconnects the gateway by itself; but a failed login, or an event that it cannot read,
ends the whole client. The web intake goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from collections.abc import Callable

import aiohttp
import discord

from bot.errors import SettingsError
from bot.ui.desk import JinkiesClient

LONGEST_WAIT = 60.0  # seconds between two attempts
# What is nobody's bug: the network, or Discord itself.
_AWAY = (
    ConnectionError,
    TimeoutError,
    socket.gaierror,
    aiohttp.ClientError,
    discord.ConnectionClosed,
    discord.DiscordServerError,
    discord.GatewayNotFound,
    discord.RateLimited,
)
_PAGE = "https://discord.com/developers/applications → your application → Bot"
TOKEN_CURE = f"open {_PAGE} → Reset Token, and copy the new one"
MESSAGE_CONTENT_CURE = (
    f"open {_PAGE} → Privileged Gateway Intents, and switch Message Content Intent on; or leave "
    "the setting out"
)
_log = logging.getLogger(__name__)


async def stay_connected(
    make_client: Callable[[], JinkiesClient],
    token: str,
    *,
    stop: asyncio.Event,
    connected: Callable[[JinkiesClient], None],
    first_wait: float = 1.0,
) -> None:
    """Run one client after the other until `stop`, then say goodbye to Discord.

    Args:
        make_client: a client can be started only once, so each attempt gets a new one.
        connected: told of each client as soon as it is ready.
        first_wait: seconds before the second attempt; doubled up to a minute.

    Raises:
        SettingsError: before the bot was ever connected, Discord refuses the token, or what is
            asked for, or does not know the server of the settings.
    """
    wait, was_connected = first_wait, False
    while not stop.is_set():
        client = make_client()
        error = await _run_one(client, token, stop, connected)
        was_connected = was_connected or client.was_ready
        if stop.is_set():
            return
        refusal = _refusal(error)
        if refusal is not None and not was_connected:
            raise refusal
        wait = first_wait if client.was_ready else min(wait * 2, LONGEST_WAIT)
        pause = wait * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
        known = str(refusal) if refusal is not None else unreachable(error)
        if known:
            _log.error("%s Next attempt in %.1f s; webhooks are taken meanwhile.", known, pause)
        else:
            _log.error("the Discord client ended, next attempt in %.1f s", pause, exc_info=error)
        await _sleep(pause, stop)


def _refusal(error: BaseException | None) -> SettingsError | None:
    """What has to be set otherwise; None if waiting may help."""
    if isinstance(error, SettingsError):
        return error
    if isinstance(error, discord.LoginFailure):
        problem = "DISCORD_TOKEN: Discord does not know it."
        return SettingsError([f"{problem} To cure it, {TOKEN_CURE}."])
    if isinstance(error, discord.PrivilegedIntentsRequired):
        problem = "MESSAGE_CONTENT: the bot does not have that intent."
        return SettingsError([f"{problem} To cure it, {MESSAGE_CONTENT_CURE}."])
    return None


def unreachable(error: BaseException | None) -> str:
    """What to say of a Discord that is not to be reached; "" if it is something else."""
    if not isinstance(error, _AWAY):
        return ""
    said = str(error) or "no answer in time"
    if isinstance(error, discord.DiscordServerError):  # its text may be a whole page
        said = f"it answers {error.status} {error.response.reason}"
    return (
        f"Discord cannot be reached ({said}). If it lasts, check this machine's connection, a "
        "proxy or firewall, and https://discordstatus.com."
    )


class _InOneLine(logging.Filter):
    """discord.py reconnects by itself, and tells each time a traceback of what nobody can mend."""

    def filter(self, record: logging.LogRecord) -> bool:
        known = unreachable(record.exc_info[1]) if record.exc_info else ""
        if known:
            record.msg, record.args = "%s %s", (known, record.getMessage())
            record.exc_info = record.exc_text = None
        return True


logging.getLogger("discord.client").addFilter(_InOneLine())


async def _run_one(
    client: JinkiesClient,
    token: str,
    stop: asyncio.Event,
    connected: Callable[[JinkiesClient], None],
) -> BaseException | None:
    """Run a client until it ends or `stop`; return what ended it."""
    async with client:
        running = asyncio.create_task(client.start(token), name="discord-client")
        ready = asyncio.create_task(_tell_when_ready(client, connected), name="discord-ready")
        stopping = asyncio.create_task(stop.wait(), name="discord-stop")
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (ready, stopping, running):
                task.cancel()
            ended = await asyncio.gather(running, ready, stopping, return_exceptions=True)
            # Only now: whoever still read would close first, and as for a pause (4000).
            await client.close()
    return next((each for each in ended if isinstance(each, Exception)), None)


async def _tell_when_ready(
    client: JinkiesClient, connected: Callable[[JinkiesClient], None]
) -> None:
    await client.became_ready.wait()
    connected(client)


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
