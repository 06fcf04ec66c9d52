"""Log lines kept with an alert, for the day when the log itself has forgotten them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import orjson
import zstandard
from sqlalchemy import Connection, func, select

from bot.models import Alert, LogSnapshot, SnapshotLine
from bot.store import rows
from bot.store.codec import compress
from bot.store.listing import ALERTS
from bot.store.moments import to_moment, to_number
from bot.store.schema import alerts, log_snapshots
from bot.store.upserts import Upsert

_PUT = Upsert(log_snapshots, key=("alert_id",), replace=("taken_at", "body"))


def put(connection: Connection, alert_id: int, snapshot: LogSnapshot) -> None:
    """Keep it; the one that was kept before goes."""
    lines = [(to_number(line.at), line.message, line.group, line.stream) for line in snapshot.lines]
    told = {"about": snapshot.about, "left_out": snapshot.left_out, "lines": lines}
    taken_at = to_number(snapshot.taken_at)
    body = compress(orjson.dumps(told))
    _PUT.run(connection, [{"alert_id": alert_id, "taken_at": taken_at, "body": body}])


def find(connection: Connection, alert_id: int) -> LogSnapshot | None:
    """What is kept with an alert; None if nothing is."""
    query = select(log_snapshots.c.taken_at, log_snapshots.c.body)
    row = connection.execute(query.where(log_snapshots.c.alert_id == alert_id)).one_or_none()
    if row is None:
        return None
    told = orjson.loads(zstandard.ZstdDecompressor().decompress(row.body))
    lines = (SnapshotLine(to_moment(at), *rest) for at, *rest in told["lines"])
    return LogSnapshot(to_moment(row.taken_at), told["about"], tuple(lines), told["left_out"])


def is_kept(connection: Connection, alert_id: int) -> bool:
    """Whether an alert has one."""
    query = select(log_snapshots.c.alert_id).where(log_snapshots.c.alert_id == alert_id)
    return connection.execute(query).first() is not None


def without(connection: Connection, after_id: int, limit: int) -> Sequence[Alert]:
    """Alerts without a snapshot behind a number, the oldest first."""
    kept = log_snapshots.c.alert_id
    query = (
        ALERTS.join(log_snapshots, kept == alerts.c.id, isouter=True)
        .where(alerts.c.id > after_id, kept.is_(None))
        .order_by(alerts.c.id)
        .limit(limit)
    )
    return [rows.alert(row) for row in connection.execute(query)]


def last_before(connection: Connection, since: datetime, depth: int) -> int:
    """The number behind which all alerts were first seen since then, as far as `depth` back."""
    newest = int(connection.execute(select(func.max(alerts.c.id))).scalar() or 0)
    recent = alerts.c.id > newest - depth, alerts.c.first_seen < to_number(since)
    older = connection.execute(select(func.max(alerts.c.id)).where(*recent)).scalar()
    return max(newest - depth, 0) if older is None else int(older)
