"""Rows of the tables as values of the vocabulary."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from bot.models import Act, ActRecord, Alert, AlertState, Fingerprint, Severity, Shipment
from bot.store.moments import to_moment, to_moment_or_none

_SEVERITIES = tuple(Severity)
_STATES = {state.value: state for state in AlertState}


def severity(rank: int) -> Severity:
    """The severity of a rank as it is stored."""
    return _SEVERITIES[rank]


def alert(row: Any) -> Alert:
    """An alert from a row of `listing.ALERTS` (alerts and their silences)."""
    return Alert(
        id=row.id,
        fingerprint=Fingerprint(row.fingerprint_version, row.fingerprint_key),
        service=row.service,
        environment=row.environment,
        state=_STATES[row.state],
        severity=_SEVERITIES[row.severity],
        title=row.title,
        message=row.message,
        culprit=row.culprit,
        occurrences=row.occurrences,
        first_seen=to_moment(row.first_seen),
        last_seen=to_moment(row.last_seen),
        state_changed_at=to_moment(row.state_changed_at),
        state_changed_by=row.state_changed_by,
        silenced_until=to_moment_or_none(row.silenced_until),
        silenced_by=row.silenced_by or "",
    )


def act(row: Row[Any]) -> ActRecord:
    """A row of the audit trail."""
    return ActRecord(Act(row.act), row.person_id, row.person_name, to_moment(row.at), row.detail)


def shipment(row: Row[Any]) -> Shipment:
    """A finished shipment (its number is known)."""
    return Shipment(
        kind=row.kind,
        repository=row.repository,
        number=row.number,
        url=row.url,
        created_by=row.created_by,
        created_at=to_moment(row.created_at),
        state=row.state,
    )
