"""JavaScript and TypeScript: V8 (Node, Chrome, Edge), Firefox, Safari, Hermes, old Opera.

V8 prints `Name: message` and `at function (file:line:column)`, newest first; Node adds causes as
`[cause]:` and the members of an AggregateError as `[errors]: […]`, indented. Firefox and Safari
print only `function@file:line:column`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bot.analysis.stacktrace.lines import LONGEST_FRAME, header_above, split_name
from bot.models import ExceptionInfo, Frame

HINTS = ("at ", "@", ".js:", ".ts:", ".bundle:")

_HEADER = re.compile(
    r"(?P<lead>[ -]*(?:\[cause\]: |[Cc]aused by: )?)(?P<open>\[)?"
    r"(?:Uncaught |Unhandled |\(in promise\) ){0,3}"
    r"(?P<type>(?:[A-Za-z_$][\w$.]*?)?(?:Error|Exception|Warning|Failure|Rejection)\w{0,40})"
    r"(?: \[\w{1,80}\])?(?:: (?P<message>.*))?$"
)
_LOOSE_HEADER = re.compile(
    r"(?P<lead>(?:.{0,200}?[ \]:])?)(?P<open>\[)?"
    r"(?P<type>(?:[A-Za-z_$][\w$.]{0,80}?)?(?:Error|Exception)|(?<![^ ])[A-Z][\w$]{2,60})"
    r"(?: \[\w{1,80}\])?: (?P<message>.*)$"
)
_LOCATION = re.compile(r"(.*?):(\d{1,9})(?::(\d{1,9}))?$")
_EVAL = re.compile(r"\((\S[^()]*?):(\d{1,9})(?::(\d{1,9}))?\)")
_GECKO_EVAL = re.compile(r"(\S+) line (\d{1,9})(?: > (?:eval|Function))")
_GAP = re.compile(r"\.\.\. (\d{1,6}) lines matching cause stack trace \.\.\.")
_BROWSER_FILE = re.compile(
    r"://|\.(?:[cm]?[jt]sx?|bundle|jsbundle|html?|vue|svelte)$|\[native code\]$"
)
_ALIAS = re.compile(r" \[as [^\]]{1,200}\]$")
_OPERA = re.compile(r"<anonymous function(?:: ([^>]*))?>")
_NOWHERE = ("native", "<anonymous>", "unknown location", "[native code]")


@dataclass(slots=True)
class _Error:
    """One error while it is read; frames newest first, None where Node left lines out."""

    info: ExceptionInfo
    frames: list[Frame | int] = field(default_factory=list)


def parse(lines: Sequence[str]) -> tuple[ExceptionInfo, ...]:
    """Read the first error with its causes and members; () if there is none."""
    chain: list[_Error] = []
    members: list[_Error] = []
    index, floor, in_members = 0, 0, False
    while index < len(lines):
        line = lines[index]
        if line.lstrip().startswith("[errors]: ["):
            if not chain:
                chain.append(_Error(_described(lines, floor, index)))
            in_members, floor = True, index + 1
        elif _frame(line) is not None:
            header = header_above(lines, index, floor, _HEADER.match)
            nested = header is not None and _is_nested(lines[header])
            if chain and not nested and not in_members:
                break
            error = _Error(_described(lines, floor if header is None else header, index))
            index = floor = _collect(lines, index, error.frames)
            (members if in_members else chain).append(error)
            continue
        elif in_members and line.strip() == "]":
            in_members = False
        index += 1
    _fill_gaps(chain)
    return tuple(_finished(error) for error in (*members, *reversed(chain)))


def _is_nested(header: str) -> bool:
    return header.lstrip(" -").startswith(("[cause]: ", "Caused by: ", "caused by: "))


def _collect(lines: Sequence[str], index: int, frames: list[Frame | int]) -> int:
    while index < len(lines):
        frame = _frame(lines[index])
        if frame is not None:
            frames.append(frame)
        elif (gap := _GAP.match(lines[index].strip())) is not None:
            frames.append(int(gap[1]))
        elif lines[index].strip() != "eval code":
            break
        index += 1
    return index


def _described(lines: Sequence[str], start: int, first_frame: int) -> ExceptionInfo:
    """The error's type and message from the lines above its first frame."""
    if start >= first_frame:
        return ExceptionInfo("Error")
    match = _HEADER.match(lines[start][: 2 * LONGEST_FRAME])
    if match is None:
        start = first_frame - 1
        match = _LOOSE_HEADER.match(lines[start][: 2 * LONGEST_FRAME])
    if match is None:
        return ExceptionInfo("Error")
    message = "\n".join([match["message"] or "", *lines[start + 1 : first_frame]])
    if match["open"]:
        message = message.removesuffix(" {").removesuffix("]")
    module, name = split_name(match["type"])
    return ExceptionInfo(name, message.strip(), module=module)


def _fill_gaps(chain: Sequence[_Error]) -> None:
    """Put back the frames that Node left out because the cause has them too."""
    for error, cause in pairwise(chain):
        for index, entry in enumerate(error.frames):
            if isinstance(entry, int):
                before = error.frames[index - 1] if index else None
                start = cause.frames.index(before) + 1 if before in cause.frames else 0
                error.frames[index : index + 1] = cause.frames[start : start + entry]
                break


def _finished(error: _Error) -> ExceptionInfo:
    frames = tuple(frame for frame in reversed(error.frames) if isinstance(frame, Frame))
    return ExceptionInfo(error.info.type, error.info.message, frames, error.info.module)


def _frame(line: str) -> Frame | None:
    if len(line) > LONGEST_FRAME:
        return None
    text = line.strip()
    if text.startswith("at "):
        return _v8_frame(text[3:].rstrip("{, "))
    if "@" in text or ":" in text or text == "[native code]":
        return _browser_frame(text)
    return None


def _v8_frame(text: str) -> Frame | None:
    function, location = "", text
    if text.endswith(")"):
        function, opened, location = text.partition(" (")
        if not opened:
            return None
        location = location[:-1]
        function = function.removeprefix("async ")
    else:
        location = text.removeprefix("async ")
        if " " in location and not location.startswith(("/", "file:", "node:", "http")):
            return None
    function = _ALIAS.sub("", function).removeprefix("Anonymous function")
    if location.startswith("eval at ") and (inner := _EVAL.search(location)) is not None:
        return Frame(inner[1], int(inner[2]), function, column=_number(inner[3]))
    if location in _NOWHERE or location.startswith("index "):
        return Frame(location, None, function)
    match = _LOCATION.match(location.removeprefix("address at "))
    if match is None or _is_foreign(match[1], function):
        return None
    return Frame(match[1], int(match[2]), function, column=_number(match[3]))


def _is_foreign(file: str, function: str) -> bool:
    """`at Type.Method (System.Int32 x) [0x0] in /a.cs:3` is .NET's, not ours."""
    return " in " in file or not file or (not function and "(" in file)


def _browser_frame(text: str) -> Frame | None:
    if text.startswith("Error created at "):
        return None
    function, at, location = text.partition("@")
    if not at:
        function, location = "", text
    if location == "[native code]":
        return Frame(location, None, function)
    evaluated = _GECKO_EVAL.match(location)
    if evaluated is not None:
        return Frame(evaluated[1], int(evaluated[2]), _called(function))
    match = _LOCATION.match(location)
    if match is None or " " in match[1] or not _BROWSER_FILE.search(match[1]):
        return None
    called = _called(function)
    # Node prints "/srv/app.js:16" above a crash: a place, but not a frame.
    if " " in called or not (at or match[3]):
        return None
    return Frame(match[1], int(match[2]), called, column=_number(match[3]))


def _called(function: str) -> str:
    """A function's name without the arguments that old browsers print."""
    name = function.partition("(")[0]
    opera = _OPERA.match(name)
    return (opera[1] or "") if opera else name


def _number(text: str | None) -> int | None:
    return int(text) if text else None
