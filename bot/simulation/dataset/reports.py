"""Errors of a minute: each becomes a pod's log line and a Sentry event of the same trace."""

from __future__ import annotations

from typing import NamedTuple

from bot.simulation.dataset.clients import ADDRESSES, FIRST_USER, USERS, addresses, agent_of
from bot.simulation.dataset.configuration import Config, Service
from bot.simulation.dataset.draws import hexes, weighted, words
from bot.simulation.dataset.faults import EVERYDAY, FAULTS, Fault
from bot.simulation.dataset.fleet import Pod
from bot.simulation.dataset.load import Load
from bot.simulation.dataset.plan import Incident
from bot.simulation.dataset.requests import Minute, Request

_LEAST = 0.1
"""An intensity below which nobody reports anything."""


class Report(NamedTuple):
    """One error. `number` stands in its message; `waits_for` is the service it blames, if any."""

    at: int
    service: Service
    pod: Pod
    fault: Fault
    trace: str
    span: str
    event_id: str
    user: int
    ip: str
    method: str
    path: str
    template: str
    agent: str
    number: int
    waits_for: str
    blame: int
    word: int

    @property
    def message(self) -> str:
        """The exception's text."""
        said = self.fault.message % self.number
        return f"{self.waits_for}: {said}" if self.waits_for else said


class Reporter:
    """Draws the errors of a minute: of failed requests, of incidents, and of every day."""

    def __init__(self, config: Config, seed: int) -> None:
        self._seed = seed
        self._by_name = {one.name: one for one in config.services}
        weights = [one.rate**0.4 for one in config.services]
        self._services = weighted(config.services, weights)
        self._usual = {
            one.name: weight / sum(weights)
            for one, weight in zip(config.services, weights, strict=True)
        }
        self._addresses = addresses(seed)
        self._endpoints = {
            one.name: [
                (method, path)
                for method, _, path in (endpoint.partition(" ") for endpoint in one.endpoints)
            ]
            for one in config.services
        }
        self._faults = weighted([FAULTS[name] for name in EVERYDAY], (9, 5, 4, 2, 2), 64)

    def make(self, minute: Minute, everyday: int) -> list[Report]:
        """All errors of a minute, about `everyday` of them of no incident."""
        found = self._everyday(minute, everyday)
        failed = [request for request in minute.requests if request.hops[-1].is_origin]
        draws = words(len(failed), self._seed, "failed", minute.number)
        for request, word in zip(failed, draws, strict=True):
            found.append(self._of_request(minute.load, request, word))
        for incident in minute.load.incidents:
            found += self._of_incident(minute, incident, everyday)
        return found

    def _everyday(self, minute: Minute, count: int) -> list[Report]:
        draws = words(count, self._seed, "everyday", minute.number)
        ids = hexes(count, 80, self._seed, "everyday ids", minute.number)
        found = []
        for word, digits in zip(draws, ids, strict=True):
            service = self._services[word & 1023]
            fault = self._faults[(word >> 10) & 63]
            depends = service.depends_on
            upstream = fault.kind == "upstream"
            if upstream and not depends:
                fault = FAULTS["validation"]
            waits = depends[(word >> 17) % len(depends)] if upstream and depends else ""
            found.append(self._report(minute, service, fault, word, digits, waits, 0))
        return found

    def _of_request(self, load: Load, request: Request, word: int) -> Report:
        hop = request.hops[-1]
        fault = self._faults[word & 63]
        waits = ""
        blame = hop.blame
        for incident in load.incidents:
            if blame & load.bit(incident):
                if incident.service == hop.service.name:
                    fault, waits = FAULTS[incident.pattern.error], ""
                    break
                fault, waits = FAULTS["upstream"], _toward(self._by_name, hop.service, incident)
        if fault.kind == "upstream" and not waits:
            fault = FAULTS["timeout"]
        route = request.route
        return Report(
            min(59_999, request.at + hop.ms), hop.service, hop.pod, fault, request.trace, hop.span,
            f"{word:016x}{request.trace[:16]}", request.user, request.ip, route.method,
            request.path, route.template, request.agent, 30 + word % 29_971, waits, blame, word,
        )  # fmt: skip

    def _of_incident(self, minute: Minute, incident: Incident, everyday: int) -> list[Report]:
        """More errors than the service usually has: that is what makes it an incident."""
        if minute.number < incident.first_errors:
            return []
        found = []
        for reached in incident.affected:
            strength = incident.intensity(minute.number, reached.hops)
            if strength < _LEAST:
                continue
            usual = self._usual[reached.service] * everyday
            count = 1 + int(strength * (3.0 * usual + (1 if reached.hops else 4)))
            key = (self._seed, incident.id, reached.service, minute.number)
            draws, ids = words(count, *key), hexes(count, 80, *key, "ids")
            service = self._by_name[reached.service]
            for word, digits in zip(draws, ids, strict=True):
                name = incident.pattern.error if not reached.hops else "upstream"
                waits = _toward(self._by_name, service, incident) if reached.hops else ""
                bit = minute.load.bit(incident)
                fault = FAULTS[name]
                found.append(self._report(minute, service, fault, word, digits, waits, bit))
        return found

    def _report(
        self,
        minute: Minute,
        service: Service,
        fault: Fault,
        word: int,
        digits: str,
        waits: str,
        blame: int,
    ) -> Report:
        endpoints = self._endpoints[service.name]
        method, template = endpoints[(word >> 20) % len(endpoints)]
        pods = minute.pods[service.name]
        user = FIRST_USER + (word >> 24) % USERS
        return Report(
            word % 59_000, service, pods[(word >> 16) % len(pods)], fault, digits[:32],
            digits[32:48], digits[48:80], user, self._addresses[user % ADDRESSES], method,
            template.replace("{id}", str((word >> 12) % 89_989)), template, agent_of(user),
            30 + (word >> 8) % 29_971, waits, blame, word,
        )  # fmt: skip


def _toward(services: dict[str, Service], service: Service, incident: Incident) -> str:
    """The service that `service` calls on the way to the root of an incident."""
    if incident.service in service.depends_on:
        return incident.service
    reached = {one.service for one in incident.affected}
    on_the_way = [name for name in service.depends_on if name in reached and name in services]
    return on_the_way[0] if on_the_way else incident.service
