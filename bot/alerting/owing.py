"""Enqueue: what a card is owed after some news. Pure; one pending notification per card."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.alerting.correlation import stronger
from bot.models import Alert, Reason, Receiver, Severity
from bot.store.debts import Card, Debt, Standing
from bot.store.outbox import CLAIMED, DEAD, PENDING

# A card that only counts up is edited after 1, 2, 4 … seconds, at most once a minute; after
# ten quiet minutes it is quick again.
FIRST_GAP = timedelta(seconds=1)
LONGEST_GAP = timedelta(seconds=60)
QUIET = timedelta(minutes=10)

# News that calls people, as opposed to bringing a card up to date.
CALLS = frozenset((Reason.FIRST, Reason.REOPENED, Reason.WORSE, Reason.ESCALATED))

Route = Callable[[Alert], Receiver]


def urgency(reason: Reason, alert: Alert) -> int:
    """The order of sending, the smallest first: people's acts, then calls (critical ones
    before others), then all-clears and drills, then mere repetition."""
    if reason is Reason.ACTED:
        return 0
    if reason in CALLS and not alert.drill:
        return 1 if alert.severity is Severity.CRITICAL else 2
    return 4 if reason is Reason.REPEATED else 3


def new_card(alert_id: int, channel_id: int, now: datetime) -> Card:
    """A card that is yet to be posted. Its nonce, 24 characters, is the same at each attempt,
    and never that of another card, also not of a forgotten database's."""
    return Card(alert_id, channel_id, nonce=secrets.token_hex(12), created_at=now)


def gap(card: Card, now: datetime) -> timedelta:
    """How long after its last writing a card is next edited for mere repetition."""
    if card.written_at is None or now - card.written_at > QUIET:
        return FIRST_GAP
    return min(FIRST_GAP * (1 << min(card.repeats, 10)), LONGEST_GAP)


def due(reason: Reason, alert: Alert, card: Card, now: datetime) -> datetime | None:
    """When this news may be sent; None if a silence swallows it.

    A silence swallows repetition, holds calls back until it ends, and lets through what only
    makes the card true: people's acts and all-clears.
    """
    if alert.is_silenced(now) and reason is Reason.REPEATED:
        return None
    if alert.is_silenced(now) and reason in CALLS:
        return alert.silenced_until
    if reason is Reason.REPEATED and card.written_at is not None:
        return max(now, card.written_at + gap(card, now))
    return now


def owe(
    standing: Standing, reason: Reason, alert: Alert, now: datetime, *, mention: str = ""
) -> Standing | None:
    """The standing of a card after news of its alert; None if that changes nothing."""
    when = due(reason, alert, standing.card, now)
    if when is None:
        return None
    new = Debt(PENDING, reason, urgency(reason, alert), mention, when, created_at=now)
    debt = new if standing.debt is None else _merged(standing.debt, new, now)
    return None if debt == standing.debt else replace(standing, debt=debt)


def _merged(old: Debt, new: Debt, now: datetime) -> Debt:
    """One debt for both: the stronger reason, the greater urgency, the earlier time.

    Mere repetition adds nothing to what is owed already (`debts.owed_already` relies on it).
    """
    if old.state == DEAD and new.reason is Reason.REPEATED and now < old.due_at:
        return old
    merged = replace(
        old,
        reason=stronger(old.reason, new.reason),
        urgency=min(old.urgency, new.urgency),
        mention=old.mention or new.mention,
    )
    if old.state == CLAIMED:
        return merged  # sent after what is being sent; its due time is the claim's
    if old.state == DEAD:
        return replace(merged, state=PENDING, due_at=new.due_at, attempts=0)
    if old.attempts and new.reason is not Reason.ACTED:
        return merged  # it waits because sending failed, and news does not mend that
    return replace(merged, due_at=min(old.due_at, new.due_at))


def owed(
    standings: Sequence[Standing], reason: Reason, alert: Alert, route: Route, now: datetime
) -> list[Standing]:
    """The cards of an alert whose standing news changes.

    News goes to the cards there are. A call, and the first news, goes to the receiver of the
    route too, which has changed if the settings have.
    """
    mention = ""
    cards = list(standings)
    if reason in CALLS or not cards:
        receiver = route(alert)
        mention = receiver.mention
        if all(each.card.channel_id != receiver.channel_id for each in cards):
            cards.append(Standing(new_card(alert.id, receiver.channel_id, now)))
    changed = (owe(each, reason, alert, now, mention=mention) for each in cards)
    return [each for each in changed if each is not None]
