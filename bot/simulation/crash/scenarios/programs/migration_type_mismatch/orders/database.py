"""The database of orders, and the migrations it has been through."""

import sqlite3

_SCHEMA = """
CREATE TABLE orders (id TEXT PRIMARY KEY, customer TEXT NOT NULL, total_cents INTEGER NOT NULL);
"""
# 0042: "totals of marketplaces come as text; keep them as they are".
_MIGRATION_0042 = """
ALTER TABLE orders RENAME TO orders_0041;
CREATE TABLE orders (id TEXT PRIMARY KEY, customer TEXT NOT NULL, total_cents TEXT NOT NULL);
INSERT INTO orders SELECT id, customer, total_cents FROM orders_0041;
DROP TABLE orders_0041;
"""


def connect(customer: str, newest: str) -> sqlite3.Connection:
    """The database as it is after migration 0042, with the orders of one customer."""
    database = sqlite3.connect(":memory:")
    database.executescript(_SCHEMA)
    rows = [("ord_100734", customer, 12_900), (newest, customer, 4_990)]
    database.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    database.executescript(_MIGRATION_0042)
    return database
