"""How a press or a command is answered: within three seconds, in clear words, always.

Work that is done at once is answered at once; slower work is announced to Discord first
("thinking…") and its answer follows. An error is an answer too.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands

from bot.errors import JinkiesError, NotAllowed, UpstreamError, Withheld
from bot.ui import plain
from bot.ui.desk import Press

PATIENCE = 1.0  # seconds before an answer is announced; Discord gives up after 3
MAX_TEXT = 1900
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person gets to see; only they see it."""

    text: str = ""
    embed: discord.Embed | None = None
    files: tuple[discord.File, ...] = ()
    view: discord.ui.View | None = None


async def answer(
    press: Press, work: Coroutine[Any, Any, Answer], *, in_place: bool = False, share: bool = False
) -> None:
    """Do the work and show its answer, or its error.

    Args:
        press: the button press or command to be answered.
        work: runs to its end even if Discord loses interest.
        in_place: replace the (ephemeral) message whose button was pressed.
        share: everybody in the channel sees the answer, unless it is an error.
    """
    task = asyncio.ensure_future(work)
    await asyncio.wait({task}, timeout=PATIENCE)
    is_late = not task.done()
    if is_late:
        await press.response.defer(ephemeral=not share, thinking=not in_place)
        await asyncio.wait({task})
    error = task.exception()
    reply = task.result() if error is None else Answer(explain(press, error))
    if is_late and share and error is not None:
        await press.delete_original_response()  # everybody sees it "thinking"
        await press.followup.send(reply.text, ephemeral=True)
    elif is_late:
        await _edit(press, reply)
    elif in_place:
        await press.response.edit_message(
            content=reply.text, embed=reply.embed, attachments=reply.files, view=reply.view
        )
    else:
        await _send(press, reply, ephemeral=not share or error is not None)


async def say_error(press: Press, error: app_commands.AppCommandError) -> None:
    """The command tree's last resort: for what went wrong outside of `answer`."""
    cause: BaseException = error
    if isinstance(error, app_commands.CommandInvokeError | app_commands.TransformerError):
        cause = error.__cause__ or error
    if isinstance(cause, discord.HTTPException):
        _log.warning("an answer did not reach Discord: %s", cause, exc_info=cause)
        return
    reply = Answer(explain(press, cause))
    if press.response.is_done():
        await _edit(press, reply)
    else:
        await _send(press, reply, ephemeral=True)


def explain(press: Press, error: BaseException) -> str:
    """The words for an error; one nobody expected gets an id that is in the log too."""
    if isinstance(error, NotAllowed):
        return f"⛔ {error}{_elsewhere(press)}"
    if isinstance(error, Withheld):
        return f"🎭 {error}"
    if isinstance(error, UpstreamError):
        return plain.clip(f"⚠️ {plain.escape(str(error))}\n{_again(error)}", MAX_TEXT)
    if isinstance(error, JinkiesError | app_commands.CheckFailure):
        return plain.clip(f"🤷 {plain.escape(str(error))}", MAX_TEXT)
    error_id = secrets.token_hex(4)
    _log.error("error %s in %s", error_id, _named(press), exc_info=error)
    return (
        f"💥 Something broke on our side (error `{error_id}`). It is in the log; nothing you did "
        "is lost. Please try again."
    )


def _elsewhere(press: Press) -> str:
    """Why the roles that would do may not do here."""
    if press.client.desk.access.counts_in(press):
        return ""
    return (
        "\nAnd roles count only in the servers that the cards go to, which this one is not. "
        f"If it is to be one of them, set `DISCORD_GUILD_ID={press.guild_id}`."
    )


def _again(error: UpstreamError) -> str:
    if error.retry_after:
        return f"Nothing is lost: press again in {error.retry_after:.0f} seconds to retry."
    return "Nothing is lost: press again to retry."


def _named(press: Press) -> str:
    if press.command is not None:
        return f"/{press.command.qualified_name}"
    data: Mapping[str, Any] = press.data or {}
    return str(data.get("custom_id", press.type.name))


async def _send(press: Press, reply: Answer, *, ephemeral: bool) -> None:
    await press.response.send_message(
        reply.text or None,
        embed=reply.embed or discord.utils.MISSING,
        files=reply.files or discord.utils.MISSING,
        view=reply.view or discord.utils.MISSING,
        ephemeral=ephemeral,
    )


async def _edit(press: Press, reply: Answer) -> None:
    await press.edit_original_response(
        content=reply.text or None, embed=reply.embed, attachments=reply.files, view=reply.view
    )
