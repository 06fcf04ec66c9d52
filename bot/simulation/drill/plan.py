"""What a drill plays: alerts, noise, logs, colleagues who know something, and the truth.

A plan is made from a scenario's name, a seed and a length (`bot.simulation.drill.planning`): the
same three, the same plan. So nothing of it is stored but these. Times are seconds after the
beginning of the drill; negative ones were before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.models import Severity

LINE_SLACK = 2  # lines by which an answer may miss: people read `except` lines too
_FILE = re.compile(r"(?<![\w./@-])[\w./@-]+\.(?:py|js|ts|rb|go|java|kt|cs|php|rs)\b(?=[\":])")
_PARTS = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class PlannedAlert:
    """One alert of a drill.

    Attributes:
        key: unique in the plan, and says nothing of what it is.
        again: seconds until it fires once more, while nobody has named the cause; 0 for never.
        clears: seconds after which it clears by itself; 0 for never.
        is_noise: it has nothing to do with the incident.
        is_root: it is the one that resolves the incident.
    """

    key: str
    at: float
    service: str
    title: str
    message: str
    severity: Severity
    again: float = 0
    clears: float = 0
    is_noise: bool = False
    is_root: bool = False
    stack_trace: str = ""
    trace_id: str = ""
    log_lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """One line of a service's log."""

    at: float
    service: str
    stream: str
    message: str


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who can be asked; `user` is the persona's user name."""

    name: str
    service: str
    role: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """What a colleague answers to a question that has one of these words in it."""

    colleague: str
    topics: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Remark:
    """What a colleague says unasked."""

    at: float
    colleague: str
    text: str


@dataclass(frozen=True, slots=True)
class Truth:
    """Where it came from."""

    service: str
    file: str
    line: int
    function: str
    code: str
    cause: str

    def is_service(self, named: str) -> bool:
        """Whether that is the service, however it is spelt."""
        return _plain(named) == _plain(self.service)

    def is_line(self, file: str, line: int) -> bool:
        """Whether that is the place: the file by its end, the line give or take two."""
        given, ours = _path(file), _path(self.file)
        is_file = bool(given) and ours[-len(given) :] == given
        return is_file and abs(line - self.line) <= LINE_SLACK


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """All of a drill. `alerts`, `lines` and `remarks` are in order of time."""

    scenario: str
    seed: int
    title: str
    briefing: str
    truth: Truth
    alerts: tuple[PlannedAlert, ...]
    lines: tuple[PlannedLine, ...]
    colleagues: tuple[Colleague, ...]
    facts: tuple[Fact, ...]
    remarks: tuple[Remark, ...] = ()

    @property
    def services(self) -> tuple[str, ...]:
        """All services that it tells of, in order."""
        named = {alert.service for alert in self.alerts} | {line.service for line in self.lines}
        return tuple(sorted(named | {each.service for each in self.colleagues}))

    @property
    def root(self) -> PlannedAlert:
        """The alert of the root cause."""
        return next(alert for alert in self.alerts if alert.is_root)

    @property
    def by_key(self) -> Mapping[str, PlannedAlert]:
        """The alerts by their keys."""
        return {alert.key: alert for alert in self.alerts}

    @property
    def files(self) -> tuple[str, ...]:
        """The files that its stack traces name, as they name them: the right one among others."""
        traces = [alert.stack_trace for alert in self.alerts if alert.stack_trace]
        traces += [line.message for line in self.lines if "\n" in line.message]
        named = {file for trace in set(traces) for file in _FILE.findall(trace)}
        return tuple(sorted(named | {self.truth.file}))


def _plain(name: str) -> str:
    return _PARTS.sub("-", name.strip().casefold()).strip("-")


def _path(file: str) -> Sequence[str]:
    return [part for part in file.strip().replace("\\", "/").split("/") if part not in ("", ".")]
