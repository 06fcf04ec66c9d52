"""Taking part in a drill: asking, answering, looking how it stands, stopping, looking back."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Self

import discord
from discord import app_commands, ui

from bot.alerting.drills import NoDrill, Verdict
from bot.errors import NotFound
from bot.models import AlertState, Capability, Person
from bot.simulation.drill.colleagues import Reply
from bot.simulation.drill.scoring import Scorecard
from bot.store import drills
from bot.store.drills import Drill
from bot.ui import plain, times
from bot.ui.answers import Answer, answer
from bot.ui.desk import Desk, Press
from bot.ui.drill import words
from bot.ui.embeds import DRILL_COLOUR, DRILL_MARK
from bot.ui.sparkline import sparkline

MAX_CHOICES = 25
SHOWN, MOST = 10, 20
Choices = list[app_commands.Choice[str]]


async def ask(press: Press, person: Person, name: str, question: str) -> None:
    """Ask a colleague, who answers as soon as the question is shown."""
    replies: list[Reply] = []

    async def ask_them() -> Answer:
        desk = press.client.desk
        found = desk.drills.under_way
        if found is not None and press.channel_id != found[0].area_id:
            raise NoDrill(f"Ask in <#{found[0].area_id}>, where those who take part read it.")
        reply = await desk.drills.ask(person, name, question)
        replies.append(reply)
        asker, asked = plain.label(person.name, 60), plain.label(reply.colleague.name, 60)
        return Answer(f"🎭 **{asker}** → **{asked}**: {plain.label(question, 1500)}")

    await answer(press, ask_them(), share=True)
    for reply in replies:
        await press.client.desk.drills.say(reply)


async def name_cause(
    desk: Desk, person: Person, *, service: str, file: str, line: int | None
) -> Answer:
    """Judge an answer, in words that give nothing else away."""
    if not service and not (file and line is not None):
        raise NotFound("Name a `service`, or a `file` with its `line`, or all three.")
    verdict = await desk.drills.answer(person, service=service, file=file, line=line)
    return Answer(f"{DRILL_MARK} · {_judged(verdict)}")


def _judged(verdict: Verdict) -> str:
    told = []
    if verdict.service is not None:
        told.append("✅ That is the service." if verdict.service else "❌ It is not that service.")
    if verdict.line is not None:
        told.append("✅ That is the line." if verdict.line else "❌ It is not that line.")
    if False in (verdict.service, verdict.line):
        told.append("Wrong answers cost points; look again.")
    elif "service" in verdict.missing:
        told.append("Now the service: `/drill answer service:…`.")
    elif "line" in verdict.missing:
        told.append("Now the line: `/drill answer file:… line:…`.")
    else:
        told.append("Resolve its card, and it is done.")
    return " ".join(told)


async def status(desk: Desk, person: Person) -> Answer:
    """How the drill stands, without giving anything away."""
    desk.access.require(person, Capability.VIEW)
    found = desk.drills.under_way
    if found is None:
        return Answer("No drill is under way. `/drill start` begins one.")
    drill, _ = found
    alerts, deeds = await desk.store.read(
        lambda connection: (
            drills.alerts_of(connection, drill.id),
            drills.deeds(connection, drill.id),
        )
    )
    states = [alert.state for alert in alerts]
    right = {deed.kind for deed in deeds if deed.is_right}
    embed = discord.Embed(title=f"{DRILL_MARK} #{drill.id} is under way", colour=DRILL_COLOUR)
    embed.add_field(name="Area", value=f"<#{drill.area_id}>")
    embed.add_field(name="Began", value=times.relative(drill.started_at))
    embed.add_field(name="Ends", value=times.relative(drill.ends_at))
    counts = " · ".join(f"{states.count(state)} {state}" for state in AlertState)
    embed.add_field(name="Alerts", value=counts)
    known = [f"{'✅' if kind in right else '▫️'} {kind}" for kind in ("service", "line")]
    embed.add_field(name="Named", value=" ".join(known))
    people = ", ".join(plain.label(name, 60) for name in drill.people.values())
    embed.add_field(name="People", value=plain.clip(people, 1024))
    return Answer(embed=embed)


async def stop(desk: Desk, person: Person) -> Answer:
    """End it now, with a scorecard."""
    desk.access.require(person, Capability.RESPOND)
    card = await desk.drills.stop()
    return Answer(f"🏁 The drill is over: **{card.total} / 100**. Its scorecard comes in its area.")


async def history(desk: Desk, person: Person, whose: int | None, name: str) -> Answer:
    """How the drills went, in words and as a picture."""
    desk.access.require(person, Capability.VIEW)
    found = await desk.store.read(partial(drills.scored, person_id=whose, limit=MOST))
    if not found:
        return Answer("No drill has been scored yet. `/drill start` begins one.")
    cards = [Scorecard.from_json(drill.scorecard) for drill in found]
    totals = [card.total for card in reversed(cards)]
    lines = [_past(drill, card) for drill, card in zip(found, cards, strict=True)][:SHOWN]
    embed = discord.Embed(
        title=f"Drills of {plain.label(name, 60)}",
        description=f"`{sparkline(totals)}` {totals[0]} → {totals[-1]}\n" + "\n".join(lines),
        colour=DRILL_COLOUR,
    )
    embed.set_image(url="attachment://drills.png")
    picture = await asyncio.to_thread(_drawn, found, cards, name)
    return Answer(embed=embed, files=(discord.File(io.BytesIO(picture), "drills.png"),))


def _past(drill: Drill, card: Scorecard) -> str:
    marks = " · ".join(f"{mark.aim} {mark.words}" for mark in card.marks)
    who = ", ".join(drill.people.values())
    how = words.OUTCOMES.get(drill.outcome, drill.outcome)
    return (
        f"**#{drill.id}** **{card.total}** {plain.label(drill.scenario, 60)} ({how}) "
        f"{times.relative(drill.started_at)}\n-# {plain.label(f'{who} · {marks}', 200)}"
    )


def _drawn(found: Sequence[Drill], cards: Sequence[Scorecard], name: str) -> bytes:
    from bot.simulation.drill.progress import Past, progress_picture  # Pillow

    past = [
        Past(drill.id, f"{drill.started_at:%-d %b}", card)
        for drill, card in zip(found, cards, strict=True)
    ]
    return progress_picture(past[::-1], name)


class CauseForm(ui.Modal, title="🎭 DRILL: name the cause"):
    """Service, file and line, typed on a phone."""

    service: ui.TextInput[Self] = ui.TextInput(label="Service", required=False, max_length=100)
    file: ui.TextInput[Self] = ui.TextInput(
        label="File, or its end", required=False, max_length=200, placeholder="pricing.py"
    )
    line: ui.TextInput[Self] = ui.TextInput(label="Line", required=False, max_length=6)

    async def on_submit(self, press: Press, /) -> None:  # type: ignore[override]
        """As `/drill answer`."""
        desk = press.client.desk
        person = desk.access.person(press)
        line = int(self.line.value) if self.line.value.strip().isdecimal() else None
        work = name_cause(
            desk,
            person,
            service=self.service.value.strip(),
            file=self.file.value.strip(),
            line=line,
        )
        await answer(press, work)


class CauseButton(
    ui.DynamicItem[ui.Button[Any]], template=rf"{words.ANSWER_BUTTON}:(?P<drill>\d+)"
):
    """Opens the form; for as long as the drill is under way."""

    def __init__(self, item: ui.Button[Any], drill: int) -> None:
        super().__init__(item)
        self.drill = drill

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, _press: Press, item: ui.Button[Any], match: re.Match[str], /
    ) -> Self:
        """Called by discord.py for every press whose custom_id matches."""
        return cls(item, int(match["drill"]))

    async def callback(self, press: Press) -> None:  # type: ignore[override]
        """Show the form, or say that it is too late."""
        found = press.client.desk.drills.under_way
        if found is None or found[0].id != self.drill:
            await answer(press, _over(self.drill))
            return
        await press.response.send_modal(CauseForm())


async def _over(number: int) -> Answer:
    raise NoDrill(f"Drill #{number} is over.")


async def offered_scenarios(desk: Desk, person: Person, typed: str) -> Choices:
    """Scenarios by name; their titles would give too much away."""
    if Capability.RESPOND not in person.capabilities:
        return []
    return _choices(await asyncio.to_thread(desk.drills.planner.offered), typed)


def offered_colleagues(desk: Desk, person: Person, typed: str) -> Choices:
    """Colleagues with their services."""
    found = desk.drills.under_way
    if found is None or person.id not in found[0].people:
        return []
    wanted = typed.strip().casefold()
    return [
        app_commands.Choice(name=f"{each.name} ({each.service})"[:100], value=each.name)
        for each in found[1].colleagues
        if wanted in f"{each.name} {each.service}".casefold()
    ][:MAX_CHOICES]


def offered_services(desk: Desk, person: Person, typed: str) -> Choices:
    """Every service that the drill tells of, the noisy ones too."""
    found = desk.drills.under_way
    if found is None or person.id not in found[0].people:
        return []
    return _choices(found[1].services, typed)


def offered_files(desk: Desk, person: Person, typed: str) -> Choices:
    """The files of the stack traces."""
    found = desk.drills.under_way
    if found is None or person.id not in found[0].people:
        return []
    return _choices(found[1].files, typed)


def _choices(names: Sequence[str], typed: str) -> Choices:
    wanted = typed.strip().casefold()
    fitting = [name for name in names if wanted in name.casefold() and len(name) <= 100]
    return [app_commands.Choice(name=name, value=name) for name in fitting[:MAX_CHOICES]]


DRILL_PRESSES: tuple[type[ui.DynamicItem[Any]], ...] = (CauseButton,)
