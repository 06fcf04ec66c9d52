"""INSERT … ON CONFLICT for both databases: the same words, each in its own dialect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.sql.elements import CompilerElement

from bot.store.prepared import Prepared


class Upsert:
    """Insert rows; where the primary key or `key` is taken, change the row instead.

    Args:
        replace: columns that take the new value.
        add: columns that grow by the new value.
    """

    def __init__(
        self,
        table: Table,
        *,
        key: Sequence[str],
        replace: Sequence[str] = (),
        add: Sequence[str] = (),
    ) -> None:
        self._table, self._key, self._replace, self._add = table, list(key), replace, add
        self._prepared = Prepared(self._statement)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows; none is fine."""
        self._prepared.run(connection, rows)

    def _statement(self, dialect: str) -> CompilerElement:
        statement = _insert(self._table, dialect)
        changes: dict[str, Any] = {name: statement.excluded[name] for name in self._replace}
        changes |= {name: self._table.c[name] + statement.excluded[name] for name in self._add}
        done: CompilerElement = statement.on_conflict_do_update(
            index_elements=self._key, set_=changes
        )
        return done


def _insert(table: Table, dialect: str) -> Any:
    """The dialect's own INSERT; only that of the database in use is loaded, for a quick start."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)
