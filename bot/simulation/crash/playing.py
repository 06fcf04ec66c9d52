"""One playing of a scenario: its entries in the order of their times, from a seed.

The same scenario, seed, start and numbers make the same entries. Nothing is kept but what is on
its way, so a million entries need no more memory than a thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from heapq import heappop, heappush, merge
from itertools import count
from math import sqrt
from operator import attrgetter
from random import Random
from typing import NamedTuple
from uuid import UUID

from bot.simulation.crash.draws import drawing, names_in, writing
from bot.simulation.crash.scenario import Flow, Line, Scalar, Scenario

Values = Mapping[str, Scalar]


class Entry(NamedTuple):
    """What one service logged at one moment; `at` is in milliseconds since 1970."""

    at: int
    service: str
    host: str
    level: str
    logger: str
    message: str
    fields: Mapping[str, Scalar]
    trace_id: str
    trace: str = ""


@dataclass(frozen=True)
class Play:
    """One playing of a scenario.

    Attributes:
        start: when the logs begin; the crash comes `-scenario.begins` seconds later.
        min_logs: the services are made busier until there are so many entries at least.
        jitter: False for entries that are spread evenly.
    """

    scenario: Scenario
    seed: int
    start: datetime
    min_logs: int = 0
    jitter: bool = True
    facts: Values = field(init=False)
    trace_id: str = field(init=False)
    id: str = field(init=False)
    upload_id: str = field(init=False)

    def __post_init__(self) -> None:
        chance = self._chance("facts")
        facts = {name: drawing(value)(chance, 1.0) for name, value in self.scenario.facts.items()}
        own = self._chance("run", self.start.isoformat())
        told = f"{self.start:%Y%m%dT%H%M%SZ}"
        object.__setattr__(self, "facts", facts)
        object.__setattr__(self, "trace_id", f"{chance.getrandbits(128):032x}")
        object.__setattr__(self, "id", f"{self.scenario.scenario}-{told}-{own.getrandbits(32):08x}")
        object.__setattr__(self, "upload_id", str(UUID(int=own.getrandbits(128), version=4)))

    @property
    def crashes_at(self) -> datetime:
        """The moment of the crash."""
        return self.start + timedelta(seconds=-self.scenario.begins)

    @property
    def expected(self) -> int:
        """About how many entries there will be."""
        flows = self.scenario.flows
        usual = sum(_amount(flow) * len(flow.lines) for flow in flows)
        return int(usual * self._scale()) + len(self.scenario.steps) + 1

    def entries(self, trace: str) -> Iterator[Entry]:
        """All entries, oldest first; `trace` stands under the record of the crash."""
        scale = self._scale()
        flows = [self._flow(flow, number, scale) for number, flow in enumerate(self.scenario.flows)]
        return merge(*flows, self._request(trace), key=attrgetter("at"))

    def _chance(self, *key: object) -> Random:
        # Not for secrets: the point is that it can be foretold.
        return Random("/".join(map(str, (self.seed, self.scenario.scenario, *key))))  # noqa: S311

    def _scale(self) -> float:
        """How much busier than the scenario says, so that there are enough entries."""
        flows = self.scenario.flows
        fixed = len(self.scenario.steps) + 1
        each = [len(flow.lines) for flow in flows]
        usual = sum(_amount(flow) * size for flow, size in zip(flows, each, strict=True))
        return max(1.0, (self.min_logs - fixed + sum(each)) / usual)

    def _request(self, trace: str) -> Iterator[Entry]:
        """The request that crashes."""
        chance = self._chance("request")
        hosts = _Hosts(self.scenario, self.seed)
        chosen = {service: hosts.one(service, chance) for service in self.scenario.services}
        moments = [*((step.at, step) for step in self.scenario.steps), (0.0, self.scenario.crash)]
        moments.sort(key=lambda moment: moment[0])
        drawers = {name: drawing(value) for name, value in self.scenario.values.items()}
        for at, line in moments:
            near = min(1.0, 1 - at / self.scenario.begins)
            used = names_in(line.text, *line.fields.values())
            values: dict[str, Scalar] = {**self.facts, "trace_id": self.trace_id}
            values |= {name: drawers[name](chance, near) for name in sorted(used & set(drawers))}
            under = trace if line is self.scenario.crash else ""
            yield _Writer(line)(self._moment(at), chosen[line.service], values, under)

    def _flow(self, flow: Flow, number: int, scale: float) -> Iterator[Entry]:
        chance = self._chance("flow", number)
        hosts = _Hosts(self.scenario, self.seed)
        used = names_in(*(text for line in flow.lines for text in _texts(line)))
        drawers = [
            (name, drawing(value)) for name, value in self.scenario.values.items() if name in used
        ]
        writers = [(_Writer(line), writing(line.after), line.service) for line in flow.lines]
        begins = self.scenario.begins
        waiting: list[tuple[int, int, Entry]] = []
        order = count()
        for at in _moments(flow, scale, chance if self.jitter else None):
            moment = self._moment(at)
            while waiting and waiting[0][0] <= moment:
                yield heappop(waiting)[2]
            near = min(1.0, max(0.0, 1 - at / begins))
            values = {**self.facts, "trace_id": f"{chance.getrandbits(128):032x}"}
            for name, draw in drawers:
                values[name] = draw(chance, near)
            for write, after, service in writers:
                entry = write(
                    moment + int(float(after(values))), hosts.one(service, chance), values, ""
                )
                heappush(waiting, (entry.at, next(order), entry))
        while waiting:
            yield heappop(waiting)[2]

    def _moment(self, seconds: float) -> int:
        """Milliseconds since 1970 of a time of the scenario."""
        return self._crash_at + round(seconds * 1000)

    @cached_property
    def _crash_at(self) -> int:
        return round(self.start.timestamp() * 1000) + round(-self.scenario.begins * 1000)


class _Writer:
    """Makes entries of one line of a scenario."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._message = writing(line.text)
        self._fields = [(key, writing(text)) for key, text in line.fields.items()]

    def __call__(self, at: int, host: str, values: Values, trace: str) -> Entry:
        line = self._line
        return Entry(
            at,
            line.service,
            host,
            line.level,
            line.logger,
            str(self._message(values)),
            {key: write(values) for key, write in self._fields},
            str(values["trace_id"]),
            trace,
        )


class _Hosts:
    """The names of the services' instances, as Kubernetes gives them."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._names: dict[str, Sequence[str]] = {}
        for service, number in scenario.services.items():
            chance = Random(f"{seed}/{service}")  # noqa: S311 - it can be foretold on purpose
            replica_set = f"{chance.getrandbits(36):09x}"
            self._names[service] = [
                f"{service}-{replica_set}-{chance.getrandbits(20):05x}" for _ in range(number)
            ]

    def one(self, service: str, chance: Random) -> str:
        names = self._names[service]
        return names[int(chance.random() * len(names))]


def _texts(line: Line) -> Iterator[Scalar]:
    yield line.text
    yield from line.fields.values()
    yield getattr(line, "after", 0)


def _rates(flow: Flow) -> tuple[float, float]:
    rates = flow.per_minute if isinstance(flow.per_minute, list) else [flow.per_minute]
    return rates[0], rates[-1]


def _amount(flow: Flow) -> float:
    """How often it happens in all."""
    return sum(_rates(flow)) / 2 * (flow.ends - flow.begins) / 60


def _moments(flow: Flow, scale: float, chance: Random | None) -> Iterator[float]:
    """When it happens, in seconds: the rate's integral reaches each whole number once."""
    first, last = (rate * scale for rate in _rates(flow))
    length = (flow.ends - flow.begins) / 60
    middle: Callable[[], float] = chance.random if chance is not None else lambda: 0.5
    for number in range(max(1, int(_amount(flow) * scale))):
        reached = (number + middle()) / length
        root = sqrt(max(0.0, first * first + 2 * (last - first) * reached))
        share = min(1.0, 2 * reached / (first + root)) if first + root else 0.0
        yield flow.begins + share * length * 60
