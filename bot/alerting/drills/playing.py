"""One drill as it is played: which events are due, what the score is. Pure but for its counters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.alerting.fingerprint import fingerprint
from bot.analysis.logs.query import LogLine
from bot.models import DRILL_SOURCE, Alert, AlertState, Event, Signal
from bot.services.logs.played import PREFIX
from bot.simulation.drill.plan import DrillPlan, PlannedAlert, Remark
from bot.simulation.drill.scoring import Done, Scorecard, score
from bot.store.drills import Deed, Drill, environment


@dataclass
class Play:
    """A drill and its plan.

    Attributes:
        is_named: the right service has been named, so the fault has stopped.
        told: how many events of each alert have been sent by this process.
        over: alerts whose all-clear has been sent.
    """

    drill: Drill
    plan: DrillPlan
    is_named: bool = False
    told: dict[str, int] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)

    def seconds(self, now: datetime) -> float:
        """How long it has been played."""
        return (now - self.drill.started_at).total_seconds()

    def due(self, now: datetime) -> list[Event]:
        """The events that are due and that have not been sent; they count as sent from here on.

        Their ids say which they are, so that sending one again (after a restart) changes nothing.
        """
        return [event for alert in self.plan.alerts for event in self._due(alert, now)]

    def remarks(self, now: datetime) -> Sequence[Remark]:
        """What colleagues would have said by now, unless the fault has stopped."""
        if self.is_named:
            return ()
        elapsed = self.seconds(now)
        return [each for each in self.plan.remarks if each.at <= elapsed][self.drill.sent :]

    def lines(self, now: datetime) -> list[LogLine]:
        """What the services have logged by now."""
        begin, elapsed = round(self.drill.started_at.timestamp() * 1000), self.seconds(now)
        return [
            LogLine(
                begin + round(line.at * 1000),
                line.message,
                f"{PREFIX}{line.service}",
                line.stream,
                str(number),
            )
            for number, line in enumerate(self.plan.lines)
            if line.at <= elapsed
        ]

    def scorecard(
        self, alerts: Sequence[Alert], deeds: Sequence[Deed], ended_at: datetime
    ) -> Scorecard:
        """How it went."""
        keys = self.keys(alerts)
        fired = {
            keys[alert.id]: self.seconds(alert.first_seen) for alert in alerts if alert.id in keys
        }
        done = [self._done(deed, keys) for deed in deeds if deed.at <= ended_at]
        return score(self.plan, fired, done, self.seconds(ended_at))

    def is_solved(self, alerts: Sequence[Alert], deeds: Sequence[Deed]) -> bool:
        """Whether service and line are named, and the root's alert is resolved."""
        right = {deed.kind for deed in deeds if deed.is_right}
        keys = self.keys(alerts)
        closed = any(
            alert.state is AlertState.RESOLVED and keys.get(alert.id) == self.plan.root.key
            for alert in alerts
        )
        return closed and right >= {"service", "line"}

    def _due(self, alert: PlannedAlert, now: datetime) -> Iterator[Event]:
        passed = self.seconds(now) - alert.at
        if passed < 0:
            return
        if self.is_named and not alert.is_noise:
            if not alert.is_root and alert.key in self.told and alert.key not in self.over:
                self.over.add(alert.key)
                yield self._event(alert, "over", now, Signal.RESOLVED)
            return
        if alert.clears and passed >= alert.clears and alert.key not in self.over:
            self.over.add(alert.key)
            yield self._event(alert, "clear", now, Signal.RESOLVED)
        number = int(passed // alert.again) if alert.again else 0
        if self.told.get(alert.key, -1) < number and alert.key not in self.over:
            self.told[alert.key] = number
            at = self.drill.started_at + timedelta(seconds=alert.at + number * alert.again)
            yield self._event(alert, str(number), at, Signal.FIRING)

    def _event(self, alert: PlannedAlert, name: str, at: datetime, signal: Signal) -> Event:
        number = self.drill.id
        return Event(
            source=DRILL_SOURCE,
            event_id=f"drill-{number}-{alert.key}-{name}",
            service=alert.service,
            message=alert.message,
            occurred_at=at,
            environment=environment(number),
            severity=alert.severity,
            signal=signal,
            title=alert.title,
            stack_trace=alert.stack_trace,
            fingerprint_hint=alert.key,
            trace_id=alert.trace_id,
            log_lines=alert.log_lines,
            labels={
                "DRILL": f"#{number}, none of this is real",
                "log_group": f"{PREFIX}{alert.service}",
            },
        )

    def keys(self, alerts: Sequence[Alert]) -> Mapping[int, str]:
        """Alert id -> key of the plan."""
        drill_time = self.drill.started_at
        own = {
            fingerprint(self._event(each, "0", drill_time, Signal.FIRING)).key: each.key
            for each in self.plan.alerts
        }
        return {
            alert.id: own[alert.fingerprint.key] for alert in alerts if alert.fingerprint.key in own
        }

    def _done(self, deed: Deed, keys: Mapping[int, str]) -> Done:
        at = self.seconds(deed.at)
        if deed.kind in ("ask", "service", "line"):
            return Done(at, deed.kind, deed.person, said=deed.subject, is_right=deed.is_right)
        return Done(at, deed.kind, deed.person, alert=keys.get(int(deed.subject), ""))
