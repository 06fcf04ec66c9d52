"""Rust: `thread 'main' panicked at src/main.rs:5:53:` and, if it was asked for, a backtrace."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.analysis.stacktrace.lines import LONGEST_FRAME, ends_at
from bot.models import ExceptionInfo, Frame

HINTS = ("panicked at ", "tack backtrace:")

_PANIC = re.compile(
    r".{0,200}?thread '[^'\n]{0,100}' (?:\(\d+\) )?panicked at "
    r"(?:'(?P<old>.*)', )?(?P<file>[^\s:][^:]*):(?P<line>\d{1,9}):(?P<column>\d{1,9}):?$"
)
_SYMBOL = re.compile(r"\s*\d{1,6}:\s+(?:0x[0-9a-f]{1,20} - )?(?P<name>\S.*)$")
_PLACE = re.compile(r"\s+at (?P<file>.+?):(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?$")
_HASH = re.compile(r"::h[0-9a-f]{16}$")
_ANYHOW = re.compile(r"Error: (.*)$")


def parse(lines: Sequence[str]) -> tuple[ExceptionInfo, ...]:
    """Read the first panic, or an error that printed a backtrace; () if there is none."""
    for index, line in enumerate(lines):
        match = _PANIC.match(line) if len(line) <= 2 * LONGEST_FRAME else None
        if match is not None:
            return (_panic(lines, index, match),)
        if line.strip() in ("Stack backtrace:", "stack backtrace:"):
            frames = _backtrace(lines, index + 1)
            if frames:
                return (ExceptionInfo("Error", _error_above(lines, index), frames),)
    return ()


def _panic(lines: Sequence[str], index: int, match: re.Match[str]) -> ExceptionInfo:
    end = index + 1
    limit = ends_at(lines, end)
    while end < limit and not lines[end].startswith(("note: ", "stack backtrace:")):
        end += 1
    message = match["old"] or "\n".join(lines[index + 1 : end])
    frames: tuple[Frame, ...] = ()
    if end < len(lines) and lines[end].startswith("stack backtrace:"):
        frames = _backtrace(lines, end + 1)
    if not frames:
        frames = (Frame(match["file"], int(match["line"]), column=int(match["column"])),)
    return ExceptionInfo("panic", message.strip(), frames)


def _backtrace(lines: Sequence[str], index: int) -> tuple[Frame, ...]:
    frames: list[Frame] = []
    while index < len(lines):
        line = lines[index]
        symbol = _SYMBOL.match(line) if len(line) <= LONGEST_FRAME else None
        if symbol is None:
            break
        name = _HASH.sub("", symbol["name"])
        following = lines[index + 1] if index + 1 < len(lines) else ""
        place = _PLACE.match(following) if len(following) <= LONGEST_FRAME else None
        if place is None:
            frames.append(Frame("", None, name))
            index += 1
            continue
        column = place["column"]
        frames.append(
            Frame(place["file"], int(place["line"]), name, column=int(column) if column else None)
        )
        index += 2
    return tuple(reversed(frames))


def _error_above(lines: Sequence[str], index: int) -> str:
    for line in reversed(lines[max(0, index - 20) : index]):
        match = _ANYHOW.match(line)
        if match is not None:
            return match[1]
    return ""
