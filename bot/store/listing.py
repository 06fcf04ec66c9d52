"""Reading alerts: one in full, pages of them, suggestions while a person types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    Table,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)

from bot.errors import NotFound
from bot.models import (
    DRILL_ENVIRONMENT,
    Alert,
    AlertDetail,
    AlertState,
    Page,
    Severity,
    parse_short_id,
    short_id,
)
from bot.store import rows
from bot.store.codec import decode
from bot.store.reader import Reader
from bot.store.schema import (
    activity,
    acts,
    alerts,
    cards,
    drills,
    events,
    shipments,
    silences,
    tallies,
)

ACTIVITY_STEP = 300  # seconds of one bucket
ACTIVITY_BUCKETS = 24  # two hours on the card
ACTS_SHOWN = 20
SEARCH_DEPTH = 1000  # text is searched in this many alerts, the newest that match the rest

LIVE = (AlertState.OPEN, AlertState.ACKNOWLEDGED)

# An alert with its silence, as `rows.alert` reads it.
ALERTS = select(
    alerts, silences.c.until.label("silenced_until"), silences.c.person_name.label("silenced_by")
).outerjoin(silences, silences.c.alert_id == alerts.c.id)

# Drills are few, and named exactly: an index finds their alerts, and the others by their ids alone.
_DRILLS = select(literal(DRILL_ENVIRONMENT) + cast(drills.c.id, String))
_OF_NO_DRILL = tallies.c.environment.not_in(_DRILLS)
_drilled = alerts.alias("drilled")
IS_REAL = alerts.c.id.not_in(select(_drilled.c.id).where(_drilled.c.environment.in_(_DRILLS)))


@dataclass(frozen=True, slots=True)
class _Filter:
    states: tuple[AlertState, ...]
    service: str
    environment: str
    severity: Severity | None
    text: str


class AlertReads:
    """What cogs, web and delivery ask about alerts. Nothing here changes anything.

    Lists, names and counts leave the alerts of drills out, unless a drill's environment is asked
    for.
    """

    def __init__(self, reader: Reader, clock: Callable[[], datetime]) -> None:
        self._reader = reader
        self._clock = clock

    async def get(self, alert_id: int) -> Alert:
        """One alert.

        Raises:
            NotFound: there is no such alert (any more).
        """
        return await self._reader.run(lambda connection: read_alert(connection, alert_id))

    async def detail(self, alert_id: int) -> AlertDetail:
        """One alert with all that its card shows: the newest event that fired, two hours of
        activity in buckets of 300 s, the latest 20 acts (oldest first), its shipments.

        Raises:
            NotFound: there is no such alert (any more).
        """
        now = self._clock()
        return await self._reader.run(lambda connection: read_detail(connection, alert_id, now))

    async def page(
        self,
        *,
        states: Sequence[AlertState] = LIVE,
        service: str = "",
        environment: str = "",
        severity: Severity | None = None,
        text: str = "",
        number: int = 1,
        size: int = 10,
    ) -> Page[Alert]:
        """One page of alerts, last seen first; empty filters match everything.

        `text` is looked for in title, message, culprit and service of the newest 1,000 that
        match the other filters. A `number` past the end gives an empty page with the true
        total.
        """
        wanted = _Filter(
            tuple(states) or tuple(AlertState), service, environment, severity, text.strip()
        )
        return await self._reader.run(
            lambda connection: _read_page(connection, wanted, max(number, 1), size)
        )

    async def suggest(
        self,
        prefix: str,
        limit: int = 25,
        *,
        states: Sequence[AlertState] = tuple(AlertState),
        environment: str = "",
    ) -> tuple[Alert, ...]:
        """Alerts for an autocomplete: by short id ("J-4", "42") or by words, newest first."""
        number = parse_short_id(prefix)
        if number is not None:
            query = _by_number(number, states, limit, environment)
        else:
            words = "" if prefix.strip().upper() in ("J", "J-", "#") else prefix.strip()
            wanted = _Filter(tuple(states), "", environment, None, words)
            query = _newest(wanted, limit).limit(limit)
        return await self._reader.run(lambda connection: _alerts(connection, query))

    async def services(self, prefix: str = "", limit: int = 25) -> tuple[str, ...]:
        """Names of services that have alerts, by prefix (any case), in order."""
        return await self._names(tallies.c.service, prefix, limit)

    async def environments(self, prefix: str = "", limit: int = 25) -> tuple[str, ...]:
        """Names of environments that have alerts, by prefix (any case), in order."""
        return await self._names(tallies.c.environment, prefix, limit)

    async def counts(self) -> Mapping[AlertState, int]:
        """How many alerts are in each state; every state is a key."""
        query = (
            select(tallies.c.state, func.sum(tallies.c.alerts))
            .where(_OF_NO_DRILL)
            .group_by(tallies.c.state)
        )
        found = await self._reader.run(lambda connection: connection.execute(query).all())
        counted = {AlertState(state): int(count) for state, count in found}
        return {state: counted.get(state, 0) for state in AlertState}

    async def _names(self, column: ColumnElement[str], prefix: str, limit: int) -> tuple[str, ...]:
        matches = column.istartswith(prefix.strip(), autoescape=True)
        query = (
            select(column)
            .where(matches, tallies.c.alerts > 0, _OF_NO_DRILL)
            .distinct()
            .order_by(column)
            .limit(limit)
        )
        return await self._reader.run(lambda connection: tuple(connection.execute(query).scalars()))


def read_alert(connection: Connection, alert_id: int) -> Alert:
    """One alert, or NotFound."""
    row = connection.execute(ALERTS.where(alerts.c.id == alert_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no alert {short_id(alert_id)}.")
    return rows.alert(row)


def read_detail(connection: Connection, alert_id: int, now: datetime) -> AlertDetail:
    """One alert in full, or NotFound."""
    alert = read_alert(connection, alert_id)
    body = connection.execute(
        select(events.c.body)
        .where(events.c.alert_id == alert_id)
        .order_by(events.c.firing.desc(), events.c.occurred_at.desc(), events.c.id.desc())
        .limit(1)
    ).scalar_one()
    last_acts = connection.execute(
        select(acts).where(acts.c.alert_id == alert_id).order_by(acts.c.id.desc()).limit(ACTS_SHOWN)
    )
    shipped = connection.execute(
        select(shipments)
        .where(shipments.c.alert_id == alert_id, shipments.c.number.is_not(None))
        .order_by(shipments.c.created_at)
    )
    url = connection.execute(
        select(cards.c.url)
        .where(cards.c.alert_id == alert_id, cards.c.url != "")
        .order_by(cards.c.created_at)
        .limit(1)
    ).scalar()
    return AlertDetail(
        alert=alert,
        event=decode(body),
        activity=_read_activity(connection, alert_id, now),
        activity_step=ACTIVITY_STEP,
        acts=tuple(rows.act(row) for row in last_acts)[::-1],
        shipments=tuple(rows.shipment(row) for row in shipped),
        card_url=url or "",
    )


def _read_activity(connection: Connection, alert_id: int, now: datetime) -> tuple[int, ...]:
    newest = int(now.timestamp()) // ACTIVITY_STEP
    oldest = newest - ACTIVITY_BUCKETS + 1
    query = select(activity.c.bucket, activity.c.occurrences).where(
        activity.c.alert_id == alert_id, activity.c.bucket.between(oldest, newest)
    )
    counted = {row.bucket: row.occurrences for row in connection.execute(query)}
    return tuple(counted.get(bucket, 0) for bucket in range(oldest, newest + 1))


def _alerts(connection: Connection, query: Select[Any]) -> tuple[Alert, ...]:
    return tuple(rows.alert(row) for row in connection.execute(query))


def _read_page(connection: Connection, wanted: _Filter, number: int, size: int) -> Page[Alert]:
    offset = (number - 1) * size
    newest = _newest(wanted, offset + size)
    if wanted.text:
        total = connection.execute(select(func.count()).select_from(newest.subquery())).scalar_one()
    else:
        total = _count(connection, wanted)
    return Page(_alerts(connection, newest.limit(size).offset(offset)), total, number, size)


def _count(connection: Connection, wanted: _Filter) -> int:
    query = select(func.coalesce(func.sum(tallies.c.alerts), 0)).where(
        tallies.c.state.in_(wanted.states), *_narrowed(wanted, tallies)
    )
    return int(connection.execute(query).scalar_one())


def _narrowed(wanted: _Filter, table: Table) -> list[ColumnElement[bool]]:
    """The filters of `alerts` or `tallies`, besides the state."""
    conditions = []
    if wanted.service:
        conditions.append(table.c.service == wanted.service)
    if wanted.environment:
        conditions.append(table.c.environment == wanted.environment)
    elif table is tallies:
        conditions.append(_OF_NO_DRILL)
    else:
        conditions.append(IS_REAL)
    if wanted.severity is not None:
        conditions.append(table.c.severity == wanted.severity.rank)
    return conditions


def _newest(wanted: _Filter, depth: int) -> Select[Any]:
    """Alerts that match, last seen first; at least the first `depth` of them if no text.

    One branch for each state (and severity), because an index gives the newest of one kind
    at once, but sorts all of them when asked for several kinds together.
    """
    depth = SEARCH_DEPTH if wanted.text else depth
    branches = [_branch(wanted, kind, depth) for kind in _kinds(wanted)]
    newest = union_all(*branches).subquery("kinds")
    first = select(newest).order_by(newest.c.last_seen.desc(), newest.c.id.desc()).limit(depth)
    chosen = first.subquery("chosen")
    query = ALERTS.join(chosen, chosen.c.id == alerts.c.id)
    if wanted.text:
        searched = (alerts.c.title, alerts.c.message, alerts.c.culprit, alerts.c.service)
        query = query.where(
            or_(*(column.icontains(wanted.text, autoescape=True) for column in searched))
        )
    return query.order_by(alerts.c.last_seen.desc(), alerts.c.id.desc())


def _kinds(wanted: _Filter) -> list[tuple[ColumnElement[bool], ...]]:
    """Conditions that each name one stretch of an index, in the order of last_seen."""
    states = [alerts.c.state == state.value for state in wanted.states]
    if wanted.service or wanted.environment:
        return [(state,) for state in states]
    severities = (wanted.severity,) if wanted.severity is not None else tuple(Severity)
    return [(state, alerts.c.severity == each.rank) for state in states for each in severities]


def _branch(wanted: _Filter, kind: tuple[ColumnElement[bool], ...], depth: int) -> Select[Any]:
    newest = (
        select(alerts.c.id, alerts.c.last_seen)
        .where(*kind, *_narrowed(wanted, alerts))
        .order_by(alerts.c.last_seen.desc(), alerts.c.id.desc())
        .limit(depth)
    )
    return select(newest.subquery())


def _by_number(
    number: int, states: Sequence[AlertState], limit: int, environment: str
) -> Select[Any]:
    """Alerts whose number begins with these digits: 4 finds 4, 40-49, 400-499 …"""
    # Each branch walks the newest of its stretch of an index, however many others there are.
    branches = [
        select(
            select(alerts.c.id)
            .where(
                alerts.c.state == state.value,
                alerts.c.id.between(number * 10**digits, (number + 1) * 10**digits - 1),
                alerts.c.environment == environment if environment else IS_REAL,
            )
            .order_by(alerts.c.id.desc())
            .limit(limit)
            .subquery()
        )
        for digits in range(10)
        for state in states
        if (number + 1) * 10**digits < 2**63
    ]
    chosen = union_all(*branches).subquery("chosen")
    exact_first = case((alerts.c.id == number, 0), else_=1)
    return (
        ALERTS.join(chosen, chosen.c.id == alerts.c.id)
        .order_by(exact_first, alerts.c.id.desc())
        .limit(limit)
    )
