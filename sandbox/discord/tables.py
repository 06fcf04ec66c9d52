"""Rows of Discord's own JSON objects, with the one hook that lets them be saved."""

from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]


class Table:
    """Rows by id, in order of insertion, optionally found again by a group (a channel, a guild).

    A row is replaced, never changed in place: whoever holds an old row keeps what he saw, and
    `changed` hears of every change.
    """

    def __init__(
        self,
        name: str,
        changed: Callable[[str, str], None],
        group: Callable[[Json], str] | None = None,
    ) -> None:
        self.name = name
        self._changed = changed
        self._group = group
        self._rows: dict[str, Json] = {}
        self._groups: dict[str, dict[str, None]] = {}

    def get(self, key: str) -> Json | None:
        """Return the row, or None."""
        return self._rows.get(key)

    def __getitem__(self, key: str) -> Json:
        return self._rows[key]

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._rows))

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, group: str | None = None) -> list[Json]:
        """Return all rows, or those of one group, oldest first."""
        if group is None:
            return list(self._rows.values())
        return [self._rows[key] for key in self._groups.get(group, ())]

    def put(self, key: str, row: Json) -> Json:
        """Insert or replace a row and return it."""
        self._rows[key] = row
        if self._group is not None:
            self._groups.setdefault(self._group(row), {})[key] = None
        self._changed(self.name, key)
        return row

    def change(self, key: str, **fields: Any) -> Json:
        """Replace some fields of a row and return the new row."""
        return self.put(key, {**self._rows[key], **fields})

    def drop(self, key: str) -> Json | None:
        """Remove a row and return it, or None if there was none."""
        row = self._rows.pop(key, None)
        if row is None:
            return None
        if self._group is not None:
            self._groups.get(self._group(row), {}).pop(key, None)
        self._changed(self.name, key)
        return row
