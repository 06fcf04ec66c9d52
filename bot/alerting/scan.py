"""Scanning: the errors in log groups, fetched by us instead of being sent to us.

Reads from where the last scan ended, a little overlapping for lines that arrive late, makes the
events that a subscription of the same group would make, ids included, and takes them in by the
same road. How far it got is stored in the transaction that stores what it found: a scan that is
cut short is taken up again, and what it saw twice counts once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.alerting.ingest import take_in
from bot.alerting.owing import Route
from bot.alerting.preparation import Preparation
from bot.alerting.scan_window import Window
from bot.analysis.logs.query import LogQuery
from bot.errors import JinkiesError
from bot.models import Event, Receipt
from bot.services.logs.store import LogStore
from bot.sources.cloudwatch import Batch, events
from bot.store import Store, Transaction, scans

SETTLE = timedelta(seconds=5)  # a trace may still be on its way, line by line
OVERLAP = timedelta(minutes=5)  # how late a line may arrive
FIRST_LOOK = timedelta(minutes=15)  # of a group that was never scanned
_LEAD = timedelta(seconds=5)  # read before the window, so that no trace is cut at its beginning
_TAKEN_AT_ONCE = 500  # events in one transaction

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What the scan of one group found; `problem` tells why it ended early.

    `reached`: every error that began before it has been taken in.
    """

    group: str
    start: datetime
    reached: datetime
    lines: int = 0
    events: int = 0
    duplicates: int = 0
    new_alerts: int = 0
    problem: str = ""


class Scanner:
    """Scans log groups; in one event loop, one group at a time.

    Args:
        logs: where the groups are.
        prepare, route, wake, clock: as the `Intake` has them.
        resolve: the groups that a name means, such as a service's or one that ends in `*`;
            None to take every name for a group's.
        region: of the groups, for links into AWS's console.
        names, every: what `run` scans, and how often.
    """

    def __init__(
        self,
        store: Store,
        logs: LogStore,
        *,
        prepare: Preparation,
        route: Route,
        wake: Callable[[], None],
        clock: Callable[[], datetime],
        resolve: Callable[[str], Awaitable[tuple[str, ...]]] | None = None,
        region: str = "",
        names: Sequence[str] = (),
        every: timedelta = timedelta(minutes=1),
    ) -> None:
        self._store = store
        self._logs = logs
        self._prepare = prepare
        self._route = route
        self._wake = wake
        self._clock = clock
        self._resolve = resolve or _itself
        self._region = region
        self._every = every
        self._turn = asyncio.Lock()
        self.names = tuple(names)

    async def run(self) -> None:
        """Scan the groups of the settings again and again, until cancelled."""
        while True:
            for report in await self.scan():
                if report.problem:
                    log.warning("the scan of %s ended early: %s", report.group, report.problem)
            await asyncio.sleep(self._every.total_seconds())

    async def scan(
        self, names: Sequence[str] = (), since: timedelta | None = None
    ) -> tuple[ScanReport, ...]:
        """Scan groups, those of the settings if none are named; what fails is in its report.

        Args:
            since: look so far back; None to go on where the last scan ended.
        """
        reports: dict[str, ScanReport] = {}
        async with self._turn:
            for name in names or self.names:
                try:
                    groups = await self._resolve(name)
                except JinkiesError as error:
                    now = self._clock()
                    reports[name] = ScanReport(name, now, now, problem=str(error))
                    continue
                for group in groups:
                    if group not in reports:
                        reports[group] = await self._scan(group, since)
        return tuple(reports.values())

    async def _scan(self, group: str, since: timedelta | None) -> ScanReport:
        now = self._clock()
        report = ScanReport(group, now, now)
        try:
            reached = await self._store.read(lambda connection: scans.reached(connection, group))
            start = (reached - OVERLAP) if reached is not None else now - FIRST_LOOK
            if since is not None:
                start = now - since
            # A look at the last hour says nothing of the day before it.
            moves = reached is None or start <= reached
            report = replace(report, start=start, reached=start)
            window = Window(start)
            asked = LogQuery((group,), start - _LEAD, end=now)
            async with aclosing(self._logs.read(asked)) as batches:
                async for lines in batches:
                    window.add(lines)
                    if window.is_full and (settled := window.newest - SETTLE) > report.reached:
                        report = await self._take_in(report, window, settled, moves=moves)
            end = max(report.reached, now - SETTLE)
            return await self._take_in(report, window, end, moves=moves)
        except JinkiesError as error:
            return replace(report, problem=str(error))

    async def _take_in(
        self, report: ScanReport, window: Window, to: datetime, *, moves: bool
    ) -> ScanReport:
        """Take in the errors that began before `to`; the cursor moves there with the last."""
        made = await asyncio.to_thread(self._made, report.group, window, to)
        count = window.forget(to)
        receipts: list[Receipt] = []
        while True:
            part, made = made[:_TAKEN_AT_ONCE], made[_TAKEN_AT_ONCE:]
            cursor = to if moves and not made else None
            receipts += await self._commit(part, report.group, cursor)
            if not made:
                break
        return replace(
            report,
            reached=to,
            lines=report.lines + count,
            events=report.events + len(receipts),
            duplicates=report.duplicates + sum(each.is_duplicate for each in receipts),
            new_alerts=report.new_alerts + sum(each.is_new_alert for each in receipts),
        )

    def _made(self, group: str, window: Window, to: datetime) -> list[Event]:
        """The events that the subscription's door would make, in order of time."""
        now = self._clock()
        made = [
            _own_ids(event, group)
            for stream, lines in window.streams()
            for event in events(Batch(group, stream, "", lines, region=self._region), now)
            if window.start <= event.occurred_at < to
        ]
        return sorted(made, key=lambda event: event.occurred_at)

    async def _commit(
        self, found: Sequence[Event], group: str, cursor: datetime | None
    ) -> list[Receipt]:
        arrivals = await asyncio.to_thread(self._prepare, found)

        def write(transaction: Transaction) -> tuple[list[Receipt], bool]:
            taken = take_in(transaction, arrivals, self._route, self._clock())
            if cursor is not None:
                scans.move(transaction, group, cursor)
            return taken

        receipts, owes = await self._store.write(write)
        if owes:
            self._wake()
        return receipts


async def _itself(name: str) -> tuple[str, ...]:
    return (name,)


def _own_ids(event: Event, group: str) -> Event:
    """CloudWatch's ids are unique; those of other stores are so only in their group."""
    if not group.startswith(("file:", "loki:")):
        return event
    return replace(event, source="logs", event_id=f"{group}:{event.event_id}")
