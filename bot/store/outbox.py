"""The outbox: for each card, what we owe it. One row a card, deleted when it is paid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select

from bot.models import Reason
from bot.store.moments import to_moment
from bot.store.reader import Reader
from bot.store.schema import outbox

PENDING = "pending"
CLAIMED = "claimed"
DEAD = "dead"


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """How the outbox stands. `oldest_age` is how long the longest overdue one is overdue."""

    pending: int
    dead: int
    oldest_age: timedelta


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A notification that could not be delivered; tried again when its alert has news."""

    alert_id: int
    channel_id: int
    reason: Reason
    attempts: int
    problem: str
    created_at: datetime


class OutboxReads:
    """What cogs and web ask about the outbox."""

    def __init__(self, reader: Reader, clock: Callable[[], datetime]) -> None:
        self._reader = reader
        self._clock = clock

    async def counts(self) -> OutboxCounts:
        """Pending (waiting or being sent), dead, and the age of the longest overdue."""
        query = select(
            func.count(case((outbox.c.state != DEAD, 1))),
            func.count(case((outbox.c.state == DEAD, 1))),
            func.min(case((outbox.c.state == PENDING, outbox.c.due_at))),
        )
        pending, dead, oldest = await self._reader.run(lambda c: c.execute(query).one())
        now = self._clock()
        due = now if oldest is None else to_moment(oldest)
        return OutboxCounts(pending, dead, max(now - due, timedelta(0)))

    async def dead_letters(self, limit: int = 50) -> tuple[DeadLetter, ...]:
        """What could not be delivered, newest first."""
        query = (
            select(outbox).where(outbox.c.state == DEAD).order_by(outbox.c.id.desc()).limit(limit)
        )
        found = await self._reader.run(lambda connection: connection.execute(query).all())
        return tuple(
            DeadLetter(
                alert_id=row.alert_id,
                channel_id=row.channel_id,
                reason=Reason(row.reason),
                attempts=row.attempts,
                problem=row.problem,
                created_at=to_moment(row.created_at),
            )
            for row in found
        )
