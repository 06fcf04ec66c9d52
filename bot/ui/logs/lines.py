"""Log lines as people see them: one code block that no text can leave, levels by colour and letter.

found = entries(lines)                          # lines in order of time, already redacted
block, shown = fit(found, Look(zone), 3_000)    # so many of them as 3,000 units hold
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from bot.analysis.logs.display import readable
from bot.analysis.logs.levels import level_of
from bot.analysis.logs.query import LogLine
from bot.analysis.logs.records import Record, records
from bot.analysis.logs.templates import Template
from bot.models import Severity
from bot.ui import plain

FENCES = ("```ansi\n", "\n```")
_FIRST_LINES, _LAST_LINES = 4, 14  # of one entry
MOST_UNITS = 1_400  # of one entry
MOST_WIDTH = 500  # units of one line of an entry
_LETTERS = {
    Severity.INFO: "I",
    Severity.WARNING: "W",
    Severity.ERROR: "E",
    Severity.CRITICAL: "C",
}
_GREY, _RESET = "\x1b[30m", "\x1b[0m"
_COLOURS = {
    Severity.WARNING: "\x1b[33m",
    Severity.ERROR: "\x1b[31m",
    Severity.CRITICAL: "\x1b[35m",
}
# What our own columns say already.
_TIME = re.compile(
    r"\[?(?:<time>|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)"
    r"(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?\]?[\s|:-]{1,4}"
)
_LEVEL = re.compile(
    r"\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL)\]?[\s|:-]{1,4}(?=\S)"
)
_TRACE = re.compile(
    r"(?m)^[\s+|]*(?:Exception Group )?Traceback \(most recent call last\):|^\s+at \S|^Caused by: "
    r"|^goroutine \d+ \[|^[A-Za-z_][\w.]*(?:Error|Exception)(?:: |:?$)"
)
_CARETS = re.compile(r"[ \t]*[~^]+[~^ ]*")  # below a line of a Python trace
_PAINT = re.compile(r"\x1b\[[0-9;]{0,20}m")  # colours that programs write for terminals


@dataclass(frozen=True, slots=True)
class Entry:
    """What a program logged at one moment: a line, or a line and the trace below it.

    `line` is its head, `text` the whole; `lines` counts the log events that it is made of.
    """

    line: LogLine
    text: str
    level: Severity | None
    lines: int = 1


@dataclass(frozen=True, slots=True)
class Look:
    """How entries are shown.

    Attributes:
        dated: the day stands before the time, since there are several.
        named: the group's last name stands before the message, since there are several.
        marked: the id of a line that gets a mark at its left.
    """

    zone: tzinfo = UTC
    dated: bool = False
    named: bool = False
    marked: str = ""


def entries(lines: Iterable[LogLine], *, newest_first: bool = False) -> list[Entry]:
    """Put lines, given in order of time, together to entries; a trace stays in its own order."""
    streams: dict[tuple[str, str], list[LogLine]] = {}
    for line in lines:
        streams.setdefault((line.group, line.stream), []).append(line)
    found = [_entry(record) for stream in streams.values() for record in records(stream)]
    if len(streams) > 1:
        found.sort(key=lambda entry: entry.line.at)
    return found[::-1] if newest_first else found


def look_for(lines: Sequence[LogLine], zone: tzinfo, *, marked: str = "") -> Look:
    """Whether the day and the group must be told, of lines in any order."""
    if not lines:
        return Look(zone, marked=marked)
    times = [line.at for line in lines]
    days = {datetime.fromtimestamp(at / 1000, zone).date() for at in (min(times), max(times))}
    return Look(zone, len(days) > 1, len({line.group for line in lines}) > 1, marked)


def fit(found: Sequence[Entry], look: Look, limit: int) -> tuple[str, int]:
    """A code block of at most `limit` units with as many entries as it holds, and how many.

    At least one is shown, cut short if need be.
    """
    return block([entry_text(entry, look) for entry in found], limit)


def block(texts: Sequence[str], limit: int) -> tuple[str, int]:
    """A code block of at most `limit` units with as many of the harmless texts as it holds."""
    left = limit - sum(map(plain.units, FENCES))
    kept: list[str] = []
    for text in texts:
        size = plain.units(text) + 1
        if size > left and kept:
            break
        kept.append(text if size <= left else plain.clip(text, left - 5) + _RESET)
        left -= size
        if left <= 0:
            break
    return FENCES[0] + ("\n".join(kept) or " ") + FENCES[1], len(kept)


def entry_text(entry: Entry, look: Look) -> str:
    """One entry, coloured, harmless inside a code block."""
    mark = "▶ " if look.marked and entry.line.id == look.marked else ""
    name = f"{short_name(entry.line.group)} " if look.named else ""
    return f"{mark}{_head(entry.line.at, entry.level, look)}{_body(name, entry)}{_RESET}"


def template_text(template: Template, level: Severity | None, look: Look) -> str:
    """One shape of lines with how often it came, and from when to when."""
    count = f"×{template.count:,}".rjust(7)
    name = f"{short_name(template.example.group)} " if look.named else ""
    first, last = (clock(at, look) for at in (template.first, template.last))
    span = first if first == last else f"{first} – {last}"
    text = shown_text(template.text if template.count > 1 else readable(template.text))
    colour = _COLOURS.get(level or Severity.INFO, "")
    body = plain.clip(harmless(text.partition("\n")[0]), MOST_WIDTH)
    letter = _LETTERS.get(level or Severity.INFO, "I")
    return f"{colour}{count} {letter} {name}{body}{_RESET}\n          {_GREY}{span}{_RESET}"


def clock(at: int, look: Look) -> str:
    """The time of a line, to the millisecond, in the zone of the look."""
    moment = datetime.fromtimestamp(at / 1000, look.zone)
    day = f"{moment:%m-%d} " if look.dated else ""
    return f"{day}{moment:%H:%M:%S}.{at % 1000:03d}"


def short_name(group: str) -> str:
    """The last part of a group's name: /aws/lambda/checkout is checkout."""
    return plain.clip(harmless(group.rstrip("/").rpartition("/")[2] or group), 24)


def shown_text(text: str) -> str:
    """A text without the time and level at its beginning, which stand beside it."""
    bare = _TIME.sub("", text, count=1) if _TIME.match(text) else text
    rest = _LEVEL.sub("", bare, count=1) if _LEVEL.match(bare) else bare
    return rest if rest.strip() else text


def harmless(text: str) -> str:
    """Text that does nothing inside a code block: no control character, no fence."""
    return plain.unfenced(plain.visible(text))


def level_of_text(text: str) -> Severity | None:
    """The level of a record; a trace that tells none is an error."""
    level = level_of(text)
    return Severity.ERROR if level is None and _TRACE.search(text) else level


def _entry(record: Record) -> Entry:
    text = "\n".join(_PAINT.sub("", line.message).rstrip() for line in record.parts)
    return Entry(record.parts[0], text, level_of_text(text), len(record.parts))


def _head(at: int, level: Severity | None, look: Look) -> str:
    letter = _LETTERS[level] if level is not None else "·"
    colour = _COLOURS.get(level, _RESET) if level is not None else _RESET
    return f"{_GREY}{clock(at, look)} {colour}{letter} "


def _body(name: str, entry: Entry) -> str:
    """The text of an entry; of a long one its beginning and its end, and how much is between."""
    head, _, rest = entry.text.partition("\n")
    text = shown_text(readable(head))
    told = (f"{text}\n{rest}" if rest else text).split("\n")
    told = [told[0], *(f"  {line}" for line in told[1:] if not _CARETS.fullmatch(line))]
    lines = [_narrow(harmless(line)) for line in told]
    lines[0] = name + lines[0]
    first = min(_FIRST_LINES, len(lines))
    last = max(first, len(lines) - _LAST_LINES)
    while last < len(lines) and _size(lines[:first]) + _size(lines[last:]) > MOST_UNITS:
        last += 1  # of an exception's frames the innermost matter, and its own line above all
    if last == first:
        return "\n".join(lines)
    more = last - first
    between = f"  … {more} more line{'s' if more > 1 else ''} of it: Download has them"
    return "\n".join([*lines[:first], between, *lines[last:]])


def _size(lines: Sequence[str]) -> int:
    return sum(plain.units(line) + 1 for line in lines)


def _narrow(line: str) -> str:
    if plain.units(line) <= MOST_WIDTH:
        return line
    more = plain.units(line) - MOST_WIDTH
    return f"{plain.clip(line, MOST_WIDTH)} (+{more:,})"
