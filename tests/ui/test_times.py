from datetime import UTC, datetime, timedelta

import pytest

from bot.ui import times

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "a moment"),
        (59, "a moment"),
        (60, "1 minute"),
        (299, "4 minutes"),
        (3600, "1 hour"),
        (86400 * 3, "3 days"),
    ],
)
def test_a_duration_is_said_in_its_largest_unit(seconds: int, words: str) -> None:
    assert times.duration(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("minutes", "words"), [(30, "30 minutes"), (60, "1 hour"), (90, "90 minutes"), (1440, "1 day")]
)
def test_an_exact_length_loses_nothing(minutes: int, words: str) -> None:
    assert times.exact(timedelta(minutes=minutes)) == words


def test_discord_shows_times_in_the_readers_zone() -> None:
    assert times.relative(NOW) == "<t:1795230000:R>"
    assert times.ago(NOW - timedelta(minutes=5), NOW) == "5 minutes ago"
