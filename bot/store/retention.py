"""Pruning: what is too old goes, in bites small enough that nobody waits for them.

Kept whatever their age: alerts that are not resolved, and the newest event of every alert. A
resolved alert goes with all that hangs on it: acts, shipments, cards, dead letters. (A dead
letter otherwise stays until it is delivered.)
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select

from bot.models import AlertState, Severity
from bot.store import rows
from bot.store.alerts import tally_out
from bot.store.listing import ACTIVITY_STEP, ALERTS
from bot.store.moments import to_number
from bot.store.schema import activity, alerts, events

BITE = 500  # rows of one transaction


def prune_events(
    connection: Connection, before: datetime, after_id: int = 0
) -> tuple[int, int | None]:
    """Delete old events among the next 500 after the row `after_id`.

    Returns how many went, and where to go on; None when there is nothing old left.
    """
    next_rows = connection.execute(
        select(events.c.id, events.c.received_at)
        .where(events.c.id > after_id)
        .order_by(events.c.id)
        .limit(BITE)
    ).all()
    # Ids follow the time of arrival, so the first young one ends the search.
    ids = [row.id for row in next_rows if row.received_at < to_number(before)]
    if not ids:
        return 0, None
    other = events.alias("other")
    newest = (
        select(other.c.id)
        .where(other.c.alert_id == events.c.alert_id)
        .order_by(other.c.firing.desc(), other.c.occurred_at.desc(), other.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    gone = connection.execute(
        delete(events).where(events.c.id.in_(ids), events.c.id != newest)
    ).rowcount
    return gone, ids[-1]


def prune_alerts(connection: Connection, before: datetime) -> int:
    """Delete up to 500 alerts that were resolved and last seen before then; returns how many.

    Prune their events first: what is left of them goes too.
    """
    query = ALERTS.where(
        alerts.c.state == AlertState.RESOLVED.value,
        alerts.c.severity.in_([severity.rank for severity in Severity]),  # for the index
        alerts.c.last_seen < to_number(before),
        alerts.c.state_changed_at < to_number(before),
    )
    old = [rows.alert(row) for row in connection.execute(query.limit(BITE))]
    if old:
        tally_out(connection, old)
        connection.execute(delete(alerts).where(alerts.c.id.in_([alert.id for alert in old])))
    return len(old)


def prune_activity(connection: Connection, before: datetime) -> int:
    """Delete up to 500 old buckets; returns how many."""
    oldest = int(before.timestamp()) // ACTIVITY_STEP
    query = select(activity.c.alert_id, activity.c.bucket).where(activity.c.bucket < oldest)
    found = connection.execute(query.limit(BITE)).all()
    for alert_id, bucket in found:
        connection.execute(
            delete(activity).where(activity.c.alert_id == alert_id, activity.c.bucket == bucket)
        )
    return len(found)
