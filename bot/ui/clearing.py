"""Taking away what a stage has posted, in as few requests as Discord allows.

A thread goes with everything in it. Of the rest, up to a hundred messages of the last fourteen
days are deleted at once where the bot may (Manage Messages); elsewhere each through our webhook,
which needs no permission.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import discord

from bot.errors import NotFound
from bot.simulation.incident.playing import Posted, Step
from bot.ui.attempt import attempt

if TYPE_CHECKING:
    from bot.ui.stage import DiscordStage

AT_ONCE = 100
YOUNG = timedelta(days=13, hours=23)  # Discord takes fourteen days; an hour to get there


def steps(stage: DiscordStage, everything: Sequence[Posted]) -> Iterator[Step]:
    """One request each; first the threads that began here, then what stands outside of them.

    Args:
        everything: what was posted; a thread is named by what is in it.
    """
    own = {int(place.thread) for place in stage.places.values()}
    threads = {posted.thread: posted.channel for posted in everything if posted.thread}
    begun = {thread: room for thread, room in threads.items() if int(thread) not in own}
    for thread, room in begun.items():
        yield Step(room, partial(_remove_thread, stage, int(thread)))
    places: dict[tuple[str, str], list[int]] = {}
    for posted in everything:
        if posted.thread not in begun:
            places.setdefault((posted.channel, posted.thread), []).append(int(posted.message))
    for (room, thread), messages in places.items():
        yield from _removals(stage, room, thread, list(dict.fromkeys(messages)))


def _removals(stage: DiscordStage, room: str, thread: str, messages: list[int]) -> Iterator[Step]:
    """Young ones together, old ones and a single one each by itself."""
    since = discord.utils.utcnow() - YOUNG
    young = [each for each in messages if discord.utils.snowflake_time(each) > since]
    alone = [each for each in messages if each not in set(young)]
    for begin in range(0, len(young), AT_ONCE):
        some = young[begin : begin + AT_ONCE]
        if len(some) > 1:
            yield Step(room, partial(_remove_together, stage, room, thread, some))
        else:
            alone += some
    yield from _each(stage, room, thread, alone)


def _each(stage: DiscordStage, room: str, thread: str, messages: Iterable[int]) -> Iterator[Step]:
    return (Step(room, partial(_remove, stage, room, thread, each)) for each in messages)


async def _remove_thread(stage: DiscordStage, thread: int) -> None:
    try:
        async with attempt("the thread"):
            found = await stage.client.fetch_channel(thread)
            if isinstance(found, discord.Thread):
                await found.delete()
    except NotFound:
        return


async def _remove_together(
    stage: DiscordStage, room: str, thread: str, messages: list[int]
) -> Iterator[Step] | None:
    """Delete them all; where the bot may not, the steps that do it one by one."""
    place = stage.room(room)
    try:
        async with attempt(place):
            where = await stage.client.fetch_channel(int(thread)) if thread else place
            try:
                assert isinstance(where, discord.TextChannel | discord.Thread)
                await where.delete_messages([discord.Object(each) for each in messages])
            except discord.Forbidden:
                return _each(stage, room, thread, messages)
    except NotFound:
        pass
    return None


async def _remove(stage: DiscordStage, room: str, thread: str, message: int) -> None:
    place = stage.room(room)
    try:
        webhook = await stage.webhook(place)
        where = discord.Object(int(thread)) if thread else discord.utils.MISSING
        async with attempt(place):
            await webhook.delete_message(message, thread=where)
    except NotFound:
        return
