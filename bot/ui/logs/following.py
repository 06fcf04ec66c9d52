"""Tails begun and ended by people: `/logs-tail`, `/logs-stop`, Follow, and a tail's own buttons."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Self

import discord
from discord import app_commands, ui

from bot.analysis.logs.question import Question
from bot.errors import BadPayload, JinkiesError, UpstreamError
from bot.models import Capability, Person
from bot.services.logs.played import PREFIX as DRILL
from bot.services.logs.store import Progress
from bot.ui import plain
from bot.ui.desk import Desk, Press
from bot.ui.logs.desk import LogDesk, Work
from bot.ui.logs.reading import Asked, milliseconds, question_of, tell_failure
from bot.ui.logs.screen import Screen
from bot.ui.logs.tail import Tail, minutes_of
from bot.ui.logs.tail_views import TAIL_BUTTON
from bot.ui.logs.views import notice

MOST_MINUTES = 240
_BEFORE_ERROR = timedelta(minutes=1)
_NO_GAP = timedelta(minutes=15)


async def tail(
    press: Press, asked: Asked, *, alert_id: int | None, minutes: int | None, in_thread: bool
) -> None:
    """Answer `/logs-tail`: by service, or from the time of an alert's last error."""
    desk = press.client.desk

    async def question() -> Question:
        if alert_id is not None:
            return await _of_alert(desk, alert_id, asked)
        if not asked.service:
            raise BadPayload("Name a service, a log group or an alert.")
        typed = desk.drills.log_groups(press.channel_id, asked.service)
        meant = replace(asked, service=typed)
        return replace(await question_of(desk.logs, meant), end=None, newest_first=False)

    await _begin(press, question, minutes, in_thread=in_thread)


async def follow(press: Press, number: int) -> None:
    """Go on where an answer ends, if that was not long ago, else from now on.

    What stands around an alert's error is followed from that error on, narrowed by nothing.
    """
    logs = press.client.desk.logs

    async def question() -> Question:
        found = await logs.question(number)
        if found.alert:
            start = found.occurred - _BEFORE_ERROR // timedelta(milliseconds=1)
            return Question(found.groups, start, name=found.name)
        now = logs.clock()
        ended = found.end if found.end is not None else 0
        has_gap = ended < milliseconds(now - _NO_GAP)
        start = milliseconds(now) if has_gap else ended + 1
        return replace(found, start=start, end=None, newest_first=False, insights=False)

    await _begin(press, question)


async def stop(press: Press, number: int) -> None:
    """Answer `/logs-stop` and the button Stop."""
    desk, screen = press.client.desk, Screen(press)
    person = desk.access.person(press)
    try:
        desk.access.require(person, Capability.RESPOND)
        found = desk.tails.get(number, press.guild_id or 0)
    except JinkiesError as error:
        await screen.fail(error)
        return
    found.stop(f"stopped by **{plain.label(person.name, 60)}**.")
    await screen.show(notice(f"⏹️ The tail of **{plain.label(found.question.name, 80)}** ends."))
    await desk.logs.note(found.row.question_id, "stop", person, found.row.channel_id)


def offered_tails(desk: Desk, person: Person, guild_id: int, typed: str) -> list[Any]:
    """The tails that run here, for `/logs-stop`."""
    if Capability.RESPOND not in person.capabilities:
        return []
    wanted = typed.strip().lower()
    names = [(_tail_name(desk.logs, each), each.row.id) for each in desk.tails.of(guild_id)]
    return [
        app_commands.Choice(name=name, value=number)
        for name, number in names
        if wanted in name.lower()
    ][:25]


class TailButton(ui.DynamicItem[ui.Button[Any]], template=TAIL_BUTTON):
    """Pause, Resume or Stop under a tail."""

    def __init__(self, item: ui.Button[Any], act: str, number: int) -> None:
        super().__init__(item)
        self._act, self._number = act, number

    @classmethod
    async def from_custom_id(  # type: ignore[override]  # discord.py's own generics
        cls, _press: Press, item: ui.Button[Any], match: re.Match[str], /
    ) -> Self:
        """Called by discord.py for every press whose custom_id matches."""
        return cls(item, match["act"], int(match["tail"]))

    async def callback(self, press: Press) -> None:  # type: ignore[override]
        """Do it; a tail that has ended says so."""
        desk = press.client.desk
        try:
            desk.access.require(desk.access.person(press), Capability.RESPOND)
            if self._act == "stop":
                await stop(press, self._number)
                return
            found = desk.tails.get(self._number, press.guild_id or 0)
        except JinkiesError as error:
            await Screen(press).fail(error)
            return
        found.pause() if self._act == "pause" else found.resume()
        await press.response.edit_message(view=found.view())


TAIL_PRESSES: tuple[type[ui.DynamicItem[Any]], ...] = (TailButton,)


async def _of_alert(desk: Desk, alert_id: int, asked: Asked) -> Question:
    alert = (await desk.store.alerts.detail(alert_id)).alert
    since = milliseconds(alert.last_seen - _BEFORE_ERROR)
    own = f"{DRILL}{alert.service}" if alert.drill else alert.service
    service = asked.service or own
    narrowed = replace(asked, service=service, since="1s", until="")
    found = await question_of(desk.logs, narrowed)
    return replace(found, start=since, end=None, newest_first=False)


async def _begin(
    press: Press,
    question: Callable[[], Awaitable[Question]],
    minutes: int | None = None,
    *,
    in_thread: bool = False,
) -> None:
    desk, screen = press.client.desk, Screen(press)
    person = desk.access.person(press)

    async def begin() -> Tail:
        desk.access.require(person, Capability.RESPOND)
        if press.channel is None or isinstance(
            press.channel, discord.ForumChannel | discord.CategoryChannel
        ):
            raise UpstreamError("Discord", "a tail needs a text channel.", permanent=True)
        began = await desk.tails.begin(
            await question(),
            person,
            press.channel,
            length=timedelta(minutes=minutes) if minutes is not None else None,
            in_thread=in_thread,
        )
        await desk.logs.note(began.row.question_id, "follow", person, began.row.channel_id)
        return began

    work: Work = desk.logs.work(f"tail-{press.id}", begin, Progress())
    if not await screen.wait(work, lambda _seconds: notice("⏳ Beginning …")):
        await tell_failure(screen, work)
        return
    began: Tail = work.task.result()
    name = plain.label(began.question.name, 80)
    length = minutes_of(began.row.ends_at - began.row.began_at)
    await screen.show(notice(f"📡 Following **{name}** for {length}. /logs-stop ends it sooner."))


def _tail_name(logs: LogDesk, each: Tail) -> str:
    left = max(0, round((each.row.ends_at - logs.clock()).total_seconds() / 60))
    told = " · ".join(part for part in (each.question.name, each.question.words()) if part)
    return plain.clip(plain.one_line(f"{told} · by {each.row.person_name}, {left} min left"), 100)
