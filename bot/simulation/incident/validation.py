"""Is a scenario sound? Everything that is wrong, with its path and its cure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.simulation.incident import personas
from bot.simulation.incident.company import Company, default
from bot.simulation.incident.measures import (
    Measure,
    expected,
    has_expected,
    is_bounded,
    measure,
    worse,
)
from bot.simulation.incident.reading import understand
from bot.simulation.incident.scenario import Alert, Mention, Problem, Resolution, Scenario

_SAME = 0.02  # two values that differ by less are the same
_HANDLE = re.compile(r"(?<![\w<@/.])@([A-Za-z0-9][A-Za-z0-9_-]{0,79}(?:\.[A-Za-z0-9_-]+)*)")
_BROADCASTS = frozenset(("@here", "@channel", "@everyone"))


@dataclass
class Verdict:
    """What was found.

    Attributes:
        scenario: None if the document could not be understood.
        problems: what is wrong; the file is sound if there are none.
        notes: what reads otherwise than we would write it, or is only unusual.
    """

    scenario: Scenario | None = None
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)


def validate(document: object, company: Company | None = None) -> Verdict:
    """Judge a document.

    Args:
        company: whose services, groups and graph count; None for the web shop that ships.
    """
    understood = understand(document)
    verdict = Verdict(understood.scenario, understood.problems, understood.notes)
    scenario, place = understood.scenario, company or default()
    if scenario is not None:
        verdict.problems += [
            *_order(scenario),
            *_threads(scenario),
            *_services(scenario, place),
            *_channels(scenario),
            *_mentions(scenario, place),
            *_metrics(scenario),
        ]
        verdict.notes += _unusual(scenario)
    return verdict


def _order(scenario: Scenario) -> Iterator[Problem]:
    latest = 0.0
    for number, event in enumerate(scenario.timeline):
        if event.offset_seconds < latest:
            told = f"is {event.offset_seconds:g}, but an event before it is at {latest:g}"
            cure = "Sort the timeline by time, and count thread_parent anew where places change."
            yield Problem(f"$.timeline[{number}].offset_seconds", told, cure)
        latest = max(latest, event.offset_seconds)


def _threads(scenario: Scenario) -> Iterator[Problem]:
    timeline = scenario.timeline
    for number, event in enumerate(timeline):
        parent, path = event.thread_parent, f"$.timeline[{number}].thread_parent"
        if parent is None:
            continue
        if parent >= len(timeline):
            told = f"names place {parent}, but the last one is {len(timeline) - 1}"
            yield Problem(path, told, "Name an earlier event of the timeline; places begin at 0.")
        elif parent >= number:
            told = f"names place {parent}, which is {'itself' if parent == number else 'later'}"
            yield Problem(path, told, "A thread begins at an earlier event.")
        elif timeline[parent].offset_seconds > event.offset_seconds:
            yield Problem(path, "begins later than it is answered", "Mend offset_seconds.")
        elif timeline[parent].channel != event.channel:
            told = f"stands in {timeline[parent].channel}, the answer in {event.channel}"
            yield Problem(path, told, "An answer is in the channel of what it answers.")


def _services(scenario: Scenario, company: Company) -> Iterator[Problem]:
    known = [name for name in scenario.services if name in company.services]
    for name in scenario.services:
        if name not in company.services:
            cure = "Add it to the service map and the graph (--services, --graph), or rename it."
            yield Problem(f"$.services.{name}", "is not in the dependency graph", cure)
    primary = [name for name, part in scenario.services.items() if part.role == "primary"]
    if len(primary) != 1:
        told = "none has the role primary" if not primary else f"{len(primary)} are primary"
        yield Problem("$.services", told, "Give the role primary to the one where the cause is.")
        return
    reached = _reached(primary[0], known, company)
    for name in known:
        if name not in reached and scenario.services[name].role != "observer":
            told = f"is not reached from {primary[0]}: no service of this file joins them"
            cure = "Add what joins them, give it the role observer, or mend the graph."
            yield Problem(f"$.services.{name}", told, cure)


def _reached(primary: str, involved: list[str], company: Company) -> set[str]:
    """The services that a failure of `primary` can reach through those that are involved."""
    found, waiting = {primary}, [primary]
    while waiting:
        for name in company.neighbours(waiting.pop()) & set(involved) - found:
            found.add(name)
            waiting.append(name)
    return found


def _channels(scenario: Scenario) -> Iterator[Problem]:
    known = {part.channel for part in scenario.services.values()}
    for number, event in enumerate(scenario.timeline):
        if event.channel not in known:
            told = f"{event.channel} belongs to no service of this file"
            cure = f"Known are {', '.join(sorted(known))}; or add its service."
            yield Problem(f"$.timeline[{number}].channel", told, cure)


def _mentions(scenario: Scenario, company: Company) -> Iterator[Problem]:
    groups = company.groups() | {part.oncall_group for part in scenario.services.values()}
    people = {f"@{user}" for part in scenario.services.values() for user in part.engineers}
    people |= {f"@{user}" for each in company.services.values() for user in each.engineers}
    people |= {f"@{user}" for user in personas.shipped()}
    people |= {f"@{user}" for event in scenario.timeline if (user := getattr(event, "user", ""))}
    known = {each.lower() for each in groups | people}
    for number, event in enumerate(scenario.timeline):
        for place, mentioned in enumerate(event.mentions):
            if mentioned.lower() not in known:
                path = f"$.timeline[{number}].mentions[{place}]"
                cure = f"Groups are {', '.join(sorted(groups)[:8])}…"
                yield Problem(path, f"{mentioned} is no known group or person", cure)
        text = getattr(event, "content", "") or ""
        if isinstance(event, Mention) and not any(each in text for each in event.mentions):
            told = f"does not say {event.mentions[0]}"
            cure = "Call them in the text, or make it a message."
            yield Problem(f"$.timeline[{number}].content", told, cure)


def _metrics(scenario: Scenario) -> Iterator[Problem]:
    """Units, ranges, and that it gets worse first and better afterwards."""
    kinds: dict[tuple[str, str], tuple[Measure, str]] = {}
    worst: dict[tuple[str, str], Measure] = {}
    for number, event in enumerate(scenario.timeline):
        for name in ("metrics_before", "metrics", "metrics_after"):
            values: Mapping[str, str] = getattr(event, name)
            for key, text in values.items():
                path = f"$.timeline[{number}].{name}.{key}"
                found = measure(text)
                if found is None:
                    continue
                yield from _one(path, key, text, found)
                yield from _consistent(path, (event.channel, key), found, text, kinds)
                if name == "metrics":
                    worst[event.channel, key] = _worse_of(
                        key, worst.get((event.channel, key)), found
                    )
        yield from _changes(
            number, event.metrics_before, event.metrics, is_alert=isinstance(event, Alert)
        )
        yield from _recovery(number, event.channel, event.metrics_after, worst)


def _one(path: str, key: str, text: str, found: Measure) -> Iterator[Problem]:
    wanted = expected(key)
    if wanted is not None and not has_expected(key, found):
        yield Problem(path, f"{text!r} has no unit", f"Write {wanted}.")
    if found.kind == "per cent" and is_bounded(key) and found.value > 100:
        yield Problem(path, f"{text!r} is more than all", "Write at most 100%.")
    if found.value < 0 and found.kind in {"per cent", "time", "rate", "size"} and worse(key):
        yield Problem(path, f"{text!r} is less than nothing", "Write 0 or more.")


def _consistent(
    path: str,
    key: tuple[str, str],
    found: Measure,
    text: str,
    kinds: dict[tuple[str, str], tuple[Measure, str]],
) -> Iterator[Problem]:
    first, told = kinds.setdefault(key, (found, text))
    if first.kind != found.kind:
        problem = f"{text!r} is {found.kind}, but {told!r} before is {first.kind}"
        yield Problem(path, problem, "Use one unit for one metric.")


def _worse_of(key: str, before: Measure | None, found: Measure) -> Measure:
    if before is None or before.kind != found.kind:
        return found
    is_worse = (found.value - before.value) * (worse(key) or 1) > 0
    return found if is_worse else before


def _changes(
    number: int, before: Mapping[str, str], now: Mapping[str, str], *, is_alert: bool
) -> Iterator[Problem]:
    """An alert's metrics are worse than before it."""
    for key, text in now.items():
        was, found = measure(before.get(key, "")), measure(text)
        if not is_alert or was is None or found is None or was.kind != found.kind:
            continue
        change = (found.value - was.value) * worse(key)
        if change < -_SAME * max(abs(was.value), 1e-9):
            told = f"{text!r} is better than {before[key]!r} before it"
            yield Problem(f"$.timeline[{number}].metrics.{key}", told, "Swap them, or mend one.")


def _recovery(
    number: int,
    channel: str,
    after: Mapping[str, str],
    worst: Mapping[tuple[str, str], Measure],
) -> Iterator[Problem]:
    """What is said to have recovered is better than it was at its worst."""
    for key, text in after.items():
        was, found, way = worst.get((channel, key)), measure(text), worse(key)
        if was is None or found is None or was.kind != found.kind or not way:
            continue
        if (was.value - found.value) * way <= 0 and abs(was.value) > 1e-9:
            path = f"$.timeline[{number}].metrics_after.{key}"
            told = f"{text!r} has not recovered from {was.value:g}"
            yield Problem(path, f"{told} ({was.kind})", "Write a value that is better.")


def _unusual(scenario: Scenario) -> Iterator[Problem]:
    """What is allowed, but seldom meant."""
    first = scenario.timeline[0]
    if not isinstance(first, Alert):
        yield Problem("$.timeline[0]", "is no alert", "Most incidents begin with one.")
    ended = [event for event in scenario.timeline if isinstance(event, Resolution)]
    measured = any(event.metrics for event in scenario.timeline)
    if ended and measured and not any(event.metrics_after for event in scenario.timeline):
        path = f"$.timeline[{scenario.timeline.index(ended[-1])}]"
        yield Problem(path, "does not say that the metrics recovered", "Add metrics_after.")
    known = {part.oncall_group for part in scenario.services.values()}
    for number, event in enumerate(scenario.timeline):
        for match in _HANDLE.finditer(getattr(event, "content", "") or ""):
            is_known = match[0] in event.mentions or match[0] in _BROADCASTS
            if not is_known and match[0] in known:
                told = f"calls {match[0]}, which `mentions` does not list"
                yield Problem(f"$.timeline[{number}].content", told, "List it in mentions.")
