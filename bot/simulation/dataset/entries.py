"""One entry on its way to a file, and small pieces that all sources write alike."""

from __future__ import annotations

Entry = tuple[int, str, int]
"""Milliseconds of the minute; the line after its `@id`; the bits of the incidents it belongs to."""

THOUSAND = tuple(f"{number:03d}" for number in range(1000))
"""Three digits: a third of a second's parts."""

SECONDS = tuple(
    f"{second}.{part}" for second in map("{:02d}".format, range(60)) for part in THOUSAND
)
"""Milliseconds of a minute as ISO seconds."""


def period(series: int, per_minute: float) -> int:
    """Every how many minutes each of `series` is sampled to stay within a budget."""
    return max(1, round(series / max(per_minute, 0.001)))


def count_of(expected: float, word: int) -> int:
    """A whole number whose mean is `expected`."""
    whole = int(expected)
    return whole + (word % 4096 < (expected - whole) * 4096)
