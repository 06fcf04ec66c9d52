"""What people did: the audit trail and the silences."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert

from bot.models import Act, Person
from bot.store.moments import to_number
from bot.store.schema import acts, silences
from bot.store.upserts import Upsert

_SILENCE = Upsert(
    silences, key=("alert_id",), replace=("until", "person_id", "person_name", "created_at")
)


def record(
    connection: Connection, alert_id: int, act: Act, person: Person, at: datetime, detail: str = ""
) -> None:
    """Write one row of the audit trail."""
    connection.execute(
        insert(acts).values(
            alert_id=alert_id,
            act=act.value,
            person_id=person.id,
            person_name=person.name,
            at=to_number(at),
            detail=detail,
        )
    )


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
