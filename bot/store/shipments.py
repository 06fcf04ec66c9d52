"""Shipments: the one issue and the one pull request of an alert.

A row is claimed before GitHub is called and finished after; `in_doubt` stays set while an
earlier call may have succeeded without our knowing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from bot.models import Shipment, ShipmentChange
from bot.store import rows
from bot.store.moments import to_moment, to_number
from bot.store.schema import shipments
from bot.store.upserts import Upsert


@dataclass(frozen=True, slots=True)
class ShipmentClaim:
    """Who is at work on a shipment (or was, if it has lapsed)."""

    claim: str
    until: datetime
    by: str
    in_doubt: bool


_CLAIM = Upsert(
    shipments,
    key=("alert_id", "kind"),
    replace=("claim", "claimed_until", "claimed_by", "in_doubt"),
)


def find(connection: Connection, alert_id: int, kind: str) -> Shipment | ShipmentClaim | None:
    """The shipment if it is finished, else the claim on it, else None."""
    row = connection.execute(
        select(shipments).where(shipments.c.alert_id == alert_id, shipments.c.kind == kind)
    ).one_or_none()
    if row is None:
        return None
    if row.number is not None:
        return rows.shipment(row)
    return ShipmentClaim(row.claim, to_moment(row.claimed_until), row.claimed_by, row.in_doubt)


def put_claim(connection: Connection, alert_id: int, kind: str, claim: ShipmentClaim) -> None:
    """Write a claim, or its release (a claim that has lapsed)."""
    row = {
        "alert_id": alert_id,
        "kind": kind,
        "claim": claim.claim,
        "claimed_until": to_number(claim.until),
        "claimed_by": claim.by,
        "in_doubt": claim.in_doubt,
    }
    _CLAIM.run(connection, [row])


def finish(connection: Connection, alert_id: int, shipment: Shipment) -> None:
    """Write the shipment down. There must have been a claim."""
    connection.execute(
        update(shipments)
        .where(shipments.c.alert_id == alert_id, shipments.c.kind == shipment.kind)
        .values(
            claim="",
            in_doubt=False,
            repository=shipment.repository,
            number=shipment.number,
            url=shipment.url,
            created_by=shipment.created_by,
            created_at=to_number(shipment.created_at),
            state=shipment.state,
            state_at=to_number(shipment.created_at),
        )
    )


def owners(connection: Connection, change: ShipmentChange) -> list[int]:
    """The alerts whose shipment this is, if the change is news to us: of another state, and
    not from before what we have been told. Repositories are compared as GitHub does, in any
    case of letters.
    """
    found = connection.execute(
        select(shipments.c.alert_id)
        .where(
            shipments.c.number == change.number,
            shipments.c.kind == change.kind,
            func.lower(shipments.c.repository) == change.repository.lower(),
            shipments.c.state != change.state,
            shipments.c.state_at <= to_number(change.at),
        )
        .order_by(shipments.c.alert_id)
    )
    return list(found.scalars())


def put_state(connection: Connection, alert_id: int, change: ShipmentChange) -> None:
    """Write down what became of a shipment."""
    connection.execute(
        update(shipments)
        .where(shipments.c.alert_id == alert_id, shipments.c.kind == change.kind)
        .values(state=change.state, state_at=to_number(change.at))
    )
