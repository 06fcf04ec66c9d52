"""Simple statistics of log messages: what tells made ones from real ones."""

from __future__ import annotations

import csv
import math
import re
import statistics
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

SAMPLE = 2_000
_VARIABLE = re.compile(r"[0-9a-fA-F]*\d[\w.:\-]*|/[\w./\-]+")
_CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d)")


@dataclass(frozen=True, slots=True)
class Sample:
    """Consecutive messages of one system, with their seconds where they are known."""

    name: str
    messages: Sequence[str]
    seconds: Sequence[int]


@dataclass(frozen=True, slots=True)
class Figures:
    """What simple statistics say of a sample.

    Attributes:
        templates: messages that differ after numbers, ids and paths are taken out.
        top_share: of the most frequent template.
        template_bits: entropy of the templates' distribution.
        length: mean length of a message in characters, and its deviation.
        character_bits: entropy of its characters.
        ratio: how many times smaller zlib 9 makes it.
        burstiness: (s - m) / (s + m) of the gaps between seconds with messages; -1 regular,
            0 by chance, 1 bursty (Goh and Barabasi, 2008); None where times are unknown.
        ranked: share of each template, most frequent first.
    """

    name: str
    templates: int
    top_share: float
    template_bits: float
    length: float
    length_deviation: float
    character_bits: float
    ratio: float
    burstiness: float | None
    ranked: tuple[float, ...]


def figures_of(sample: Sample) -> Figures:
    """Compute them; a sample must hold a message."""
    messages = sample.messages
    templates = Counter(_VARIABLE.sub("*", message) for message in messages)
    shares = tuple(count / len(messages) for _, count in templates.most_common())
    lengths = [len(message) for message in messages]
    text = "\n".join(messages)
    return Figures(
        sample.name,
        len(templates),
        shares[0],
        _entropy(shares),
        statistics.mean(lengths),
        statistics.pstdev(lengths),
        _entropy([count / len(text) for count in Counter(text).values()]),
        len(text.encode()) / len(zlib.compress(text.encode(), 9)),
        _burstiness(sample.seconds),
        shares,
    )


def _entropy(shares: Sequence[float]) -> float:
    return -sum(share * math.log2(share) for share in shares)


def _burstiness(seconds: Sequence[int]) -> float | None:
    gaps = [after - before for before, after in pairwise(seconds)]
    if len(gaps) < 10 or not any(gaps):
        return None
    mean, deviation = statistics.mean(gaps), statistics.pstdev(gaps)
    return (deviation - mean) / (deviation + mean)


def read_loghub(folder: Path) -> list[Sample]:
    """The LogHub samples of a folder: CSV files with a Content column."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", errors="replace", newline="") as stream:
            rows = [row for row in csv.DictReader(stream) if row.get("Content")][:SAMPLE]
        if rows:
            messages = [row["Content"] for row in rows]
            found.append(Sample(path.stem, messages, _seconds(rows)))
    return found


def _seconds(rows: Sequence[Mapping[str, str]]) -> list[int]:
    """Seconds of the day, as far as they run on; empty where there are none."""
    found: list[int] = []
    for row in rows:
        match = _CLOCK.search(row.get("Time") or "")
        if match is None:
            return []
        hours, minutes, seconds = map(int, match.groups())
        found.append(hours * 3_600 + minutes * 60 + seconds)
    day, before, unwrapped = 0, 0, []
    for second in found:
        day += 86_400 if second < before - 43_200 else 0
        unwrapped.append(day + second)
        before = second
    return unwrapped
