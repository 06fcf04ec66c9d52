"""How far each log group has been scanned."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from bot.store.moments import to_moment, to_number
from bot.store.schema import scans
from bot.store.upserts import Upsert

_MOVE = Upsert(scans, key=("log_group",), replace=("reached",))


def reached(connection: Connection, log_group: str) -> datetime | None:
    """All errors before this moment have been taken in; None if it was never scanned."""
    found = connection.execute(select(scans.c.reached).where(scans.c.log_group == log_group))
    number = found.scalar()
    return None if number is None else to_moment(number)


def move(connection: Connection, log_group: str, to: datetime) -> None:
    """Move the cursor; belongs into the transaction that takes the errors in."""
    _MOVE.run(connection, [{"log_group": log_group, "reached": to_number(to)}])
