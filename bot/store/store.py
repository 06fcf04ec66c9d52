"""The store: opened once, then asked and written to by topic."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import UpstreamError
from bot.store.database import (
    ONLY_LOOKS,
    read_url,
    reading_engine,
    writers_turn,
    writing_engine,
)
from bot.store.doors import DoorReads
from bot.store.failures import reason
from bot.store.listing import AlertReads
from bot.store.migrating import migrate
from bot.store.outbox import OutboxReads
from bot.store.reader import Reader
from bot.store.schema import deployment
from bot.store.writer import Writer

T = TypeVar("T")


class Store:
    """An open database. Cogs and web only read: `alerts`, `outbox` and `doors`.

    The road and the actions write through `write` and `writer` (see `bot.alerting`). `salt` is
    random, and as old as the database: it makes hidden marks impossible to guess.
    """

    def __init__(self, url: str, *, clock: Callable[[], datetime]) -> None:
        """Open and migrate; blocks. In a running loop use `await Store.open(url)`.

        Raises:
            SettingsError: the URL is of no use, or the database is newer than this code.
            UpstreamError: the database does not answer.
        """
        parsed = read_url(url)
        self._engine = writing_engine(parsed)
        try:
            migrate(self._engine)
            self.salt = _salt(self._engine)
        except SQLAlchemyError as error:
            raise UpstreamError(
                "The database",
                reason(error),
                cure="Check DATABASE_URL, and that this user can reach it and may write there.",
            ) from error
        self.writer = Writer(self._engine, writers_turn(parsed))
        self._reader = Reader(reading_engine(parsed))
        self.alerts = AlertReads(self._reader, clock)
        self.outbox = OutboxReads(self._reader, clock)
        self.doors = DoorReads(self._reader)

    @classmethod
    async def open(cls, url: str, *, clock: Callable[[], datetime] | None = None) -> Store:
        """Open and migrate without blocking the loop; errors as in the constructor."""
        return await asyncio.to_thread(cls, url, clock=clock or now)

    def ready(self) -> None:
        """Ask the database for a sign of life; blocks for a moment, callable from any thread.

        It waits for no writer: one at work for long is no reason to take no deliveries.

        Raises:
            UpstreamError: it does not answer, with the reason and a cure.
        """
        try:
            with self._engine.connect().execution_options(**{ONLY_LOOKS: True}) as connection:
                connection.execute(text("SELECT 1 FROM alembic_version")).scalar_one()
        except SQLAlchemyError as error:
            raise UpstreamError(
                "The database", reason(error), cure="Check that it runs and its disk is not full."
            ) from error

    async def read(self, question: Callable[[Connection], T]) -> T:
        """Run a question of this package (a function of a connection) on a reader."""
        return await self._reader.run(question)

    async def write(self, write: Callable[[Connection], T]) -> T:
        """Run `write` in a transaction of its own; it raises what `write` raises."""
        return await asyncio.wrap_future(self.writer.submit(write))

    async def close(self) -> None:
        """Write what has been accepted, then let go of the database."""
        await asyncio.to_thread(self.writer.close)
        await self._reader.close()
        self._engine.dispose()


def _salt(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(select(deployment.c.salt)).scalar_one())


def now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)
