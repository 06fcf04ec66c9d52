"""Java, Kotlin, Scala, Groovy: `at package.Class.method(File.java:12)`, newest first.

Causes follow the exception they caused. "... n more" stands for the n oldest frames of the
exception above, and they are put back. Suppressed exceptions are no part of the causal chain:
they are read over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.analysis.stacktrace.lines import (
    LONGEST_FRAME,
    header_above,
    split_name,
    starts_log_record,
)
from bot.models import ExceptionInfo, Frame

HINTS = ("at ",)

_FRAME = re.compile(
    r"\s*at (?P<class>[^\s()]+)\.(?P<method>[^\s().]+)\((?P<source>Native Method|Unknown Source"
    r"|<generated>|[\w$.+-]+\.\w+(?::(?P<line>\d{1,9}))?|[\w$]+:(?P<bare>\d{1,9}))\)"
    r"(?: ~?\[[^\]]*\])?\s*$"
)
_OMITTED = re.compile(r"\s*\.\.\. (\d{1,6}) (?:more|common frames omitted)")
_LINK = re.compile(r"(?P<indent>\s*)(?P<kind>Caused by|Wrapped by|Suppressed): (?P<text>.*)$")
_HEADER = re.compile(
    r"(?:.{0,200}?Exception in thread \"[^\"\n]{0,200}\" )?"
    r"(?P<type>(?:[A-Za-z_$][\w$]*\.)+[A-Za-z_$][\w$]*|[A-Z][\w$]*(?:Exception|Error|Throwable))"
    r"(?:: (?P<message>.*))?$"
)
_LOOSE_HEADER = re.compile(
    r".{0,400}?[ :\]](?P<type>(?:[a-z_][\w]*\.)+[A-Z][\w$]*(?:Exception|Error|Throwable))"
    r"(?:: (?P<message>.*))?$"
)
_NO_SOURCE = ("Native Method", "Unknown Source", "<generated>")


@dataclass(slots=True)
class _Link:
    """One exception while it is read; frames newest first."""

    type: str
    message: list[str]
    frames: list[Frame] = field(default_factory=list)


def parse(lines: Sequence[str]) -> tuple[ExceptionInfo, ...]:
    """Read the first exception with its causes; () if there is none."""
    first = next((i for i, line in enumerate(lines) if _frame(line) is not None), None)
    if first is None:
        return ()
    first = _chain_start(lines, first)
    start = header_above(lines, first, 0, _is_header)
    chain = [_headed(lines, first if start is None else start, first)]
    wrapped = _read(lines, first, chain)
    ordered = chain if wrapped else list(reversed(chain))
    return tuple(_finished(link) for link in ordered)


def _chain_start(lines: Sequence[str], first: int) -> int:
    """The first frame may belong to a cause, if the exception above it printed none itself."""
    index = header_above(lines, first, 0, lambda line: _LINK.match(line) or _OMITTED.match(line))
    return first if index is None else index


def _is_header(line: str) -> bool:
    return _HEADER.match(line.strip()) is not None and _LINK.match(line) is None


def _headed(lines: Sequence[str], start: int, first_frame: int) -> _Link:
    if start < first_frame:
        match = _HEADER.match(lines[start].strip())
        if match is not None:
            return _Link(match["type"], [match["message"] or "", *lines[start + 1 : first_frame]])
    above = lines[first_frame - 1] if first_frame else ""
    loose = _LOOSE_HEADER.match(above[: 2 * LONGEST_FRAME])
    return _Link(loose["type"], [loose["message"] or ""]) if loose else _Link("Exception", [])


def _read(lines: Sequence[str], index: int, chain: list[_Link]) -> bool:
    """Read frames and further links from `index` on; True if root causes are printed first."""
    wrapped = False
    suppressed: int | None = None
    for line in lines[index:]:
        indent = len(line) - len(line.lstrip())
        if suppressed is not None and indent >= suppressed and line.strip():
            continue
        suppressed = None
        frame = _frame(line)
        if frame is not None:
            chain[-1].frames.append(frame)
        elif (omitted := _OMITTED.match(line)) is not None:
            _restore(chain, int(omitted[1]))
        elif (link := _LINK.match(line)) is not None:
            if link["kind"] == "Suppressed":
                suppressed = indent
            else:
                wrapped = wrapped or link["kind"] == "Wrapped by"
                chain.append(_linked(link["text"]))
        elif chain[-1].frames or not line.strip() or starts_log_record(line):
            break
        else:
            chain[-1].message.append(line)
    return wrapped


def _linked(text: str) -> _Link:
    match = _HEADER.match(text)
    if match is None:
        name, _, message = text.partition(": ")
        return _Link(name, [message])
    return _Link(match["type"], [match["message"] or ""])


def _restore(chain: list[_Link], count: int) -> None:
    above = chain[-2].frames if len(chain) > 1 else []
    if 0 < count <= len(above):
        chain[-1].frames.extend(above[-count:])


def _frame(line: str) -> Frame | None:
    match = _FRAME.match(line) if len(line) <= LONGEST_FRAME and "at " in line else None
    if match is None:
        return None
    source = match["source"]
    number = match["line"] or match["bare"]
    file = "" if source in _NO_SOURCE else source.rpartition(":")[0] or source
    owner = match["class"].rpartition("/")[2]
    return Frame(file, int(number) if number else None, match["method"], owner)


def _finished(link: _Link) -> ExceptionInfo:
    module, name = split_name(link.type)
    message = "\n".join(line.strip() for line in link.message).strip()
    return ExceptionInfo(name, message, tuple(reversed(link.frames)), module)
