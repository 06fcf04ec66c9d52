"""Tells Discord our commands, but only when it does not know them as they are.

Discord limits how often commands may be written, so what it has is read first (one GET).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import discord

from bot.errors import SettingsError
from bot.ui.desk import JinkiesClient
from bot.ui.inviting import invitation

_log = logging.getLogger(__name__)
# What a person notices of a command; Discord adds ids, versions and defaults of its own.
_COMMAND = ("name", "description", "type", "default_member_permissions", "options")
_OPTION = (
    "name", "description", "type", "required", "choices", "autocomplete",
    "min_value", "max_value", "min_length", "max_length", "options",
)  # fmt: skip


async def sync_commands(client: JinkiesClient, guild_id: int | None) -> bool:
    """Write the commands to the server (at once) or to all servers; return whether it was needed.

    Raises:
        SettingsError: the bot is not in the server, or was invited without its commands.
        discord.HTTPException: Discord refused for another reason.
    """
    try:
        return await _sync(client, guild_id)
    except (discord.Forbidden, discord.NotFound) as error:
        if not guild_id:
            raise
        raise SettingsError([_not_there(guild_id, client.application_id)]) from error


async def _sync(client: JinkiesClient, guild_id: int | None) -> bool:
    guild = discord.Object(guild_id) if guild_id else None
    if guild is not None:
        client.tree.copy_global_to(guild=guild)
    ours = [each.to_dict(client.tree) for each in client.tree.get_commands(guild=guild)]
    theirs = [each.to_dict() for each in await client.tree.fetch_commands(guild=guild)]
    if _seen(ours) == _seen(theirs):
        return False
    await client.tree.sync(guild=guild)
    _log.info("commands synced: %d", len(ours))
    return True


def _not_there(guild_id: int, application_id: int | None) -> str:
    return (
        f"DISCORD_GUILD_ID: in the server {guild_id} the bot may not register its commands: it is "
        f"not there, or was invited without them. To cure it, compare the id (right-click "
        "your server in Discord → Copy Server ID) or leave it out; if it is right, invite the bot: "
        f"{invitation(application_id)}"
    )


def _seen(commands: list[Any]) -> dict[str, Any]:
    return {each["name"]: _kept(each, _COMMAND) for each in commands}


def _kept(value: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The parts that matter; what is empty or missing is the same as what is false."""
    kept = {name: value[name] for name in names if value.get(name)}
    if "options" in kept:
        kept["options"] = [_kept(option, _OPTION) for option in kept["options"]]
    if "choices" in kept:
        kept["choices"] = [(choice["name"], choice["value"]) for choice in kept["choices"]]
    return kept
