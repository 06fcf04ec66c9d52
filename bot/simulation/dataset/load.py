"""The load model: what every service feels in every minute of an hour.

Requests follow the traffic curve; CPU, connections and garbage follow the requests; an answer
slows as the CPU fills; an incident bends its root's metrics, and its callers feel slower and
failing answers a minute later for each call between. All sources read these numbers, so they
agree. Quiet noise is keyed by minute, so a window over the hour before shows what was shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bot.simulation.dataset.configuration import METRICS, Config, Service
from bot.simulation.dataset.draws import BELL, BELL_SIZE, words
from bot.simulation.dataset.plan import Affected, Incident, Plan
from bot.simulation.dataset.traffic import HOUR, Traffic

LOOK_BACK = 30
"""Minutes before the hour that panels and alarms look at."""
REQUESTS, ERRORS, LATENCY, CPU, MEMORY, GC, QUEUE, CONNECTIONS, DISK = range(len(METRICS))
UNITS = ("Count", "Percent", "Milliseconds", "Percent", "Percent", "Milliseconds", "Count",
         "Percent", "Percent")  # fmt: skip
REQUESTS_PER_RATE = 40.0
TAIL = 3.2
"""p99 over the median of an answer."""
_GARBAGE = {"go": 8.0, "java": 60.0, "node": 30.0, "python": 12.0}
_FELT_BY_CALLERS = ("latency", "errors")
_PERCENT = frozenset({CPU, MEMORY, CONNECTIONS, DISK})
_FULL = 98.0
_FELT = 0.2
"""An intensity that shows above the noise."""


class Crossing(NamedTuple):
    """A metric of a service that begins (`firing`) or ceases to be beyond its threshold."""

    service: str
    metric: int
    firing: bool
    blame: int


class Load:
    """The numbers of one hour and of `LOOK_BACK` minutes before it."""

    def __init__(self, config: Config, seed: int, traffic: Traffic, plan: Plan, start: int) -> None:
        self.start = start
        self.first = start - LOOK_BACK
        self.incidents = plan.touching(self.first, start + HOUR)
        self.services = config.services
        self._bit = {one.id: 1 << place for place, one in enumerate(self.incidents)}
        self._wander = [1 + config.generation.noise * deviate for deviate in BELL]
        size = LOOK_BACK + HOUR
        self.traffic = [traffic.at(self.first + index) for index in range(size)]
        self.thresholds = {one.name: _thresholds(one, traffic.peak) for one in config.services}
        self._batches: dict[str, list[tuple[int, int]]] = {}
        for decoy in plan.decoys:
            if decoy.kind == "batch_job":
                self._batches.setdefault(decoy.service, []).append((decoy.start, decoy.end))
        self.values: dict[str, list[list[float]]] = {}
        self.blame: dict[str, list[list[int]]] = {}
        width = len(METRICS)
        noise = [
            words(len(config.services) * width, seed, "noise", self.first + index)
            for index in range(size)
        ]
        for place, service in enumerate(config.services):
            rows = [row[place * width : (place + 1) * width] for row in noise]
            self._fill(service, rows, place)
        self.crossings = self._crossings()

    def bit(self, incident: Incident) -> int:
        """The bit that marks what belongs to `incident`."""
        return self._bit[incident.id]

    def _fill(self, service: Service, noise: Sequence[Sequence[int]], place: int) -> None:
        felt = [
            (incident, reached)
            for incident in self.incidents
            for reached in incident.affected
            if reached.service == service.name
        ]
        levels = self._quiet_columns(service, noise, place)
        marks = [[0] * len(noise) for _ in METRICS]
        busy, slow = levels[CPU], levels[LATENCY]
        for start, end in self._batches.get(service.name, ()):
            for index in range(max(0, start - self.first), min(len(noise), end - self.first)):
                busy[index] = max(busy[index], min(busy[index] + 26, 74.0))
        for incident, reached in felt:
            bit = self._bit[incident.id]
            for index in range(len(noise)):
                strength = incident.intensity(self.first + index, reached.hops)
                if strength > 0:
                    _bend(levels, marks, incident, reached, index, strength, bit)
        levels[LATENCY] = [
            late * max(1.0, 0.4 / (1.01 - full / 100))
            for late, full in zip(slow, busy, strict=True)
        ]
        self.values[service.name] = levels
        self.blame[service.name] = marks

    def _quiet_columns(
        self, service: Service, noise: Sequence[Sequence[int]], place: int
    ) -> list[list[float]]:
        """Each metric of a service, minute by minute, with its noise and without incidents."""
        quiet = [
            _quiet(service, traffic, self.first + index, place)
            for index, traffic in enumerate(self.traffic)
        ]
        wander = self._wander
        return [
            [value * wander[word % BELL_SIZE] for value, word in zip(row, draws, strict=True)]
            for row, draws in zip(zip(*quiet, strict=True), zip(*noise, strict=True), strict=True)
        ]

    def surge(self, index: int) -> float:
        """How much busier than on a quiet day the entrance is: a traffic spike."""
        entrance = self.services[0]
        quiet = entrance.rate * REQUESTS_PER_RATE * self.traffic[index]
        return max(1.0, self.values[entrance.name][REQUESTS][index] / quiet * 0.8)

    def slowness(self, service: Service, index: int) -> float:
        """How much longer than on a quiet day the median answer takes."""
        return self.values[service.name][LATENCY][index] / (service.latency_ms * TAIL)

    def _crossings(self) -> dict[int, list[Crossing]]:
        """By index, what CloudWatch's "2 out of the last 3 datapoints" changes."""
        found: dict[int, list[Crossing]] = {}
        for service in self.services:
            for metric, values in enumerate(self.values[service.name]):
                threshold = self.thresholds[service.name][metric]
                if max(values) <= threshold:
                    continue
                above = [value > threshold for value in values]
                states = [sum(above[at - 2 : at + 1]) >= 2 for at in range(2, len(above))]
                for at in range(1, len(states)):
                    if states[at] != states[at - 1]:
                        index = at + 2
                        blame = 0
                        for marks in self.blame[service.name][metric][index - 4 : index + 1]:
                            blame |= marks
                        crossing = Crossing(service.name, metric, states[at], blame)
                        found.setdefault(index, []).append(crossing)
        return found


def _quiet(service: Service, traffic: float, minute: int, place: int) -> list[float]:
    """The metrics of a service on which nobody calls it down."""
    return [
        service.rate * REQUESTS_PER_RATE * traffic,
        0.3,
        service.latency_ms * TAIL * (0.85 + 0.15 * traffic),
        14 + 24 * traffic,
        42 + 9 * ((minute + 131 * place) % 900) / 900,
        _GARBAGE[service.language] * (0.6 + 0.5 * traffic),
        6 + 9 * traffic,
        16 + 20 * traffic,
        38 + 14 * ((minute + 577 * place) % 2_880) / 2_880,
    ]


def _thresholds(service: Service, peak: float) -> list[float]:
    busiest = _quiet(service, peak * 1.3, 0, 0)
    return [
        busiest[REQUESTS] * 1.6 if service.rate >= 40 else busiest[REQUESTS] * 2.4,
        4.0,
        busiest[LATENCY] * 1.5,
        82.0,
        78.0,
        busiest[GC] * 3,
        300.0,
        84.0,
        80.0,
    ]


def _bend(
    levels: list[list[float]],
    marks: list[list[int]],
    incident: Incident,
    reached: Affected,
    index: int,
    strength: float,
    bit: int,
) -> None:
    """Add what one incident does to one service in one minute."""
    for metric, (mode, size) in incident.pattern.effects.items():
        if reached.hops and metric not in _FELT_BY_CALLERS:
            continue
        place = METRICS.index(metric)
        level = levels[place]
        amount = size * strength * reached.share
        if mode == "x":
            level[index] *= 1 + max(0.0, size - 1) * strength * reached.share
        elif place in _PERCENT:
            level[index] += max(0.0, _FULL - level[index]) * min(1.0, amount / 55)
        else:
            level[index] += amount
        levels[ERRORS][index] = min(levels[ERRORS][index], 100.0)
        if strength >= _FELT:
            marks[place][index] |= bit
