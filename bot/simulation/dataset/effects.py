"""Whether incidents show: sums of what every source measures, in quiet minutes and in theirs.

Memory grows with the number of incidents, never with the minutes or the entries of a set.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.simulation.dataset.configuration import SOURCES
from bot.simulation.dataset.traffic import minute_of
from bot.simulation.dataset.truth import moment, window_of

Measures = Mapping[tuple[str, int], tuple[float, int]]
"""(service, minute) -> sum and count of what shows that a service is in trouble."""
_COUNTS = frozenset({"kubernetes", "sentry"})  # measured by how many, not by how high
_TWICE = 1.8


@dataclass(frozen=True, slots=True)
class Span:
    """An incident's minutes: `start` to `end` with its echo; `first` to `last` it must show.

    `where`: file and line of the truth that tells of it.
    """

    id: str
    services: tuple[str, ...]
    start: int
    end: int
    first: int
    last: int
    where: str

    @classmethod
    def of(cls, incident: Mapping[str, Any], where: str) -> Span:
        """Read one from the truth."""
        start, end = window_of(incident)
        return cls(
            incident["id"],
            tuple(dict.fromkeys(one["service"] for one in incident["affected"])),
            minute_of(start),
            minute_of(end),
            minute_of(moment(incident["first_errors"])),
            minute_of(moment(incident["window"]["end"])),
            where,
        )


@dataclass(slots=True)
class _Sums:
    """Of one source. `minutes`: in which anything was measured; `troubled`: those of a service."""

    minutes: int = 0
    troubled: Counter[str] = field(default_factory=Counter)
    quiet: dict[str, tuple[float, int]] = field(default_factory=lambda: defaultdict(_nothing))
    felt: dict[tuple[str, str], tuple[float, int]] = field(
        default_factory=lambda: defaultdict(_nothing)
    )


def _nothing() -> tuple[float, int]:
    return 0.0, 0


class Effects:
    """Hears the measures of file after file, and tells which incident does not show where."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._spans = tuple(spans)
        self._sums = {source: _Sums() for source in SOURCES}

    def add(self, source: str, measures: Measures) -> None:
        """Add up one file's measures; no other file of its source has any of its minutes."""
        minutes = {minute for _, minute in measures}
        if not minutes:
            return
        sums, first, last = self._sums[source], min(minutes), max(minutes)
        near = [span for span in self._spans if span.start <= last and first < span.end]
        troubled: dict[str, set[int]] = {}
        for span in near:
            for name in span.services:
                troubled.setdefault(name, set()).update(range(span.start, span.end))
        sums.minutes += len(minutes)
        for name, marked in troubled.items():
            sums.troubled[name] += len(marked & minutes)
        for (name, minute), measure in measures.items():
            if minute not in troubled.get(name, ()):
                sums.quiet[name] = _plus(sums.quiet[name], measure)
            for span in near:
                if span.first <= minute < span.last and name in span.services:
                    sums.felt[span.id, name] = _plus(sums.felt[span.id, name], measure)

    def quiet(self, source: str, service: str) -> float:
        """The mean of a service's measure in the minutes in which nothing happens to it."""
        sums = self._sums[source]
        return _mean(source, sums.quiet[service], sums.minutes - sums.troubled[service])

    def felt(self, source: str, span: Span, service: str) -> float:
        """Its mean while an incident shows in that service."""
        return _mean(source, self._sums[source].felt[span.id, service], span.last - span.first)

    def missing(self) -> Iterator[str]:
        """Each affected service must stand out in each source while its incident lasts."""
        for source in SOURCES:
            for span in self._spans:
                for name in span.services:
                    level, quiet = self.felt(source, span, name), self.quiet(source, name)
                    if level < max(quiet * _TWICE, 1e-9):
                        yield (
                            f"{span.where}: {span.id} does not show in {source} for {name}: "
                            f"{level:.3f}, and {quiet:.3f} without an incident"
                        )


def _plus(one: tuple[float, int], other: tuple[float, int]) -> tuple[float, int]:
    return one[0] + other[0], one[1] + other[1]


def _mean(source: str, measure: tuple[float, int], minutes: int) -> float:
    """Per minute where a source is counted, else per sample."""
    total, count = measure
    if source in _COUNTS:
        return total / max(1, minutes)
    return total / count if count else 0.0
