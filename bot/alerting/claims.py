"""Claim, mark sent, put back: the three transactions of a delivery.

A claim is a compare-and-set with a lease. Whoever holds none, or has lost it, changes
nothing.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.alerting.correlation import stronger
from bot.alerting.owing import QUIET, due, new_card, urgency
from bot.errors import NotFound, UpstreamError
from bot.models import Alert, Notification, Reason
from bot.store import Transaction, debts
from bot.store.debts import Card, Debt, Standing
from bot.store.listing import read_alert
from bot.store.outbox import CLAIMED, DEAD, PENDING

LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 50  # with the longest wait of five minutes: about four hours
LONGEST_WAIT = timedelta(minutes=5)
REST_OF_THE_DEAD = timedelta(minutes=10)  # before quiet news tries a dead letter again


@dataclass(frozen=True, slots=True)
class Claim:
    """A debt that this delivery may pay. `in_doubt`: an earlier attempt may have posted."""

    notification: Notification
    card: Card
    token: str
    urgency: int
    in_doubt: bool


def claim(transaction: Transaction, debt_ids: Collection[int], now: datetime) -> list[Claim]:
    """Claim those of the debts that are still due."""
    claims = []
    for debt_id in debt_ids:
        found = debts.standing(transaction, debt_id)
        if found is None or found.debt is None or not _is_due(found.debt, now):
            continue
        if found.debt.attempts >= MOST_ATTEMPTS:
            debts.put(transaction, [replace(found, debt=_dead(found.debt, "gave up", now))])
            continue
        claimed = replace(
            found.debt,
            state=CLAIMED,
            sending=stronger(found.debt.sending, found.debt.reason),
            reason=None,
            claim=secrets.token_hex(8),
            due_at=now + LEASE,
            attempts=found.debt.attempts + 1,
            in_doubt=True,  # until an answer says otherwise
        )
        debts.put(transaction, [replace(found, debt=claimed)])
        claims.append(_claim(found.card, claimed, in_doubt=found.debt.in_doubt))
    return claims


def mark_sent(
    transaction: Transaction, paid: Claim, message_id: int, url: str, now: datetime
) -> None:
    """The card is written; what has been added meanwhile is owed again."""
    found = _held(transaction, paid)
    if found is None:
        return
    card, debt = found
    is_quiet = paid.notification.reason is Reason.REPEATED and not _is_rested(card, now)
    card = replace(
        card,
        message_id=message_id,
        url=url,
        written_at=now,
        repeats=card.repeats + 1 if is_quiet else 0,
    )
    debts.put_cards(transaction, [card])
    rest = (
        None
        if debt.reason is None
        else _rest(debt, card, read_alert(transaction, card.alert_id), now)
    )
    if rest is None:
        debts.clear(transaction, debt.id)
    else:
        debts.put(transaction, [Standing(card, rest)])


def put_back(
    transaction: Transaction, failed: Claim, error: UpstreamError, now: datetime
) -> Debt | None:
    """The attempt failed: try again later, or lay it out as a dead letter. Returns the debt
    as it is now, None if the claim had been lost."""
    found = _held(transaction, failed)
    if found is None:
        return None
    card, debt = found
    refused = error.permanent or error.retry_after is not None
    debt = replace(debt, in_doubt=failed.in_doubt if refused else True)
    if error.permanent or debt.attempts >= MOST_ATTEMPTS:
        debt = _dead(debt, str(error), now)
    else:
        later = now + wait(debt.attempts, error.retry_after)
        debt = replace(_released(debt), state=PENDING, due_at=later, problem=str(error))
    debts.put(transaction, [Standing(card, debt)])
    return debt


def renew_card(transaction: Transaction, held: Claim, now: datetime) -> Claim:
    """The card was deleted in Discord: the next one has a nonce of its own."""
    fresh = new_card(held.card.alert_id, held.card.channel_id, now)
    if _held(transaction, held) is None:
        raise NotFound("the claim has lapsed")
    debts.put_cards(transaction, [fresh])
    notification = replace(held.notification, nonce=fresh.nonce, message_id=None)
    return replace(held, notification=notification, card=fresh)


def wait(attempts: int, retry_after: float | None) -> timedelta:
    """How long to wait after so many attempts: what Discord asked for, else 1, 2, 4 … s, at
    most five minutes; spread, so that many do not come back at the same moment."""
    if retry_after is not None:
        return timedelta(seconds=retry_after + random.uniform(0, 0.5))  # noqa: S311 - no secret
    longest = min(timedelta(seconds=1 << min(attempts - 1, 20)), LONGEST_WAIT)
    return longest * random.uniform(0.5, 1)  # noqa: S311


def _is_due(debt: Debt, now: datetime) -> bool:
    return debt.state != DEAD and debt.due_at <= now


def _is_rested(card: Card, now: datetime) -> bool:
    return card.written_at is None or now - card.written_at > QUIET


def _held(transaction: Transaction, held: Claim) -> tuple[Card, Debt] | None:
    found = debts.standing(transaction, held.notification.id)
    if found is None or found.debt is None or found.debt.claim != held.token:
        return None
    return found.card, found.debt


def _released(debt: Debt) -> Debt:
    """Nobody's, and owing both what was being sent and what was added."""
    return replace(debt, claim="", sending=None, reason=stronger(debt.sending, debt.reason))


def _dead(debt: Debt, problem: str, now: datetime) -> Debt:
    return replace(_released(debt), state=DEAD, due_at=now + REST_OF_THE_DEAD, problem=problem)


def _rest(debt: Debt, card: Card, alert: Alert, now: datetime) -> Debt | None:
    """What is owed beyond the attempt that succeeded, if anything."""
    when = None if debt.reason is None else due(debt.reason, alert, card, now)
    if debt.reason is None or when is None:
        return None
    return Debt(
        id=debt.id,
        state=PENDING,
        reason=debt.reason,
        urgency=urgency(debt.reason, alert),
        mention=debt.mention,
        due_at=when,
        created_at=debt.created_at,
    )


def _claim(card: Card, debt: Debt, *, in_doubt: bool) -> Claim:
    assert debt.sending is not None
    notification = Notification(
        id=debt.id,
        alert_id=card.alert_id,
        channel_id=card.channel_id,
        reason=debt.sending,
        nonce=card.nonce,
        attempts=debt.attempts,
        created_at=debt.created_at,
        message_id=card.message_id,
        mention=debt.mention,
    )
    return Claim(notification, card, debt.claim, debt.urgency, in_doubt)
