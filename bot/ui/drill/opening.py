"""`/drill start`: who takes part, and the private area that only they and the bot see."""

from __future__ import annotations

import logging
import re
from dataclasses import replace

import aiohttp
import discord

from bot.alerting.drills import Start
from bot.errors import NotFound, UpstreamError
from bot.models import Capability, Person
from bot.store.drills import Drill
from bot.ui import plain, times
from bot.ui.answers import Answer
from bot.ui.desk import Press

MOST_PEOPLE = 20
Room = discord.Thread | discord.TextChannel
log = logging.getLogger(__name__)
_MENTION = re.compile(r"<@!?(\d{1,20})>|[^\s,;]+")
_CURE = (
    "Give it Create Private Threads and Send Messages in Threads in this channel, or Manage "
    "Channels in the server. Manage Webhooks lets colleagues speak under their own names."
)


async def start(press: Press, person: Person, asked: Start, participants: str) -> Answer:
    """Begin a drill in an area of its own.

    Raises:
        NotAllowed, NoDrill, NotFound; UpstreamError: the bot may make no private area.
    """
    desk = press.client.desk
    desk.access.require(person, Capability.RESPOND)
    guild = press.guild
    if guild is None:
        raise NotFound("A drill takes place in a server.")
    people = await _people(guild, participants)
    drill = await desk.drills.reserve(replace(asked, people=people), person)
    area: Room | None = None
    begun: Drill | None = None
    try:
        area = await _open(press, guild, drill)
        begun = await desk.drills.begin(drill, area.id)
    finally:  # whatever went wrong, it must not stand in the way of the next one
        if begun is None:
            await desk.drills.abandon(drill)
            if area is not None:
                await _remove(area)
    return Answer(
        f"🎭 **Drill #{drill.id}** begins in <#{area.id}>, and ends "
        f"{times.relative(begun.ends_at)} at the latest. Only those who take part see it."
    )


async def _remove(area: Room) -> None:
    """Nothing will happen there."""
    try:
        await area.delete()
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.warning("the area of a drill that did not begin is left over: %s", error)


async def _people(guild: discord.Guild, text: str) -> dict[int, str]:
    """Those whom a text mentions or names, id -> name.

    Raises:
        NotFound: there is nobody of that name.
    """
    found: dict[int, str] = {}
    for match in list(_MENTION.finditer(text))[:MOST_PEOPLE]:
        member = await _member(guild, match)
        found[member.id] = member.display_name
    return found


async def _member(guild: discord.Guild, match: re.Match[str]) -> discord.Member:
    word = match[0]
    try:
        if match[1]:
            return _person(await guild.fetch_member(int(match[1])))
        wanted = word.lstrip("@").casefold()
        near = await guild.query_members(wanted or word, limit=20, cache=False)
    except discord.NotFound:
        raise NotFound(f"{word} is nobody in this server.") from None
    except TimeoutError:
        raise UpstreamError("Discord", "did not say who is in this server.") from None
    except discord.HTTPException as error:
        raise UpstreamError("Discord", error.text or str(error.status)) from error
    for member in near:
        if wanted in {member.name.casefold(), member.display_name.casefold()} and not member.bot:
            return member
    raise NotFound(f"Nobody in this server is called {plain.label(word, 60)}.")


def _person(member: discord.Member) -> discord.Member:
    if member.bot:
        raise NotFound(f"{plain.label(member.display_name, 60)} is a bot, and cannot practise.")
    return member


async def _open(press: Press, guild: discord.Guild, drill: Drill) -> Room:
    """Make the private thread or channel, and let everybody in."""
    channel = press.channel.parent if isinstance(press.channel, discord.Thread) else press.channel
    may = press.app_permissions
    try:
        if (
            isinstance(channel, discord.TextChannel)
            and may.create_private_threads
            and may.send_messages_in_threads
        ):
            return await _thread(channel, drill)
        if may.manage_channels:
            return await _channel(guild, press, drill)
    except discord.Forbidden as error:
        raise _refused(error.text) from error
    except discord.HTTPException as error:
        raise UpstreamError("Discord", f"no area could be made: {error.text}") from error
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        told = f"no area could be made: it does not answer ({type(error).__name__})."
        raise UpstreamError("Discord", told) from error
    raise _refused("the bot may make neither private threads nor channels here.")


def _refused(what: str) -> UpstreamError:
    return UpstreamError("Discord", what, permanent=True, cure=_CURE)


async def _thread(channel: discord.TextChannel, drill: Drill) -> Room:
    thread = await channel.create_thread(
        name=f"DRILL #{drill.id}",
        type=discord.ChannelType.private_thread,
        auto_archive_duration=1440,
        invitable=False,
    )
    try:
        for person_id in drill.people:
            await thread.add_user(discord.Object(person_id))
    except discord.HTTPException:
        await thread.delete()
        raise
    return thread


def _own_id(press: Press) -> int:
    assert press.client.user is not None, "whoever was pressed is logged in"
    return press.client.user.id


async def _channel(guild: discord.Guild, press: Press, drill: Drill) -> Room:
    inside = discord.PermissionOverwrite(
        view_channel=True, send_messages=True, read_message_history=True
    )
    overwrites: dict[discord.abc.Snowflake, discord.PermissionOverwrite] = {
        guild.default_role: discord.PermissionOverwrite(view_channel=False),
        discord.Object(_own_id(press), type=discord.Member): inside,
    }
    for person_id in drill.people:
        overwrites[discord.Object(person_id, type=discord.Member)] = inside
    return await guild.create_text_channel(
        f"drill-{drill.id}",
        overwrites=overwrites,  # type: ignore[arg-type]  # an Object stands for a member
        topic="A drill: none of this is real.",
    )
