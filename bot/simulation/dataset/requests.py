"""The requests of a minute, hop by hop: what pod logs, traces, access logs and errors share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bot.simulation.dataset.clients import ADDRESSES, AGENTS, FIRST_USER, USERS, addresses
from bot.simulation.dataset.configuration import Config, Service
from bot.simulation.dataset.draws import BELL_SIZE, LOGNORMAL, hexes, raw, weighted, words
from bot.simulation.dataset.fleet import Pod
from bot.simulation.dataset.load import ERRORS, LATENCY, LOOK_BACK, Load

_CRAWLED = 14
_STOP = 0.34
"""How often an answer needs no further service."""
_MAX_DEPTH = 4
_tuple = tuple.__new__
_LAST_PLACE = BELL_SIZE - 1
_SPANS = _MAX_DEPTH + 1


class Route(NamedTuple):
    """An endpoint and one way through the services behind it."""

    method: str
    head: str  # the path before its id
    tail: str  # the path after its id
    has_id: bool
    template: str
    chain: tuple[Service, ...]


class Hop(NamedTuple):
    """What one service did for a request. `ms` includes what it waited for."""

    service: Service
    pod: Pod
    span: str
    ms: int
    status: int
    blame: int
    is_origin: bool  # the failure began here


class Request(NamedTuple):
    """One request; `at` is its beginning in milliseconds of the minute."""

    at: int
    trace: str
    user: int
    ip: str
    size: int
    agent: str
    route: Route
    path: str
    hops: list[Hop]  # at least one, from the entrance down
    blame: int


@dataclass(slots=True)
class Minute:
    """One minute as every source sees it. `index` counts from the load's first minute."""

    number: int
    index: int
    text: str  # "2026-01-05T14:03:"
    before: str  # the minute before it
    epoch_ms: int
    load: Load
    pods: dict[str, tuple[Pod, ...]]
    requests: list[Request]
    factor: float  # of the traffic curve


def routes_of(config: Config) -> tuple[Route, ...]:
    """A table of 4,096 places from which requests are picked."""
    by_name = {one.name: one for one in config.services}
    entrance = config.services[0]
    found: list[Route] = []
    weights: list[float] = []
    for service in config.services:
        total = sum(service.endpoints.values())
        for endpoint, weight in service.endpoints.items():
            share = service.rate * weight / total if service is not entrance else weight
            ways = [((service,), 1.0)] if service is entrance else _chains(service, by_name, 1.0, 1)
            for chain, part in ways:
                whole = chain if service is entrance else (entrance, *chain)
                found.append(_route(endpoint, whole))
                weights.append(share * part)
    return weighted(found, weights, 4096)


def _route(endpoint: str, chain: tuple[Service, ...]) -> Route:
    method, _, path = endpoint.partition(" ")
    head, has_id, tail = path.partition("{id}")
    return Route(method, head, tail, bool(has_id), path, chain)


def _chains(
    service: Service, by_name: dict[str, Service], part: float, depth: int
) -> list[tuple[tuple[Service, ...], float]]:
    """Every way down from a service with its probability."""
    if not service.depends_on or depth == _MAX_DEPTH:
        return [((service,), part)]
    found: list[tuple[tuple[Service, ...], float]] = [((service,), part * _STOP)]
    each = part * (1 - _STOP) / len(service.depends_on)
    for name in service.depends_on:
        for chain, share in _chains(by_name[name], by_name, each, depth + 1):
            found.append(((service, *chain), share))
    return found


_Step = tuple[Service, tuple[Pod, ...], int, float, int, int]
"""A service in one minute: pods, how many, milliseconds of its own, blame, failures in 65,536."""
_Way = tuple[Route, tuple[_Step, ...], int]
"""A route, its services from the deepest up, and the failures of all of them in 65,536."""


class RequestMaker:
    """Draws the requests of a minute."""

    def __init__(self, config: Config, seed: int) -> None:
        self._seed = seed
        table = routes_of(config)
        self._routes = tuple({id(route): route for route in table}.values())
        places = {id(route): place for place, route in enumerate(self._routes)}
        self._table = tuple(places[id(route)] for route in table)
        self._services = config.services
        self.mean_hops = sum(len(route.chain) for route in table) / len(table)
        self._addresses = addresses(seed)

    def make(
        self, load: Load, pods: dict[str, tuple[Pod, ...]], number: int, count: int
    ) -> list[Request]:
        """`count` requests of minute `number`, in order of their beginning."""
        steps_of = self._steps(load, pods, number - load.start + LOOK_BACK)
        ways: dict[int, _Way] = {}
        table, addresses = self._table, self._addresses
        traces = raw(count * 16, self._seed, "traces", number).hex()
        spans = raw(count * _SPANS * 8, self._seed, "spans", number).hex()
        span = cut = 0
        found: list[Request] = []
        for at, word, more in zip(
            _arrivals(words(count, self._seed, "times", number)),
            words(count, self._seed, "requests", number),
            words(count, self._seed, "hops", number),
            strict=True,
        ):
            place = table[word & 4095]
            way = ways.get(place)
            if way is None:
                way = ways[place] = _way(self._routes[place], steps_of)
            route, steps, risk = way
            failing = -1
            if more & 0xFFFF < risk:
                failing, steps = _failing(steps, more & 0xFFFF)
            draw = more >> 16
            waited = 0.6
            marks = 0
            hops: list[Hop] = []
            # From the deepest service up: each waits for the one below it. Half the time of
            # calling Hop(…) and Request(…); half a million a day.
            for service, replicas, size, slow, blame, _ in steps:
                waited += slow * LOGNORMAL[draw & _LAST_PLACE]
                draw >>= 7
                marks |= blame
                status = 200 if failing < 0 else 502 if hops else 500
                hop = (service, replicas[draw % size], spans[span : span + 16], int(waited),
                       status, blame, status == 500)  # fmt: skip
                hops.append(_tuple(Hop, hop))
                span += 16
            hops.reverse()
            user = FIRST_USER + (word >> 30) % USERS
            path = f"{route[1]}{(word >> 12) % 89_989}{route[2]}" if route[3] else route[1]
            request = (at, traces[cut : cut + 32], user, addresses[user % ADDRESSES],
                       180 + (word >> 24) % 9_700, AGENTS[user % len(AGENTS)], route, path, hops,
                       marks)  # fmt: skip
            found.append(_tuple(Request, request))
            cut += 32
        return found

    def _steps(self, load: Load, pods: dict[str, tuple[Pod, ...]], index: int) -> dict[str, _Step]:
        """What each service does for a request in this minute."""
        steps: dict[str, _Step] = {}
        for one in self._services:
            name = one.name
            marks = load.blame[name]
            steps[name] = (
                one,
                pods[name],
                len(pods[name]),
                load.slowness(one, index) * one.latency_ms,
                marks[ERRORS][index] | marks[LATENCY][index],
                _risk(load, name, index),
            )
        return steps

    def crawl(self, load: Load, pods: dict[str, tuple[Pod, ...]], number: int) -> list[Request]:
        """A crawler that asks the entrance for what is not there."""
        entrance = self._services[0]
        draws = words(_CRAWLED, self._seed, "crawler", number)
        traces = hexes(_CRAWLED, 48, self._seed, "crawler ids", number)
        route = Route("GET", "/", "", False, "/{path}", (entrance,))
        blame = load.blame[entrance.name][ERRORS][number - load.start + LOOK_BACK]
        return [
            Request(
                word % 60_000,
                digits[:32],
                0,
                "203.0.113.77",
                153,
                "Mozilla/5.0 (compatible; Crawler/2.1; +http://crawler.example)",
                route,
                f"/archive/{word >> 40}.php",
                [Hop(entrance, pods[entrance.name][0], digits[32:], 2, 404, blame, False)],
                blame,
            )
            for word, digits in zip(draws, traces, strict=True)
        ]


def _arrivals(draws: list[int]) -> list[int]:
    """Milliseconds of a minute, sorted: many requests follow something that just happened."""
    centres = [draw >> 24 & 0xFFFF for draw in draws[:7]] or [0]
    most = len(centres)
    return sorted(
        (centres[(draw >> 40) % most] + (draw & 0x3FF) * (draw >> 10 & 0x3FF) // 700) % 60_000
        if draw >> 20 & 3
        else draw % 60_000
        for draw in draws
    )


def _way(route: Route, steps: dict[str, _Step]) -> _Way:
    """What a route means in this minute."""
    chain = tuple(steps[one.name] for one in reversed(route.chain))
    return route, chain, sum(step[5] for step in chain)


def _risk(load: Load, service: str, index: int) -> int:
    """Failures in 65,536 requests; what a service only passes on is not counted twice."""
    percent = load.values[service][ERRORS][index]
    return int(percent * 655.36 * (0.35 if load.blame[service][ERRORS][index] else 0.3))


def _failing(steps: tuple[_Step, ...], draw: int) -> tuple[int, tuple[_Step, ...]]:
    """Which step fails, and what is left of them: those below it were never called."""
    for place, step in enumerate(steps):
        draw -= step[5]
        if draw < 0:
            return place, steps[place:]
    return -1, steps
