"""Lines collapsed to shapes with counts, and counted over time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.logs.histogram import histogram
from bot.analysis.logs.query import LogLine
from bot.analysis.logs.templates import mask, templates

START = datetime(2026, 1, 1, tzinfo=UTC)
BASE = int(START.timestamp() * 1000)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order 7 failed", "order 12345 failed"),
        ("user=u7 took 3ms", "user=u99 took 1250ms"),
        ('cannot find "a b"', 'cannot find "c"'),
        ("from 10.0.0.1:80", "from 192.168.7.9:8080"),
        (
            "request 00000000-1111-2222-3333-444444444444",
            "request aaaaaaaa-b1b1-c2c2-d3d3-eeeeeeeeeeee",
        ),
        ("at 2026-01-01T00:00:00Z", "at 2027-12-31T23:59:59.999+01:00"),
        ("commit 9fb8d95", "commit 0123456789abcdef"),
        ("GET https://a/b?c=1", "GET https://x.example/y"),
        ("mail to a@b.example", "mail to longer.name@other.example.com"),
    ],
)  # fmt: skip
def test_what_differs_only_in_numbers_and_names_has_one_shape(one: str, other: str) -> None:
    assert mask(one) == mask(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("order failed", "order paid"), ("decade", "facade"), ("ERROR x", "INFO x"), ("a b", "a c")],
)
def test_words_are_kept_apart(one: str, other: str) -> None:
    assert mask(one) != mask(other)


def test_shapes_are_counted_the_most_frequent_first() -> None:
    lines = [LogLine(n, f"order {n} failed") for n in range(312)] + [LogLine(5, "once 7")]
    often, once = templates(lines)
    assert (often.text, often.count) == ("order <n> failed", 312)
    assert (often.first, often.last, often.example.message) == (0, 311, "order 311 failed")
    assert (once.text, once.count) == ("once 7", 1)


@given(st.lists(st.tuples(st.integers(0, 99), st.text(max_size=30)), max_size=40))
def test_no_line_is_lost_in_shapes(given_lines: list[tuple[int, str]]) -> None:
    made = templates(LogLine(at, text) for at, text in given_lines)
    assert sum(each.count for each in made) == len(given_lines)
    assert [each.count for each in made] == sorted((each.count for each in made), reverse=True)
    assert all(each.first <= each.example.at == each.last for each in made)


@given(
    st.lists(st.integers(-10, 90_000_000), max_size=50),
    st.integers(1, 86_400),
    st.integers(2, 60),
)
def test_each_line_of_the_window_is_in_one_bar(
    times: list[int], seconds: int, buckets: int
) -> None:
    end = START + timedelta(seconds=seconds)
    lines = [LogLine(BASE + at, "ERROR x" if at % 3 else "INFO x") for at in times]
    bars = histogram(lines, START, end, buckets=buckets)
    inside = [at for at in times if 0 <= at <= seconds * 1000]
    assert sum(bars.counts) == len(inside)
    assert sum(bars.errors) == sum(1 for at in inside if at % 3)
    assert len(bars.counts) == len(bars.errors) <= buckets + 1
    assert bars.start <= START


@pytest.mark.parametrize(
    "piece", ["1.", "a@", '"', "0x", "deadbeef", "12:", "https://", "a-b_", "1,"]
)
def test_hostile_lines_take_linear_time(piece: str) -> None:
    line = LogLine(0, piece * (400_000 // len(piece)))
    began = time.process_time()
    templates([line] * 20)
    assert time.process_time() - began < 0.5
