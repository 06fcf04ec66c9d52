"""Events as they came: each (source, id) once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from bot.store.prepared import Lookup, Prepared
from bot.store.schema import events


class EventKey(NamedTuple):
    """What makes an event the same event."""

    source: str
    event_id: str


_KEY = (events.c.source, events.c.event_id)
_KNOWN = Lookup(select(*_KEY, events.c.alert_id), _KEY)
_ADD = Prepared(lambda _dialect: insert(events))


def known(connection: Connection, keys: Collection[EventKey]) -> dict[EventKey, int]:
    """Which of these are stored already, and the alert of each."""
    found = _KNOWN.rows(connection, list(keys))
    return {EventKey(source, event_id): alert_id for source, event_id, alert_id in found}


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store events; the rows name every column of `schema.events` but the id."""
    _ADD.run(connection, rows)
