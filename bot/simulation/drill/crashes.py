"""Plans of drills from crash scenarios, with their real traces and logs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bot.models import Severity
from bot.simulation.crash.library import Found
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
from bot.simulation.drill.surroundings import (
    AGAIN,
    BRIEFING,
    FIRST_SYMPTOM,
    Culprit,
    chance_of,
    keyed,
    noise,
    people,
    truth_of,
)

LONGEST_TAIL = 90.0  # seconds from the first symptom to the crash, at most …
TAIL = 1 / 20  # … this part of the drill's length
MOST_SYMPTOMS = 6
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_CHANGE = re.compile(r"deploy|release|rollout|migrat|middleware|config|version", re.IGNORECASE)
_BAD = frozenset({"error", "critical"})
_CUSTOMERS = (
    "Three customers have written in the last minutes: it hangs, then an error page. More coming.",
    "Support here: the inbox is filling up. Is anybody looking at this?",
    "Complaints on social media since a few minutes. What may I tell people?",
)


def plan_of_crash(found: Found, seed: int, length: float, culprit: Culprit) -> DrillPlan:
    """The plan of a drill of `length` seconds. Blocks: the crash is really run.

    Raises:
        NotFound: its trace names no line of our own code.
    """
    scenario = found.scenario
    play = Play(scenario, seed, _EPOCH)
    trace = run(scenario.crash.program, found.folder, play.facts)
    crash = play.crashes_at.timestamp() * 1000
    first, tail = length * FIRST_SYMPTOM, min(LONGEST_TAIL, length * TAIL)
    timed = [(round((entry.at - crash) / 1000, 3), entry) for entry in play.entries(trace)]
    truth = truth_of(scenario.crash.service, trace, scenario.summary, culprit)
    chance = chance_of(seed, scenario.scenario)
    colleagues = people(tuple(scenario.services), chance)
    alerts = [*_symptoms(timed, first, tail), _root(timed, first + tail, trace)]
    others = noise({alert.service for alert in alerts} | set(scenario.services), chance, length)
    return DrillPlan(
        scenario=scenario.scenario,
        seed=seed,
        title=scenario.title,
        briefing=BRIEFING,
        truth=truth,
        alerts=keyed([*alerts, *others], chance),
        lines=tuple(_line(at + first + tail, entry) for at, entry in timed),
        colleagues=colleagues,
        facts=tuple(_facts(colleagues, [entry for _, entry in timed], truth, trace)),
        remarks=(Remark(first + tail * 1.1, "Support", chance.choice(_CUSTOMERS)),),
    )


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


def _facts(
    colleagues: Sequence[Colleague], entries: Sequence[Entry], truth: Truth, trace: str
) -> Iterator[Fact]:
    """What each service's logs tell the one who looks after it."""
    others = ", ".join(each.service for each in colleagues)
    for each in colleagues:
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
