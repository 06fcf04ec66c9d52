"""Times as the database keeps them: whole microseconds since 1970 UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_number(moment: datetime) -> int:
    """Microseconds since 1970 of an aware `moment`; exact."""
    return (moment - _EPOCH) // _MICROSECOND


def to_moment(number: int) -> datetime:
    """The aware UTC datetime of `number` microseconds since 1970."""
    return _EPOCH + timedelta(0, 0, number)


def to_moment_or_none(number: int | None) -> datetime | None:
    """Like `to_moment`, for columns that may be empty."""
    return None if number is None else to_moment(number)
