"""Which incidents there are, and which things only look like one: drawn before anything else.

A plan is a pure function of seed, configuration and span, so that every hour can be made from
it alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.simulation.dataset.configuration import Config, Pattern
from bot.simulation.dataset.draws import Dice, weighted
from bot.simulation.dataset.traffic import DAY, moment_of

STRENGTHS = {"warning": 0.8, "error": 0.9, "critical": 1.0}
_SEVERITIES = weighted(tuple(STRENGTHS), (5, 3, 2), 100)
MAX_HOPS = 2
_ATTENUATION = 0.55
DECOYS = {
    "healthy_deploy": "a release that works",
    "batch_job": "the nightly report takes CPU, as every night, and nobody waits for it",
    "crawler": "a crawler asks for pages that do not exist; 404 is the right answer",
    "flapping_alarm": "a threshold set too close; one datapoint, no effect",
    "node_drain": "a node is taken out for maintenance; its pods move, nothing else happens",
}


@dataclass(frozen=True, slots=True)
class Affected:
    """A service that an incident reaches, `hops` calls away from its root."""

    service: str
    hops: int

    @property
    def share(self) -> float:
        """How much of the effect arrives here."""
        return _ATTENUATION**self.hops


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident. `start` and `end` are minutes, `end` the first one after it."""

    id: str
    pattern: Pattern
    service: str
    severity: str
    start: int
    end: int
    affected: tuple[Affected, ...]

    def intensity(self, minute: int, hops: int = 0) -> float:
        """From 0 to its severity's strength, as felt `hops` minutes and calls away."""
        length = self.end - self.start
        into = (minute - self.start - hops) / length
        if not 0 <= into < 1 or minute >= self.end:
            return 0.0
        return STRENGTHS[self.severity] * _shape(self.pattern.shape, into, length)

    @property
    def kill_minute(self) -> int:
        """When a leak ends in a kill."""
        return self.start + (self.end - self.start) * 7 // 10

    @property
    def first_errors(self) -> int:
        """When errors are first reported: a leak is silent until it bursts."""
        return self.kill_minute if self.pattern.shape == "leak" else self.start


@dataclass(frozen=True, slots=True)
class Decoy:
    """Something that looks like an incident and is none."""

    id: str
    kind: str
    service: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that was drawn for a span of minutes, in order of its start."""

    incidents: tuple[Incident, ...]
    decoys: tuple[Decoy, ...]

    def touching(self, start: int, end: int) -> tuple[Incident, ...]:
        """The incidents that have a minute from `start` up to `end`."""
        return tuple(one for one in self.incidents if one.start < end and one.end > start)


def _shape(shape: str, into: float, length: int) -> float:
    if shape == "step":
        return min(1.0, 0.5 + into * length * 0.25)
    if shape == "ramp":
        return min(1.0, 0.15 + into / 0.4)
    if into < 0.7:
        return (into / 0.7) ** 2 * 0.95 + 0.05
    return 0.45 + (into - 0.7)  # restarted, and it leaks on


def make_plan(config: Config, seed: int, start: int, end: int, count: int | None = None) -> Plan:
    """Draw `count` incidents (or as many as the configuration says) from `start` to `end`."""
    days = (end - start) / DAY
    per_day = config.generation.incidents_per_day
    wanted = count if count is not None else max(1, round(per_day * days)) if per_day else 0
    incidents: list[Incident] = []
    for number in range(wanted):
        dice = Dice(seed, "incident", number)
        incidents.append(_draw(config, dice, number, wanted, (start, end), incidents))
    incidents.sort(key=lambda one: (one.start, one.id))
    decoys = round(config.generation.decoys_per_day * days)
    return Plan(tuple(incidents), tuple(_decoys(config, seed, decoys, start, end, incidents)))


def _draw(
    config: Config,
    dice: Dice,
    number: int,
    wanted: int,
    span: tuple[int, int],
    before: list[Incident],
) -> Incident:
    """One incident in its part of the span; another service where one is down already."""
    table = weighted(config.patterns, [one.weight for one in config.patterns])
    # The first incidents go through all types, so that a day knows every one of them.
    pattern = config.patterns[number % len(config.patterns)] if number < 19 else dice.pick(table)
    found: tuple[int, int, str] = (span[0], span[1], pattern.services[0])
    for _ in range(24):
        length = min(dice.between(*pattern.minutes), max(4, (span[1] - span[0]) * 3 // 4))
        room = max(1, span[1] - span[0] - length)
        place = (_scatter(number, wanted) * room // wanted) if wanted > 1 else room // 3
        begin = span[0] + min(room, place + dice.below(max(1, room // wanted)))
        found = (begin, begin + length, dice.pick(pattern.services))
        if not _clashes(found, before):
            break
        if number >= len(config.patterns):
            pattern = dice.pick(table)
    day = moment_of(found[0]).strftime("%Y%m%d")
    return Incident(
        id=f"inc-{day}-{number + 1:04d}",
        pattern=pattern,
        service=found[2],
        severity=_SEVERITIES[dice.below(100)],
        start=found[0],
        end=found[1],
        affected=_reach(config, found[2]),
    )


def _scatter(number: int, wanted: int) -> int:
    """A permutation of 0..wanted-1, so that types do not follow each other in their order."""
    step = next(step for step in (7, 11, 13, 17, 19, 23, 1) if wanted % step or step == 1)
    return number * step % wanted


def _clashes(found: tuple[int, int, str], before: list[Incident]) -> bool:
    """The same service again within half an hour would blur both."""
    start, end, service = found
    return any(
        one.service == service and start < one.end + 30 and end > one.start - 30 for one in before
    )


def _reach(config: Config, root: str) -> tuple[Affected, ...]:
    """The root, its callers and their callers: the order in which an effect travels."""
    found = [Affected(root, 0)]
    seen = {root}
    ring = [root]
    entrance = config.services[0].name
    for hops in range(1, MAX_HOPS + 1):
        callers = [caller for name in ring for caller in config.callers(name)]
        ring = []
        for caller in callers:
            # The entrance calls everything: two calls away it has many other things to do.
            if caller not in seen and not (hops == MAX_HOPS and caller == entrance):
                seen.add(caller)
                ring.append(caller)
                found.append(Affected(caller, hops))
    return tuple(found)


def _decoys(
    config: Config, seed: int, count: int, start: int, end: int, incidents: list[Incident]
) -> list[Decoy]:
    kinds = tuple(DECOYS)
    found: list[Decoy] = []
    for number in range(count):
        dice = Dice(seed, "decoy", number)
        for _ in range(12):
            begin = start + dice.below(max(1, end - start - 12))
            kind = kinds[number % len(kinds)]
            service = dice.pick(config.services).name
            if kind == "crawler":
                service = config.services[0].name
            length = 1 if kind == "flapping_alarm" else dice.between(4, 12)
            busy = any(
                begin < one.end + 15
                and begin + length > one.start - 15
                and service in {reached.service for reached in one.affected}
                for one in incidents
            )
            if not busy:
                day = moment_of(begin).strftime("%Y%m%d")
                decoy = Decoy(f"decoy-{day}-{number + 1:04d}", kind, service, begin, begin + length)
                found.append(decoy)
                break
    return sorted(found, key=lambda one: (one.start, one.id))
