"""What really happened: per incident its cause, its window, its ids, and what to be told of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.simulation.dataset.codebase import site
from bot.simulation.dataset.configuration import SOURCES, Config
from bot.simulation.dataset.faults import FAULTS
from bot.simulation.dataset.files import write_pieces
from bot.simulation.dataset.fleet import Fleet
from bot.simulation.dataset.plan import DECOYS, Decoy, Incident, Plan
from bot.simulation.dataset.traffic import DAY, HOUR, moment_of

ECHO = 8
"""Minutes after its end in which an incident's alarms may still change back."""
NOTICE = 10
"""Minutes within which a perfect system has raised its alert."""

Part = Mapping[str, Mapping[str, Sequence[int]]]
"""Of one hour: incident -> source -> places in the hour's file."""


def title_of(incident: Incident) -> str:
    """What a person would call it."""
    return f"{incident.pattern.type.replace('_', ' ').capitalize()} of {incident.service}"


def described(config: Config, fleet: Fleet, incident: Incident) -> dict[str, Any]:
    """Everything of an incident but the ids of its entries."""
    return {
        "id": incident.id,
        "type": incident.pattern.type,
        "title": title_of(incident),
        "severity": incident.severity,
        "window": {"start": _iso(incident.start), "end": _iso(incident.end)},
        "first_errors": _iso(incident.first_errors),
        "root_cause": _cause(config, fleet, incident),
        "affected": [
            {
                "service": one.service,
                "hops": one.hops,
                "first_felt": _iso(incident.start + one.hops),
            }
            for one in incident.affected
        ],
        "alerts": [
            {
                "service": incident.service,
                "title": title_of(incident),
                "severity": incident.severity,
                "not_before": _iso(incident.start),
                "raised_by": _iso(incident.first_errors + NOTICE),
                "metric": incident.pattern.alarm,
                "symptoms": [one.service for one in incident.affected[1:]],
            }
        ],
    }


def _cause(config: Config, fleet: Fleet, incident: Incident) -> dict[str, Any]:
    deployment = fleet.deployment(incident.service, incident.start)
    cause: dict[str, Any] = {
        "service": incident.service,
        "component": incident.pattern.component,
        "release": deployment.release,
        "file": None,
        "line": None,
        "function": None,
    }
    if incident.pattern.code:
        language = next(one.language for one in config.services if one.name == incident.service)
        fault = FAULTS[incident.pattern.error]
        place = site(incident.service, language, fault, deployment.drift)
        cause |= {"file": place.path, "line": place.line, "function": place.function}
    return cause


def _iso(minute: int) -> str:
    return moment_of(minute).strftime("%Y-%m-%dT%H:%M:%SZ")


def days_of(start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """The days of a span: their name, their first minute and the first one after them."""
    for begin in range(start // DAY * DAY, end, DAY):
        yield moment_of(begin).strftime("%Y-%m-%d"), begin, begin + DAY


def write_day(
    path: Path,
    config: Config,
    fleet: Fleet,
    plan: Plan,
    day: tuple[int, int],
    part_of: Callable[[int], Part],
) -> int:
    """Write the truth of the incidents that begin on a day; returns how many there are."""
    incidents = [one for one in plan.incidents if day[0] <= one.start < day[1]]
    decoys = [_decoy(one) for one in plan.decoys if day[0] <= one.start < day[1]]

    def fill(put: Callable[[str], object]) -> None:
        put('{"decoys": ' + json.dumps(decoys, sort_keys=True) + ',\n "incidents": [')
        for place, incident in enumerate(incidents):
            put(",\n" if place else "\n")
            value = described(config, fleet, incident)
            value["entries"] = entries_of(incident, part_of)
            put(json.dumps(value))
        put("\n]}\n")

    write_pieces(path, fill)
    return len(incidents)


def entries_of(incident: Incident, part_of: Callable[[int], Part]) -> dict[str, list[str]]:
    """The ids of everything that belongs to an incident, by source and in order."""
    found: dict[str, list[str]] = {source: [] for source in SOURCES}
    for hour in range(incident.start // HOUR, (incident.end + ECHO) // HOUR + 1):
        places = part_of(hour).get(incident.id, {})
        for source, numbers in places.items():
            found[source] += [f"{source[0]}-{hour}-{place:07d}" for place in numbers]
    return found


def _decoy(decoy: Decoy) -> dict[str, str]:
    return {
        "id": decoy.id,
        "kind": decoy.kind,
        "service": decoy.service,
        "start": _iso(decoy.start),
        "end": _iso(decoy.end),
        "why_it_is_none": DECOYS[decoy.kind],
    }


def moment(text: str) -> datetime:
    """A time of the truth."""
    return datetime.fromisoformat(text)


def window_of(incident: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """When entries may belong to an incident: its window and its echo."""
    window = incident["window"]
    return moment(window["start"]), moment(window["end"]) + timedelta(minutes=ECHO)
