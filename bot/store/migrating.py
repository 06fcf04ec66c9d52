"""Bring a database to the newest shape, however many processes open it at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from bot.errors import SettingsError

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """Apply what is missing, in one exclusive transaction: all of it or nothing.

    Raises:
        SettingsError: the database was written by a newer Jinkies.
    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    with engine.begin() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current == scripts.get_current_head():
            return
        known = {script.revision for script in scripts.walk_revisions()}
        if current is not None and current not in known:
            raise SettingsError(
                [f"the database has shape {current}, newer than this Jinkies: update Jinkies"]
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
