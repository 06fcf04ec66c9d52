"""Ruby: newest first with `from`, oldest first under `Traceback` (2.5 to 2.7), or Rails' log.

The first line holds place, message and class: "app.rb:5:in `total': message (TypeError)".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.analysis.stacktrace.lines import LONGEST_FRAME, split_name, starts_log_record
from bot.models import ExceptionInfo, Frame

HINTS = (":in `", ":in '")

_FRAME = re.compile(
    r"(?P<lead>\s*(?:\d{1,6}: )?(?:from )?)"
    r"(?P<file><internal:[^>]{1,300}>|(?:[A-Za-z]:)?[^\s:][^:]*)"
    r":(?P<line>\d{1,9}):in [`'](?P<function>[^\n]+?)'(?:: (?P<message>.*))?$"
)
_CLASS = re.compile(r"(?P<message>.*) \((?P<type>[A-Z]\w*(?:::\w+)*)\)$")
_RAILS = re.compile(r"(?:.{0,200}\s)?(?P<type>[A-Z]\w*(?:::\w+)*) \((?P<message>.*)\):\s*$")
_PLAIN = re.compile(r"(?:.{0,200}\s)?(?P<type>[A-Z]\w*(?:::\w+)*): (?P<message>.*)$")
_LEVELS = re.compile(r"\s*\.\.\. +\d+ levels\.\.\.")


def parse(lines: Sequence[str]) -> tuple[ExceptionInfo, ...]:
    """Read the first exception with its causes; () if there is none."""
    first = next((i for i, line in enumerate(lines) if _match(line) is not None), None)
    if first is None:
        return ()
    match = _match(lines[first])
    if match is not None and match["message"] is not None:
        return _newest_first(lines, first)
    if match is not None and match["lead"].strip().endswith(": from"):
        return _oldest_first(lines, first)
    return _listed(lines, first)


def _match(line: str) -> re.Match[str] | None:
    return _FRAME.match(line) if len(line) <= LONGEST_FRAME and ":in " in line else None


def _newest_first(lines: Sequence[str], index: int) -> tuple[ExceptionInfo, ...]:
    chain: list[ExceptionInfo] = []
    while index < len(lines):
        match = _match(lines[index])
        if match is None or match["message"] is None:
            break
        type_, message, code, index = _described(lines, index, match)
        frames = [_frame(match, code)]
        while index < len(lines):
            following = _match(lines[index])
            if following is not None and following["message"] is None:
                frames.append(_frame(following))
            elif not _LEVELS.match(lines[index]):
                break
            index += 1
        chain.append(_info(type_, message, frames))
    return tuple(reversed(chain))


def _described(lines: Sequence[str], index: int, match: re.Match[str]) -> tuple[str, str, str, int]:
    """Type, message, source line (error_highlight prints one) and the next line's index."""
    classed = _CLASS.match(match["message"])
    message = [classed["message"] if classed else match["message"]]
    index += 1
    while index < len(lines) and lines[index].strip() and _match(lines[index]) is None:
        if starts_log_record(lines[index]):
            break
        message.append(lines[index])
        index += 1
    code = ""
    if index + 2 < len(lines) and not lines[index].strip() and lines[index + 1][:1] == " ":
        marker = lines[index + 2].strip()
        if marker and not marker.strip("^~ "):
            code = lines[index + 1].strip()
            index += 3
    return classed["type"] if classed else "RuntimeError", "\n".join(message), code, index


def _oldest_first(lines: Sequence[str], index: int) -> tuple[ExceptionInfo, ...]:
    frames: list[Frame] = []
    for at in range(index, len(lines)):
        match = _match(lines[at])
        if match is None:
            if _LEVELS.match(lines[at]):
                continue
            break
        if match["message"] is not None:
            type_, message, code, _ = _described(lines, at, match)
            frames.append(_frame(match, code))
            return (_info(type_, message, list(reversed(frames))),)
        frames.append(_frame(match))
    return (ExceptionInfo("RuntimeError", "", tuple(frames)),)


def _listed(lines: Sequence[str], index: int) -> tuple[ExceptionInfo, ...]:
    """A backtrace that a logger printed under `Class (message):` or `Class: message`."""
    frames: list[Frame] = []
    above = next((line for line in reversed(lines[max(0, index - 3) : index]) if line.strip()), "")
    above = above[: 2 * LONGEST_FRAME]
    header = _RAILS.match(above) or _CLASS.match(above) or _PLAIN.match(above)
    for line in lines[index:]:
        match = _match(line)
        if match is None:
            break
        frames.append(_frame(match))
    if header is None:
        return (_info("RuntimeError", above.strip(), frames),)
    return (_info(header["type"], header["message"], frames),)


def _frame(match: re.Match[str], code: str = "") -> Frame:
    return Frame(match["file"], int(match["line"]), match["function"], code=code)


def _info(type_: str, message: str, newest_first: Sequence[Frame]) -> ExceptionInfo:
    module, name = split_name(type_, "::")
    return ExceptionInfo(name, message.strip(), tuple(reversed(newest_first)), module)
