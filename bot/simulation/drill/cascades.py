"""Plans of drills from the cascades of incident conversations.

The alerts are the conversation's. What its people say early, before anybody knows, they say in
the drill; what they find out later, they know, and tell whoever asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import yaml

from bot.models import Severity
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
    truth_of,
)
from bot.simulation.incident.generation import generate
from bot.simulation.incident.personas import MONITORING, display_name
from bot.simulation.incident.scenario import Alert, Mention, Message, Resolution, Scenario

SPREAD = 0.3  # the last alert comes after this part of the drill, if it would come later
MOST_REMARKS = 4
BEFORE = 900.0  # seconds of logs before the drill
_START = "2026-01-05T09:00:00Z"
_SURFACES = Path(__file__).with_name("surfaces.yaml")
_SIGN = re.compile(r"^[^\w]+")
_WORD = re.compile(r"[a-z][a-z0-9_.-]{3,}")
_COMMON = """
about after again also always because been before being cannot could does done from have here into
just know like look looking more much nothing only other ours over please really said same seems
since some still take than that their them then there these they thing think this those what when
where which while will with without would yeah your
"""
_TOO_COMMON = frozenset(_COMMON.split())
_LATENCY = ("latency", "slow", "slower", "duration", "timeout", "timeouts", "performance", "p95")
_ERRORS = ("error", "errors", "failing", "fail", "broken", "wrong", "healthy", "seeing", "status")
_DEPLOYS = ("deploy", "release", "rollback", "change", "changed", "config", "flag")
_TRACES = ("trace", "traceback", "stack", "exception", "line", "file", "code")


def plan_of_cascade(name: str, seed: int, length: float, culprit: Culprit) -> DrillPlan:
    """The plan of a drill of `length` seconds."""
    scenario = generate(name, _START, seed=seed)
    surface = yaml.safe_load(_SURFACES.read_text(encoding="utf-8"))[name]
    chance = chance_of(seed, name)
    trace = str(surface["trace"]).replace("{{", "\0").replace("}}", "\1")
    trace = trace.replace("{line}", str(chance.randint(24, 190)))
    trace = trace.replace("\0", "{").replace("\1", "}")
    truth = truth_of(scenario.primary, trace, scenario.metadata.root_cause, culprit)
    alerts = _alerts(scenario, length)
    colleagues = _colleagues(scenario)
    others = noise(set(scenario.services), chance, length, (1, 2))
    return DrillPlan(
        scenario=name,
        seed=seed,
        title=scenario.title,
        briefing=BRIEFING,
        truth=truth,
        alerts=keyed([*alerts, *others], chance),
        lines=tuple(_lines(scenario, alerts, surface, trace, length, chance)),
        colleagues=colleagues,
        facts=tuple(_facts(scenario, colleagues, truth, trace)),
        remarks=tuple(_remarks(scenario, colleagues, length)),
    )


def _pace(scenario: Scenario, length: float) -> float:
    """How much faster than it was: the alerts must come early in the drill."""
    last = max(each.offset_seconds for each in scenario.timeline if isinstance(each, Alert))
    return min(1.0, length * SPREAD / last) if last else 1.0


def _service_of(scenario: Scenario, channel: str) -> str:
    named = (name for name, part in scenario.services.items() if part.channel == channel)
    return next(named, scenario.primary)


def _alerts(scenario: Scenario, length: float) -> list[PlannedAlert]:
    """What monitoring says; of observers it is noise. The primary's first is the root."""
    pace, first = _pace(scenario, length), length * FIRST_SYMPTOM
    cleared = {
        each.thread_parent: each.offset_seconds
        for each in scenario.timeline
        if isinstance(each, Resolution) and each.user == MONITORING
    }
    planned = []
    for place, each in enumerate(scenario.timeline):
        if not isinstance(each, Alert):
            continue
        service = _service_of(scenario, each.channel)
        is_noise = scenario.services[service].role == "observer" or place in cleared
        over = cleared.get(place)
        planned.append(
            PlannedAlert(
                key="",
                at=round(first + each.offset_seconds * pace, 1),
                service=service,
                title=_SIGN.sub("", each.title),
                message=each.details,
                severity=Severity(each.severity),
                again=0 if is_noise else AGAIN,
                clears=(over - each.offset_seconds) * pace if over else 0,
                is_noise=is_noise,
            )
        )
    return _with_root(planned, scenario.primary, first)


def _with_root(planned: Sequence[PlannedAlert], primary: str, first: float) -> list[PlannedAlert]:
    for place, alert in enumerate(planned):
        if alert.service == primary and not alert.is_noise:
            rooted = replace(alert, is_root=True)
            return [*planned[:place], rooted, *planned[place + 1 :]]
    title = f"Errors in {primary}"
    late = PlannedAlert("", first + 30, primary, title, title, Severity.CRITICAL, AGAIN)
    return [*planned, replace(late, is_root=True)]


def _colleagues(scenario: Scenario) -> tuple[Colleague, ...]:
    """Those who take part; the first of each service is on call."""
    found = [
        Colleague(display_name(user), service, "on call" if place == 0 else "", user)
        for service, part in scenario.services.items()
        for place, user in enumerate(part.engineers)
    ]
    return tuple(sorted(found, key=lambda each: each.name))


def _remarks(
    scenario: Scenario, colleagues: Sequence[Colleague], length: float
) -> Iterator[Remark]:
    """The first things said, up to the first that names the primary service."""
    by_user, pace = {each.user: each for each in colleagues}, _pace(scenario, length)
    count = 0
    for each in scenario.timeline:
        if not isinstance(each, Message | Mention) or each.user not in by_user:
            continue
        speaker = by_user[each.user]
        if scenario.primary in each.content.lower() or count == MOST_REMARKS:
            return
        if speaker.service == scenario.primary:
            continue
        count += 1
        yield Remark(
            length * FIRST_SYMPTOM + each.offset_seconds * pace, speaker.name, each.content
        )


def _facts(
    scenario: Scenario, colleagues: Sequence[Colleague], truth: Truth, trace: str
) -> Iterator[Fact]:
    figures: dict[str, Mapping[str, str]] = {}
    for each in scenario.timeline:
        if isinstance(each, Alert) and each.metrics:
            figures.setdefault(_service_of(scenario, each.channel), each.metrics)
    chain = ", ".join(scenario.services)
    for one in colleagues:
        told = ", ".join(
            f"{_spoken(name)} {value}" for name, value in figures.get(one.service, {}).items()
        )
        yield Fact(
            one.name, _ERRORS, f"On our side: {told}." if told else "We look fine from here."
        )
        slow = [
            f"{_spoken(name)} {value}"
            for name, value in figures.get(one.service, {}).items()
            if "latency" in name or "_p9" in name
        ]
        if slow:
            yield Fact(one.name, _LATENCY, f"Slower than usual: {', '.join(slow)}.")
        yield _deployed(one, scenario)
        yield _traced(one, truth, trace)
        yield Fact(
            one.name,
            ("depend", "depends", "upstream", "downstream", "calls", "architecture", "services"),
            f"What hangs together here: {chain}.",
        )
    yield from _conversation(scenario, colleagues)


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _deployed(one: Colleague, scenario: Scenario) -> Fact:
    version = re.search(r"v\d+\.\d+\.\d+", scenario.metadata.root_cause)
    answer = "Nothing of ours went out today."
    if one.service == scenario.primary and version:
        answer = f"{version[0]} went out a little while ago. It looked harmless."
    return Fact(one.name, _DEPLOYS, answer)


def _traced(one: Colleague, truth: Truth, trace: str) -> Fact:
    if one.service != truth.service:
        return Fact(one.name, _TRACES, "No traces of ours, only calls that fail elsewhere.")
    said = next(
        (
            line.strip()
            for line in trace.splitlines()
            if re.search(r"(Error|Exception|Failed|panic|Timeout)\b", line)
        ),
        trace.splitlines()[0],
    )
    return Fact(
        one.name,
        _TRACES,
        f"Yes, in our log: `{said[:200]}`. The frames stand under it, "
        f"look with `/logs service:{one.service} level:error`.",
    )


def _conversation(scenario: Scenario, colleagues: Sequence[Colleague]) -> Iterator[Fact]:
    """What they said, found by its words."""
    by_user = {each.user: each for each in colleagues}
    for each in scenario.timeline:
        if not isinstance(each, Message | Mention) or each.user not in by_user:
            continue
        words = set(_WORD.findall(each.content.lower())) - _TOO_COMMON
        if len(words) >= 3:
            yield Fact(by_user[each.user].name, tuple(sorted(words)), each.content)


def _lines(
    scenario: Scenario,
    alerts: Sequence[PlannedAlert],
    surface: Mapping[str, Any],
    trace: str,
    length: float,
    chance: Random,
) -> Iterator[PlannedLine]:
    """Minutes of ordinary lines, troubled ones from each service's alert on, and the trace."""
    begins: dict[str, PlannedAlert] = {}
    for alert in alerts:
        begins.setdefault(alert.service, alert)
    lines = [
        line
        for service in scenario.services
        for line in _log_of(service, begins.get(service), length, chance)
    ]
    root = next(alert for alert in alerts if alert.is_root)
    at = root.at - 5
    while at < length:
        stream = f"{root.service}-{chance.getrandbits(20):05x}"
        lines.append(
            PlannedLine(round(at, 3), root.service, stream, f"{surface['line']}\n{trace.rstrip()}")
        )
        at += chance.uniform(25, 60)
    yield from sorted(lines, key=lambda line: line.at)


def _log_of(
    service: str, alert: PlannedAlert | None, length: float, chance: Random
) -> Iterator[PlannedLine]:
    at, host = -BEFORE, f"{service}-{chance.getrandbits(20):05x}"
    while at < length:
        at += chance.uniform(2, 9)
        is_bad = alert is not None and not alert.is_noise and at > alert.at - 20
        took = chance.uniform(600, 4000) if is_bad else chance.uniform(8, 90)
        request = f"{chance.getrandbits(32):08x}"
        if is_bad and chance.random() < 0.4:
            assert alert is not None, "it is bad"
            level = chance.choice(("WARN", "ERROR"))
            message = f"{level} [{service}] {alert.message.splitlines()[0]} request={request}"
        else:
            status = 200 if not is_bad or chance.random() < 0.6 else chance.choice((500, 503, 504))
            level = "INFO" if status == 200 else "ERROR"
            message = (
                f"{level} [{service}.http] answered {status} took_ms={took:.0f} request={request}"
            )
        yield PlannedLine(round(at, 3), service, host, message)
