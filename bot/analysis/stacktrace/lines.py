"""Text before it is read: clean lines, without colours, log prefixes or foreign indentation."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

# A frame is never longer; a longer line is data, and no frame pattern is tried on it.
LONGEST_FRAME = 2_000

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]{0,16}[ -/]?[@-~]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\))")
_ODD_SPACES = {ord(space): " " for space in "\u00a0\u2007\u202f"}
_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9}){0,2}(?:Z|[+-]\d\d:?\d\d)?"
# What docker, Kubernetes, syslog and docker compose put in front of every line.
_LINE_PREFIX = re.compile(
    rf"(?:[\w.-]{{1,64}} {{0,32}}\| )?(?:{_TIME} (?:std(?:out|err) [FP] )?"
    r"|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S{1,128} \S{1,128}: )"
    r"|[\w.-]{1,64} {0,32}\| "
)
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE)"
# The first line of the next log record: a multi-line message ends before it.
_LOG_RECORD = re.compile(
    rf"\[?{_TIME}|\[?\d{{4}}/\d\d/\d\d \d\d:\d\d:\d\d|{_LEVEL}(?::[\w.-]+:| {{1,8}}\S|:  )"
    rf"|\[{_LEVEL}\]|(?:START|END|REPORT) RequestId: |[A-Z][a-z]{{2}} [ \d]\d,? (?:\d{{4}} )?\d\d:"
    r"|\d{1,3}(?:\.\d{1,3}){3} - "
)


def clean(text: str) -> list[str]:
    """Split into lines and take away what is not the program's own output.

    ANSI colours, no-break spaces (AWS Lambda indents with them), carriage returns, prefixes that
    a log collector put before most lines, indentation that all lines share. A text that came out
    of JSON with its line ends still escaped is unescaped.
    """
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if not text.isascii():
        text = text.translate(_ODD_SPACES)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\\n" in text and text.count("\\n") > 2 * text.count("\n"):
        text = text.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')
    lines = text.split("\n")
    return _dedented(_without_prefixes(lines))


def starts_log_record(line: str) -> bool:
    """Whether a line looks like the start of a new log record."""
    return _LOG_RECORD.match(line) is not None


def split_name(qualified: str, separator: str = ".") -> tuple[str, str]:
    """Split a qualified name into (module, name): "a.b.C" -> ("a.b", "C")."""
    module, _, name = qualified.rpartition(separator)
    return module, name


def ends_at(lines: Sequence[str], start: int) -> int:
    """Where a message that goes on from `start` ends: a blank line, a log record, the end."""
    index = start
    while index < len(lines) and lines[index].strip() and not starts_log_record(lines[index]):
        index += 1
    return index


def _without_prefixes(lines: list[str]) -> list[str]:
    matches = [_LINE_PREFIX.match(line) for line in lines[:3]]
    if sum(match is not None for match in matches) < min(2, len(lines)):
        return lines
    found = [_LINE_PREFIX.match(line) for line in lines]
    filled = sum(1 for line in lines if line.strip())
    if 2 * sum(match is not None for match in found) <= filled:
        return lines
    return [
        line[match.end() :] if match else line for line, match in zip(lines, found, strict=True)
    ]


def _dedented(lines: list[str]) -> list[str]:
    first = next((line for line in lines if line.strip()), "")
    if first[:1] != " ":
        return lines
    margin = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
    return [line[margin:] for line in lines] if margin else lines


def header_above(
    lines: Sequence[str], first_frame: int, floor: int, is_header: Callable[[str], object]
) -> int | None:
    """The line where the error's name stands: the topmost header of the paragraph above.

    Looks at no more than 40 lines above `first_frame` and never above `floor`.
    """
    found: int | None = None
    for index in range(first_frame - 1, max(floor, first_frame - 40) - 1, -1):
        line = lines[index]
        if not line.strip():
            break
        if len(line) <= 2 * LONGEST_FRAME and is_header(line):
            found = index
    return found
