"""PHP: `Uncaught Type: message in file:line`, `Stack trace:`, `#0 file(line): function()`.

PHP names in each line the function that was *called* there; our frames name the function that
the line is *in*, so the names move down by one. The place of the throw is the newest frame.
Previous exceptions are printed first ("Next" is the one that wrapped them); Monolog prints them
last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.analysis.stacktrace.lines import LONGEST_FRAME
from bot.models import ExceptionInfo, Frame

HINTS = ("#0 ",)

_CALL = re.compile(
    r"#\d{1,6} (?:(?P<file>\S.*?)\((?P<line>\d{1,9})\): |\[internal function\]: )(?P<called>.*)$"
)
_MAIN = re.compile(r"#\d{1,6} \{main\}")
_THROWN = re.compile(
    r"(?P<type>[A-Za-z_\\][\w\\]*): (?P<message>.*) in (?P<file>\S.*):(?P<line>\d{1,9})$", re.DOTALL
)
_THROWN_OLD = re.compile(
    r"exception '(?P<type>[\w\\]+)'(?: with message '(?P<message>.*)')? in (?P<file>\S.*)"
    r":(?P<line>\d{1,9})$",
    re.DOTALL,
)
_MONOLOG = re.compile(
    r".*?\(?(?P<type>[A-Za-z_\\][\w\\]*)\(code: [^)]{0,40}\): (?P<message>.*) at (?P<file>\S.*?)"
    r":(?P<line>\d{1,9})\)?$",
    re.DOTALL,
)
_STARTS = ("Uncaught ", "Next ", "[object] (", "[previous exception] ")
_BEFORE_CALLS = ("Stack trace:", "[stacktrace]")
_MESSAGE_LINES = 30


def parse(lines: Sequence[str]) -> tuple[ExceptionInfo, ...]:
    """Read the first exception with its previous ones; () if there is none."""
    chain: list[ExceptionInfo] = []
    monolog = False
    index = floor = 0
    while index < len(lines):
        if lines[index].strip() not in _BEFORE_CALLS:
            index += 1
            continue
        start = _header(lines, index, floor)
        if start is None or (chain and not _continues(lines[start])):
            if chain:
                break
            index += 1
            continue
        info, index = _exception(lines, start, index)
        monolog = monolog or "[object] (" in lines[start]
        floor = index
        if info is not None:
            chain.append(info)
    return tuple(reversed(chain)) if monolog else tuple(chain)


def _continues(line: str) -> bool:
    return line.lstrip().startswith(("Next ", "[previous exception] "))


def _header(lines: Sequence[str], index: int, floor: int) -> int | None:
    for at in range(index - 1, max(floor, index - _MESSAGE_LINES) - 1, -1):
        if any(start in lines[at][:LONGEST_FRAME] for start in _STARTS):
            return at
    above = index - 1
    plain = above >= floor and _THROWN.match(lines[above][:LONGEST_FRAME].strip())
    return above if plain else None


def _exception(lines: Sequence[str], start: int, index: int) -> tuple[ExceptionInfo | None, int]:
    header = "\n".join(line.rstrip() for line in lines[start:index])[: 4 * LONGEST_FRAME].strip()
    thrown = _thrown(header)
    index += 1
    places: list[tuple[str, int | None]] = []
    called: list[str] = []
    while index < len(lines):
        line = lines[index].strip()
        match = _CALL.match(line) if len(line) <= LONGEST_FRAME else None
        if match is None:
            break
        number = match["line"]
        places.append((match["file"] or "[internal function]", int(number) if number else None))
        called.append(match["called"])
        index += 1
    if index < len(lines) and _MAIN.match(lines[index].strip()):
        called.append("{main}")
        index += 1
    if thrown is None:
        return None, index
    places.insert(0, (thrown["file"], int(thrown["line"])))
    called.extend([""] * (len(places) - len(called)))
    frames = [_frame(file, line, name) for (file, line), name in zip(places, called, strict=False)]
    module, _, name = thrown["type"].lstrip("\\").rpartition("\\")
    message = (thrown["message"] or "").strip()
    if ", called in " in message:  # PHP adds this when it prints, not to the message itself
        message = message.removesuffix(" and defined")
    return ExceptionInfo(name, message, tuple(reversed(frames)), module), index


def _thrown(header: str) -> re.Match[str] | None:
    if "(code: " in header:
        match = _MONOLOG.match(header[header.find("[object] (") + len("[object] ") :])
        if match is not None:
            return match
    for start in ("Uncaught ", "Next "):
        if start in header:
            header = header.partition(start)[2]
            break
    return _THROWN_OLD.match(header) or _THROWN.match(header)


def _frame(file: str, line: int | None, called: str) -> Frame:
    owner, function = _split(called)
    return Frame(file, line, function, owner)


def _split(called: str) -> tuple[str, str]:
    """Split `App\\Cart->total(Array)` into class (or namespace) and function."""
    if called.startswith("{"):
        return "", called.partition("(")[0] if called.endswith("()") else called
    name = called.partition("(")[0]
    for arrow in ("->", "::"):
        owner, found, function = name.rpartition(arrow)
        if found:
            return owner, function
    namespace, _, function = name.rpartition("\\")
    return namespace, function
