"""Conducting drills: started, taken part in, stopped; one at a time, and never in the way.

A drill does not begin while a real critical alert is open.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping, MutableMapping, MutableSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from bot.alerting.drills.area import Area
from bot.alerting.drills.course import TICK, Course
from bot.alerting.drills.playing import Play
from bot.alerting.ingest import Intake
from bot.alerting.owing import Route
from bot.analysis import stacktrace
from bot.analysis.logs.query import LogLine
from bot.errors import JinkiesError, NotFound, UpstreamError
from bot.models import Frame, Person, Receiver
from bot.services.logs.played import PREFIX
from bot.simulation.crash.library import Library
from bot.simulation.drill import colleagues
from bot.simulation.drill.colleagues import Reply
from bot.simulation.drill.plan import DrillPlan
from bot.simulation.drill.planning import Planner
from bot.simulation.drill.scoring import Scorecard
from bot.store import Store, Transaction, drills
from bot.store.drills import Deed, Drill

log = logging.getLogger(__name__)

SHORTEST, USUAL, LONGEST = 1, 30, 180  # minutes
NONE_UNDER_WAY = "No drill is under way. `/drill start` begins one."


class NoDrill(JinkiesError):  # noqa: N818 - told to a person, who reads it as a sentence
    """It cannot be done, because a drill is (not) under way, or somebody is not part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a drill is started with. `scenario` "" is a surprise; `seed` None a new one."""

    guild_id: int
    origin_id: int
    people: Mapping[int, str]
    scenario: str = ""
    seed: int | None = None
    minutes: int = USUAL
    ships: bool = False
    pings: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer was worth; None where nothing was answered. `missing` is still to be done:
    "service", "line"."""

    service: bool | None
    line: bool | None
    missing: frozenset[str]


class Drills:
    """All that is done with drills.

    Args:
        area: Discord.
        receivers: where the cards of drills go, shared with `Routing`: changed in place.
        ships: the drills that may write to GitHub, shared with `Actions`: changed in place.
        route: for real alerts: the channel to point to when a card has no link yet.
        tick: seconds between two looks.
    """

    def __init__(
        self,
        store: Store,
        *,
        intake: Intake,
        planner: Planner,
        area: Area,
        receivers: MutableMapping[int, Receiver],
        ships: MutableSet[int],
        route: Route,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        tick: float = TICK,
    ) -> None:
        self._store = store
        self.planner = planner
        self._area = area
        self._receivers = receivers
        self._ships = ships
        self._clock = clock
        self._plans: dict[int, DrillPlan] = {}  # of drills that are reserved
        self.course = Course(
            store,
            intake=intake,
            planner=planner,
            area=area,
            admit=self._admit,
            dismiss=self._dismiss,
            route=route,
            clock=clock,
            wake=wake,
            tick=tick,
        )

    # --- beginning ---------------------------------------------------------------------------

    async def reserve(self, start: Start, person: Person) -> Drill:
        """Make the plan and take the number; the drill begins with `begin`.

        Raises:
            NoDrill: one is under way, or a real critical alert is open.
            NotFound: there is no such scenario.
        """
        seed = secrets.randbelow(2**31) if start.seed is None else start.seed
        scenario = start.scenario or await asyncio.to_thread(self._surprise, seed)
        minutes = min(max(start.minutes, SHORTEST), LONGEST)
        plan = await asyncio.to_thread(self.planner.plan, scenario, seed, minutes * 60.0)
        now = self._clock()
        new = Drill(
            id=0,
            scenario=plan.scenario,
            seed=seed,
            title=plan.title,
            guild_id=start.guild_id,
            origin_id=start.origin_id,
            area_id=0,
            started_by=person.id,
            started_at=now,
            ends_at=now + timedelta(minutes=minutes),
            ships=start.ships,
            pings=start.pings,
            people={person.id: person.name, **start.people},
        )
        drill = await self._store.write(partial(_reserve, new=new, now=now))
        self._plans[drill.id] = plan
        return drill

    async def abandon(self, drill: Drill) -> None:
        """It has no area, so there is no drill."""
        self._plans.pop(drill.id, None)
        self._dismiss(drill)
        await self._store.write(lambda transaction: drills.forget(transaction, drill.id))

    async def begin(self, drill: Drill, area_id: int) -> Drill:
        """The area is there: brief the people, and play."""
        plan, now = self._plans.pop(drill.id), self._clock()
        begun = replace(
            drill, area_id=area_id, started_at=now, ends_at=now + (drill.ends_at - drill.started_at)
        )
        await self._store.write(
            lambda transaction: drills.put(
                transaction,
                drill.id,
                area_id=area_id,
                started_at=begun.started_at,
                ends_at=begun.ends_at,
            )
        )
        self._admit(begun)
        await self._area.brief(begun, plan)
        self.course.begin(Play(begun, plan))
        return begun

    async def stop(self) -> Scorecard:
        """End it now, with a scorecard.

        Raises:
            NoDrill: none is under way.
        """
        card = await self.course.stop()
        if card is None:
            raise NoDrill(NONE_UNDER_WAY)
        return card

    def _surprise(self, seed: int) -> str:
        offered = self.planner.offered()
        return offered[seed % len(offered)]

    def _admit(self, drill: Drill) -> None:
        """Let its cards find their way."""
        names = " ".join(f"<@{each}>" for each in drill.people)
        self._receivers[drill.id] = Receiver(drill.area_id, names if drill.pings else "")
        if drill.ships:
            self._ships.add(drill.id)

    def _dismiss(self, drill: Drill) -> None:
        """Its alerts are history."""
        self._receivers.pop(drill.id, None)
        self._ships.discard(drill.id)

    # --- taking part -------------------------------------------------------------------------

    @property
    def under_way(self) -> tuple[Drill, DrillPlan] | None:
        """The drill that is being played."""
        play = self.course.play
        return None if play is None else (play.drill, play.plan)

    def environment_at(self, channel_id: int | None) -> str:
        """The environment of the drill whose area that is, so that its alerts are meant there;
        "" anywhere else."""
        found = (
            drills.environment(number)
            for number, receiver in self._receivers.items()
            if receiver.channel_id == channel_id
        )
        return next(found, "")

    def log_lines(self) -> list[LogLine]:
        """What the services of the drill have logged so far; after it, until the next one."""
        play = self.course.last
        return [] if play is None else play.lines(self._clock())

    def log_groups(self, channel_id: int | None, typed: str) -> str:
        """What is typed as a service in the area of a drill: there its own logs are meant."""
        play = self.course.last
        if play is None or play.drill.area_id != channel_id:
            return typed
        known = {line.service for line in play.plan.lines}
        named = (part.strip() for part in typed.split(","))
        return ",".join(f"{PREFIX}{part}" if part in known else part for part in named)

    async def ask(self, person: Person, name: str, question: str) -> Reply:
        """Ask a colleague; the answer is for whoever asks to show (`say`).

        Raises:
            NoDrill: none is under way, or the person takes no part. NotFound: nobody is so called.
        """
        play = self._taking_part(person)
        reply = colleagues.reply(play.plan, name, question)
        if reply is None:
            known = ", ".join(each.name for each in play.plan.colleagues)
            raise NotFound(f"There is no colleague {name}. There are {known}.")
        await self._note(play.drill, Deed("ask", person.id, person.name, self._clock(), name))
        return reply

    async def say(self, reply: Reply) -> None:
        """Have a colleague say it in the area."""
        if self.course.play is not None:
            await self._area.say(self.course.play.drill, reply.colleague, reply.text)

    async def answer(
        self, person: Person, *, service: str = "", file: str = "", line: int | None = None
    ) -> Verdict:
        """Name the cause: the service, the line of code, or both.

        Raises:
            NoDrill: none is under way, or the person takes no part.
        """
        play = self._taking_part(person)
        truth = play.plan.truth
        is_service = truth.is_service(service) if service else None
        is_line = truth.is_line(file, line) if file and line is not None else None
        now = self._clock()
        if is_service is not None:
            deed = Deed("service", person.id, person.name, now, service[:200], is_service)
            await self._note(play.drill, deed)
        if is_line is not None:
            place = f"{file.rsplit('/', 1)[-1][:200]}:{line}"
            await self._note(play.drill, Deed("line", person.id, person.name, now, place, is_line))
        first = bool(is_service) and not play.is_named
        play.is_named = play.is_named or bool(is_service)
        if first:
            await self._tell_named(play.drill, person)
        self.course.wake()
        deeds = await self._store.read(lambda connection: drills.deeds(connection, play.drill.id))
        known = {deed.kind for deed in deeds if deed.is_right}
        return Verdict(is_service, is_line, frozenset({"service", "line"} - known))

    async def _tell_named(self, drill: Drill, person: Person) -> None:
        """The answer counts, even if Discord does not take the news of it."""
        assert self.course.last is not None, "there is a drill"
        try:
            service = self.course.last.plan.truth.service
            await self._area.tell_named(drill, person.name, service)
        except UpstreamError as error:
            log.warning("drill #%d was not told who has it: %s", drill.id, error)

    def _taking_part(self, person: Person) -> Play:
        play = self.course.play
        if play is None:
            raise NoDrill(NONE_UNDER_WAY)
        if person.id not in play.drill.people:
            raise NoDrill(f"You take no part in drill #{play.drill.id}.")
        return play

    async def _note(self, drill: Drill, deed: Deed) -> None:
        await self._store.write(lambda transaction: drills.add_deed(transaction, drill.id, deed))


def planner_of(crashes: Library) -> Planner:
    """A planner that finds the lines of our own code as every alert does."""

    def culprit(trace: str) -> Frame | None:
        return stacktrace.culprit(stacktrace.mark_in_app(stacktrace.parse(trace)))

    return Planner(crashes, culprit)


def _reserve(transaction: Transaction, new: Drill, now: datetime) -> Drill:
    under_way = drills.live(transaction)
    if under_way is not None:
        raise NoDrill(f"Drill #{under_way.id} is under way; `/drill stop` ends it.")
    real = drills.real_emergency(transaction, now)
    if real is not None:
        raise NoDrill(
            f"This is no time for a drill: {real.short_id} in {real.service} is real, critical, "
            "and nobody has acknowledged it."
        )
    return replace(new, id=drills.add(transaction, new))
