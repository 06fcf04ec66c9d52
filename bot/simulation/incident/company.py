"""Who looks after what, and who needs whom: the service map and the dependency graph.

Data files, so that a team can write its own: data/services.yaml and data/graph.yaml are those
of a web shop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import available_timezones

import yaml
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from bot.errors import SettingsError
from bot.simulation.documents import yaml_document
from bot.simulation.incident.scenario import AlertSeverity, Channel, Handle, Slug, Strict, User

DATA = Path(__file__).with_name("data")
T = TypeVar("T")


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name} is no time zone such as Europe/Berlin")
    return name


class Service(Strict):
    """A service and its people."""

    name: User
    channel: Channel
    oncall_group: Handle
    engineers: Annotated[tuple[User, ...], Field(min_length=1)]
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    stack: tuple[str, ...] = ()


class Edge(Strict):
    """How a failure gets from what is needed to who needs it."""

    symptom: str
    after: Annotated[tuple[int, int], Field(description="Seconds, from and to.")]
    hurt: Annotated[float, Field(ge=0, le=1, description="How likely it gets through.")]


class Figure(Strict):
    """A metric: what it is normally, what it becomes at its worst."""

    label: str
    normal: float
    bad: float
    unit: str
    digits: Annotated[int, Field(ge=0, le=3)] = 0


class Symptom(Strict):
    """How a service shows that something it needs has failed."""

    severity: AlertSeverity
    titles: Annotated[tuple[str, ...], Field(min_length=1)]
    metrics: Annotated[dict[str, Figure], Field(min_length=1)]
    says: Annotated[tuple[str, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Company:
    """Services by name; `graph[caller][needed]`; symptoms by name."""

    services: Mapping[str, Service]
    graph: Mapping[str, Mapping[str, Edge]]
    symptoms: Mapping[str, Symptom]

    def callers(self, service: str) -> list[tuple[str, Edge]]:
        """Who needs a service, and how its failure reaches them."""
        return [(name, needs[service]) for name, needs in self.graph.items() if service in needs]

    def neighbours(self, service: str) -> set[str]:
        """Whom a service needs and who needs it."""
        return {*self.graph.get(service, {}), *(name for name, _ in self.callers(service))}

    def groups(self) -> set[str]:
        """All handles of on-call groups."""
        return {service.oncall_group for service in self.services.values()}


def load(services: Path | None = None, graph: Path | None = None) -> Company:
    """A company of data files; without them, the web shop that ships.

    Raises:
        SettingsError: a file cannot be read or contradicts another; says everything at once.
    """
    found = read_data(services or DATA / "services.yaml", dict[Slug, Service])
    edges = read_data(graph or DATA / "graph.yaml", dict[Slug, dict[Slug, Edge]])
    symptoms = read_data(DATA / "symptoms.yaml", dict[Slug, Symptom])
    if services is not None and graph is None:
        edges = {
            name: {other: edge for other, edge in needs.items() if other in found}
            for name, needs in edges.items()
            if name in found
        }
    problems = [
        f"{graph or 'graph.yaml'}: {name} → {other}: {what}"
        for name, needs in edges.items()
        for other, edge in needs.items()
        for what in _contradictions(name, other, edge, found, symptoms)
    ]
    if problems:
        raise SettingsError(problems)
    return Company(found, {name: edges.get(name, {}) for name in found}, symptoms)


def _contradictions(
    name: str,
    other: str,
    edge: Edge,
    services: Mapping[str, Service],
    symptoms: Mapping[str, Symptom],
) -> list[str]:
    found = [f"there is no service {each}" for each in (name, other) if each not in services]
    if edge.symptom not in symptoms:
        found.append(f"there is no symptom {edge.symptom}; there are {', '.join(symptoms)}")
    if not 0 <= edge.after[0] <= edge.after[1]:
        found.append("`after` is two numbers of seconds, the smaller first")
    return found


@cache
def default() -> Company:
    """The web shop that ships."""
    return load()


def read_data(path: Path, kind: type[T]) -> T:
    """A YAML or JSON file, checked; raises SettingsError with everything that is wrong."""
    try:
        document: Any = yaml_document(path.read_text(encoding="utf-8"))
        return TypeAdapter(kind).validate_python(document)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: cannot be read: {error}"]) from None
    except yaml.MarkedYAMLError as error:
        place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SettingsError([f"{path}{place}: is no YAML: {error.problem}"]) from None
    except yaml.YAMLError as error:
        raise SettingsError([f"{path}: is no YAML: {error}"]) from None
    except ValidationError as error:
        raise SettingsError(
            [
                f"{path}: {'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}"
                for each in error.errors(include_url=False)
            ]
        ) from None
