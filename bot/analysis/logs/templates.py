"""Lines that differ only in numbers and names are one line, so many times."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.analysis.logs.query import LogLine

_READ = 400  # characters of a line
_MASKS = re.compile(
    r"(?P<quoted>\"[^\"\n]{1,200}\"|'[^'\n]{1,200}')"
    r"|(?P<url>https?://[^\s\"'<>]{1,300})"
    r"|(?P<mail>[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4})"
    r"|(?P<id>\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b)"
    r"|(?P<time>\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?)"
    r"|(?P<clock>\b\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)"
    r"|(?P<ip>\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b)"
    r"|(?P<hex>\b0x[0-9a-fA-F]+\b|\b(?=[a-fA-F]{0,40}\d)[0-9a-fA-F]{7,64}\b)"
    r"|(?P<number>(?<![A-Za-z_])[-+]?\d+(?:[.,]\d+)*|(?<=[A-Za-z_=-])\d+)"
)
_SIGNS = {
    "quoted": "<…>", "url": "<url>", "mail": "<mail>", "id": "<id>", "time": "<time>",
    "clock": "<time>", "ip": "<ip>", "hex": "<id>", "number": "<n>",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Template:
    """Lines of one shape: `text` has marks such as <n> where they differ.

    `example` is the newest of them; `first` and `last` are milliseconds.
    """

    text: str
    count: int
    example: LogLine
    first: int
    last: int


def mask(message: str) -> str:
    """The shape of a line: its first line, with what varies replaced by marks."""
    head = message[:_READ].partition("\n")[0]
    return _MASKS.sub(_sign, head).strip()


def templates(lines: Iterable[LogLine]) -> tuple[Template, ...]:
    """Collapse lines by shape; the most frequent first, the order of appearance on a tie.

    A shape that only one line has keeps that line's own text.
    """
    found: dict[str, tuple[int, LogLine, int, int]] = {}
    for line in lines:
        shape = mask(line.message)
        if (known := found.get(shape)) is None:
            found[shape] = (1, line, line.at, line.at)
        else:
            count, example, first, last = known
            newer = line if line.at >= example.at else example
            found[shape] = (count + 1, newer, min(first, line.at), max(last, line.at))
    made = [
        Template(shape if count > 1 else example.message.rstrip(), count, example, first, last)
        for shape, (count, example, first, last) in found.items()
    ]
    return tuple(sorted(made, key=lambda each: -each.count))


def _sign(found: re.Match[str]) -> str:
    return _SIGNS[found.lastgroup or "number"]
