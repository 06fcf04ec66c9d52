"""Discord's ids: 42 bits of milliseconds since 2015, then a counter."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Snowflakes:
    """Hands out ids that only ever grow, and that carry the time they were made."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> str:
        """Return a new id, as the decimal string Discord's JSON uses."""
        self._last = max(self._last + 1, ((self._clock() - EPOCH) // _MILLISECOND) << 22)
        return str(self._last)

    def seen(self, snowflake: str) -> None:
        """Never hand out `snowflake` or anything older (used after loading a saved world)."""
        self._last = max(self._last, int(snowflake))


def moment(snowflake: str) -> datetime:
    """Return the UTC time a snowflake was made."""
    return EPOCH + (int(snowflake) >> 22) * _MILLISECOND
