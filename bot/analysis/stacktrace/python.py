"""Python tracebacks: chains, exception groups, recursion, carets, syntax errors.

Frames are printed oldest first, causes first, so the text's order is ours. The members of an
exception group are its causes: they come before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.analysis.stacktrace.lines import LONGEST_FRAME, split_name, starts_log_record
from bot.models import ExceptionInfo, Frame
from bot.stack import Stack

HINTS = ("Traceback (most recent call last)", 'File "')

_HEADER = "Traceback (most recent call last):"
_CHAIN = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)
_OPENING = f"{_HEADER}\n"
_BELOW_FRAMES = re.compile(r"\n(?!  )")
_TO_CLEAN = ("\x1b", "\r", "\\n")  # what `lines.clean` would take out of ASCII
_FRAME = re.compile(r'  File "([^"\n]*)", line (\d{1,9})(?:, in (.*))?$')
_EXCEPTION = re.compile(r"([^\W\d][\w.]*(?:\.<locals>\.[\w.]+)*)(?:: ?(.*))?$", re.DOTALL)
_GROUP_MARGIN = re.compile(r" *[|+]")
_GROUP_MEMBER = re.compile(r" *\+(?:-\+)?-{4,}(?: (?:\d+|\.\.\.) -{4,})?$")
_LONGEST_REMEMBERED = 8_192
_DIGITS = str.maketrans("123456789", "000000000")


def parse(lines: Sequence[str]) -> tuple[ExceptionInfo, ...]:
    """Read the first traceback (with its whole chain) in the lines; () if there is none."""
    start = _first_header(lines)
    if start is None:
        return _headless(lines)
    column = lines[start].index(_HEADER)
    opening = lines[start][:column]
    if opening.endswith("Exception Group ") and opening[:-16].strip(" |+-") == "":
        return _group(lines, start)
    return _chain(_below(lines, start, opening))


def parse_plain(text: str) -> tuple[ExceptionInfo, ...]:
    """What `parse` finds if a text is one traceback, as Python prints it; () if it is not.

    It takes the frames as one piece, so that those it remembers cost nothing but a look.
    """
    if not text.startswith(_OPENING) or not text.isascii() or any(c in text for c in _TO_CLEAN):
        return ()
    end = _BELOW_FRAMES.search(text, len(_OPENING) - 1)
    if end is None or not len(_OPENING) < end.start() <= _LONGEST_REMEMBERED:
        return ()
    frames = _known_block(text[len(_OPENING) : end.start()])
    rest = text[end.end() :].split("\n")
    info, index = _exception(rest, 0, frames)
    return (info,) if frames and info and _next_link(rest, index) is None else ()


def _first_header(lines: Sequence[str]) -> int | None:
    return next((i for i, line in enumerate(lines) if _HEADER in line), None)


def _below(lines: Sequence[str], start: int, opening: str) -> Sequence[str]:
    """The lines from the header on, without the log prefix that the header had, if repeated."""
    if not opening:
        return lines[start:]
    shape, width = opening.translate(_DIGITS), len(opening)
    rest = [
        line[width:] if line[:width].translate(_DIGITS) == shape else line
        for line in lines[start + 1 :]
    ]
    return [lines[start][width:], *rest]


def _headless(lines: Sequence[str]) -> tuple[ExceptionInfo, ...]:
    """A syntax error in the main script, or the tail of a cut traceback, has no header."""
    for index, line in enumerate(lines):
        if not line.startswith(("File ", "  File ")):
            continue
        margin = "" if line[0] == " " else "  "
        if _FRAME.match(margin + line[:LONGEST_FRAME]):
            return _chain(["", *(margin + line for line in lines[index:])])
    return ()


def _chain(lines: Sequence[str]) -> tuple[ExceptionInfo, ...]:
    """Read tracebacks joined by "direct cause" or "during handling"; `lines[0]` is a header."""
    chain: list[ExceptionInfo] = []
    index = 0
    while True:
        frames, index = _frames(lines, index + 1)
        info, index = _exception(lines, index, frames)
        if info is not None:
            chain.append(info)
        following = _next_link(lines, index)
        if following is None:
            return tuple(chain)
        index = following


def _next_link(lines: Sequence[str], index: int) -> int | None:
    """The header that continues the chain: blank, marker, blank, header."""
    step = index
    while step < len(lines) and step < index + 2 and not lines[step].strip():
        step += 1
    if step >= len(lines) or lines[step].strip() not in _CHAIN:
        return None
    for candidate in range(step + 1, min(step + 4, len(lines))):
        if _HEADER in lines[candidate]:
            return candidate
    return None


def _frames(lines: Sequence[str], index: int) -> tuple[tuple[Frame, ...], int]:
    end = index
    while end < len(lines) and lines[end].startswith("  "):
        end += 1
    block = "\n".join(lines[index:end])
    return (_known_block(block) if len(block) <= _LONGEST_REMEMBERED else _block(block)), end


def _block(text: str) -> Stack:
    lines = text.split("\n")
    frames: list[Frame] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        index += 1
        match = _FRAME.match(line) if len(line) <= LONGEST_FRAME else None
        if match is None:
            continue
        code = ""
        if index < len(lines) and lines[index].startswith("    "):
            code = lines[index].strip()
            index += 1
        file, number, function = match.groups()
        frames.append(Frame(file, int(number), function or "", code=code))
    return Stack(frames)


# The same error prints the same frames again and again, with another message below.
_known_block = lru_cache(maxsize=512)(_block)


def _exception(
    lines: Sequence[str], index: int, frames: tuple[Frame, ...]
) -> tuple[ExceptionInfo | None, int]:
    """Read `Type: message`, whose message may go on over several lines."""
    match = _EXCEPTION.match(lines[index]) if index < len(lines) else None
    if match is None:
        # A traceback that was cut before its last line still tells where it happened.
        return (ExceptionInfo("Exception", "", frames) if frames else None), index
    end = index + 1
    while end < len(lines) and _goes_on(lines, end):
        end += 1
    module, name = split_name(match[1])
    message = "\n".join([match[2] or "", *lines[index + 1 : end]]).strip()
    return ExceptionInfo(name, message, frames, module), end


def _goes_on(lines: Sequence[str], index: int) -> bool:
    line = lines[index]
    if not line.strip() or starts_log_record(line):
        return False
    if line.endswith(_HEADER) and index + 1 < len(lines):
        return not _FRAME.match(lines[index + 1][:LONGEST_FRAME])
    return True


def _group(lines: Sequence[str], start: int) -> tuple[ExceptionInfo, ...]:
    """Read an exception group by flattening its tree; members before the group itself."""
    block: list[str] = []
    pending: list[ExceptionInfo] = []
    members: list[ExceptionInfo] = []
    for line in lines[start:]:
        if not _GROUP_MARGIN.match(line):
            break
        if _GROUP_MEMBER.match(line):
            _close(block, pending, members)
            block = []
        else:
            margin = line.find("|") if "|" in line else line.find("+")
            block.append(line[margin + 2 :])
    _close(block, pending, members)
    return (*members, *reversed(pending))


def _close(block: list[str], pending: list[ExceptionInfo], members: list[ExceptionInfo]) -> None:
    """File a finished block: a group waits for its members, anything else is a member."""
    start = _first_header(block)
    if start is None:
        found: tuple[ExceptionInfo, ...] = _chain(["", *block]) if any(block) else ()
    else:
        found = _chain(block[start:])
    if found and "sub-exception" in found[-1].message:
        members.extend(found[:-1])
        pending.append(found[-1])
    else:
        members.extend(found)
