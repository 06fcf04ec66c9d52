"""Plans of drills from scenarios: crashes (`simulation.crash`) with their real traces and logs.

The same scenario, seed and length make the same plan, in another process too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import yaml

from bot.errors import NotFound
from bot.models import Frame, Severity
from bot.simulation.crash.library import Found, Library
from bot.simulation.crash.playing import Entry, Play
from bot.simulation.crash.running import run
from bot.simulation.drill.plan import (
    Colleague,
    DrillPlan,
    Fact,
    PlannedAlert,
    PlannedLine,
    Remark,
    Truth,
)

Culprit = Callable[[str], Frame | None]
"""Finds the line of our own code in a stack trace; `analysis.stacktrace` thinks, not we."""

AGAIN = 45.0  # seconds between two occurrences of an alert, while the cause is not named
FIRST_SYMPTOM = 1 / 360  # of the drill's length: five seconds of half an hour
LONGEST_TAIL = 90.0  # seconds from the first symptom to the crash, at most …
TAIL = 1 / 20  # … this part of the drill's length
MOST_SYMPTOMS = 6
NOISE = (2, 3)
_NOISE_FILE = Path(__file__).with_name("noise.yaml")
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_CHANGE = re.compile(r"deploy|release|rollout|migrat|middleware|config|version", re.IGNORECASE)
_BAD = frozenset({"error", "critical"})
_PEOPLE = ("Amara", "Bram", "Chidi", "Dorothea", "Felix", "Gwen", "Henrik", "Ines", "Leo", "Marta",
           "Noor", "Olu", "Pavel", "Priya", "Quentin", "Tomasz")  # fmt: skip
_CUSTOMERS = (
    "Three customers have written in the last minutes: it hangs, then an error page. More coming.",
    "Support here: the inbox is filling up. Is anybody looking at this?",
    "Complaints on social media since a few minutes. What may I tell people?",
)


@dataclass(frozen=True, slots=True)
class Offered:
    """A scenario that can be drilled."""

    name: str
    title: str


class Planner:
    """Knows the scenarios and makes plans of them.

    Args:
        crashes: the crash scenarios.
        culprit: the newest frame of our own code in a trace.
    """

    def __init__(self, crashes: Library, culprit: Culprit) -> None:
        self._crashes = crashes
        self._culprit = culprit

    def offered(self) -> tuple[Offered, ...]:
        """All scenarios, by name."""
        found = self._crashes.all().items()
        return tuple(Offered(name, each.scenario.title) for name, each in found)

    def plan(self, scenario: str, seed: int, length: float) -> DrillPlan:
        """The plan of a drill of `length` seconds. Blocks: a crash is really run.

        Raises:
            NotFound: there is no such scenario; says which come near.
        """
        return self._of_crash(self._crashes.get(scenario), seed, length)

    def _of_crash(self, found: Found, seed: int, length: float) -> DrillPlan:
        scenario = found.scenario
        play = Play(scenario, seed, _EPOCH)
        trace = run(scenario.crash.program, found.folder, play.facts)
        crash = play.crashes_at.timestamp() * 1000
        first, tail = length * FIRST_SYMPTOM, min(LONGEST_TAIL, length * TAIL)
        timed = [(round((entry.at - crash) / 1000, 3), entry) for entry in play.entries(trace)]
        truth = self._truth(scenario.crash.service, trace, scenario.summary)
        chance = _chance(seed, scenario.scenario)
        people = _people(tuple(scenario.services), chance)
        symptoms = _symptoms(timed, first, tail)
        alerts = [*symptoms, _root(timed, first + tail, trace)]
        noise = _noise({alert.service for alert in alerts} | set(scenario.services), chance, length)
        return DrillPlan(
            scenario=scenario.scenario,
            seed=seed,
            title=scenario.title,
            briefing="Something is wrong, and you are on call. The first alerts are coming in.",
            truth=truth,
            alerts=_keyed([*alerts, *noise], chance),
            lines=tuple(_line(at + first + tail, entry) for at, entry in timed),
            colleagues=people,
            facts=tuple(_facts(people, [entry for _, entry in timed], truth, trace)),
            remarks=(Remark(first + tail * 1.1, "Support", chance.choice(_CUSTOMERS)),),
        )

    def _truth(self, service: str, trace: str, cause: str) -> Truth:
        frame = self._culprit(trace)
        if frame is None or frame.line is None:
            raise NotFound("The stack trace of this scenario names no line of our own code.")
        return Truth(service, frame.file, frame.line, frame.function, frame.code, cause)


def _symptoms(
    timed: Sequence[tuple[float, Entry]], first_at: float, tail: float
) -> list[PlannedAlert]:
    """The first error of each logger of each service; the whole stretch is fitted into `tail`."""
    first: dict[tuple[str, str], tuple[float, Entry]] = {}
    for at, entry in timed:
        if entry.level in _BAD and not entry.trace:
            first.setdefault((entry.service, entry.logger), (at, entry))
    chosen = sorted(first.values(), key=lambda each: each[0])[:MOST_SYMPTOMS]
    earliest = min((at for at, _ in chosen), default=0.0)
    return [
        _alert(entry, first_at + _fitted(at, earliest, tail), Severity.ERROR)
        for at, entry in chosen
    ]


def _fitted(at: float, earliest: float, tail: float) -> float:
    """Where a moment before the crash falls, if the first symptom is at 0 and the crash at tail."""
    if at >= 0 or earliest >= 0:
        return tail + at
    return tail * (1 - at / earliest)


def _root(timed: Sequence[tuple[float, Entry]], at: float, trace: str) -> PlannedAlert:
    """The crash itself."""
    entry = next(entry for _, entry in timed if entry.trace)
    last = trace.strip().splitlines()[-1]
    return PlannedAlert(
        key="",
        at=at,
        service=entry.service,
        title=last[:250],
        message=f"{entry.message}\n{last}",
        severity=Severity.CRITICAL,
        again=AGAIN,
        is_root=True,
        stack_trace=trace,
        trace_id=entry.trace_id,
    )


def _alert(entry: Entry, at: float, severity: Severity) -> PlannedAlert:
    return PlannedAlert(
        key="",
        at=at,
        service=entry.service,
        title=entry.message,
        message=f"{entry.message} {_pairs(entry)}".strip(),
        severity=severity,
        again=AGAIN,
        trace_id=entry.trace_id,
    )


def _noise(taken: set[str], chance: Random, length: float) -> list[PlannedAlert]:
    """What else happens, in the first half of the drill."""
    rows: list[Mapping[str, Any]] = yaml.safe_load(_NOISE_FILE.read_text(encoding="utf-8"))
    free = [row for row in rows if row["service"] not in taken]
    chosen = chance.sample(free, chance.randint(*NOISE))
    return [
        PlannedAlert(
            key="",
            at=round(length * (0.03 + 0.3 * chance.random()), 1),
            service=row["service"],
            title=row["title"],
            message=row["message"],
            severity=Severity(row["severity"]),
            clears=float(row.get("clears", 0)),
            is_noise=True,
        )
        for row in chosen
    ]


def _keyed(alerts: Iterable[PlannedAlert], chance: Random) -> tuple[PlannedAlert, ...]:
    """In order of time, each with a key that gives nothing away."""
    ordered = sorted(alerts, key=lambda alert: alert.at)
    keys = chance.sample(range(100, 1000), len(ordered))
    return tuple(replace(alert, key=f"a{key}") for alert, key in zip(ordered, keys, strict=True))


def _line(at: float, entry: Entry) -> PlannedLine:
    head = f"{entry.level.upper()} [{entry.logger}] {entry.message} {_pairs(entry)}".rstrip()
    message = f"{head} trace_id={entry.trace_id}"
    return PlannedLine(
        at,
        entry.service,
        entry.host,
        f"{message}\n{entry.trace.rstrip()}" if entry.trace else message,
    )


def _pairs(entry: Entry) -> str:
    return " ".join(f"{key}={value}" for key, value in entry.fields.items())


def _people(services: Sequence[str], chance: Random) -> tuple[Colleague, ...]:
    names = chance.sample(_PEOPLE, len(services))
    return tuple(
        Colleague(name, service, "on call")
        for name, service in sorted(zip(names, services, strict=True))
    )


def _facts(
    people: Sequence[Colleague], entries: Sequence[Entry], truth: Truth, trace: str
) -> Iterator[Fact]:
    """What each service's logs tell the one who looks after it."""
    others = ", ".join(each.service for each in people)
    for each in people:
        own = [entry for entry in entries if entry.service == each.service]
        yield from _known(each, own)
        if each.service == truth.service:
            last = trace.strip().splitlines()[-1]
            yield Fact(
                each.name,
                ("trace", "traceback", "stack", "exception", "line", "file", "code"),
                f"There is one in our log: `{last[:200]}`. The frames are in there too, "
                f"look with `/logs service:{each.service} level:error`.",
            )
        else:
            yield Fact(
                each.name,
                ("trace", "traceback", "stack", "exception"),
                "No stack traces of ours. We only see that others do not answer us.",
            )
        yield _changes(each, own)
        yield Fact(
            each.name,
            ("depend", "upstream", "downstream", "calls", "architecture", "services"),
            f"The services on this path are {others}. We are {each.service}.",
        )


def _changes(each: Colleague, own: Sequence[Entry]) -> Fact:
    """What went out lately, if the log tells of anything."""
    told = next((entry for entry in own if _CHANGE.search(f"{entry.message} {entry.logger}")), None)
    answer = "Nothing of ours went out today that I know of."
    if told is not None:
        answer = f"There was something: our log says “{told.message}” ({_pairs(told)})."
    topics = ("deploy", "release", "rollback", "change", "changed", "config", "migration")
    return Fact(each.name, topics, answer)


def _known(each: Colleague, own: Sequence[Entry]) -> Iterator[Fact]:
    bad = [entry for entry in own if entry.level in _BAD and not entry.trace]
    warned = [entry for entry in own if entry.level == "warning"]
    if bad:
        told = f"Yes, {len(bad)} so far. The first: “{bad[0].message}” ({_pairs(bad[0])})."
    else:
        told = "No errors of our own that I can see."
    yield Fact(each.name, ("error", "errors", "failing", "fail", "broken", "wrong"), told)
    if warned:
        told = (
            f"Warnings, {len(warned)} so far; lately “{warned[-1].message}” ({_pairs(warned[-1])})."
        )
    else:
        told = "Quiet, no warnings."
    yield Fact(
        each.name, ("warning", "warnings", "seeing", "see", "status", "happening", "healthy"), told
    )
    took = [float(entry.fields["took_ms"]) for entry in own if "took_ms" in entry.fields]
    if len(took) > 10:
        early, late = took[: len(took) // 3], took[-len(took) // 5 :]
        yield Fact(
            each.name,
            ("latency", "slow", "slower", "duration", "timeout", "timeouts", "time", "performance"),
            f"Our answers took {_mean(early):.0f} ms on average before; lately it is "
            f"{_mean(late):.0f} ms.",
        )


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


def _chance(seed: int, *key: object) -> Random:
    return Random("/".join(map(str, ("drill", seed, *key))))  # noqa: S311 - to be foretold
