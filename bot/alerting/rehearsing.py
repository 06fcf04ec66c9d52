"""A crash is rehearsed: its logs are written and read again, and it becomes an event of the road.

What the event says comes from the logs and the trace alone, as it would for a crash that nobody
planned. Its environment is `simulated`, and so the road marks its title.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.analysis.crash import CrashAnalyst, CrashReport
from bot.analysis.logs.query import LogLine
from bot.models import SIMULATED_ENVIRONMENT, Event
from bot.simulation.crash.formats import FORMATS
from bot.simulation.crash.library import Found
from bot.simulation.crash.playing import Entry, Play
from bot.simulation.crash.running import run


@dataclass(frozen=True, slots=True)
class Written:
    """One entry as it was written; `text` may have several lines."""

    entry: Entry
    text: str


class Rehearsal:
    """One playing of a scenario, on its way: iterate, then ask for the report.

    Args:
        form: of `FORMATS`.
        roots: path prefixes of our own code.

    Raises:
        DidNotCrash: the scenario's program does not crash.
    """

    def __init__(
        self, found: Found, play: Play, *, form: str = "text", roots: tuple[str, ...] = ()
    ) -> None:
        self.play = play
        self.trace = run(found.scenario.crash.program, found.folder, play.facts)
        self._render = FORMATS[form]
        self._analyst = CrashAnalyst(roots=roots)
        self._environment = found.scenario.environment

    def written(self) -> Iterator[Written]:
        """What is logged, oldest first; the analysis listens."""
        for entry in self.play.entries(self.trace):
            text = self._render(entry, self._environment)
            self._analyst.feed(LogLine(entry.at, line) for line in text.split("\n"))
            yield Written(entry, text)

    def report(self) -> CrashReport:
        """What the logs told; raises `NotFound` if they told of no error."""
        return self._analyst.report()


def event_of(report: CrashReport, play: Play) -> Event:
    """The event that goes down the road."""
    return Event(
        source="simulation",
        event_id=play.id,
        service=report.service,
        environment=SIMULATED_ENVIRONMENT,
        severity=report.severity,
        title=report.title,
        message=report.description,
        occurred_at=report.at,
        exceptions=report.exceptions,
        stack_trace=report.stack_trace,
        trace_id=report.trace_id,
        log_lines=report.request,
        labels={
            SIMULATED_ENVIRONMENT: play.id,
            "scenario": play.scenario.scenario,
            "seed": str(play.seed),
            "component": report.component,
            "users_impacted": str(report.users_impacted),
        },
    )


def start_for(scenario_begins: float, now: datetime, *, speed: float = 0) -> datetime:
    """When the logs begin, so that the crash comes now, or when it has been played at `speed`."""
    lasts = timedelta(seconds=-scenario_begins)
    start = (now - lasts + (lasts / speed if speed else timedelta())).astimezone(UTC)
    return start.replace(microsecond=start.microsecond // 1000 * 1000)
