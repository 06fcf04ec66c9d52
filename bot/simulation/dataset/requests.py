"""The requests of a minute, hop by hop: what pod logs, traces, access logs and errors share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bot.simulation.dataset.configuration import Config, Service
from bot.simulation.dataset.draws import BELL_SIZE, LOGNORMAL, hexes, weighted, words
from bot.simulation.dataset.fleet import Pod
from bot.simulation.dataset.load import ERRORS, LATENCY, LOOK_BACK, Load

_CRAWLED = 14
_STOP = 0.34
"""How often an answer needs no further service."""
_MAX_DEPTH = 4
_tuple = tuple.__new__
_SPANS = _MAX_DEPTH + 1
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0.6723.58 Mobile",
    "ShopApp/7.14.2 (iOS 18.1; iPhone15,3)",
    "ShopApp/7.14.0 (Android 14; SM-S921B)",
)


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
    hops: tuple[Hop, ...]
    blame: int


@dataclass(slots=True)
class Minute:
    """One minute as every source sees it. `index` counts from the load's first minute."""

    number: int
    index: int
    text: str  # "2026-01-05T14:03:"
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


class RequestMaker:
    """Draws the requests of a minute."""

    def __init__(self, config: Config, seed: int) -> None:
        self._seed = seed
        self._routes = routes_of(config)
        self._services = config.services
        self.mean_hops = sum(len(route.chain) for route in self._routes) / len(self._routes)

    def make(
        self, load: Load, pods: dict[str, tuple[Pod, ...]], number: int, count: int
    ) -> list[Request]:
        """`count` requests of minute `number`, in order of their beginning."""
        index = number - load.start + LOOK_BACK
        slow = {one.name: load.slowness(one, index) * one.latency_ms for one in self._services}
        risk = {one.name: _risk(load, one.name, index) for one in self._services}
        blame = {
            one.name: load.blame[one.name][ERRORS][index] | load.blame[one.name][LATENCY][index]
            for one in self._services
        }
        first = words(count, self._seed, "requests", number)
        second = words(count, self._seed, "hops", number)
        traces = hexes(count, 32, self._seed, "traces", number)
        spans = hexes(count * _SPANS, 16, self._seed, "spans", number)
        times = _arrivals(words(count, self._seed, "times", number))
        found: list[Request] = []
        for place, at in enumerate(times):
            word, more = first[place], second[place]
            route = self._routes[word & 4095]
            failing = _failing(route.chain, risk, more & 0xFFFF)
            own = spans[place * _SPANS : place * _SPANS + _SPANS]
            hops, marks = _hops(route.chain, failing, more >> 16, pods, slow, blame, own)
            path = (
                f"{route.head}{(word >> 12) % 89_989}{route.tail}" if route.has_id else route.head
            )
            found.append(
                Request(
                    at,
                    traces[place],
                    1_000 + (word >> 30) % 48_611,
                    f"{(word >> 20) % 180 + 23}.{word >> 40 & 255}.{word >> 48 & 255}.{word >> 56}",
                    180 + (word >> 24) % 9_700,
                    AGENTS[(word >> 16) % len(AGENTS)],
                    route,
                    path,
                    hops,
                    marks,
                )
            )
        return found

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
                (Hop(entrance, pods[entrance.name][0], digits[32:], 2, 404, blame, False),),
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


def _risk(load: Load, service: str, index: int) -> int:
    """Failures in 65,536 requests; what a service only passes on is not counted twice."""
    percent = load.values[service][ERRORS][index]
    return int(percent * 655.36 * (0.35 if load.blame[service][ERRORS][index] else 0.3))


def _failing(chain: tuple[Service, ...], risk: dict[str, int], draw: int) -> int:
    """Which hop fails, counted from the entrance; -1 where all is well."""
    for place in range(len(chain) - 1, -1, -1):
        draw -= risk[chain[place].name]
        if draw < 0:
            return place
    return -1


def _hops(
    chain: tuple[Service, ...],
    failing: int,
    draw: int,
    pods: dict[str, tuple[Pod, ...]],
    slow: dict[str, float],
    blame: dict[str, int],
    spans: list[str],
) -> tuple[tuple[Hop, ...], int]:
    """From the deepest service up: each waits for the one below it."""
    hops: list[Hop] = []
    last = len(chain) - 1 if failing < 0 else failing
    waited = 0.6
    marks = 0
    for place in range(last, -1, -1):
        service = chain[place]
        name = service.name
        replicas = pods[name]
        waited += slow[name] * LOGNORMAL[draw % BELL_SIZE]
        draw >>= 7
        marks |= blame[name]
        status = 200 if failing < 0 else 500 if place == failing else 502
        pod = replicas[draw % len(replicas)]
        # Half the time of calling Hop(…); thirty thousand an hour.
        hops.append(
            _tuple(
                Hop,
                (service, pod, spans[place], int(waited), status, blame[name], place == failing),
            )
        )
    hops.reverse()
    return tuple(hops), marks
