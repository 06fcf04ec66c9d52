"""Stores on both databases, and a quick way to fill one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.models import Alert, AlertState, Fingerprint, Severity
from bot.store import Store, alerts

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: every test that asks for it runs on both."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/store.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    opened = await Store.open(url, clock=lambda: NOW)
    yield opened
    await opened.close()


@pytest.fixture
def new_alert() -> Callable[..., Alert]:
    """An alert that is not stored yet."""

    def make(key: str = "k", **changes: object) -> Alert:
        plain: dict[str, object] = {
            "id": 0,
            "fingerprint": Fingerprint(1, key),
            "service": "shop",
            "environment": "production",
            "state": AlertState.OPEN,
            "severity": Severity.ERROR,
            "title": f"title of {key}",
            "message": "a message",
            "occurrences": 1,
            "first_seen": NOW,
            "last_seen": NOW,
            "state_changed_at": NOW,
        }
        return Alert(**{**plain, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture
def add(store: Store) -> Callable[..., object]:
    async def add_alerts(*new: Alert) -> list[int]:
        return await store.write(lambda transaction: alerts.add(transaction, new))

    return add_alerts
