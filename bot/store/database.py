"""Engines: one connection that writes, a few that only read.

Whoever writes holds the whole database from the first statement to the commit: SQLite by
`BEGIN IMMEDIATE`, PostgreSQL by an advisory lock. So what a transaction reads stays true
until it commits, in one process or several, and the road needs no retry for lost races.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import SettingsError
from bot.store.prepared import driven
from bot.store.turns import Turn, at_any_time, turns

WRITERS_LOCK = 0x6A696E6B  # "jink": the advisory lock that all writers of one database share
# The execution option of a connection of the writing engine that only looks and locks nobody out.
ONLY_LOOKS = "jinkies_only_looks"
BUSY_SECONDS = 15.0
_LOOK_AGAIN = 0.01  # seconds
READERS = 4
# Of libpq: by default it waits two minutes for a connection, and two hours for a lost one.
_SILENCE = {
    "connect_timeout": 10,  # seconds
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}

_SCHEMES = {"sqlite+aiosqlite": "sqlite", "postgresql+psycopg": "postgresql+psycopg"}


def read_url(text: str) -> URL:
    """Parse a database URL.

    Raises:
        SettingsError: the URL is malformed, of another database, or names no file.
    """
    example = "use sqlite+aiosqlite:///data/jinkies.db or postgresql+psycopg://user@host/name"
    try:
        url = make_url(text)
    except ArgumentError:
        raise SettingsError([f"DATABASE_URL cannot be read; {example}"]) from None
    if url.drivername not in _SCHEMES:
        raise SettingsError([f"DATABASE_URL starts with {url.drivername!r}; {example}"])
    if url.drivername == "sqlite+aiosqlite" and url.database in (None, "", ":memory:"):
        raise SettingsError([f"DATABASE_URL must name a file that outlives the process; {example}"])
    return url


def file_to_come(text: str) -> Path | None:
    """The SQLite file that opening this URL would make; None if it is there, or a server's.

    Nothing stays behind of the try whether it could be made.

    Raises:
        SettingsError: the URL is of no use, or the file could not be made.
    """
    url = read_url(text)
    if url.drivername != "sqlite+aiosqlite" or url.database is None:
        return None
    path = Path(url.database)
    if path.exists():
        return None
    nearest = next(folder for folder in path.parents if folder.exists())
    try:
        with TemporaryFile(dir=nearest):
            return path
    except OSError as error:
        verb = "written to" if nearest == path.parent else "made"
        raise _useless_folder(path.parent, verb, error) from error


def writing_engine(url: URL) -> Engine:
    """The engine of the single writer (and of migrations); every transaction is exclusive.

    Raises:
        SettingsError: the folder of an SQLite database cannot be made.
    """
    if url.drivername == "postgresql+psycopg":
        engine = create_engine(
            url, pool_size=1, max_overflow=1, pool_pre_ping=True, connect_args=_wakeful(url)
        )
        event.listen(engine, "begin", _lock_out_other_writers)
        return engine
    assert url.database is not None
    _make_folder(Path(url.database).parent)
    engine = create_engine(
        url.set(drivername="sqlite"),
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS},
    )
    event.listen(engine, "connect", _prepare_sqlite_writer)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def writers_turn(url: URL) -> Turn:
    """What a writer waits for before it begins a transaction; `writing_engine` comes first."""
    if url.drivername == "postgresql+psycopg" or url.database is None:
        return at_any_time
    return turns(Path(url.database))


def reading_engine(url: URL) -> AsyncEngine:
    """The engine of the readers: each transaction sees one unchanging snapshot."""
    if url.drivername == "postgresql+psycopg":
        return create_async_engine(
            url,
            pool_size=READERS,
            pool_pre_ping=True,
            connect_args=_wakeful(url),
            isolation_level="REPEATABLE READ",
            execution_options={"postgresql_readonly": True},
        )
    engine = create_async_engine(url, pool_size=READERS, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine.sync_engine, "connect", _prepare_sqlite_reader)
    event.listen(engine.sync_engine, "begin", _begin_deferred)
    return engine


def _wakeful(url: URL) -> dict[str, int]:
    """What PostgreSQL's driver is told about a server that falls silent, unless the URL does."""
    return {name: value for name, value in _SILENCE.items() if name not in url.query}


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _useless_folder(folder, "made", error) from error


def _useless_folder(folder: Path, verb: str, error: OSError) -> SettingsError:
    reason = error.strerror or type(error).__name__
    return SettingsError(
        [
            f"DATABASE_URL: the folder {folder} cannot be {verb} ({reason}). To cure it, name "
            "one that this user may write to."
        ]
    )


def _prepare_sqlite_writer(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    _use_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA cache_size=-16384")


def _use_wal(connection: Any) -> None:
    """Several that open a new file at once are in each other's way here, and SQLite, which
    waits everywhere else, lets none of them wait."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > until:
                raise
        time.sleep(_LOOK_AGAIN)


def _prepare_sqlite_reader(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.execute("PRAGMA cache_size=-8192")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    if _only_looks(connection):
        return
    driven(connection, "BEGIN IMMEDIATE", ())  # before every write: the short way


def _begin_deferred(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _lock_out_other_writers(connection: Connection) -> None:
    if _only_looks(connection):
        return
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")


def _only_looks(connection: Connection) -> bool:
    return ONLY_LOOKS in connection.get_execution_options()
