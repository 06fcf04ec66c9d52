"""One file of a data set, read line by line: what is wrong, and what the whole needs to know."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bot.simulation.dataset.claims import Claim
from bot.simulation.dataset.files import DatasetError, lines_of
from bot.simulation.dataset.shapes import at, milliseconds, service_of, wrongs

MOST = 20
"""Violations that are told of one file; the others are counted."""
MINUTE = 60_000
_NATURAL_IDS = {
    ("sentry", "event"): "event_id",
    ("sentry", "transaction"): "event_id",
    ("sentry", "session"): "sid",
    ("cloudwatch", "log"): "eventId",
    ("cloudwatch", "alarm"): "id",
}


@dataclass(slots=True)
class Facts:
    """What was found in a file. `effects`: (service, minute) -> sum and count of its measure."""

    path: str
    source: str
    entries: int = 0
    crc32: int = 0
    violations: list[str] = field(default_factory=list)
    untold: int = 0
    pods: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    natural_ids: array[int] = field(default_factory=lambda: array("Q"))  # 8 bytes each
    effects: dict[tuple[str, int], tuple[float, int]] = field(default_factory=dict)
    requests: int = 0
    kinds: dict[str, int] = field(default_factory=dict)

    def wrong(self, line: int, text: str) -> None:
        """Note a violation of a 1-based line."""
        if len(self.violations) < MOST:
            self.violations.append(f"{self.path}:{line}: {text}")
        else:
            self.untold += 1


def check_file(root: Path, path: str, source: str, hour: int, claims: Sequence[Claim]) -> Facts:
    """Read one hour of one source (`hour` counts from 1970). Damage is a violation too."""
    facts = Facts(path, source)
    claimed: dict[int, list[Claim]] = {}
    for claim in claims:
        for place in claim.places:
            claimed.setdefault(place, []).append(claim)
    before = hour * 60 * MINUTE
    end = before + 60 * MINUTE
    try:
        for number, raw in enumerate(lines_of(root / path)):
            facts.entries += 1
            facts.crc32 = zlib.crc32(raw, facts.crc32)
            when = _check_line(facts, number, raw, f"{source[0]}-{hour}-{number:07d}")
            if when is None:
                continue
            if not before <= when < end:
                what = "before the line above" if when < before else "after the file's hour"
                facts.wrong(number + 1, f"its time is {what}")
            before = max(before, min(when, end))
            for claim in claimed.pop(number, ()):
                _check_claim(facts, number, raw, claim, when)
    except DatasetError as error:
        facts.wrong(facts.entries + 1, f"the file is damaged: {error}")
        claimed = {}  # whether it holds what the truth names cannot be told any more
    for number in sorted(claimed)[:MOST]:
        if number >= facts.entries:
            name = claimed[number][0].incident
            facts.wrong(
                max(1, facts.entries), f"{name} names entry {number:07d}, which is not there"
            )
    return facts


def _check_line(facts: Facts, number: int, raw: bytes, expected_id: str) -> int | None:
    """Check one line by itself; its time in milliseconds."""
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        facts.wrong(number + 1, f"not valid JSON: {error}")
        return None
    if not isinstance(line, dict):
        facts.wrong(number + 1, "a JSON object is expected")
        return None
    if line.get("@id") != expected_id:
        facts.wrong(number + 1, f"@id is {line.get('@id')!r}, {expected_id!r} is expected")
    found = list(wrongs(facts.source, line))
    for text in found:
        facts.wrong(number + 1, text)
    if found:
        return None
    try:
        when = milliseconds(facts.source, line)
    except (ValueError, TypeError, LookupError, ArithmeticError):
        facts.wrong(number + 1, "its time cannot be read")
        return None
    try:
        _learn(facts, number, line, when)
    except (ValueError, TypeError, LookupError, ArithmeticError):
        facts.wrong(number + 1, "its figures cannot be read")
    return when


def _learn(facts: Facts, number: int, line: Mapping[str, Any], when: int | None) -> None:
    kind = line["@kind"]
    facts.kinds[kind] = facts.kinds.get(kind, 0) + 1
    key = _NATURAL_IDS.get((facts.source, kind))
    if key:
        facts.natural_ids.append(hash_of(line[key]))
    if kind == "log" and facts.source == "kubernetes":
        pod = line["kubernetes"]
        told = (pod["pod_id"], pod["host"], pod["labels"]["app"])
        known = facts.pods.setdefault(pod["pod_name"], told)
        if known != told:
            facts.wrong(number + 1, f"pod {pod['pod_name']} was {known} and is {told}")
        facts.requests += line["stream"] == "stdout"
    measure = measure_of(facts.source, line)
    if measure is not None and when is not None:
        place = (service_of(facts.source, line), when // MINUTE)
        total, count = facts.effects.get(place, (0.0, 0))
        facts.effects[place] = (total + measure, count + 1)


def hash_of(text: str) -> int:
    """64 bits of a natural id, the same in every process."""
    return zlib.crc32(text.encode()) << 32 | zlib.adler32(text.encode())


def measure_of(source: str, line: Mapping[str, Any]) -> float | None:
    """What of a line shows that its service is in trouble."""
    kind = line["@kind"]
    if source == "kubernetes":
        return 1.0 if kind == "log" and line["stream"] == "stderr" else None
    if source == "sentry":
        return 1.0 if kind == "event" else None
    if source == "cloudwatch":
        if kind != "metric" or line["metric_name"] != "ErrorRate":
            return None
        return float(line["value"]["sum"]) / float(line["value"]["count"])
    if kind == "panel" and line["@query"].get("panelId") == 2:
        values = at(line["results"]["A"]["frames"][0], ("data", "values"))
        return float(values[1][-1])
    return None


def _check_claim(facts: Facts, number: int, raw: bytes, claim: Claim, when: int) -> None:
    """An entry that the truth names must lie in the window, with a service that is affected."""
    if not claim.start <= when < claim.end:
        facts.wrong(number + 1, f"{claim.incident} names it, and it lies outside its window")
    service = service_of(facts.source, orjson.loads(raw))
    if service and service not in claim.services:
        facts.wrong(number + 1, f"{claim.incident} names it, and {service} is not affected by it")
