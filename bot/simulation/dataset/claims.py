"""What the truth says of single entries, day by day, so that a year needs no more than a day."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.simulation.dataset.configuration import SOURCES
from bot.simulation.dataset.effects import Span
from bot.simulation.dataset.files import DatasetError, read_json
from bot.simulation.dataset.schemas import faults
from bot.simulation.dataset.traffic import HOUR
from bot.simulation.dataset.truth import window_of

_MOST = 20
"""Violations that are told of one file of the truth."""
_ID = re.compile(r'"id": ?"([^"]*)"')
_NUMBERS = re.compile(r"\d{1,9}-\d{1,12}", re.ASCII)
_PREFIXES = {source[0]: source for source in SOURCES}


@dataclass(frozen=True, slots=True)
class Claim:
    """That some places of a file belong to an incident. Times are milliseconds since 1970."""

    incident: str
    services: frozenset[str]
    start: int
    end: int
    places: Sequence[int]


class Truth:
    """The truth of a set: spans of all incidents, and the claims of one hour after the other."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.violations: list[str] = []
        self.untold = 0
        self.spans: list[Span] = []
        self._days: list[tuple[int, int, Path]] = []  # first and last hour that a file speaks of
        self._open: dict[Path, dict[tuple[str, int], list[Claim]]] = {}
        for path in paths:
            name = f"{path.parent.name}/{path.name}"
            wrong, spans = _look(path, name)
            self.violations += wrong[:_MOST]
            self.untold += max(0, len(wrong) - _MOST)
            self.spans += spans
            if spans and not wrong:  # else its ids are judged when the rest is right
                first, end = min(one.start for one in spans), max(one.end for one in spans)
                self._days.append((first // HOUR, end // HOUR, path))

    def claims(self, source: str, hour: int) -> list[Claim]:
        """What is said of a file; hours are to be asked in their order."""
        near = [path for first, last, path in self._days if first <= hour <= last]
        self._open = {path: self._open.get(path) or _claims(path) for path in near}
        return [one for path in near for one in self._open[path].get((source, hour), ())]


def _look(path: Path, name: str) -> tuple[list[str], list[Span]]:
    """What is wrong with a file of the truth, and the incidents of it that can be judged."""
    try:
        value = read_json(path)
    except DatasetError as error:
        return [f"{name}:1: {str(error).partition(': ')[2]}"], []
    wrong = [f"{name}:1: {text}" for text in faults("incidents", value)]
    if wrong:
        return wrong, []
    lines = _lines_of_ids(path)
    spans: list[Span] = []
    for incident in value["incidents"]:
        where = f"{name}:{lines.get(incident['id'], 1)}"
        try:
            span = Span.of(incident, where)
        except (ValueError, TypeError, OverflowError) as error:
            wrong.append(f"{where}: {incident['id']}: {error}")
            continue
        spans.append(span)
        wrong += [f"{where}: {text}" for text in _far_off(span, incident["entries"])]
    return wrong, spans


def _lines_of_ids(path: Path) -> dict[str, int]:
    """On which line each incident's id stands first."""
    found: dict[str, int] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            for name in _ID.findall(line):
                found.setdefault(name, number)
    return found


def _far_off(span: Span, entries: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Ids that are none, and those of an hour in which the incident is not."""
    hours = range(span.start // HOUR, span.end // HOUR + 1)
    for source, ids in entries.items():
        if source not in SOURCES:
            yield f"{span.id}: {source!r} is no source"
        for name in ids:
            prefix, _, rest = name.partition("-")
            hour = rest.partition("-")[0]
            if _PREFIXES.get(prefix) != source or not _NUMBERS.fullmatch(rest):
                yield f"{span.id}: {name!r} is no id of {source}"
            elif int(hour) not in hours:
                yield f"{span.id} names {name}, of an hour that lies outside its window"


def _claims(path: Path) -> dict[tuple[str, int], list[Claim]]:
    """By source and hour, what a file of the truth says of entries."""
    found: dict[tuple[str, int], list[Claim]] = {}
    for incident in read_json(path)["incidents"]:
        start, end = window_of(incident)
        services = frozenset(one["service"] for one in incident["affected"])
        for source, ids in incident["entries"].items():
            places: dict[int, array[int]] = {}
            for name in ids:
                _, hour, place = name.split("-")
                places.setdefault(int(hour), array("Q")).append(int(place))
            for hour, numbers in places.items():
                claim = Claim(
                    incident["id"],
                    services,
                    int(start.timestamp() * 1000),
                    int(end.timestamp() * 1000),
                    numbers,
                )
                found.setdefault((source, hour), []).append(claim)
    return found
