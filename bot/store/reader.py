"""The door for questions: a read-only connection with one unchanging snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.failures import DATABASE_FAILED, database_failed

T = TypeVar("T")


class Reader:
    """Runs questions on the readers' connections, apart from the writer."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def run(self, question: Callable[[Connection], T]) -> T:
        """Ask in one read-only transaction and return the answer.

        Raises:
            UpstreamError: the database does not answer.
        """
        try:
            async with self._engine.connect() as connection:
                return await connection.run_sync(question)
        except DATABASE_FAILED as error:
            raise database_failed(error) from error

    async def close(self) -> None:
        """Let go of the connections."""
        await self._engine.dispose()
