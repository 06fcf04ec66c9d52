from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from bot.errors import SettingsError, UpstreamError
from bot.store import Store, migrating
from bot.store.schema import metadata


async def test_the_migrations_make_exactly_the_schema(store):
    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection), metadata)

    assert await store.read(differences) == []


async def test_a_deployment_keeps_the_salt_that_its_database_was_made_with(store, url, tmp_path):
    again = await Store.open(url)
    another = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/another.db")
    assert len(store.salt) == 32
    assert again.salt == store.salt != another.salt
    await again.close()
    await another.close()


async def test_two_that_open_a_new_database_at_once_both_succeed(url):
    both = await asyncio.gather(Store.open(url), Store.open(url))
    for store in both:
        store.ready()
        await store.close()


async def test_who_opens_a_new_file_while_another_prepares_it_waits(tmp_path):
    other = sqlite3.connect(tmp_path / "new.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    opening = asyncio.create_task(Store.open(f"sqlite+aiosqlite:///{tmp_path}/new.db"))
    hasty, _ = await asyncio.wait({opening}, timeout=0.2)
    other.execute("ROLLBACK")
    other.close()
    await (await opening).close()
    assert not hasty


async def test_a_database_of_a_newer_jinkies_is_refused(store, url):
    await store.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(SettingsError, match="newer than this Jinkies"):
        await Store.open(url)


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://x/y", "sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"]
)
async def test_a_useless_url_is_a_settings_error_that_names_the_setting(url):
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        await Store.open(url)


async def test_a_folder_that_cannot_be_made_is_a_settings_error(tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(SettingsError, match=r"DATABASE_URL: the folder .*data cannot be made"):
        await Store.open(f"sqlite+aiosqlite:///{tmp_path}/data/jinkies.db")


async def test_a_database_that_cannot_be_reached_says_what_to_check(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("this is not a database, and long enough to be seen as none" * 100)
    with pytest.raises(UpstreamError, match=r"not a database\. Check DATABASE_URL, and .* write"):
        await Store.open(f"sqlite+aiosqlite:///{file}")


async def test_sqlite_is_opened_durable_and_readers_cannot_write(tmp_path):
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/s.db")

    def pragmas(connection):
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert await store.write(pragmas) == ["wal", 2, 1]
    with pytest.raises(Exception, match="readonly"):
        await store.read(lambda c: c.execute(text("DELETE FROM alerts")))
    await store.close()


def test_the_newest_revision_is_what_alembic_calls_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrating.__file__).parent / "migrations"))
    assert migrating.newest_revision() == ScriptDirectory.from_config(config).get_current_head()


def test_a_database_that_is_up_to_date_is_opened_without_alembic(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'jinkies.db'}"
    code = (
        "import sys; from bot.store import Store; "
        f"Store({url!r}, clock=None).writer.close(); print('alembic' in sys.modules)"
    )
    opened = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert opened == ["True", "False"]
