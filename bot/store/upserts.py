"""INSERT … ON CONFLICT for both databases: the same words, each in its own dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.prepared import Prepared

_INSERTS: Mapping[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


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
        statements = {}
        for dialect, insert in _INSERTS.items():
            statement = insert(table)
            changes: dict[str, Any] = {name: statement.excluded[name] for name in replace}
            changes |= {name: table.c[name] + statement.excluded[name] for name in add}
            statements[dialect] = statement.on_conflict_do_update(
                index_elements=list(key), set_=changes
            )
        self._prepared = Prepared(statements)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows; none is fine."""
        self._prepared.run(connection, rows)
