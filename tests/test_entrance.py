"""What the intake says of itself to anybody who asks."""

import sqlite3
from pathlib import Path

import pytest

from bot.entrance import now, readiness
from bot.store import Store


async def test_whether_the_database_answers_is_for_everybody_and_why_it_does_not_for_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "jinkies.db"
    store = await Store.open(f"sqlite+aiosqlite:///{file}", clock=now)
    assert readiness(store).ready
    with sqlite3.connect(file) as database:
        database.execute("DROP TABLE alembic_version")
    told = readiness(store, discord="connected")
    assert not told.ready
    assert told.checks == {
        "database": "does not answer; the log says why",
        "discord": "connected",
    }
    assert "no such table: alembic_version" in caplog.text
    await store.close()
