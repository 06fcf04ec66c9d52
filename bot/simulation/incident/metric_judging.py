"""Are a scenario's metrics realistic? Units, ranges, worse first and better afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot.simulation.incident.measures import (
    Measure,
    expected,
    has_expected,
    is_bounded,
    measure,
    worse,
)
from bot.simulation.incident.scenario import Alert, AnyEvent, Problem, Scenario

_SAME = 0.02  # two values that differ by less are the same
_STILL = 0.2  # of what is normal; less is no change
_RECOVERED = 0.5  # of the way back; less is no recovery
_PERCENTILE = re.compile(r"p(50|90|95|99)")


def judged(scenario: Scenario) -> Iterator[Problem]:
    """Everything that is wrong with the metrics of a scenario."""
    judge = _Judge()
    for number, event in enumerate(scenario.timeline):
        yield from judge.event(f"$.timeline[{number}]", event)


class _Judge:
    """What was seen of each metric until now, by channel and name."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], tuple[Measure, str]] = {}
        self._normal: dict[tuple[str, str], Measure] = {}
        self._worst: dict[tuple[str, str], Measure] = {}

    def event(self, path: str, event: AnyEvent) -> Iterator[Problem]:
        """What is wrong with the metrics of one event."""
        for name in ("metrics_before", "metrics", "metrics_after"):
            values: Mapping[str, str] = getattr(event, name)
            yield from _percentiles(f"{path}.{name}", values)
            for key, text in values.items():
                found = measure(text)
                if found is not None:
                    own = (event.channel, key)
                    yield from _one(f"{path}.{name}.{key}", key, text, found)
                    yield from self._consistent(f"{path}.{name}.{key}", own, found, text)
                    self._remember(name, own, found)
        if isinstance(event, Alert):
            yield from _changes(path, event.metrics_before, event.metrics)
        for key, text in event.metrics_after.items():
            yield from self._recovery(f"{path}.metrics_after.{key}", (event.channel, key), text)

    def _remember(self, name: str, own: tuple[str, str], found: Measure) -> None:
        if name == "metrics_before":
            self._normal.setdefault(own, found)
        elif name == "metrics":
            before = self._worst.get(own)
            is_worse = before is None or before.kind != found.kind
            if is_worse or (found.value - before.value) * (self._way(own) or 1) > 0:  # type: ignore[union-attr]
                self._worst[own] = found

    def _way(self, own: tuple[str, str]) -> int:
        """Which way is worse: by its name, else away from what was normal; 0 if neither tells."""
        named = worse(own[1])
        normal, worst = self._normal.get(own), self._worst.get(own)
        if named or normal is None or worst is None or normal.kind != worst.kind:
            return named
        if abs(worst.value - normal.value) <= _STILL * abs(normal.value):
            return 0
        return 1 if worst.value > normal.value else -1

    def _consistent(
        self, path: str, own: tuple[str, str], found: Measure, text: str
    ) -> Iterator[Problem]:
        first, told = self._first.setdefault(own, (found, text))
        if first.kind != found.kind:
            problem = f"{text!r} is {found.kind}, but {told!r} before is {first.kind}"
            yield Problem(path, problem, "Use one unit for one metric.")

    def _recovery(self, path: str, own: tuple[str, str], text: str) -> Iterator[Problem]:
        """What is said to have recovered is better than it was at its worst, and by much."""
        was, found, way = self._worst.get(own), measure(text), self._way(own)
        if was is None or found is None or was.kind != found.kind or not way:
            return
        if (was.value - found.value) * way <= 0 and abs(was.value) > 1e-9:
            told = f"{text!r} has not recovered from {was.value:g} ({was.kind})"
            yield Problem(path, told, "Write a value that is better.")
            return
        normal = self._normal.get(own)
        if normal is None or normal.kind != was.kind:
            return
        whole = (was.value - normal.value) * way
        if whole > 0 and (found.value - normal.value) * way > whole * (1 - _RECOVERED):
            told = f"{text!r} is nearer to its worst than to its normal {normal.value:g}"
            yield Problem(path, f"{told} ({was.kind})", "Write a value that has recovered.")


def _one(path: str, key: str, text: str, found: Measure) -> Iterator[Problem]:
    wanted = expected(key)
    if wanted is not None and not has_expected(key, found):
        yield Problem(path, f"{text!r} has no unit", f"Write {wanted}.")
    if found.kind == "per cent" and is_bounded(key) and found.value > 100:
        yield Problem(path, f"{text!r} is more than all", "Write at most 100%.")
    if found.value < 0 and found.kind in {"per cent", "time", "rate", "size"} and worse(key):
        yield Problem(path, f"{text!r} is less than nothing", "Write 0 or more.")


def _percentiles(path: str, values: Mapping[str, str]) -> Iterator[Problem]:
    """Of one thing, the 99th percentile is not below the 95th."""
    found: dict[str, tuple[int, str, Measure]] = {}
    named = [(match, key) for key in values if (match := _PERCENTILE.search(key.lower()))]
    for match, key in sorted(named, key=lambda each: int(each[0][1])):
        value, thing = measure(values[key]), _PERCENTILE.sub("p", key.lower())
        if value is None:
            continue
        _, lower, below = found.get(thing, (0, "", value))
        if below.kind == value.kind and below.value > value.value:
            told = f"{values[key]!r} is below {lower}, {values[lower]!r}"
            yield Problem(f"{path}.{key}", told, "Swap them, or mend one.")
        found[thing] = (int(match[1]), key, value)


def _changes(path: str, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Problem]:
    """An alert's metrics are worse than before it."""
    for key, text in now.items():
        was, found = measure(before.get(key, "")), measure(text)
        if was is None or found is None or was.kind != found.kind:
            continue
        change = (found.value - was.value) * worse(key)
        if change < -_SAME * max(abs(was.value), 1e-9):
            told = f"{text!r} is better than {before[key]!r} before it"
            yield Problem(f"{path}.metrics.{key}", told, "Swap them, or mend one.")
