"""Go: `panic: …`, `goroutine 1 [running]:`, then pairs of function and file, newest first."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.analysis.stacktrace.lines import LONGEST_FRAME
from bot.models import ExceptionInfo, Frame

HINTS = ("goroutine ",)

_GOROUTINE = re.compile(r"goroutine \d{1,12}(?: [\w=]+)* \[[^\]]{1,100}\]:\s*$")
_PANIC = re.compile(
    r".{0,300}?(?P<kind>\bpanic|\bfatal error)(?: serving \S{1,200}| recovered)?: (?P<message>.*)$"
)
_FILE = re.compile(r"\s+(?P<file>\S.*?\.(?:go|s|c|cpp|m)):(?P<line>\d{1,9})(?: .*)?$")
_RECOVERED = re.compile(r" \[recovered(?:, repanicked)?\]$")
_MESSAGE_LINES = 40


def parse(lines: Sequence[str]) -> tuple[ExceptionInfo, ...]:
    """Read the first goroutine's stack and the panics above it; () if there is none."""
    start = next((i for i, line in enumerate(lines) if _GOROUTINE.match(line[:300])), None)
    if start is None:
        return ()
    frames = _frames(lines, start + 1)
    panics = _panics(lines, start)
    if not panics:
        above = next((line.strip() for line in lines[max(0, start - 1) : start]), "")
        panics = [ExceptionInfo("panic", above)]
    surfaced = panics.pop()
    return (*panics, ExceptionInfo(surfaced.type, surfaced.message, frames))


def _panics(lines: Sequence[str], goroutine: int) -> list[ExceptionInfo]:
    """The panics above a goroutine; one in a deferred function comes after its cause."""
    found: list[ExceptionInfo] = []
    message: list[str] | None = None
    kind = ""
    for line in lines[max(0, goroutine - _MESSAGE_LINES) : goroutine]:
        match = _PANIC.match(line[: 4 * LONGEST_FRAME])
        if match is not None:
            if message is not None:
                found.append(_described(kind, message))
            kind, message = match["kind"], [match["message"]]
        elif message is not None and line.startswith(("[signal ", "runtime stack:")):
            break
        elif message is not None:
            message.append(line)
    if message is not None:
        text = "\n".join(message).partition("\nruntime stack:")[0]
        found.append(_described(kind, [text]))
    return found


def _described(kind: str, lines: Sequence[str]) -> ExceptionInfo:
    message = _RECOVERED.sub("", "\n".join(lines).strip())
    if message.startswith("runtime error: "):
        return ExceptionInfo("runtime error", message.removeprefix("runtime error: "))
    return ExceptionInfo(kind, message)


def _frames(lines: Sequence[str], index: int) -> tuple[Frame, ...]:
    frames: list[Frame] = []
    while index + 1 < len(lines) and lines[index].strip():
        name, place = lines[index], lines[index + 1]
        if name.startswith("..."):  # "...86 frames elided..."
            index += 1
            continue
        match = _FILE.match(place) if len(place) <= LONGEST_FRAME else None
        if match is None or name[:1].isspace():
            break
        module, function = _split(name[:LONGEST_FRAME].strip())
        frames.append(Frame(match["file"], int(match["line"]), function, module))
        index += 2
    return tuple(reversed(frames))


def _split(text: str) -> tuple[str, str]:
    """Split `net/http.(*conn).serve(0xc0…)` into package and function."""
    name = text.removeprefix("created by ").partition(" in goroutine ")[0]
    if name.endswith(")") and not name.endswith("(*)"):
        name = name[: name.rindex("(")] if "(" in name else name
    dot = name.find(".", name.rfind("/") + 1)
    return (name[:dot], name[dot + 1 :]) if dot >= 0 else ("", name)
