"""The order database."""

from __future__ import annotations

import logging
import sqlite3
import threading
from typing import Any

log = logging.getLogger(__name__)

MIGRATIONS = (
    "CREATE TABLE orders (id TEXT PRIMARY KEY, customer TEXT, total INTEGER, currency TEXT)",
    "CREATE TABLE order_lines (order_id TEXT, sku TEXT, quantity INTEGER)",
    "CREATE INDEX order_lines_order ON order_lines (order_id)",
    "ALTER TABLE order_lines ADD COLUMN gift_note TEXT DEFAULT ''",
)

database = sqlite3.connect(":memory:", check_same_thread=False)
database.row_factory = sqlite3.Row
_one_at_a_time = threading.Lock()


def migrate() -> None:
    """Bring the database to the newest version."""
    for number, statement in enumerate(MIGRATIONS, start=1):
        run(statement)
        log.info("migration %04d done", number)


def run(statement: str, *values: object) -> list[Any]:
    """Run one statement in a transaction of its own."""
    with _one_at_a_time, database:
        return database.execute(statement, values).fetchall()


def save(order: dict[str, Any]) -> None:
    """Store an order, or store it again."""
    run(
        "INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?)",
        order["id"],
        order.get("customer", ""),
        order["total"],
        order["currency"],
    )
    log.info("order %s saved", order["id"])


def packing_slip(order_id: str) -> dict[str, Any]:
    """What the warehouse prints and puts into the parcel."""
    rows = run("SELECT id, customer, gift_note FROM orders WHERE id = ?", order_id)
    return dict(rows[0])
