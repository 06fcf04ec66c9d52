"""REMEMBERING: the only SQL in the project; SQLite by default, PostgreSQL by URL."""

from bot.store.store import Store

__all__ = ["Store"]
