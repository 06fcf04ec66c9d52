"""What a customer spent in a month."""

import sqlite3
from collections.abc import Iterable

from orders.repository import OrderRow, of_customer

FREE_SHIPPING_FROM = 5_000


def statement(database: sqlite3.Connection, customer: str) -> dict[str, object]:
    """The statement that the account page shows."""
    rows = list(of_customer(database, customer))
    return {"orders": len(rows), "total_cents": total_of(rows)}


def total_of(rows: Iterable[OrderRow]) -> int:
    """The sum of the orders' totals, in cents."""
    total = 0
    for row in rows:
        total += row.total_cents
    return total
