"""Forget what is older than the settings say, in small bites."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from bot.errors import UpstreamError
from bot.store import Store, Transaction, retention
from bot.store.store import now

log = logging.getLogger(__name__)

EVERY = 3600.0  # seconds


class Retention:
    """Prunes once an hour. Never an alert that is not resolved, nor the newest event of one.

    See `bot.store.retention` for what is kept.
    """

    def __init__(
        self, store: Store, *, keep: timedelta, clock: Callable[[], datetime] = now
    ) -> None:
        self._store = store
        self._keep = keep
        self._clock = clock

    async def run(self) -> None:
        """Prune now and then every hour, until cancelled."""
        while True:
            try:
                await self.prune()
            except UpstreamError:
                log.exception("pruning failed; it is tried again in an hour")
            await asyncio.sleep(EVERY)

    async def prune(self) -> None:
        """Prune everything that is old now; others write between the bites."""
        before = self._clock() - self._keep
        events = await self._prune_events(before)
        alerts = await self._bites(lambda bite: retention.prune_alerts(bite, before))
        await self._bites(lambda bite: retention.prune_activity(bite, before))
        if events or alerts:
            log.info("pruned %d events and %d alerts older than %s", events, alerts, before)

    async def _prune_events(self, before: datetime) -> int:
        total, at = 0, 0
        while True:
            bite = partial(retention.prune_events, before=before, after_id=at)
            gone, last = await self._store.write(bite)
            total += gone
            if last is None:
                return total
            at = last

    async def _bites(self, prune: Callable[[Transaction], int]) -> int:
        total = 0
        while gone := await self._store.write(prune):
            total += gone
        return total
