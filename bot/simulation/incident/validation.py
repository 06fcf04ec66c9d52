"""Is a scenario sound? Everything that is wrong, with its path and its cure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bot.simulation.incident import personas
from bot.simulation.incident.company import Company, default
from bot.simulation.incident.metric_judging import judged
from bot.simulation.incident.reading import understand
from bot.simulation.incident.scenario import Alert, Mention, Problem, Resolution, Scenario

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
            *_roles(scenario, place),
            *_channels(scenario),
            *_mentions(scenario, place),
            *judged(scenario),
        ]
        verdict.notes += [*_unusual(scenario), *_elsewhere(scenario, place)]
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


def _roles(scenario: Scenario, company: Company) -> Iterator[Problem]:
    """Downstream are those who need the primary, upstream those whom it needs."""
    primary = scenario.primary
    known = [name for name in scenario.services if name in company.services]
    callers = _along(primary, lambda name: {each for each, _ in company.callers(name)})
    needed = _along(primary, lambda name: set(company.graph.get(name, {})))
    for name in known:
        role, path = scenario.services[name].role, f"$.services.{name}.role"
        if role == "downstream" and name in needed - callers:
            told = f"is downstream, but {primary} needs {name}, and not the other way round"
            yield Problem(path, told, "Write upstream or affected, or mend the graph.")
        if role == "upstream" and name in callers - needed:
            told = f"is upstream, but {name} needs {primary}, and not the other way round"
            yield Problem(path, told, "Write downstream or affected, or mend the graph.")


def _along(start: str, edges: Callable[[str], set[str]]) -> set[str]:
    """Every service that is reached from one by edges of one direction."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for name in edges(waiting.pop()) - found:
            found.add(name)
            waiting.append(name)
    return found - {start}


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
    known = {each.lower() for each in groups | _people(scenario, company)}
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


def _people(scenario: Scenario, company: Company) -> set[str]:
    """Handles of everybody whom the file or the service map knows."""
    people = {f"@{user}" for part in scenario.services.values() for user in part.engineers}
    people |= {f"@{user}" for each in company.services.values() for user in each.engineers}
    people |= {f"@{user}" for user in personas.shipped()}
    return people | {
        f"@{user}" for each in scenario.timeline if (user := getattr(each, "user", ""))
    }


def _elsewhere(scenario: Scenario, company: Company) -> Iterator[Problem]:
    """Where a file and the service map do not say the same."""
    for name, part in scenario.services.items():
        own = company.services.get(name)
        for key in ("channel", "oncall_group") if own is not None else ():
            said, meant = getattr(part, key), getattr(own, key)
            if said != meant:
                path = f"$.services.{name}.{key}"
                yield Problem(path, f"is {said}, in the service map {meant}", "One may be wrong.")
    groups = company.groups() | {part.oncall_group for part in scenario.services.values()}
    known = {each.lower() for each in groups | _people(scenario, company)} | _BROADCASTS
    for number, event in enumerate(scenario.timeline):
        for match in _HANDLE.finditer(getattr(event, "content", "") or ""):
            if match[0].lower() not in known:
                told = f"calls {match[0]}, who is no known group or person"
                yield Problem(f"$.timeline[{number}].content", told, "Mend it, if it is a call.")


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
