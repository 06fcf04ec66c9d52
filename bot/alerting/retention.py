"""Forget what is older than the settings say, in small bites."""

from __future__ import annotations

from datetime import timedelta

from bot.store import Store


class Retention:
    """Prunes once an hour. Never an alert that is not resolved, nor the newest event of one."""

    def __init__(self, store: Store, *, keep: timedelta) -> None:
        self._store = store
        self._keep = keep

    async def run(self) -> None:
        """Prune now and then every hour, until cancelled."""
        raise NotImplementedError
