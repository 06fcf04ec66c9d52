"""Keeps the log lines around each new alert's error, behind everybody's back.

No card waits for it: a loop of its own looks for alerts that have no snapshot yet. Lines reach
a log some seconds after they are written, so each alert is given a moment, and asked for again
where nothing was found.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.alerting.looking import Found
from bot.alerting.redaction import Redactor
from bot.alerting.surroundings import groups_of, look_around, snapshot_of
from bot.errors import JinkiesError, NotFound, UpstreamError
from bot.models import AlertDetail
from bot.services.logs.store import Progress
from bot.services.logs.stores import LogStores
from bot.store import Store, snapshots

log = logging.getLogger(__name__)

LONGEST = 90.0  # for one alert, seconds
_RECENT = timedelta(minutes=15)  # after a start, alerts of so long ago are not forgotten
_DEPTH = 500  # alerts
_FORGETFUL = 600.0  # seconds in which a service without log groups is not asked about again


@dataclass(frozen=True, slots=True)
class SnapshotRhythm:
    """When to look; seconds: between two looks for new alerts, and before each try."""

    every: float = 3.0
    waits: tuple[float, ...] = (6.0, 45.0, 240.0)


@dataclass(slots=True)
class _Turn:
    due: float
    tries: int = 0


class Snapshots:
    """Lives in one event loop; `run` until cancelled.

    Args:
        by_name: also look for groups that are called like the service; asks the log store.
    """

    def __init__(
        self,
        store: Store,
        stores: LogStores,
        redactor: Redactor,
        *,
        clock: Callable[[], datetime],
        by_name: bool,
        rhythm: SnapshotRhythm | None = None,
    ) -> None:
        self._store = store
        self._stores = stores
        self._redactor = redactor
        self._clock = clock
        self._by_name = by_name
        self._rhythm = rhythm or SnapshotRhythm()
        self._after: int | None = None
        self._turns: dict[int, _Turn] = {}
        self._strangers: dict[str, float] = {}

    async def run(self) -> None:
        """Keep the lines around whatever is new, until cancelled."""
        while True:
            try:
                await self.look()
            except UpstreamError:
                log.exception("snapshots of logs wait for the database")
            await asyncio.sleep(self._rhythm.every)

    async def look(self) -> None:
        """Notice what is new, and see to all whose time has come.

        Raises:
            UpstreamError: the database does not answer.
        """
        if self._after is None:
            since = self._clock() - _RECENT
            self._after = await self._store.read(lambda c: snapshots.last_before(c, since, _DEPTH))
        self._after = await self._notice(self._after)
        await self._take_due()

    async def take(self, alert_id: int) -> bool:
        """Keep the lines around an alert's error; False if its service has no log groups.

        Raises:
            NotFound: there are no lines (yet). UpstreamError: the log store does not answer.
        """
        detail = await self._store.alerts.detail(alert_id)
        groups = () if detail.alert.drill else await self._groups(detail)
        if not groups:
            return False
        async with asyncio.timeout(LONGEST):
            found = await look_around(self._stores, self._redactor, detail, groups, Progress())
        await keep(self._store, found, self._clock())
        return True

    async def _notice(self, after: int) -> int:
        fresh = await self._store.read(lambda c: snapshots.without(c, after, _DEPTH))
        now = asyncio.get_running_loop().time()
        for alert in fresh:
            self._turns[alert.id] = _Turn(now + self._rhythm.waits[0])
        return fresh[-1].id if fresh else after

    async def _take_due(self) -> None:
        clock, waits = asyncio.get_running_loop().time, self._rhythm.waits
        for alert_id, turn in list(self._turns.items()):
            if turn.due > clock():
                continue
            turn.tries += 1
            if await self._is_settled(alert_id) or turn.tries == len(waits):
                del self._turns[alert_id]
            else:
                turn.due = clock() + waits[turn.tries]

    async def _is_settled(self, alert_id: int) -> bool:
        """Whether there is nothing more to do for an alert."""
        try:
            await self.take(alert_id)
        except NotFound as error:
            log.debug("no snapshot of logs for alert %d: %s", alert_id, error)
            return False
        except (JinkiesError, TimeoutError) as error:
            log.warning("no snapshot of logs for alert %d: %s", alert_id, error or "too slow")
            return isinstance(error, UpstreamError) and error.permanent
        return True

    async def _groups(self, detail: AlertDetail) -> tuple[str, ...]:
        """The log groups of an alert's service; () if nobody knows them."""
        service, now = detail.alert.service, asyncio.get_running_loop().time()
        is_known = "log_group" in detail.event.labels or self._stores.groups_of(service)
        if not is_known and (not self._by_name or now < self._strangers.get(service, 0.0)):
            return ()
        try:
            return await groups_of(self._stores, detail)
        except NotFound:
            self._strangers[service] = now + _FORGETFUL
            return ()


async def keep(store: Store, found: Found, now: datetime) -> None:
    """Keep what was found around an alert's error with the alert."""
    snapshot = snapshot_of(found, now)
    alert_id = found.question.alert
    await store.write(lambda transaction: snapshots.put(transaction, alert_id, snapshot))


async def keep_first(store: Store, found: Found, now: datetime) -> None:
    """The same, unless something is kept already."""
    alert_id = found.question.alert
    if not await store.read(lambda connection: snapshots.is_kept(connection, alert_id)):
        await keep(store, found, now)
