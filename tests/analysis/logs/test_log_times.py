"""Times as people write them, and as lines of files tell them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.logs.stamps import Stamper
from bot.analysis.logs.times import parse_time, parse_window
from bot.errors import BadPayload

ZURICH = ZoneInfo("Europe/Zurich")
NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)  # a Wednesday; 16:30 in Zurich


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-03-04T15:30"),
        ("15m", "2026-03-04T15:15"),
        ("2h ago", "2026-03-04T13:30"),
        ("1h30m", "2026-03-04T14:00"),
        ("2 days and 1 hour ago", "2026-03-02T14:30"),
        ("last 2 hours", "2026-03-04T13:30"),
        ("10:30", "2026-03-04T09:30"),
        ("16:31", "2026-03-03T15:31"),  # it has not come yet: yesterday's
        ("9am", "2026-03-04T08:00"),
        ("today", "2026-03-03T23:00"),
        ("yesterday 14:00", "2026-03-03T13:00"),
        ("mon 9am", "2026-03-02T08:00"),
        ("wednesday at noon", "2026-02-25T11:00"),
        ("2026-01-31 14:00", "2026-01-31T13:00"),
        ("2026-01-31T14:00Z", "2026-01-31T14:00"),
        ("2026-07-31T14:00", "2026-07-31T12:00"),  # summer time
        ("2026-01-31T14:00:00.123456789+05:30", "2026-01-31T08:30:00.123456"),
        ("1767225600", "2026-01-01T00:00"),
        ("1767225600500", "2026-01-01T00:00:00.500"),
    ],
)
def test_times_as_people_write_them(text: str, expected: str) -> None:
    wanted = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert parse_time(text, now=NOW, zone=ZURICH) == wanted


@pytest.mark.parametrize(
    "text", ["", "soon", "25:00", "13pm", "1.1.2026", "5 parsecs", "1970-01-01", "9" * 90, "0am"]
)
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(BadPayload, match=r"no time|a unit is"):
        parse_time(text, now=NOW)


def test_windows() -> None:
    begin = NOW - timedelta(hours=1)
    assert parse_window("1h", now=NOW) == (begin, NOW)
    assert parse_window("1h", "+5m", now=NOW) == (begin, begin + timedelta(minutes=5))
    with pytest.raises(BadPayload, match="before it begins"):
        parse_window("10m", "20m", now=NOW)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(BadPayload):
        assert parse_time(text, now=NOW).tzinfo is UTC


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-03-01T12:00:00.500Z INFO x", "2026-03-01T12:00:00.500"),
        ("2026-03-01 12:00:00,500 INFO x", "2026-03-01T11:00:00.500"),
        ("2026/03/01 12:00:00 [error] x", "2026-03-01T11:00"),
        ('1.2.3.4 - - [01/Mar/2026:12:00:00 +0000] "GET /"', "2026-03-01T12:00"),
        ("Mar  1 12:00:00 host app: x", "2026-03-01T11:00"),
        ("Dec 31 12:00:00 host app: x", "2025-12-31T11:00"),  # last year's
        ('{"ts": 1767225600.25, "msg": "x"}', "2026-01-01T00:00:00.250"),
        ('{"level":"info","time":"2026-03-01T12:00:00Z"}', "2026-03-01T12:00"),
    ],
)
def test_times_that_lines_tell(line: str, expected: str) -> None:
    wanted = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert Stamper(now=NOW, zone=ZURICH)(line) == int(wanted.timestamp() * 1000)


@pytest.mark.parametrize(
    "line", ["  at a.b(c)", "", "2026-13-45T99:99:99Z x", "[99/Foo/2026:12:00:00 +0000]", "{}"]
)
def test_lines_without_a_time(line: str) -> None:
    assert Stamper(now=NOW)(line) is None


@given(st.text(alphabet='0123456789-:T ./[]JanFeb+Z{}"tsime=', max_size=80))
def test_no_line_breaks_the_stamper(line: str) -> None:
    assert isinstance(Stamper(now=NOW)(line), int | None)
