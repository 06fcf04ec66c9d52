"""A database that fails, in our words."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from bot.errors import UpstreamError


def database_failed(error: DBAPIError) -> UpstreamError:
    """The error that callers see when the database did not do as it was asked."""
    return UpstreamError(
        "The database",
        str(error.orig),
        cure="Check that its disk is not full and that it can be reached; nothing was stored.",
    )
