"""Correlate: what an event makes of its alert. Pure; times come in, nothing goes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.alerting.preparation import Arrival
from bot.models import Alert, AlertState, Fingerprint, Reason, Signal

# An event this young that happened before its alert was resolved was on its way to us: it is
# counted and does not reopen. An older one does: a sender's wrong clock must not hide an error.
IN_FLIGHT = timedelta(minutes=2)

# The stronger reason wins when one message must stand for several.
STRENGTH = (
    Reason.FIRST,
    Reason.REOPENED,
    Reason.WORSE,
    Reason.ESCALATED,
    Reason.RESOLVED,
    Reason.ACTED,
    Reason.REPEATED,
)


def stronger(one: Reason | None, other: Reason | None) -> Reason | None:
    """The reason that one message gives for both; None stands for no reason."""
    if one is None or other is None or one is other:
        return one or other
    return min(one, other, key=STRENGTH.index)


def begin(arrival: Arrival, now: datetime) -> Alert:
    """A new alert (id 0), open and not yet counting: `tell` it its first event too."""
    event = arrival.event
    seen = happened(arrival, now)
    return Alert(
        id=0,
        fingerprint=Fingerprint(
            arrival.identity.fingerprint_version, arrival.identity.fingerprint_key
        ),
        service=arrival.identity.service,
        environment=arrival.identity.environment,
        state=AlertState.OPEN,
        severity=event.severity,
        title=arrival.title,
        message=arrival.message,
        occurrences=0,
        first_seen=seen,
        last_seen=seen,
        state_changed_at=seen,
        culprit=arrival.culprit,
    )


def tell_all(
    alert: Alert, arrivals: Sequence[Arrival], now: datetime
) -> tuple[Alert, Reason | None]:
    """What becomes of an alert that is told these events in turn, and the strongest news."""
    news: Reason | None = None
    for arrival in arrivals:
        alert, reason = tell(alert, arrival, now)
        news = stronger(news, reason)
    return alert, news


def tell(alert: Alert, arrival: Arrival, now: datetime) -> tuple[Alert, Reason | None]:
    """What becomes of an alert that is told one event, and why that is news (None: it is not).

    Only what fires counts as an occurrence. A late event never moves `last_seen` back, and a
    late all-clear does not close what has fired since.
    """
    seen = happened(arrival, now)
    if arrival.event.signal is Signal.RESOLVED:
        if alert.state is AlertState.RESOLVED or seen < alert.last_seen:
            return alert, None
        return _moved(alert, AlertState.RESOLVED, now, arrival.event.source), Reason.RESOLVED
    alert = replace(
        alert,
        occurrences=alert.occurrences + 1,
        first_seen=min(alert.first_seen, seen),
        last_seen=max(alert.last_seen, seen),
    )
    if alert.state is AlertState.RESOLVED:
        return _after_the_end(alert, arrival, now)
    if arrival.event.severity.rank > alert.severity.rank:
        return replace(alert, severity=arrival.event.severity), Reason.WORSE
    return alert, Reason.REPEATED


def happened(arrival: Arrival, now: datetime) -> datetime:
    """When the event happened; a sender's clock that runs ahead is taken for now."""
    return min(arrival.event.occurred_at, now)


def _after_the_end(alert: Alert, arrival: Arrival, now: datetime) -> tuple[Alert, Reason]:
    seen = happened(arrival, now)
    if seen <= alert.state_changed_at and now - seen <= IN_FLIGHT:
        return alert, Reason.REPEATED
    fresh = replace(
        alert,
        severity=arrival.event.severity,
        title=arrival.title,
        message=arrival.message,
        culprit=arrival.culprit,
    )
    return _moved(fresh, AlertState.OPEN, now, ""), Reason.REOPENED


def _moved(alert: Alert, state: AlertState, now: datetime, by: str) -> Alert:
    return replace(alert, state=state, state_changed_at=now, state_changed_by=by)
