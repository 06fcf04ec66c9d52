"""Alerts and their tallies, as the road and the actions change them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, update

from bot.models import Alert
from bot.store import rows
from bot.store.listing import ALERTS
from bot.store.moments import to_number
from bot.store.prepared import Lookup, Prepared
from bot.store.schema import activity, alerts, tallies
from bot.store.upserts import Upsert


class Identity(NamedTuple):
    """What makes an alert the same alert."""

    fingerprint_key: str
    service: str
    environment: str
    fingerprint_version: int


_FIND = Lookup(ALERTS, [alerts.c[name] for name in Identity._fields])
_ADD = insert(alerts).returning(alerts.c.id, sort_by_parameter_order=True)
_UPDATE = (
    update(alerts)
    .where(alerts.c.id == bindparam("alert_id"))
    .values(
        occurrences=bindparam("new_occurrences"),
        first_seen=bindparam("new_first_seen"),
        last_seen=bindparam("new_last_seen"),
    )
)
_CHANGED = (
    *("state", "severity", "title", "message", "culprit"),
    *("state_changed_at", "state_changed_by"),
)
_UPDATE_ALL = _UPDATE.values({name: bindparam(f"new_{name}") for name in _CHANGED})
_COUNT = Prepared(lambda _dialect: _UPDATE)
_CHANGE = Prepared(lambda _dialect: _UPDATE_ALL)
_TALLY = Upsert(tallies, key=("service", "environment", "severity", "state"), add=("alerts",))
_ACTIVITY = Upsert(activity, key=("alert_id", "bucket"), add=("occurrences",))


def identity(alert: Alert) -> Identity:
    """The identity of an alert."""
    version, key = alert.fingerprint.version, alert.fingerprint.key
    return Identity(key, alert.service, alert.environment, version)


def find(connection: Connection, identities: Collection[Identity]) -> dict[Identity, Alert]:
    """The alerts among these identities that exist."""
    found = map(rows.alert, _FIND.rows(connection, list(identities)))
    return {identity(alert): alert for alert in found}


def add(connection: Connection, new: Sequence[Alert]) -> list[int]:
    """Store new alerts (their ids are ignored) and return the ids they got, in order."""
    if not new:
        return []
    _tally(connection, [(None, alert) for alert in new])
    return list(connection.execute(_ADD, [_row(alert) for alert in new]).scalars())


def save(connection: Connection, pairs: Sequence[tuple[Alert, Alert]]) -> None:
    """Store what alerts have become; each pair is (before, after) with the same id.

    A silence is not part of this: see `bot.store.silences`.
    """
    counted = [_counted(after) for before, after in pairs if _same_life(before, after)]
    changed = [(before, after) for before, after in pairs if not _same_life(before, after)]
    _COUNT.run(connection, counted)
    _CHANGE.run(connection, [_changed(after) for _, after in changed])
    _tally(connection, changed)


def add_activity(connection: Connection, counts: Mapping[tuple[int, int], int]) -> None:
    """Add occurrences: (alert id, bucket) -> how many."""
    _ACTIVITY.run(
        connection,
        [
            {"alert_id": alert_id, "bucket": bucket, "occurrences": count}
            for (alert_id, bucket), count in sorted(counts.items())
        ],
    )


def _same_life(before: Alert, after: Alert) -> bool:
    """Whether only the counting has moved."""
    return (
        before.state is after.state
        and before.severity is after.severity
        and before.state_changed_at == after.state_changed_at
        and before.title == after.title
    )


def _row(alert: Alert) -> dict[str, Any]:
    return {
        "fingerprint_key": alert.fingerprint.key,
        "fingerprint_version": alert.fingerprint.version,
        "service": alert.service,
        "environment": alert.environment,
        "state": alert.state.value,
        "severity": alert.severity.rank,
        "title": alert.title,
        "message": alert.message,
        "culprit": alert.culprit,
        "occurrences": alert.occurrences,
        "first_seen": to_number(alert.first_seen),
        "last_seen": to_number(alert.last_seen),
        "state_changed_at": to_number(alert.state_changed_at),
        "state_changed_by": alert.state_changed_by,
    }


def _counted(alert: Alert) -> dict[str, Any]:
    return {
        "alert_id": alert.id,
        "new_occurrences": alert.occurrences,
        "new_first_seen": to_number(alert.first_seen),
        "new_last_seen": to_number(alert.last_seen),
    }


def _changed(alert: Alert) -> dict[str, Any]:
    row = _row(alert)
    return _counted(alert) | {f"new_{name}": row[name] for name in _CHANGED}


def tally_out(connection: Connection, gone: Sequence[Alert]) -> None:
    """Count alerts out that are about to be deleted."""
    _tally(connection, [(alert, None) for alert in gone])


def _tally(connection: Connection, moves: Sequence[tuple[Alert | None, Alert | None]]) -> None:
    """Move alerts between tallies: from the kind of the first to the kind of the second."""
    changes: Counter[tuple[str, str, int, str]] = Counter()
    for before, after in moves:
        for alert, change in ((before, -1), (after, +1)):
            if alert is not None:
                changes[_kind(alert)] += change
    _TALLY.run(
        connection,
        [
            dict(zip(tallies.primary_key.columns.keys(), kind, strict=True)) | {"alerts": change}
            for kind, change in sorted(changes.items())
            if change
        ],
    )


def _kind(alert: Alert) -> tuple[str, str, int, str]:
    return alert.service, alert.environment, alert.severity.rank, alert.state.value
