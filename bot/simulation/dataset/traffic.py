"""How busy the company is, minute by minute.

Minutes are counted from 1970-01-01T00:00Z everywhere in this room.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.simulation.dataset.configuration import Generation
from bot.simulation.dataset.draws import words

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 60
DAY = 1440


def minute_of(moment: datetime) -> int:
    """The minute that holds `moment` (aware)."""
    return (moment - EPOCH) // timedelta(minutes=1)


def moment_of(minute: int) -> datetime:
    """The beginning of a minute."""
    return EPOCH + timedelta(minutes=minute)


def hour_name(minute: int) -> str:
    """The hour of a minute as files are named by it: 2026-01-05T14."""
    return moment_of(minute).strftime("%Y-%m-%dT%H")


def stamp(minute: int) -> str:
    """The minute as an ISO text that waits for its seconds: "2026-01-05T14:03:"."""
    return moment_of(minute).strftime("%Y-%m-%dT%H:%M:")


class Traffic:
    """The curve of the day and the week; 1.0 is the mean of a week."""

    def __init__(self, generation: Generation, seed: int) -> None:
        self._seed = seed
        hours, days = generation.hours, generation.weekdays
        self._hours = tuple(hour * 24 / sum(hours) for hour in hours)
        self._days = tuple(day * 7 / sum(days) for day in days)
        self.peak = max(self._hours) * max(self._days)

    def curve(self, minute: int) -> float:
        """The expected factor, without chance."""
        into_hour = (minute % HOUR) / HOUR
        hour = minute % DAY // HOUR
        weekday = (minute // DAY + 3) % 7  # 1970-01-01 was a Thursday
        now, then = self._hours[hour], self._hours[(hour + 1) % 24]
        return (now + (then - now) * into_hour) * self._days[weekday]

    def at(self, minute: int) -> float:
        """The factor of one minute: the curve with bursts, as real traffic has them."""
        quick, slow = (
            words(1, self._seed, "traffic", minute)[0],
            words(1, self._seed, "traffic", "slow", minute // 7)[0],
        )
        return self.curve(minute) * (0.78 + 0.28 * _unit(quick)) * (0.9 + 0.36 * _unit(slow) ** 2)


def _unit(word: int) -> float:
    return (word >> 11) / (1 << 53)
