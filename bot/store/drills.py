"""Drills: what is under way, what people did in it, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from bot.errors import NotFound
from bot.models import DRILL_ENVIRONMENT, SIMULATED_ENVIRONMENT, AlertState, Severity
from bot.store import rows
from bot.store.listing import ALERTS, IS_REAL
from bot.store.moments import to_moment, to_moment_or_none, to_number
from bot.store.schema import (
    acts,
    alerts,
    cards,
    drill_deeds,
    drill_people,
    drills,
    outbox,
    silences,
)


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill. `area_id` is its thread or channel, 0 while that is being made.

    Attributes:
        people: those who take part, id -> name.
        sent: how many of the plan's steps have been played.
        outcome: why it ended; "" while it is under way.
        is_cleared: its area and webhooks are put away.
        scorecard: as `bot.simulation.drill.scoring` writes it; "" while there is none.
    """

    id: int
    scenario: str
    seed: int
    title: str
    guild_id: int
    origin_id: int
    area_id: int
    started_by: int
    started_at: datetime
    ends_at: datetime
    ships: bool
    pings: bool
    people: Mapping[int, str]
    sent: int = 0
    ended_at: datetime | None = None
    outcome: str = ""
    is_cleared: bool = False
    total: int | None = None
    scorecard: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person did in a drill: `kind` is the act's name, or "ask", "service", "line".

    `subject` is the alert's id of an act, the colleague asked, or the answer given.
    """

    kind: str
    person_id: int
    person: str
    at: datetime
    subject: str = ""
    is_right: bool = False


_KEPT = (
    *("id", "scenario", "seed", "title", "guild_id", "origin_id", "area_id", "started_by"),
    *("ships", "pings", "sent", "outcome", "is_cleared", "total", "scorecard"),
)


def add(connection: Connection, new: Drill) -> int:
    """Store a drill (its id is ignored) and return the id it got."""
    row = {name: getattr(new, name) for name in _KEPT if name != "id"}
    row |= {"started_at": to_number(new.started_at), "ends_at": to_number(new.ends_at)}
    drill_id = connection.execute(insert(drills).values(row).returning(drills.c.id)).scalar_one()
    people = [
        {"drill_id": drill_id, "person_id": person_id, "name": name}
        for person_id, name in new.people.items()
    ]
    if people:
        connection.execute(insert(drill_people), people)
    return int(drill_id)


def get(connection: Connection, drill_id: int) -> Drill:
    """One drill, or NotFound."""
    found = _read(connection, drills.c.id == drill_id)
    if not found:
        raise NotFound(f"There is no drill #{drill_id}.")
    return found[0]


def live(connection: Connection) -> Drill | None:
    """The drill that is under way; there is never more than one."""
    found = _read(connection, drills.c.ended_at.is_(None))
    return found[0] if found else None


def uncleared(connection: Connection) -> tuple[Drill, ...]:
    """Drills that ended, and whose area is still to be put away."""
    return _read(connection, drills.c.ended_at.is_not(None), drills.c.is_cleared.is_(False))


def scored(connection: Connection, person_id: int | None, limit: int) -> tuple[Drill, ...]:
    """The newest drills that have a scorecard, newest first; of one person if asked."""
    conditions = [drills.c.scorecard != ""]
    if person_id is not None:
        theirs = select(drill_people.c.drill_id).where(drill_people.c.person_id == person_id)
        conditions.append(drills.c.id.in_(theirs))
    return _read(connection, *conditions, limit=limit)


def areas(connection: Connection) -> tuple[Drill, ...]:
    """Every drill whose area is still there: cards of its alerts never go anywhere else."""
    return _read(connection, drills.c.area_id != 0, drills.c.is_cleared.is_(False))


def put(connection: Connection, drill_id: int, **changes: Any) -> None:
    """Change columns of a drill; times are datetimes."""
    values = {
        name: to_number(value) if isinstance(value, datetime) else value
        for name, value in changes.items()
    }
    connection.execute(update(drills).where(drills.c.id == drill_id).values(values))


def clear(connection: Connection, drill_id: int) -> None:
    """Its area is put away: its cards are nobody's any more, and nothing is owed to them."""
    own = select(alerts.c.id).where(alerts.c.environment == environment(drill_id))
    connection.execute(delete(outbox).where(outbox.c.alert_id.in_(own)))
    connection.execute(delete(cards).where(cards.c.alert_id.in_(own)))
    put(connection, drill_id, is_cleared=True)


def forget(connection: Connection, drill_id: int) -> None:
    """A drill that never came about."""
    connection.execute(delete(drills).where(drills.c.id == drill_id))


def add_deed(connection: Connection, drill_id: int, done: Deed) -> None:
    """Write down what somebody did that is no act on an alert."""
    connection.execute(
        insert(drill_deeds).values(
            drill_id=drill_id,
            kind=done.kind,
            person_id=done.person_id,
            person=done.person,
            at=to_number(done.at),
            subject=done.subject,
            is_right=done.is_right,
        )
    )


def deeds(connection: Connection, drill_id: int) -> tuple[Deed, ...]:
    """All that was done in a drill, in order of time: questions, answers, acts on its alerts."""
    said = connection.execute(select(drill_deeds).where(drill_deeds.c.drill_id == drill_id))
    found = [
        Deed(row.kind, row.person_id, row.person, to_moment(row.at), row.subject, row.is_right)
        for row in said
    ]
    done = connection.execute(
        select(acts)
        .join(alerts, alerts.c.id == acts.c.alert_id)
        .where(alerts.c.environment == environment(drill_id))
    )
    found += [
        Deed(row.act, row.person_id, row.person_name, to_moment(row.at), str(row.alert_id))
        for row in done
    ]
    return tuple(sorted(found, key=lambda deed: deed.at))


def alerts_of(connection: Connection, drill_id: int) -> tuple[Any, ...]:
    """The alerts of a drill, oldest first."""
    found = connection.execute(
        ALERTS.where(alerts.c.environment == environment(drill_id)).order_by(alerts.c.id)
    )
    return tuple(rows.alert(row) for row in found)


def is_owed(connection: Connection, channel_id: int) -> bool:
    """Whether cards of a channel are still to be written."""
    query = select(func.count()).where(
        outbox.c.channel_id == channel_id, outbox.c.state.in_(("pending", "claimed"))
    )
    return bool(connection.execute(query).scalar())


def real_emergency(connection: Connection, now: datetime) -> Any | None:
    """A real alert that is critical, open and not silenced: the newest; None if there is none."""
    query = (
        ALERTS.where(
            alerts.c.state == AlertState.OPEN.value,
            alerts.c.severity == Severity.CRITICAL.rank,
            alerts.c.environment != SIMULATED_ENVIRONMENT,
            IS_REAL,
            or_(silences.c.until.is_(None), silences.c.until <= to_number(now)),
        )
        .order_by(alerts.c.last_seen.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else rows.alert(row)


def environment(drill_id: int) -> str:
    """The environment of a drill's alerts."""
    return f"{DRILL_ENVIRONMENT}{drill_id}"


def _read(connection: Connection, *conditions: Any, limit: int | None = None) -> tuple[Drill, ...]:
    query = select(drills).where(*conditions).order_by(drills.c.id.desc()).limit(limit)
    found: Sequence[Any] = connection.execute(query).all()
    people: dict[int, dict[int, str]] = {row.id: {} for row in found}
    for each in connection.execute(
        select(drill_people).where(drill_people.c.drill_id.in_(list(people)))
    ):
        people[each.drill_id][each.person_id] = each.name
    return tuple(
        Drill(
            **{name: getattr(row, name) for name in _KEPT},
            started_at=to_moment(row.started_at),
            ends_at=to_moment(row.ends_at),
            ended_at=to_moment_or_none(row.ended_at),
            people=people[row.id],
        )
        for row in found
    )
