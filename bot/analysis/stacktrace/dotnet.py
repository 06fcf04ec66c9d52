"""C#, F#, VB on .NET, .NET Framework and Mono.

`Outer: message ---> Inner: message` on one line or several, then the innermost frames, newest
first, "--- End of inner exception stack trace ---", then the frames of the next outer one. The
words for "at", "in" and "line" follow the language of the system.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.analysis.stacktrace.lines import LONGEST_FRAME, header_above, split_name
from bot.models import ExceptionInfo, Frame

HINTS = ("at ", "bei ", "à ", "en ", "в ")

_FRAME = re.compile(
    r"\s*(?:at|bei|à|en|em|в|w) (?P<name>[^\s()][^()]*?) ?\([^():/]*\)(?P<il> \[0x[0-9a-f]+\])?"
    r"(?P<rest>.*)$"
)
_PLACE = re.compile(r" (?:in|dans|en|em|в|w) (?P<file>.+?):(?:[^\W\d]+ )?(?P<line>\d{1,9})\s*$")
_ARROW = re.compile(r"\s*---> ")
_INNER_NUMBER = re.compile(r"\(Inner Exception #\d+\) ")
_HEADER = re.compile(
    r"(?:.{0,120}?(?:Unhandled exception[.:]|UNHANDLED EXCEPTION:) )?"
    r"(?P<type>(?:[A-Za-z_]\w*[.+])*[A-Za-z_][\w`]*?(?:Exception|Error|Fault)\w{0,20})"
    r"(?: \([^)]{1,40}\))?(?:: (?P<message>.*))?$",
    re.DOTALL | re.IGNORECASE,
)
_LOOSE_HEADER = re.compile(
    r".{0,300}?(?P<type>(?:[A-Za-z_]\w*\.)+\w*(?:Exception|Error))(?:: (?P<message>.*))?$",
    re.DOTALL,
)
_GENERIC = re.compile(r"\[[^\]]*\]$")


def parse(lines: Sequence[str]) -> tuple[ExceptionInfo, ...]:
    """Read the first exception with its inner ones; () if there is none."""
    first = next((i for i, line in enumerate(lines) if _frame(line) is not None), None)
    if first is None:
        return ()
    start = header_above(lines, first, 0, lambda line: _HEADER.match(line.strip()))
    stacks = _stacks(lines, first)
    header = lines[first - 1 : first] if start is None else lines[start:first]
    described = _described("\n".join(line.strip() for line in header))
    chain = list(reversed(described))
    if not chain:
        chain = [ExceptionInfo("Exception")]
    return tuple(
        ExceptionInfo(info.type, info.message, stack, info.module)
        for info, stack in zip(chain, _matched(stacks, len(chain)), strict=True)
    )


def _matched(stacks: list[tuple[Frame, ...]], count: int) -> list[tuple[Frame, ...]]:
    """One stack for each exception, innermost first; surplus stacks belong to the outermost."""
    if len(stacks) > count:
        last = tuple(frame for stack in reversed(stacks[count - 1 :]) for frame in stack)
        return [*stacks[: count - 1], last]
    return [*stacks, *[()] * (count - len(stacks))]


def _described(header: str) -> list[ExceptionInfo]:
    """The exceptions that a header names, outermost first."""
    found: list[ExceptionInfo] = []
    for text in re.split(r"\s*---> ", header):
        text = _INNER_NUMBER.sub("", text.strip())
        match = _HEADER.match(text) or _LOOSE_HEADER.match(text[:LONGEST_FRAME])
        if match is not None:
            module, name = split_name(match["type"])
            found.append(ExceptionInfo(name, (match["message"] or "").strip(), module=module))
    return found


def _stacks(lines: Sequence[str], index: int) -> list[tuple[Frame, ...]]:
    stacks: list[tuple[Frame, ...]] = []
    frames: list[Frame] = []
    for line in lines[index:]:
        frame = _frame(line)
        text = line.strip()
        if frame is not None:
            frames.append(frame)
        elif text.startswith("--- ") and text.endswith(" ---"):
            if _ends_inner(text):
                stacks.append(tuple(reversed(frames)))
                frames = []
        else:
            break
    stacks.append(tuple(reversed(frames)))
    return stacks


def _ends_inner(marker: str) -> bool:
    """ "End of inner exception stack trace", not "… from previous location", in any language."""
    return not any(
        word in marker for word in ("previous", "vorherig", "précédent", "anterior", "предыдущ")
    )


def _frame(line: str) -> Frame | None:
    match = _FRAME.match(line) if len(line) <= LONGEST_FRAME and "(" in line else None
    if match is None:
        return None
    rest = match["rest"].rstrip()
    place = _PLACE.match(rest) if rest else None
    if (rest and place is None) or "." not in match["name"]:
        return None
    module, function = _split(match["name"])
    if place is None or place["file"].startswith("<"):
        return Frame("", None, function, module)
    return Frame(place["file"], int(place["line"]), function, module)


def _split(name: str) -> tuple[str, str]:
    if name.endswith(("..ctor", "..cctor")):
        module, _, function = name.rpartition("..")
        return module, "." + function
    plain = _GENERIC.sub("", name)
    return split_name(plain)
