"""`/simulate incident`: a conversation played into a channel, with buttons to stop and clear it.

A playing is known by the number in its buttons; what it posted is kept in a journal under that
number, so that it can be taken away after a restart too.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any, Self

import discord
from discord import app_commands, ui

from bot.errors import JinkiesError, NotFound
from bot.models import Capability, Person
from bot.simulation.incident.cascades import known
from bot.simulation.incident.generation import generate
from bot.simulation.incident.playing import Journal, Player
from bot.simulation.incident.scenario import CASCADES, QUICK_ALERT
from bot.ui import plain
from bot.ui.answers import Answer, answer
from bot.ui.attempt import attempt
from bot.ui.plays import AlreadyPlaying, Playing
from bot.ui.scenery import groups_of
from bot.ui.stage import DiscordStage, Place

PLAY_BUTTON = re.compile(r"jinkies:play:(?P<act>stop|clear):(?P<number>\d{1,20})")
_EVERY = 10  # events between two edits of the answer
_log = logging.getLogger(__name__)


async def play_incident(
    press: discord.Interaction[Any], scenario_type: str, *, seed: int, speed: int
) -> None:
    """Begin to play in the channel of the command, and say so there."""
    desk = press.client.desk
    desk.access.require(desk.access.person(press), Capability.RESPOND)
    place = _place(press.channel)
    if place is None:
        raise NotFound("Use this in a text channel, or in a thread of one.")
    kind = known(scenario_type.strip(), (*CASCADES, QUICK_ALERT))
    playing = desk.plays.begin(press.id, place.thread or place.room.id)
    starter = plain.label(desk.access.person(press).name, 60)
    head = f"🎭 **{starter}** plays **{kind}** (`seed:{seed}`) here."
    buttons = _buttons(press.id)
    is_told = False
    try:
        await press.response.send_message(head, view=buttons)
        is_told = True
    finally:
        if not is_told:
            desk.plays.playings.pop(press.id, None)
    desk.plays.run(press.id, _play(press, place, playing, head, kind=kind, seed=seed, speed=speed))


async def _play(
    press: discord.Interaction[Any],
    place: Place,
    playing: Playing,
    head: str,
    *,
    kind: str,
    seed: int,
    speed: int,
) -> None:
    now = press.client.desk.clock()
    scenario = await asyncio.to_thread(generate, kind, now, seed=seed)  # takes a moment
    places = {event.channel: place for event in scenario.timeline}
    groups = groups_of(scenario, press.guild.roles if press.guild else ())
    stage = DiscordStage(press.client, places, title=scenario.title, roles=groups)
    journal = Journal(press.client.desk.plays.journal(press.id))
    changes: asyncio.Queue[int] = asyncio.Queue()
    player = Player(
        stage,
        journal,
        speed=float(speed),
        budget=press.client.desk.plays.budget,
        told=lambda done, _: changes.put_nowait(done),
    )
    showing = asyncio.create_task(_show(press, head, changes, len(scenario.timeline)))
    try:
        journal.begin(scenario, str(place.thread or place.room.id))
        played = await player.play(scenario, playing.stop)
        end = "It is over." if played.complete else f"Stopped after {played.done} messages."
    except JinkiesError as error:
        end = plain.clip(f"⚠️ {plain.escape(str(error))}", 1_000)
    finally:
        showing.cancel()
    await _tell(press, f"{head}\n{end}", _buttons(press.id, is_over=True))


async def _show(
    press: discord.Interaction[Any], head: str, changes: asyncio.Queue[int], total: int
) -> None:
    while True:
        done = await changes.get()
        if done % _EVERY == 0 and done < total:
            await _tell(press, f"{head}\n{done} of {total} messages", _buttons(press.id))


async def _tell(press: discord.Interaction[Any], text: str, view: ui.View) -> None:
    """Edit the answer; Discord allows that for a quarter of an hour, after which it stays."""
    try:
        async with attempt("the answer"):
            await press.edit_original_response(content=text, view=view)
    except JinkiesError as error:
        _log.info("the answer of a playing stays as it was: %s", error)


def _buttons(number: int, *, is_over: bool = False) -> ui.View:
    view = ui.View(timeout=None)
    if not is_over:
        view.add_item(_button("Stop", "stop", number, discord.ButtonStyle.danger))
    view.add_item(_button("Take away", "clear", number, discord.ButtonStyle.secondary))
    return view


def _button(label: str, act: str, number: int, style: discord.ButtonStyle) -> ui.Button[Any]:
    return ui.Button(label=label, style=style, custom_id=f"jinkies:play:{act}:{number}")


class PlayButton(ui.DynamicItem[ui.Button[Any]], template=PLAY_BUTTON):
    """Stop, or take away."""

    def __init__(self, item: ui.Button[Any], found: re.Match[str]) -> None:
        super().__init__(item)
        self._act, self._number = found["act"], int(found["number"])

    @classmethod
    async def from_custom_id(  # type: ignore[override]  # discord.py's own generics
        cls, _press: discord.Interaction[Any], item: ui.Button[Any], match: re.Match[str], /
    ) -> Self:
        """Called by discord.py for every press whose custom_id matches."""
        return cls(item, match)

    async def callback(self, press: discord.Interaction[Any]) -> None:
        """Do it, as the person who pressed."""
        person = press.client.desk.access.person(press)
        do = _stop if self._act == "stop" else _clear
        await answer(press, do(press, person, self._number))


async def _stop(press: discord.Interaction[Any], person: Person, number: int) -> Answer:
    desk = press.client.desk
    desk.access.require(person, Capability.RESPOND)
    playing = desk.plays.playings.get(number)
    if playing is None:
        return Answer("It has ended already. **Take away** removes what it posted.")
    playing.stop.set()
    return Answer("Stopped. **Take away** removes what it posted.")


async def _clear(press: discord.Interaction[Any], person: Person, number: int) -> Answer:
    desk = press.client.desk
    desk.access.require(person, Capability.RESPOND)
    if number in desk.plays.playings:
        raise AlreadyPlaying("It is still played. Stop it first.")
    journal = await asyncio.to_thread(Journal, desk.plays.journal(number))
    where = int(journal.head.get("where", "0"))
    # Its buttons are where it was played; an archived thread is known from nowhere else.
    here = press.channel if press.channel_id == where else press.client.get_channel(where)
    place = _place(here)
    if place is None:
        return Answer("Nothing of it is there any more.")
    stage = DiscordStage(press.client, {"": place})
    count = await Player(stage, journal, budget=desk.plays.budget).clean()
    return Answer(f"Taken away: {count} messages.")


def _place(room: object) -> Place | None:
    """Where it is played: a text channel, or a thread of one."""
    if isinstance(room, discord.TextChannel):
        return Place(room)
    if isinstance(room, discord.Thread) and isinstance(room.parent, discord.TextChannel):
        return Place(room.parent, room.id)
    return None


def offered_incidents(typed: str) -> list[app_commands.Choice[str]]:
    """Cascades whose name holds what is typed."""
    wanted = typed.strip().lower()
    return [
        app_commands.Choice(name=name, value=name)
        for name in (*CASCADES, QUICK_ALERT)
        if wanted in name
    ]


PLAY_PRESSES = (PlayButton,)
