"""Orders as rows."""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple


class OrderRow(NamedTuple):
    """One order; its total is in cents."""

    id: str
    total_cents: int


def of_customer(database: sqlite3.Connection, customer: str) -> Iterator[OrderRow]:
    """The customer's orders, oldest first."""
    query = "SELECT id, total_cents FROM orders WHERE customer = ? ORDER BY rowid"
    for id_, total in database.execute(query, (customer,)):
        yield OrderRow(id_, total)
