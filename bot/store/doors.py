"""What the doors have received, and the keys of DSNs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from bot.models import DoorCounts, Reception, SdkKey
from bot.store.moments import to_moment, to_moment_or_none, to_number
from bot.store.reader import Reader
from bot.store.schema import doors, sdk_keys
from bot.store.upserts import Upsert

_ADD = Upsert(
    doors, key=("source",), replace=("last_at",), add=tuple(each.value for each in Reception)
)


class DoorReads:
    """What is asked about doors and keys."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def counts(self) -> Mapping[str, DoorCounts]:
        """By source; a door nobody has knocked at is not there."""
        found = await self._reader.run(lambda connection: connection.execute(select(doors)).all())
        return {
            row.source: DoorCounts(
                row.accepted,
                row.left_aside,
                row.refused,
                row.unreadable,
                to_moment_or_none(row.last_at),
            )
            for row in found
        }

    async def keys(self) -> tuple[SdkKey, ...]:
        """Every key that was ever made, by service, the oldest first."""
        query = select(sdk_keys).order_by(sdk_keys.c.service, sdk_keys.c.created_at)
        found = await self._reader.run(lambda connection: connection.execute(query).all())
        return tuple(
            SdkKey(
                row.key,
                row.project_id,
                row.service,
                row.created_by,
                to_moment(row.created_at),
                to_moment_or_none(row.revoked_at),
            )
            for row in found
        )


def add_counts(connection: Connection, counts: Mapping[str, DoorCounts]) -> None:
    """Add to what is counted; `last_at` replaces what was there."""
    rows = [
        {
            "source": source,
            "accepted": each.accepted,
            "left_aside": each.left_aside,
            "refused": each.refused,
            "unreadable": each.unreadable,
            "last_at": to_number(each.last_at),
        }
        for source, each in sorted(counts.items())
        if each.last_at is not None
    ]
    _ADD.run(connection, rows)


def add_key(connection: Connection, key: str, service: str, by: str, at: datetime) -> SdkKey:
    """Make a key; a service that has had one keeps its project's number."""
    number = connection.execute(
        select(sdk_keys.c.project_id).where(sdk_keys.c.service == service).limit(1)
    ).scalar()
    if number is None:
        highest = connection.execute(select(func.max(sdk_keys.c.project_id))).scalar()
        number = (highest or 0) + 1
    connection.execute(
        insert(sdk_keys).values(
            key=key, project_id=number, service=service, created_by=by, created_at=to_number(at)
        )
    )
    return SdkKey(key, number, service, by, at)


def revoke_key(connection: Connection, key: str, by: str, at: datetime) -> bool:
    """Revoke a key; False if there is none, or it is revoked already."""
    revoked = connection.execute(
        update(sdk_keys)
        .where(sdk_keys.c.key == key, sdk_keys.c.revoked_at.is_(None))
        .values(revoked_by=by, revoked_at=to_number(at))
    )
    return revoked.rowcount == 1
