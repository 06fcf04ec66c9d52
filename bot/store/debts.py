"""What each card is owed (rows of the outbox) and the cards themselves, as they are written.

A debt is pending until `due_at`; or claimed by a delivery until `due_at`, when the claim
lapses; or dead: it waits for news of its alert, quiet news not before `due_at`. While it is
claimed, `sending` is the reason that is under way and `reason` what has been added since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    delete,
    func,
    literal_column,
    select,
)

from bot.models import Reason
from bot.store.moments import to_moment, to_moment_or_none, to_number
from bot.store.outbox import CLAIMED, DEAD, PENDING
from bot.store.prepared import Lookup
from bot.store.schema import cards, outbox
from bot.store.upserts import Upsert


@dataclass(frozen=True, slots=True)
class Card:
    """The message of an alert in a channel; `message_id` is None until it is known."""

    alert_id: int
    channel_id: int
    nonce: str
    created_at: datetime
    message_id: int | None = None
    url: str = ""
    written_at: datetime | None = None
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Debt:
    """What a card is owed; the states are those of `bot.store.outbox`."""

    state: str
    reason: Reason | None
    urgency: int
    mention: str
    due_at: datetime
    created_at: datetime
    id: int = 0  # given by the database
    sending: Reason | None = None
    claim: str = ""
    attempts: int = 0
    in_doubt: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A card and what it is owed, if anything."""

    card: Card
    debt: Debt | None = None


_CARD_COLUMNS = ("nonce", "message_id", "url", "written_at", "repeats")
_PUT_CARD = Upsert(cards, key=("alert_id", "channel_id"), replace=_CARD_COLUMNS)
_DEBT_COLUMNS = (
    *("reason", "urgency", "mention", "state", "due_at", "attempts"),
    *("claim", "sending", "in_doubt", "problem"),
)
_PUT_DEBT = Upsert(outbox, key=("alert_id", "channel_id"), replace=_DEBT_COLUMNS)
_CLEAR = delete(outbox).where(outbox.c.id == bindparam("debt_id"))


def _labelled(table: Any, prefix: str) -> list[Any]:
    return [column.label(f"{prefix}_{column.name}") for column in table.c]


_STANDINGS = select(*_labelled(cards, "card"), *_labelled(outbox, "debt")).outerjoin(
    outbox,
    (outbox.c.alert_id == cards.c.alert_id) & (outbox.c.channel_id == cards.c.channel_id),
)
_OF_ALERTS = Lookup(_STANDINGS, [cards.c.alert_id])
_OWED_ALREADY = Lookup(
    select(cards.c.alert_id)
    .outerjoin(
        outbox,
        (outbox.c.alert_id == cards.c.alert_id)
        & (outbox.c.channel_id == cards.c.channel_id)
        & (outbox.c.state != literal_column(f"'{DEAD}'"))
        & (outbox.c.reason != literal_column("''")),
    )
    .group_by(cards.c.alert_id)
    .having(func.count() == func.count(outbox.c.id)),
    [cards.c.alert_id],
)
_WAITING = outbox.c.state.in_((PENDING, CLAIMED))
_NEXT_DUE = select(func.min(outbox.c.due_at)).where(_WAITING)
_OF_DEBT = _STANDINGS.where(outbox.c.id == bindparam("debt_id"))


def standings(connection: Connection, alert_ids: Collection[int]) -> dict[int, list[Standing]]:
    """The cards of these alerts and what they are owed, by alert."""
    found: dict[int, list[Standing]] = defaultdict(list)
    for row in _OF_ALERTS.rows(connection, [(alert_id,) for alert_id in alert_ids]):
        found[row.card_alert_id].append(_standing(row))
    return found


def owed_already(connection: Connection, alert_ids: Collection[int]) -> set[int]:
    """Those of the alerts that have cards, each of which is owed something and not dead."""
    found = _OWED_ALREADY.rows(connection, [(alert_id,) for alert_id in alert_ids])
    return {row.alert_id for row in found}


def standing(connection: Connection, debt_id: int) -> Standing | None:
    """The card of a debt; None if the debt has been paid."""
    row = connection.execute(_OF_DEBT, {"debt_id": debt_id}).one_or_none()
    return None if row is None else _standing(row)


def due(
    connection: Connection, now: datetime, *, limit: int, but_not: Collection[tuple[int, int]]
) -> list[Standing]:
    """Debts that are due (or whose claim has lapsed), the most urgent first.

    `but_not` holds (channel, urgency) pairs: leave out debts of that channel that are of that
    urgency number or a higher one.
    """
    given: dict[str, Any] = {"now": to_number(now), "limit": limit}
    for number, (channel_id, urgency) in enumerate(but_not):
        given |= {f"channel{number}": channel_id, f"urgency{number}": urgency}
    return [_standing(row) for row in connection.execute(_due(len(but_not)), given)]


def next_due(connection: Connection) -> datetime | None:
    """When the first debt is due or the first claim lapses; None if nothing is owed."""
    return to_moment_or_none(connection.execute(_NEXT_DUE).scalar())


@lru_cache(maxsize=64)
def _due(blocked_channels: int) -> Select[Any]:
    """The question, composed once: to compose it takes longer than to answer it."""
    query = _STANDINGS.where(_WAITING, outbox.c.due_at <= bindparam("now"))
    for number in range(blocked_channels):
        is_channel = outbox.c.channel_id == bindparam(f"channel{number}")
        query = query.where(~(is_channel & (outbox.c.urgency >= bindparam(f"urgency{number}"))))
    order = (outbox.c.urgency, outbox.c.due_at, outbox.c.id)
    return query.order_by(*order).limit(bindparam("limit"))


def put(connection: Connection, changed: Sequence[Standing]) -> None:
    """Store what these cards are owed; a new card is stored too."""
    owed = [(each.card, each.debt) for each in changed if each.debt is not None]
    put_cards(connection, [card for card, debt in owed if debt.id == 0])
    _PUT_DEBT.run(connection, [_debt_row(card, debt) for card, debt in owed])


def put_cards(connection: Connection, changed: Sequence[Card]) -> None:
    """Store cards, new or changed."""
    _PUT_CARD.run(connection, [_card_row(card) for card in changed])


def clear(connection: Connection, debt_id: int) -> None:
    """The debt is paid."""
    connection.execute(_CLEAR, {"debt_id": debt_id})


def _standing(row: Any) -> Standing:
    card = Card(
        alert_id=row.card_alert_id,
        channel_id=row.card_channel_id,
        nonce=row.card_nonce,
        created_at=to_moment(row.card_created_at),
        message_id=row.card_message_id,
        url=row.card_url,
        written_at=to_moment_or_none(row.card_written_at),
        repeats=row.card_repeats,
    )
    if row.debt_id is None:
        return Standing(card)
    debt = Debt(
        id=row.debt_id,
        state=row.debt_state,
        reason=Reason(row.debt_reason) if row.debt_reason else None,
        urgency=row.debt_urgency,
        mention=row.debt_mention,
        due_at=to_moment(row.debt_due_at),
        created_at=to_moment(row.debt_created_at),
        sending=Reason(row.debt_sending) if row.debt_sending else None,
        claim=row.debt_claim,
        attempts=row.debt_attempts,
        in_doubt=bool(row.debt_in_doubt),
        problem=row.debt_problem,
    )
    return Standing(card, debt)


def _card_row(card: Card) -> dict[str, Any]:
    return {
        "alert_id": card.alert_id,
        "channel_id": card.channel_id,
        "nonce": card.nonce,
        "message_id": card.message_id,
        "url": card.url,
        "created_at": to_number(card.created_at),
        "written_at": None if card.written_at is None else to_number(card.written_at),
        "repeats": card.repeats,
    }


def _debt_row(card: Card, debt: Debt) -> dict[str, Any]:
    return {
        "alert_id": card.alert_id,
        "channel_id": card.channel_id,
        "reason": debt.reason or "",
        "urgency": debt.urgency,
        "mention": debt.mention,
        "state": debt.state,
        "due_at": to_number(debt.due_at),
        "created_at": to_number(debt.created_at),
        "attempts": debt.attempts,
        "claim": debt.claim,
        "sending": debt.sending or "",
        "in_doubt": debt.in_doubt,
        "problem": debt.problem,
    }
