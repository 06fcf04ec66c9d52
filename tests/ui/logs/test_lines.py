"""Log lines as a code block: readable, complete or said not to be, and harmless."""

from __future__ import annotations

import re
from datetime import UTC
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.logs.query import LogLine
from bot.analysis.logs.templates import templates
from bot.models import Severity
from bot.ui import plain
from bot.ui.logs.lines import Look, entries, entry_text, fit, look_for, template_text
from bot.ui.logs.pages import choice_label

AT = 1_767_322_800_123  # 2026-01-02 03:00:00.123 UTC
PAINT = re.compile(r"\x1b\[[0-9;]*m")


def line(
    message: str, after: int = 0, group: str = "/aws/lambda/pay", stream: str = "s"
) -> LogLine:
    return LogLine(AT + after, message, group, stream, f"id-{after}")


def shown(*lines: LogLine, look: Look | None = None) -> list[str]:
    told = [entry_text(each, look or look_for(lines, UTC)) for each in entries(lines)]
    return [PAINT.sub("", each) for each in told]


def test_time_and_level_are_told_once() -> None:
    assert shown(line("2026-01-02T03:00:00.123Z ERROR [req-1] cannot pay")) == [
        "03:00:00.123 E [req-1] cannot pay"
    ]
    assert shown(line("[2026-01-02 03:00:00,123] WARNING: slow")) == ["03:00:00.123 W slow"]
    assert shown(line("no level at all")) == ["03:00:00.123 · no level at all"]


def test_json_is_shown_readable() -> None:
    message = '{"level":"error","message":"cannot pay","order_id":7,"pid":1}'
    assert shown(line(message)) == ["03:00:00.123 E cannot pay · order_id=7"]


def test_a_trace_stays_together_and_in_its_order_when_the_newest_come_first() -> None:
    lines = [
        line("ERROR boom"),
        line("Traceback (most recent call last):", 1),
        line('  File "pay.py", line 3, in pay', 2),
        line("KeyError: 1", 3),
        line("INFO next", 4),
    ]
    last, first = entries(lines, newest_first=True)
    assert last.text == "INFO next"
    assert first.text.splitlines()[-1] == "KeyError: 1"
    assert first.lines == 4
    assert first.level is Severity.ERROR


def test_a_trace_without_a_level_is_an_error() -> None:
    (entry,) = entries([line("panic at the till\n  at pay (pay.js:1:2)")])
    assert entry.level is Severity.ERROR


def test_of_a_long_trace_the_beginning_and_the_end_are_shown() -> None:
    frames = "\n".join(f'  File "{n}.py", line 1, in f\n    ^^^^^^' for n in range(100))
    (told,) = shown(line(f"ERROR boom\nTraceback (most recent call last):\n{frames}\nKeyError: 1"))
    assert "boom" in told
    assert told.endswith("KeyError: 1")
    assert "… 85 more lines of it: Download has them" in told
    assert "^" not in told


def test_the_day_and_the_group_are_told_where_there_are_several() -> None:
    lines = [line("INFO a"), line("INFO b", 86_400_000, group="/aws/lambda/mail")]
    assert shown(*lines) == ["01-02 03:00:00.123 I pay a", "01-03 03:00:00.123 I mail b"]


def test_times_are_those_of_the_zone() -> None:
    lines = [line("INFO a")]
    assert shown(*lines, look=Look(ZoneInfo("Asia/Tokyo"))) == ["12:00:00.123 I a"]


def test_colours_of_a_programs_own_are_left_out_and_do_not_hide_its_level() -> None:
    (entry,) = entries([line("\x1b[31mERROR\x1b[0m boom")])
    assert entry.level is Severity.ERROR
    assert entry_text(entry, Look()).count("\x1b") == 3


def test_a_shape_tells_how_often_it_came_and_when() -> None:
    found = templates([line(f"INFO took {n} ms", n * 1000) for n in range(3)])
    told = PAINT.sub("", template_text(found[0], Severity.INFO, Look()))
    assert told.split() == ["×3", "I", "took", "<n>", "ms", "03:00:00.123", "–", "03:00:02.123"]


@given(st.lists(st.text(max_size=300), min_size=1, max_size=6), st.integers(200, 3_000))
def test_whatever_a_log_holds_stays_inside_its_block(messages: list[str], limit: int) -> None:
    lines = [line(message, n) for n, message in enumerate(messages)]
    block, count = fit(entries(lines), look_for(lines, UTC), limit)
    assert plain.units(block) <= limit
    assert block.startswith("```ansi\n")
    assert block.endswith("\n```")
    inside = block[len("```ansi\n") : -len("\n```")]
    assert "```" not in inside
    assert not re.search(r"[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e]", inside)
    assert set(re.findall(r"\x1b\[[^m]*m?", inside)) <= {f"\x1b[{n}m" for n in (0, 30, 31, 33, 35)}
    assert count <= len(entries(lines)) or not lines


def test_the_menu_names_a_line_as_the_page_shows_it() -> None:
    (entry,) = entries([line("2026-01-02T03:00:00.123Z ERROR [req-1] cannot pay")])
    assert choice_label(entry, Look()) == "03:00:00 🔴 [req-1] cannot pay"
    assert choice_label(entry, Look(named=True)) == "03:00:00 🔴 pay [req-1] cannot pay"
    (entry,) = entries([line('{"level":"info","message":"paid","order_id":7}')])
    assert choice_label(entry, Look()).startswith("03:00:00 paid")
