"""Where a scenario's channels are in a server of Discord, and its on-call groups' roles."""

from __future__ import annotations

from collections.abc import Iterable

import discord

from bot.errors import NotFound
from bot.simulation.incident.scenario import Scenario
from bot.ui.attempt import attempt
from bot.ui.stage import DiscordStage, Place


async def stage_in(
    client: discord.Client, guild_id: int, scenario: Scenario, *, room: str = "", ping: bool = False
) -> DiscordStage:
    """The stage for a scenario.

    Args:
        client: logged in; it needs no gateway.
        room: name or id of the one channel where everything is played; "" for a channel of the
            same name for each of the scenario's.
        ping: whether the roles of on-call groups are really called.

    Raises:
        NotFound: there is no such channel, with what to do.
        UpstreamError: Discord does not let us, or does not answer.
    """
    async with attempt("the server"):
        try:
            guild = await client.fetch_guild(guild_id)
        except (discord.NotFound, discord.Forbidden):
            cure = "Check DISCORD_GUILD_ID, and invite the bot."
            raise NotFound(f"The bot is in no server {guild_id}. {cure}") from None
        channels = await guild.fetch_channels()
        roles = await guild.fetch_roles()
    rooms = {each.name: each for each in channels if isinstance(each, discord.TextChannel)}
    by_id = {str(each.id): each for each in rooms.values()}
    wanted = list(dict.fromkeys(event.channel for event in scenario.timeline))
    if room:
        found = by_id.get(room) or rooms.get(room.lstrip("#"))
        if found is None:
            raise NotFound(f"There is no text channel {room} that the bot sees.")
        places = {name: Place(found) for name in wanted}
    else:
        missing = [name for name in wanted if name.lstrip("#") not in rooms]
        if missing:
            raise NotFound(
                f"The server has no {', '.join(missing)}. Make these channels, or play everything "
                "into one with --test-channel."
            )
        places = {name: Place(rooms[name.lstrip("#")]) for name in wanted}
    groups = groups_of(scenario, roles)
    return DiscordStage(client, places, title=scenario.title, roles=groups, ping=ping)


def groups_of(scenario: Scenario, known: Iterable[discord.Role]) -> dict[str, int]:
    """The roles by the handles of on-call groups: the role `payment-oncall` is @payment-oncall."""
    roles = {role.name.lower(): role.id for role in known}
    handles = {part.oncall_group.lower() for part in scenario.services.values()}
    return {handle: roles[handle[1:]] for handle in handles if handle[1:] in roles}
