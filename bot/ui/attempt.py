"""One request to Discord, within our patience, with what can go wrong as our errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord

from bot.errors import NotFound, UpstreamError

PATIENCE = 30.0  # seconds for one request; the library waits within it for its own budget
_GONE = frozenset({10003, 10008, 10015})  # unknown channel, message, webhook
_HAS_THREAD = 160004


class ThreadThere(Exception):  # noqa: N818 - not an error: what was wanted is there already
    """A thread was begun at this message before."""


@asynccontextmanager
async def attempt(where: object) -> AsyncIterator[None]:
    """Turn everything that Discord or the network can do into our errors."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except discord.HTTPException as error:
        raise _translated(error, where) from error
    except discord.RateLimited as error:
        raise UpstreamError(
            "Discord", "we write too fast.", retry_after=error.retry_after
        ) from error
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise UpstreamError("Discord", f"does not answer ({type(error).__name__}).") from error


def _translated(error: discord.HTTPException, where: object) -> Exception:
    if error.code == _HAS_THREAD:
        return ThreadThere()
    if error.code in _GONE:
        return NotFound(f"{error.text}.")
    if isinstance(error, discord.Forbidden):
        cure = (
            "Give it View Channel, Manage Webhooks, Create Public Threads, Send Messages in "
            "Threads, Manage Threads, Add Reactions and Read Message History there."
        )
        told = f"the bot may not do this in {where} ({error.text})."
        return UpstreamError("Discord", told, permanent=True, cure=cure)
    is_temporary = error.status >= 500 or error.status in {408, 429}
    return UpstreamError("Discord", f"{error.status} {error.text}", permanent=not is_temporary)
