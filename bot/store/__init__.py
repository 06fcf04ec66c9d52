"""REMEMBERING: the only SQL in the project; SQLite by default, PostgreSQL by URL."""

from bot.store.store import Store
from bot.store.writer import Transaction

__all__ = ["Store", "Transaction"]
