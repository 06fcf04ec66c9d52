"""A drill with its ends in the test's hands: a clock, an area that remembers, a real store."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.alerting.actions import Actions
from bot.alerting.drills import Drills, Start, planner_of
from bot.alerting.ingest import Intake
from bot.alerting.redaction import Redactor
from bot.alerting.routing import Routing
from bot.errors import UpstreamError
from bot.models import Alert, Capability, Event, Person, Receiver, Severity
from bot.simulation.crash.library import Library
from bot.simulation.drill.plan import Colleague, DrillPlan
from bot.simulation.drill.planning import Planner
from bot.simulation.drill.scoring import Scorecard
from bot.store import Store, drills
from bot.store.drills import Drill

REAL_CHANNEL, AREA = 700, 900
SAM = Person(1, "sam", frozenset(Capability))
KIM = Person(2, "kim", frozenset(Capability))


@dataclass
class RememberedArea:
    """Keeps what was done in the area; fails on demand."""

    told: list[tuple[str, Any]] = field(default_factory=list)
    faults: list[UpstreamError] = field(default_factory=list)

    async def brief(self, drill: Drill, plan: DrillPlan) -> None:
        self._do("brief", drill.id)

    async def say(self, drill: Drill, colleague: Colleague, text: str) -> None:
        self._do("say", (colleague.name, text))

    async def tell(self, drill: Drill, text: str) -> None:
        self._do("tell", text)

    async def tell_named(self, drill: Drill, person: str, service: str) -> None:
        self._do("named", (person, service))

    async def interrupt(self, drill: Drill, alert: Alert, url: str) -> None:
        self._do("interrupt", (alert.short_id, url))

    async def show_score(self, drill: Drill, card: Scorecard) -> None:
        self._do("score", card.total)

    async def put_away(self, drill: Drill) -> None:
        self._do("put away", drill.outcome)

    def all(self, kind: str) -> list[Any]:
        return [what for name, what in self.told if name == kind]

    def _do(self, kind: str, what: object) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.told.append((kind, what))


class DrillClock:
    """Time that moves when the test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class DrillRoad:
    """Everything of a drill but Discord; `restart` is what a deployment does."""

    def __init__(self, store: Store, clock: DrillClock, planner: Planner | None = None) -> None:
        self.store, self.clock = store, clock
        self.area = RememberedArea()
        self.planner = planner or planner_of(Library())
        self.restart()

    def restart(self) -> None:
        self.receivers: dict[int, Receiver] = {}
        self.ships: set[int] = set()
        self.route = Routing(Receiver(REAL_CHANNEL), drills=self.receivers)
        self.intake = Intake(
            self.store, route=self.route, redactor=Redactor(), clock=self.clock, wake=lambda: None
        )
        self.drills = Drills(
            self.store,
            intake=self.intake,
            planner=self.planner,
            area=self.area,
            receivers=self.receivers,
            ships=self.ships,
            route=self.route,
            clock=self.clock,
            wake=lambda: None,
            tick=0.01,
        )
        self.actions = Actions(
            self.store,
            code_host=None,
            repository_for=lambda _service: "acme/shop",
            issue_draft=None,  # type: ignore[arg-type]  # nothing is shipped
            pull_request_draft=None,  # type: ignore[arg-type]
            route=self.route,
            clock=self.clock,
            wake=lambda: None,
            drills_that_ship=self.ships,
        )

    async def begin(self, **changes: Any) -> Drill:
        """Sam and Kim drill payment-failure, seed 7, half an hour."""
        asked = {"guild_id": 1, "origin_id": 2, "people": {KIM.id: KIM.name}, "seed": 7}
        start = Start(**{**asked, "scenario": "payment-failure", **changes})
        return await self.drills.begin(await self.drills.reserve(start, SAM), AREA)

    async def after(self, seconds: float, *, step: float = 5.0) -> None:
        """Let time pass, with a look every few seconds."""
        end = self.clock.now + timedelta(seconds=seconds)
        while self.clock.now < end:
            self.clock.now = min(end, self.clock.now + timedelta(seconds=step))
            await self.drills.course.look()

    async def alerts(self, number: int) -> dict[str, Alert]:
        """The alerts of a drill, by title."""
        found = await self.store.read(lambda connection: drills.alerts_of(connection, number))
        return {alert.title: alert for alert in found}

    @property
    def plan(self) -> DrillPlan:
        """The plan of the drill that is under way, or of the last one."""
        assert self.drills.course.last is not None
        return self.drills.course.last.plan

    @property
    def cause(self) -> str:
        """The right service."""
        return self.plan.truth.service

    async def root(self, number: int) -> Alert:
        return (await self.alerts(number))[self.plan.root.title]

    async def symptom(self, number: int) -> Alert:
        """The first alert of the incident that is only an effect."""
        effects = (each for each in self.plan.alerts if not each.is_noise and not each.is_root)
        return (await self.alerts(number))[next(effects).title]

    async def real(self, severity: Severity = Severity.CRITICAL, **changes: Any) -> int:
        """Something that has really happened; its alert's number."""
        told = {"environment": "production", "source": "generic", "event_id": "real-1", **changes}
        event = Event(service="shop", message="on fire", occurred_at=self.clock.now, **told)
        event = Event(**{**_fields(event), "severity": severity})
        return (await self.intake.ingest([event]))[0].alert_id


def _fields(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in Event.__dataclass_fields__}
