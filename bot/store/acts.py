"""What people did: the audit trail and the silences."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from bot.models import Act, ActRecord, Person
from bot.store import rows
from bot.store.moments import to_number
from bot.store.schema import acts, silences
from bot.store.upserts import Upsert

_SILENCE = Upsert(
    silences, key=("alert_id",), replace=("until", "person_id", "person_name", "created_at")
)


def record(connection: Connection, alert_id: int, done: ActRecord) -> None:
    """Write one row of the audit trail."""
    connection.execute(
        insert(acts).values(
            alert_id=alert_id,
            act=done.act.value,
            person_id=done.person_id,
            person_name=done.person_name,
            at=to_number(done.at),
            detail=done.detail,
        )
    )


def last(connection: Connection, alert_id: int, act: Act) -> ActRecord | None:
    """The latest act of this kind on an alert."""
    query = select(acts).where(acts.c.alert_id == alert_id, acts.c.act == act.value)
    row = connection.execute(query.order_by(acts.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else rows.act(row)


def silence(
    connection: Connection, alert_id: int, person: Person, *, at: datetime, until: datetime
) -> None:
    """Hold an alert's notifications back until then; replaces an earlier silence."""
    row = {
        "alert_id": alert_id,
        "until": to_number(until),
        "person_id": person.id,
        "person_name": person.name,
        "created_at": to_number(at),
    }
    _SILENCE.run(connection, [row])


def unsilence(connection: Connection, alert_id: int) -> None:
    """End the silence of an alert."""
    connection.execute(delete(silences).where(silences.c.alert_id == alert_id))
