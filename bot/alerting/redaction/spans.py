"""Stretches of text to be removed, and their replacement by markers."""

from __future__ import annotations

from typing import NamedTuple

MARKER_START = "[removed: "


class Span(NamedTuple):
    """A half-open range of a text that holds a secret of the named kind."""

    start: int
    end: int
    kind: str


def replace_spans(text: str, spans: list[Span]) -> str:
    """Put `[removed: kind]` in place of each span; overlapping spans become one.

    Of overlapping kinds the one found first in `spans` (the more exact detector) is named.
    """
    merged: list[tuple[int, int, int]] = []
    for rank, (start, end, _) in sorted(enumerate(spans), key=lambda item: item[1][:2]):
        if merged and start < merged[-1][1]:
            before = merged[-1]
            merged[-1] = (before[0], max(before[1], end), min(before[2], rank))
        else:
            merged.append((start, end, rank))
    parts: list[str] = []
    position = 0
    for start, end, rank in merged:
        parts.append(text[position:start])
        parts.append(f"{MARKER_START}{spans[rank].kind}]")
        position = end
    parts.append(text[position:])
    return "".join(parts)
