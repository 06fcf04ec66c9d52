"""Metrics as they are written: number, unit, and which way is bad."""

from __future__ import annotations

import re
from typing import NamedTuple

_NUMBER = re.compile(r"(?P<sign>[+~<>≈-]?)\s*\$?\s*(?P<number>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>.*)")
_TIMES = {
    "µs": 1e-6, "us": 1e-6, "ms": 1e-3, "msec": 1e-3, "s": 1.0, "sec": 1.0, "secs": 1.0,
    "second": 1.0, "m": 60.0, "min": 60.0, "mins": 60.0, "minute": 60.0, "h": 3600.0,
    "hr": 3600.0, "hour": 3600.0, "day": 86_400.0, "d": 86_400.0,
}  # fmt: skip
_SIZES = {"b": 1.0, "byte": 1.0}
for _power, _letter in enumerate("kmgt", start=1):
    for _ending in (f"{_letter}b", f"{_letter}ib"):
        _SIZES[_ending] = 1000.0**_power if _ending[1] == "b" else 1024.0**_power
_SCALES = {"k": 1e3, "million": 1e6, "m": 1e6}
_RATE = re.compile(
    r"/\s*(?:s|sec|second|m|min|minute|h|hour|day)\b|p[sm]$|per (?:second|minute|hour)"
)
_WORDS = re.compile(r"[a-z]+|\d+")

_TIME_KEYS = {"latency", "duration", "delay", "age", "p50", "p90", "p95", "p99", "time"}
_SHARE_KEYS = {"rate", "ratio", "percent", "percentage", "share"}
_BOUNDED = {"success", "error", "hit", "failure", "availability", "miss", "fallback"}
WORSE_UP = {
    "latency", "error", "errors", "lag", "cpu", "memory", "queue", "queued", "failures", "failed",
    "failure", "timeouts", "timeout", "restarts", "backlog", "p50", "p90", "p95", "p99", "delay",
    "pending", "throttled", "evictions", "age", "unprocessed", "miss", "misses", "load",
    "saturation", "oom", "unscored", "unsent", "waiting", "fallback", "degraded", "limited",
}  # fmt: skip
WORSE_DOWN = {
    "success", "availability", "hit", "throughput", "consume", "healthy", "ready", "uptime",
    "consumed", "replicas",
}  # fmt: skip


class Measure(NamedTuple):
    """A value in its base unit (seconds, bytes, per cent, as it is) and what kind it is."""

    value: float
    kind: str
    unit: str


def measure(text: str) -> Measure | None:
    """What a metric's text says; None for words such as "healthy"."""
    match = _NUMBER.match(text.strip())
    if match is None:
        return None
    value = float(match["number"].replace(",", ""))
    value = -value if match["sign"] == "-" else value
    unit = re.sub(r"\(.*|\bago\b.*|[;,].*", "", match["unit"]).strip()
    small = unit.lower()
    first = small.split()[0].rstrip(".") if small.split() else ""
    if unit.startswith("%"):
        return Measure(value, "per cent", "%")
    if _RATE.search(small):
        return Measure(value * _SCALES.get(first.partition("/")[0], 1.0), "rate", unit)
    for known, kind in ((_TIMES, "time"), (_SIZES, "size")):
        for spelt in (first, first.removesuffix("s")):
            if spelt in known and not (spelt == "m" and unit == "M"):
                return Measure(value * known[spelt], kind, unit)
    if "$" in text or small.startswith(("usd", "eur", "€", "$")):
        return Measure(value, "money", unit)
    return Measure(value, "number", unit)


def words(key: str) -> set[str]:
    """The words of a metric's name."""
    return set(_WORDS.findall(key.lower()))


def expected(key: str) -> str | None:
    """The unit that a metric of this name cannot do without, in words; None for any."""
    said = words(key)
    if "freshness" in said:
        return None
    if said & _SHARE_KEYS or {"success", "rate"} <= said:
        return "a unit: % or something like req/s"
    if said & _TIME_KEYS and not said & {"count", "errors"}:
        return "a unit of time: ms, s or min"
    return None


def has_expected(key: str, found: Measure) -> bool:
    """Whether a metric has the unit that its name asks for."""
    wanted = expected(key)
    if wanted is None or found.kind in {"time", "rate", "per cent"}:
        return True
    return bool(found.unit) and "time" not in wanted


def is_bounded(key: str) -> bool:
    """Whether a share of this name cannot be above 100 %."""
    return bool(words(key) & _BOUNDED)


def worse(key: str) -> int:
    """1 if more of it is worse, -1 if less is, 0 if the name does not say."""
    said = words(key)
    up, down = said & WORSE_UP, said & WORSE_DOWN
    return (1 if up else 0) if not down else (-1 if not up else 0)
