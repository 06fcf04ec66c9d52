"""A database that fails, in our words."""

from __future__ import annotations

from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
    TimeoutError,
)

from bot.errors import UpstreamError

#: The database, and not what it was asked. The last: all connections are waiting for it.
DATABASE_FAILED = (OperationalError, InterfaceError, TimeoutError)


def database_failed(error: SQLAlchemyError) -> UpstreamError:
    """The error that callers see when the database did not do as it was asked."""
    return UpstreamError(
        "The database",
        reason(error),
        cure="Check that its disk is not full and that it can be reached; nothing was stored.",
    )


def reason(error: SQLAlchemyError) -> str:
    """What the database says, on one line."""
    said = str(error.orig if isinstance(error, DBAPIError) else error)
    return "; ".join(line.strip() for line in said.splitlines() if line.strip())
