"""Alembic's migrations; run by `bot.store.migrating` when a store is opened."""
