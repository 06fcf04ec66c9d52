"""The stretch of lines that is kept around a moment."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.logs.nearest import nearest

sizes = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), min_size=1, max_size=40)


@given(sizes, st.integers(-5, 55), st.integers(0, 60), st.integers(1, 30))
def test_the_stretch_is_bounded_and_nothing_nearer_is_left_out(
    lines: list[tuple[int, int]], at: int, room: int, most: int
) -> None:
    lines.sort()
    times, lengths = [time for time, _ in lines], [length for _, length in lines]
    first, last = nearest(times, lengths, at, room=room, most=most)
    assert 0 <= first < last <= len(lines)
    assert last - first <= most
    assert last - first == 1 or sum(lengths[first:last]) <= room
    closest = min(abs(time - at) for time in times)
    assert any(abs(time - at) == closest for time in times[first:last])


@given(st.integers(1, 30), st.integers(0, 30))
def test_all_is_kept_where_there_is_room(count: int, at: int) -> None:
    assert nearest(range(count), [1] * count, at, room=count, most=count) == (0, count)


def test_of_nothing_nothing_is_kept() -> None:
    assert nearest([], [], 0, room=10, most=10) == (0, 0)
