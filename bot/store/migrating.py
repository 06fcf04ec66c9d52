"""Bring a database to the newest shape, however many processes open it at once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from bot.errors import SettingsError

_MIGRATIONS = Path(__file__).parent / "migrations"


def newest_revision() -> str:
    """The revision of the newest migration: the number its file's name begins with."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def migrate(engine: Engine) -> None:
    """Apply what is missing, in one exclusive transaction: all of it or nothing.

    Raises:
        SettingsError: the database was written by a newer Jinkies.
    """
    with engine.connect() as connection:
        if _revision(connection) == newest_revision():
            return
    _upgrade(engine)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _upgrade(engine: Engine) -> None:
    # Alembic costs a tenth of a second and 11 MB; a database that is up to date needs none of it.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    with engine.begin() as connection:
        current = _revision(connection)
        if current == scripts.get_current_head():
            return
        known = {script.revision for script in scripts.walk_revisions()}
        if current is not None and current not in known:
            raise SettingsError(
                [f"the database has shape {current}, newer than this Jinkies: update Jinkies"]
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
