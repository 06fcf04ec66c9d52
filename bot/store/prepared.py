"""The statements of the road, which run for every event: composed once, then run by the driver.

SQLAlchemy writes them, in the words of either database; but to have it run them too costs ten
times what SQLite takes to answer.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Select, and_, bindparam, or_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.elements import CompilerElement

_MOST_KEYS = 64  # of one question; databases bound its parameters and its depth


class Prepared:
    """A statement that writes a row, run for many rows.

    Args:
        compose: makes the statement, in the words of the dialect of this name.
    """

    def __init__(self, compose: Callable[[str], CompilerElement]) -> None:
        self._compose = compose
        self._ready: dict[tuple[str, ...], tuple[str, list[str] | None]] = {}

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows, which all have the same names; none is fine."""
        if not rows:
            return
        dialect = connection.dialect
        of = (dialect.name, *rows[0])
        text, order = self._ready.get(of) or self._ready.setdefault(of, self._text(dialect, of))
        given = rows if order is None else [[row[name] for name in order] for row in rows]
        driven(connection, text, given, many=True)

    def _text(self, dialect: Dialect, of: Sequence[str]) -> tuple[str, list[str] | None]:
        """The statement and, unless its parameters are given by name, their order."""
        compiled: Any = self._compose(of[0]).compile(dialect=dialect, column_keys=list(of[1:]))
        return str(compiled), compiled.positiontup


class Lookup:
    """The rows of a query, itself without parameters, in which `columns` are one of the keys."""

    def __init__(self, query: Select[Any], columns: Sequence[ColumnElement[Any]]) -> None:
        self._query = query
        self._columns = columns
        self._row: Any = namedtuple("Row", query.exported_columns.keys())  # type: ignore[misc]
        self._ready: dict[tuple[str, int], tuple[str, bool]] = {}

    def rows(self, connection: Connection, keys: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """The rows, as the driver gives them, with names; keys that are not there are fine."""
        for first in range(0, len(keys), _MOST_KEYS):
            yield from self._some(connection, keys[first : first + _MOST_KEYS])

    def _some(self, connection: Connection, keys: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        size = 1 << (len(keys) - 1).bit_length()  # few sizes, so that each is composed once
        dialect = connection.dialect
        of = (dialect.name, size)
        text, by_name = self._ready.get(of) or self._ready.setdefault(of, self._text(dialect, size))
        padded = [*keys, *[keys[-1]] * (size - len(keys))]
        values = [value for key in padded for value in key]
        given = {f"key{n}": value for n, value in enumerate(values)} if by_name else values
        return map(self._row._make, driven(connection, text, given))

    def _text(self, dialect: Dialect, size: int) -> tuple[str, bool]:
        """The statement, and whether its parameters are given by name."""
        numbers = count()
        # Not `(a, b) IN (…)`: for that, SQLite reads the whole table.
        keys = [
            and_(*(column == bindparam(f"key{next(numbers)}") for column in self._columns))
            for _ in range(size)
        ]
        compiled: Any = self._query.where(or_(*keys)).compile(dialect=dialect)
        return str(compiled), not compiled.positional


def driven(
    connection: Connection,
    text: str,
    given: Any,
    *,
    many: bool = False,
) -> list[Any]:
    """The rows of a statement that the driver runs, once or for `many` parameters.

    The driver's errors become those that SQLAlchemy would raise.
    """
    dialect = connection.dialect
    cursor = connection.connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(text, given)
        return list(cursor.fetchall()) if cursor.description else []
    except dialect.loaded_dbapi.Error as error:
        kind = dialect.loaded_dbapi.Error
        raise DBAPIError.instance(text, None, error, kind, dialect=dialect) from error
    finally:
        cursor.close()
