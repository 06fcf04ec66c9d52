"""An answer laid out: pages of entries, pages of shapes with counts, and the chart over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from itertools import groupby

from bot.alerting.looking import Found
from bot.analysis.logs.display import readable
from bot.analysis.logs.histogram import histogram
from bot.analysis.logs.query import LogLine
from bot.analysis.logs.templates import templates
from bot.models import Severity
from bot.ui import plain
from bot.ui.logs.lines import (
    Entry,
    Look,
    block,
    entries,
    entry_text,
    level_of_text,
    look_for,
    short_name,
    shown_text,
    template_text,
)

BLOCK_UNITS = 2_900  # of Discord's 4,000 for all texts of a message
_BARS = 40
_NOTHING, _STEPS = "▁", "▂▃▄▅▆▇█"
_NEAR = 5_000  # milliseconds between an error and the line that tells of it
_BAD = Severity.ERROR.rank
_GREY, _RED, _RESET = "\x1b[30m", "\x1b[31m", "\x1b[0m"


class Mode(StrEnum):
    """What a page shows; the letter in a button's custom_id."""

    LINES = "l"
    SHAPES = "s"


@dataclass(slots=True)
class _Book:
    """Harmless texts, and at which of them each page begins."""

    texts: list[str]
    starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        place = 0
        while place < len(self.texts) or not self.starts:
            self.starts.append(place)
            place += max(1, block(self.texts[place : place + 200], BLOCK_UNITS)[1])

    def page(self, number: int) -> tuple[int, int]:
        """Where a page (from 1) begins and ends."""
        ends = [*self.starts[1:], len(self.texts)]
        return self.starts[number - 1], ends[number - 1]


class Pages:
    """An answer, ready to be shown page by page; immutable, shared by all who look at it."""

    def __init__(self, found: Found, zone: tzinfo) -> None:
        self.found = found
        self.zone = zone
        centre = found.question.centre
        self.entries: Sequence[Entry] = entries(
            found.lines, newest_first=found.question.newest_first
        )
        if centre is not None:  # each line by itself, or the one asked for is lost in a trace
            self.entries = [_alone(line) for line in found.lines]
        marked = centre.id if centre else _struck(self.entries, found.question.occurred)
        self.look: Look = look_for(found.lines, zone, marked=marked)
        heads = [entry.line for entry in self.entries]
        shapes = templates(heads)
        levels = {entry.line: entry.level for entry in self.entries}
        self.shapes = len(shapes)
        self._books = {
            Mode.LINES: _Book([entry_text(entry, self.look) for entry in self.entries]),
            Mode.SHAPES: _Book(
                [template_text(each, levels[each.example], self.look) for each in shapes]
            ),
        }
        self.chart = _chart(found, heads, zone)

    @property
    def size(self) -> int:
        """How many lines are held."""
        return len(self.found.lines)

    def count(self, mode: Mode) -> int:
        """How many pages there are; at least one."""
        return len(self._books[mode].starts)

    def block(self, mode: Mode, number: int) -> str:
        """The code block of one page, from 1."""
        first, last = self._books[mode].page(number)
        return block(self._books[mode].texts[first:last], BLOCK_UNITS)[0]

    def on_page(self, number: int) -> Sequence[Entry]:
        """The entries of one page of lines, from 1."""
        first, last = self._books[Mode.LINES].page(number)
        return self.entries[first:last]

    def page_of_centre(self) -> int:
        """The page on which the line stands whose surroundings were asked for; 1 without one."""
        marked = self.look.marked
        places = [n for n, each in enumerate(self.entries) if marked and each.line.id == marked]
        starts = self._books[Mode.LINES].starts
        return sum(start <= places[0] for start in starts) if places else 1


def _alone(line: LogLine) -> Entry:
    return Entry(line, line.message.rstrip(), level_of_text(line.message))


def _struck(found: Sequence[Entry], at: int) -> str:
    """The id of the line that tells of the error which happened then; "" if none does."""
    near = [entry for entry in found if abs(entry.line.at - at) <= _NEAR]
    told = [entry for entry in near if entry.level is not None and entry.level.rank >= _BAD]
    closest = min(told or near, key=lambda entry: abs(entry.line.at - at), default=None)
    return closest.line.id if closest is not None else ""


def _chart(found: Found, heads: Sequence[LogLine], zone: tzinfo) -> str:
    """Bars of the lines over time, red where there are errors; "" where there is no more to see.

    Of an answer that was cut the bars stand for the lines that it holds.
    """
    lines, question = found.lines, found.question
    if question.centre is not None or len(lines) < 2 or question.end is None:
        return ""
    first, last = question.start, question.end
    if found.progress.more:
        first, last = lines[0].at, lines[-1].at + 1
    start, end = (datetime.fromtimestamp(each / 1000, UTC) for each in (first, last))
    bars = histogram(heads, start, end, buckets=_BARS)
    peak = max(bars.counts)
    pairs = zip(bars.counts, bars.errors, strict=True)
    drawn = "".join(
        (_RED if is_bad else _RESET) + "".join(_bar(count, peak) for count, _ in group)
        for is_bad, group in groupby(pairs, key=lambda pair: pair[1] > 0)
    )
    begins, ends = (each.astimezone(zone) for each in (bars.start, end))
    shape = "%H:%M:%S" if bars.step < 60 else "%H:%M"
    if begins.date() != ends.date():
        shape = f"%m-%d {shape}"
    told = f"{begins:{shape}} {drawn}{_RESET} {ends:{shape}}"
    errors = sum(bars.errors)
    worst = f", {_RED}{errors:,} error{'s' if errors != 1 else ''}{_RESET}" if errors else ""
    return (
        f"```ansi\n{told}\n{_GREY}a bar is {_length(bars.step)}, most {peak:,}{_RESET}{worst}\n```"
    )


def _bar(count: int, peak: int) -> str:
    if count <= 0:
        return _NOTHING
    return _STEPS[min(len(_STEPS) - 1, (count * len(_STEPS) - 1) // peak)]


def _length(seconds: int) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def choice_label(entry: Entry, look: Look) -> str:
    """An entry as one line of a menu, at most 100 units."""
    moment = datetime.fromtimestamp(entry.line.at / 1000, look.zone)
    mark = {Severity.ERROR: "🔴 ", Severity.CRITICAL: "🚨 ", Severity.WARNING: "🟠 "}
    level = mark.get(entry.level, "") if entry.level else ""
    name = f"{short_name(entry.line.group)} " if look.named else ""
    text = plain.one_line(shown_text(readable(entry.text.partition("\n")[0]))) or "–"
    return plain.clip(f"{moment:%H:%M:%S} {level}{name}{text}", 100)
