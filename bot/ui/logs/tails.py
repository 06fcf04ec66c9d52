"""The tails that run: begun, limited, found again, ended with a word, also after a restart."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import aiohttp
import discord
from discord import ui

from bot.alerting.watching import Watch
from bot.analysis.logs.question import Question
from bot.errors import AtLimit, JinkiesError, NotFound, UpstreamError
from bot.models import Person
from bot.store import logbook
from bot.store.logbook import TailRow
from bot.ui import plain
from bot.ui.logs.desk import LogDesk
from bot.ui.logs.tail import Tail
from bot.ui.logs.tail_views import TailState, ended_view
from bot.ui.logs.views import layout, notice

PACE = 2.0  # seconds between two edits of one tail; several in a channel share them
_LAST_TRIES = 3
_GRACE = 3.0  # seconds, when Jinkies stops
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TailLimits:
    """How many tails a person and a server may have, and how long one follows if nobody says."""

    per_person: int = 2
    per_server: int = 6
    length: timedelta = timedelta(minutes=15)


class Tails:
    """All tails of this process.

    Args:
        pace: seconds between two edits in a channel.
    """

    def __init__(
        self, desk: LogDesk, *, pace: float = PACE, limits: TailLimits | None = None
    ) -> None:
        self.limits = limits or TailLimits()
        self._desk = desk
        self._pace = pace
        self._running: dict[int, tuple[Tail, asyncio.Task[None]]] = {}
        self._beginning: list[tuple[int, int]] = []  # (server, person) of those about to run
        self.client: discord.Client | None = None  # replaced when it is restarted

    def of(self, guild_id: int) -> Sequence[Tail]:
        """The tails of a server, the oldest first."""
        return [tail for tail in self._alive() if tail.row.guild_id == guild_id]

    def get(self, number: int, guild_id: int) -> Tail:
        """A tail that runs.

        Raises:
            NotFound: it does not, or it is another server's.
        """
        found = self._running.get(number)
        if found is None or found[0].is_ending or found[0].row.guild_id != guild_id:
            raise NotFound("This tail has ended.")
        return found[0]

    async def begin(
        self,
        question: Question,
        person: Person,
        channel: discord.abc.MessageableChannel,
        *,
        length: timedelta | None = None,
        in_thread: bool = False,
    ) -> Tail:
        """Post the message of a tail in `channel` and begin to follow.

        Raises:
            AtLimit: the person or the server has enough of them. UpstreamError: Discord does
                not take the message.
        """
        guild_id = channel.guild.id if channel.guild is not None else 0
        place = (guild_id, person.id)
        self._admit(*place)
        self._beginning.append(place)
        try:
            length = length or self.limits.length
            return await self._begin(question, person, channel, guild_id, length, in_thread)
        finally:
            self._beginning.remove(place)

    async def recover(self) -> None:
        """Tell under the messages of tails that were cut off that they ended."""
        for row in await self._desk.store.read(logbook.tails):
            if row.id not in self._running:
                await self._end(row, await self._ended_long_ago(row))

    async def close(self) -> None:
        """End all of them, with a word, as far as Discord listens."""
        for tail, _ in self._running.values():
            tail.stop("Jinkies was stopped.")
        if tasks := [task for _, task in self._running.values()]:
            await asyncio.wait(tasks, timeout=_GRACE)
            for task in tasks:
                task.cancel()

    def _alive(self) -> Sequence[Tail]:
        return [tail for tail, _ in self._running.values() if not tail.is_ending]

    def _admit(self, guild_id: int, person_id: int) -> None:
        places = [(tail.row.guild_id, tail.row.person_id) for tail in self._alive()]
        places += self._beginning
        most = self.limits.per_person
        if places.count((guild_id, person_id)) >= most:
            raise AtLimit(
                f"You have {_tails(most)} already, as many as one person may. "
                "End one with /logs-stop."
            )
        most = self.limits.per_server
        if sum(guild == guild_id for guild, _ in places) >= most:
            raise AtLimit(
                f"This server has {_tails(most)} already, as many as it may. "
                "End one with /logs-stop."
            )

    async def _begin(
        self,
        question: Question,
        person: Person,
        channel: discord.abc.MessageableChannel,
        guild_id: int,
        length: timedelta,
        in_thread: bool,
    ) -> Tail:
        desk, now = self._desk, self._desk.clock()
        number = await desk.keep(question, person)
        row = TailRow(0, number, guild_id, channel.id, 0, person.id, person.name, now, now + length)
        row = replace(
            row, id=await desk.store.write(lambda change: logbook.begin_tail(change, row))
        )
        try:
            row = await self._post(row, question, channel, in_thread)
        except BaseException:
            await self._forget(row)
            raise
        tail = Tail(
            row,
            question,
            Watch(desk.stores, desk.redactor, question.query(), live=question.live),
            self,
            zone=desk.zone,
            clock=desk.clock,
            pace=lambda: self._pace_in(row.channel_id),
        )
        task = asyncio.create_task(self._run(tail), name=f"tail-{row.id}")
        self._running[row.id] = (tail, task)
        task.add_done_callback(lambda _task: self._running.pop(row.id, None))
        return tail

    async def _post(
        self,
        row: TailRow,
        question: Question,
        channel: discord.abc.MessageableChannel,
        in_thread: bool,
    ) -> TailRow:
        try:
            message = await channel.send(view=notice("📡 …"))
            thread_id = 0
            if in_thread and isinstance(channel, discord.TextChannel):
                name = plain.clip(f"Logs of {plain.one_line(question.name)}", 100)
                thread_id = (await message.create_thread(name=name)).id
        except discord.HTTPException as error:
            raise UpstreamError(
                "Discord",
                f"the tail could not be posted here ({error.text}).",
                cure="Give the bot Send Messages (and Create Public Threads) in this channel.",
            ) from error
        await self._desk.store.write(
            lambda change: logbook.place_tail(change, row.id, channel.id, message.id)
        )
        return replace(row, message_id=message.id, thread_id=thread_id)

    async def _run(self, tail: Tail) -> None:
        try:
            why = await tail.run()
        except Exception:
            _log.exception("tail %d broke", tail.row.id)
            await self._end(tail.row, await self._last_of(tail, "something broke on our side."))
            raise
        await self._end(tail.row, await self._last_of(tail, why))

    async def _last_of(self, tail: Tail, why: str) -> ui.LayoutView:
        try:
            await tail.flush()
        except JinkiesError as error:
            _log.info("the last lines of tail %d were not written: %s", tail.row.id, error)
        number = await self._desk.keep(tail.whole(), _person(tail.row))
        return tail.last_view(why, number)

    async def _ended_long_ago(self, row: TailRow) -> ui.LayoutView:
        now = self._desk.clock()
        question = await self._desk.question(row.question_id)
        end = int(min(now, row.ends_at).timestamp() * 1000)
        whole = replace(question, end=end, limit=1_000)
        number = await self._desk.keep(whole, _person(row))
        state = TailState(
            number=row.question_id,
            tail=row.id,
            question=question,
            by=row.person_name,
            began_at=row.began_at,
            ends_at=row.ends_at,
        )
        return ended_view(state, "Jinkies was restarted.", "", number=number)

    async def _end(self, row: TailRow, view: ui.LayoutView) -> None:
        """Show the end and forget the tail; if Discord does not listen, the next start does."""
        for attempt in range(_LAST_TRIES):
            try:
                await self.edit(row, view)
            except NotFound:
                pass  # nobody is left to be told
            except UpstreamError as error:
                if not error.permanent:
                    _log.info("the end of tail %d cannot be shown: %s", row.id, error)
                    await asyncio.sleep(attempt * self._pace)
                    continue
            await self._forget(row)
            return

    async def _forget(self, row: TailRow) -> None:
        await self._desk.store.write(lambda change: logbook.end_tail(change, row.id))

    def _pace_in(self, channel_id: int) -> float:
        """Discord takes five writes in five seconds in a channel, and cards need some of them."""
        return self._pace * max(1, sum(tail.row.channel_id == channel_id for tail in self._alive()))

    # --- the surface ---------------------------------------------------------------------------

    async def edit(self, row: TailRow, view: ui.LayoutView) -> None:
        """As `Surface.edit`."""
        try:
            channel = self._channel(row.channel_id)
            await channel.get_partial_message(row.message_id).edit(view=view)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            raise _translated(error) from error

    async def append(self, row: TailRow, body: str) -> None:
        """As `Surface.append`."""
        try:
            await self._channel(row.thread_id).send(view=layout(ui.TextDisplay(body)))
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            raise _translated(error) from error

    def _channel(self, channel_id: int) -> discord.PartialMessageable:
        client = self.client
        if client is None or client.user is None or client.is_closed():
            raise UpstreamError("Discord", "not connected at the moment.", retry_after=1.0)
        return client.get_partial_messageable(channel_id)


def _tails(count: int) -> str:
    return f"{count} tail{'' if count == 1 else 's'}"


def _translated(error: Exception) -> JinkiesError:
    if isinstance(error, discord.NotFound):
        return NotFound("The message was deleted.")
    if isinstance(error, discord.HTTPException) and error.status < 500 and error.status != 429:
        return UpstreamError("Discord", f"{error.status} {error.text}", permanent=True)
    return UpstreamError("Discord", f"not reached just now ({type(error).__name__}).")


def _person(row: TailRow) -> Person:
    return Person(row.person_id, row.person_name)
