"""Dart and Flutter: `#0      main.<anonymous closure> (file:///a.dart:23:20)`, newest first."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.analysis.stacktrace.lines import LONGEST_FRAME
from bot.models import ExceptionInfo, Frame

HINTS = (".dart",)

_FRAME = re.compile(
    r"#\d{1,6}\s+(?P<function>\S.*?) \((?P<file>[^()\s]+?\.dart)(?::(?P<line>\d{1,9}))?"
    r"(?::(?P<column>\d{1,9}))?\)$"
)
_TYPED = re.compile(r"(?P<type>_?[A-Z]\w*(?:Exception|Error)): ?(?P<message>.*)$", re.DOTALL)
_INSTANCE = re.compile(r"Instance of '(\w+)'$")
_OPENINGS = ("Unhandled exception:", "Unhandled Exception:")
_MESSAGE_LINES = 30


def parse(lines: Sequence[str]) -> tuple[ExceptionInfo, ...]:
    """Read the first stack and the message above it; () if there is none."""
    first = next((i for i, line in enumerate(lines) if _match(line) is not None), None)
    if first is None:
        return ()
    frames: list[Frame] = []
    for line in lines[first:]:
        match = _match(line)
        if match is not None:
            number, column = match["line"], match["column"]
            frames.append(
                Frame(
                    match["file"],
                    int(number) if number else None,
                    match["function"],
                    column=int(column) if column else None,
                )
            )
        elif line.strip() != "<asynchronous suspension>":
            break
    return (_described(_message(lines, first), tuple(reversed(frames))),)


def _match(line: str) -> re.Match[str] | None:
    text = line.strip()
    return _FRAME.match(text) if text.startswith("#") and len(text) <= LONGEST_FRAME else None


def _message(lines: Sequence[str], first: int) -> str:
    """The lines between `Unhandled exception:` (or a blank line) and the first frame."""
    for at in range(first - 1, max(-1, first - _MESSAGE_LINES), -1):
        text = lines[at].strip()
        opening = next((opening for opening in _OPENINGS if opening in text), None)
        if opening is not None:
            same_line = text.partition(opening)[2].strip()
            return "\n".join([same_line, *lines[at + 1 : first]]).strip()
        if not text:
            return "\n".join(lines[at + 1 : first]).strip()
    return lines[first - 1].strip() if first else ""


def _described(message: str, frames: tuple[Frame, ...]) -> ExceptionInfo:
    typed = _TYPED.match(message)
    if typed is not None:
        return ExceptionInfo(typed["type"], typed["message"], frames)
    instance = _INSTANCE.match(message)
    if instance is not None:
        return ExceptionInfo(instance[1], message, frames)
    return ExceptionInfo("Error", message, frames)
