"""A row of counts as a line of text."""

from __future__ import annotations

from collections.abc import Sequence

_NOTHING = "▁"
_STEPS = "▂▃▄▅▆▇█"


def sparkline(counts: Sequence[int], width: int = 24) -> str:
    """Draw the newest counts, at most `width` marks; the lowest mark means none at all.

    With more counts than `width`, neighbours are added up, so nothing that happened is left out.
    """
    if len(counts) > width:
        counts = _gather(counts, width)
    peak = max(counts, default=0)
    return "".join(_mark(count, peak) for count in counts)


def _gather(counts: Sequence[int], width: int) -> list[int]:
    """Sum neighbours into `width` groups; the newest group is always full."""
    group = -(-len(counts) // width)
    missing = -len(counts) % group
    padded = [0] * missing + list(counts)
    return [sum(padded[start : start + group]) for start in range(0, len(padded), group)]


def _mark(count: int, peak: int) -> str:
    if count <= 0:
        return _NOTHING
    return _STEPS[min(len(_STEPS) - 1, (count * len(_STEPS) - 1) // peak)]
