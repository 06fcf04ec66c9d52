"""What the company is made of: services, incident patterns and how much of everything.

`load` reads the YAML of a person; a wrong file gets every mistake, each with its line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bot.errors import SettingsError
from bot.simulation.dataset.yaml_lines import Entry, Mistakes, open_yaml

DEFAULT_PATH = Path(__file__).with_name("default.yaml")
SOURCES = ("kubernetes", "sentry", "cloudwatch", "grafana")
METRICS = (
    "requests",
    "errors",
    "latency",
    "cpu",
    "memory",
    "gc",
    "queue",
    "connections",
    "disk",
)
LANGUAGES = ("go", "java", "node", "python")
ERRORS = (
    "cache",
    "payment_provider",
    "timeout",
    "out_of_memory",
    "queue",
    "code",
    "refused",
    "gc",
    "overloaded",
    "llm_rate_limit",
    "llm_answer",
    "migration",
    "certificate",
    "dns",
    "disk",
    "pool",
)
ACTIONS = ("none", "oom", "scale", "deploy", "unhealthy", "evict", "throttle")
SHAPES = ("step", "ramp", "leak")
_SERVICE = re.compile(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?")
_ENDPOINT = re.compile(r"(GET|POST|PUT|PATCH|DELETE) /[A-Za-z0-9/_.?=&-]*(\{id\})?[A-Za-z0-9/_.-]*")
_EFFECT = re.compile(r"[+x]\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Company:
    """Where it all runs."""

    name: str = "shop"
    namespace: str = "shop-prod"
    cluster: str = "shop-eu"
    region: str = "eu-central-1"
    account: str = "123456789012"
    nodes: int = 9


@dataclass(frozen=True, slots=True)
class Generation:
    """How much. `shares`, `hours` (24) and `weekdays` (7, Monday first) are weights."""

    entries_per_minute: float
    incidents_per_day: float
    decoys_per_day: float
    noise: float
    shares: Mapping[str, float]
    hours: tuple[float, ...]
    weekdays: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """One service; `rate` is its share of all requests, `latency_ms` its own part of an answer."""

    name: str
    language: str
    replicas: int
    rate: float
    latency_ms: float
    depends_on: tuple[str, ...]
    endpoints: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A type of incident. `effects`: metric -> ("+" or "x", size at its height)."""

    type: str
    weight: float
    services: tuple[str, ...]
    component: str
    error: str
    shape: str
    minutes: tuple[int, int]
    alarm: str
    action: str
    code: bool
    effects: Mapping[str, tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Config:
    """All of it, and the text it was read from (part of what a seed means)."""

    company: Company
    generation: Generation
    services: tuple[Service, ...]
    patterns: tuple[Pattern, ...]
    text: str

    def callers(self, name: str) -> tuple[str, ...]:
        """The services that depend on `name`."""
        return tuple(one.name for one in self.services if name in one.depends_on)


def load(path: Path | None = None) -> Config:
    """Read a configuration; raises `SettingsError` with every mistake of the file."""
    place = path or DEFAULT_PATH
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{place}: cannot be read: {error}"]) from None
    return read(text, place.name)


def read(text: str, name: str = "configuration") -> Config:
    """Read a configuration from its text; sections that are left out keep their defaults."""
    mistakes = Mistakes()
    root = open_yaml(text, mistakes)
    config = None
    if root is not None:
        default = DEFAULT_PATH.read_text(encoding="utf-8")
        config = _config(root, text, None if text == default else default)
    if config is None or mistakes.found:
        raise SettingsError(mistakes.told(name))
    return config


def _config(root: Entry, text: str, default: str | None) -> Config:
    given: dict[str, Entry] = {}
    sections = dict(root.pairs(frozenset({"company", "generation", "services", "incidents"})))
    if default is not None:
        base = open_yaml(default, Mistakes())
        assert base is not None
        given = sections
        sections = {**dict(base.pairs()), **given}
    services = _services(sections["services"])
    names = {service.name for service in services}
    if default is None or "incidents" in given:
        patterns = _patterns(sections["incidents"], names)
    else:  # the default patterns, as far as they fit a company with services of its own
        patterns = _fitting(_patterns(sections["incidents"], None), services)
    return Config(
        company=_company(sections["company"]),
        generation=_generation(sections["generation"], default),
        services=services,
        patterns=patterns,
        text=text,
    )


def _company(section: Entry) -> Company:
    values: dict[str, str | int] = {}
    for key, entry in section.pairs(
        frozenset({"name", "namespace", "cluster", "region", "account", "nodes"})
    ):
        values[key] = entry.whole(1, 200) if key == "nodes" else entry.text()
    return Company(**values)  # type: ignore[arg-type]


def _generation(section: Entry, default: str | None) -> Generation:
    known = frozenset(Generation.__dataclass_fields__)
    entries = dict(section.pairs(known))
    if default is not None:
        base = open_yaml(default, Mistakes())
        assert base is not None
        entries = {**dict(dict(base.pairs())["generation"].pairs()), **entries}
    for key in known - set(entries):
        section.wrong(f"{key} is missing")
    if known - set(entries):
        return Generation(0, 0, 0, 0, {}, (), ())
    shares = {
        key: entry.number(0.01, 1e6) for key, entry in entries["shares"].pairs(frozenset(SOURCES))
    }
    if set(shares) != set(SOURCES):
        entries["shares"].wrong(f"a share for each of {', '.join(SOURCES)} is expected")
    return Generation(
        entries_per_minute=entries["entries_per_minute"].number(10, 100_000),
        incidents_per_day=entries["incidents_per_day"].number(0, 1_000),
        decoys_per_day=entries["decoys_per_day"].number(0, 1_000),
        noise=entries["noise"].number(0, 0.3),
        shares=shares,
        hours=_weights(entries["hours"], 24),
        weekdays=_weights(entries["weekdays"], 7),
    )


def _weights(entry: Entry, count: int) -> tuple[float, ...]:
    numbers = tuple(item.number(0.1, 1e6) for item in entry.items())
    if len(numbers) != count:
        entry.wrong(f"{count} numbers are expected, {len(numbers)} are there")
    return numbers


def _services(section: Entry) -> tuple[Service, ...]:
    found: list[Service] = []
    places: dict[str, Entry] = {}
    for name, entry in section.pairs():
        if not _SERVICE.fullmatch(name):
            entry.wrong("a service is named with a-z, 0-9 and -, at most 30 characters")
        service = _service(name, entry)
        if service is not None:
            found.append(service)
            places[name] = entry
    if not found:
        section.wrong("one service at least is expected")
    names = {service.name for service in found}
    for service in found:
        for other in service.depends_on:
            if other not in names:
                places[service.name].wrong(f"depends_on: there is no service {other}")
    _refuse_circles({one.name: one for one in found}, places)
    return tuple(found)


def _service(name: str, entry: Entry) -> Service | None:
    known = frozenset(Service.__dataclass_fields__) - {"name"}
    fields = dict(entry.pairs(known))
    for key in sorted(known - set(fields)):
        entry.wrong(f"{key} is missing")
    if known - set(fields):
        return None
    endpoints: dict[str, float] = {}
    for endpoint, weight in fields["endpoints"].pairs():
        if not _ENDPOINT.fullmatch(endpoint):
            weight.wrong('an endpoint reads "GET /path" and may hold one {id}')
        endpoints[endpoint] = weight.number(0.01, 1e6)
    if not endpoints:
        fields["endpoints"].wrong("one endpoint at least is expected")
    return Service(
        name=name,
        language=fields["language"].text(LANGUAGES),
        replicas=fields["replicas"].whole(1, 200),
        rate=fields["rate"].number(0.01, 1e6),
        latency_ms=fields["latency_ms"].number(0.1, 60_000),
        depends_on=tuple(item.text() for item in fields["depends_on"].items()),
        endpoints=endpoints,
    )


def _refuse_circles(services: dict[str, Service], places: dict[str, Entry]) -> None:
    """A call that comes back to its caller has no depth to compute."""
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            places[name].wrong(f"depends_on goes in a circle: {' → '.join((*trail, name))}")
        elif name not in done and name in services:
            for other in services[name].depends_on:
                visit(other, (*trail, name))
            done.add(name)

    for name in services:
        visit(name, ())


def _fitting(patterns: tuple[Pattern, ...], services: tuple[Service, ...]) -> tuple[Pattern, ...]:
    """Patterns whose services are not there happen to any service."""
    names = tuple(service.name for service in services)
    return tuple(
        replace(pattern, services=tuple(n for n in pattern.services if n in names) or names)
        for pattern in patterns
    )


def _patterns(section: Entry, services: set[str] | None) -> tuple[Pattern, ...]:
    found = [
        pattern
        for name, entry in section.pairs()
        if (pattern := _pattern(name, entry, services)) is not None
    ]
    return tuple(found)


def _pattern(name: str, entry: Entry, services: set[str] | None) -> Pattern | None:
    known = frozenset(Pattern.__dataclass_fields__) - {"type"}
    fields = dict(entry.pairs(known))
    missing = sorted(known - set(fields) - {"action", "code"})
    for key in missing:
        entry.wrong(f"{key} is missing")
    if missing:
        return None
    roots = tuple(item.text() for item in fields["services"].items())
    for root in roots:
        if services is not None and root not in services:
            fields["services"].wrong(f"there is no service {root}")
    if not roots:
        fields["services"].wrong("one service at least is expected")
    span = [item.whole(4, 240) for item in fields["minutes"].items()]
    if len(span) != 2 or span[0] > span[1]:
        fields["minutes"].wrong("[least, most] minutes are expected")
        span = [4, 4]
    return Pattern(
        type=name,
        weight=fields["weight"].number(0.01, 1e6),
        services=roots,
        component=fields["component"].text(),
        error=fields["error"].text(ERRORS),
        shape=fields["shape"].text(SHAPES),
        minutes=(span[0], span[1]),
        alarm=fields["alarm"].text(METRICS),
        action=fields["action"].text(ACTIONS) if "action" in fields else "none",
        code=fields["code"].yes() if "code" in fields else False,
        effects=_effects(fields["effects"]),
    )


def _effects(section: Entry) -> dict[str, tuple[str, float]]:
    effects: dict[str, tuple[str, float]] = {}
    for metric, entry in section.pairs(frozenset(METRICS)):
        text = entry.text()
        if _EFFECT.fullmatch(text):
            effects[metric] = (text[0], float(text[1:]))
        else:
            entry.wrong('"+48" or "x3.5" is expected')
    for needed in ("latency", "errors"):
        if needed not in effects:
            section.wrong(f"{needed} is missing: every incident shows in latency and errors")
    return effects
