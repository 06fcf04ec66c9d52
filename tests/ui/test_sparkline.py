from hypothesis import given
from hypothesis import strategies as st

from bot.ui.sparkline import sparkline


def test_the_highest_count_is_the_highest_mark_and_nothing_is_the_lowest() -> None:
    assert sparkline((0, 1, 5, 10)) == "▁▂▅█"


def test_a_single_event_is_seen_beside_a_thousand() -> None:
    assert sparkline((1, 1000)) == "▂█"


def test_more_counts_than_marks_are_added_up_newest_group_whole() -> None:
    assert sparkline((6, 0, 0, 3, 3), width=3) == "█▁█"


def test_no_counts_draw_nothing() -> None:
    assert sparkline(()) == ""


@given(st.lists(st.integers(0, 10**9), max_size=200), st.integers(1, 30))
def test_it_is_never_wider_than_asked_and_shows_whether_there_was_anything(
    counts: list[int], width: int
) -> None:
    line = sparkline(counts, width)
    assert len(line) <= width
    assert bool(set(line) - {"▁"}) == any(counts)
