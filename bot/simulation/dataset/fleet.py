"""Releases, nodes and pods: who runs where at a given minute, without remembering anything.

Deployments and moves follow from the seed and the plan, so that an hour knows its pods without
having seen the hours before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from bot.simulation.dataset.configuration import Config, Service
from bot.simulation.dataset.draws import Dice, hexes, uuid_text
from bot.simulation.dataset.plan import Incident, Plan

_POD_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # those of Kubernetes


@dataclass(frozen=True, slots=True)
class Deployment:
    """A release on the cluster. `drift`: lines its files are longer than those of release 0."""

    service: str
    number: int
    since: int
    commit: str
    replica_set: str
    version: str
    drift: int
    cause: str = ""

    @property
    def release(self) -> str:
        """As Sentry writes it."""
        return f"{self.service}@{self.commit}"


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod; `since` is the minute in which it was created."""

    name: str
    uid: str
    service: str
    node: str
    ip: str
    container_id: str
    restarts: int
    since: int
    deployment: Deployment
    ending: str  # of each of its lines: what Fluent Bit adds to a record, as JSON


class Fleet:
    """What runs on the cluster."""

    def __init__(self, config: Config, seed: int, plan: Plan) -> None:
        self._config = config
        self._seed = seed
        self._plan = plan
        self._services = {one.name: one for one in config.services}
        dice = Dice(seed, "nodes")
        self.nodes = tuple(
            f"ip-10-0-{16 + number}-{dice.between(4, 250)}"
            for number in range(config.company.nodes)
        )
        self._drains = {
            name: [
                one.start for one in plan.decoys if one.kind == "node_drain" and one.service == name
            ]
            for name in self._services
        }
        self._releases = {
            name: [
                one for one in plan.decoys if one.kind == "healthy_deploy" and one.service == name
            ]
            for name in self._services
        }
        self._shipping = self._with_action("deploy")
        self._killed = self._with_action("oom")
        self._planned = {name: self._changes(name) for name in self._services}
        self._steady: dict[str, tuple[int, int, tuple[Pod, ...]]] = {}
        self.deployment = lru_cache(4096)(self._deployment)
        self._release = lru_cache(512)(self._make_release)
        self._pod = lru_cache(2048)(self._make_pod)
        self._rhythm = lru_cache(4096)(self._draw_rhythm)

    def _with_action(self, action: str) -> dict[str, list[Incident]]:
        return {
            name: [
                one
                for one in self._plan.incidents
                if one.service == name and one.pattern.action == action
            ]
            for name in self._services
        }

    def _changes(self, service: str) -> tuple[int, ...]:
        """The minutes in which the plan changes what runs of a service."""
        shipped = [at for one in self._shipping[service] for at in (one.start, one.end)]
        killed = [one.kill_minute for one in self._killed[service]]
        released = [one.start for one in self._releases[service]]
        return tuple(sorted([*shipped, *killed, *released, *self._drains[service]]))

    def pods(self, service: str, minute: int) -> tuple[Pod, ...]:
        """The running pods of a service."""
        asked, until, pods = self._steady.get(service, (0, 0, ()))
        if not asked <= minute < until:
            pods = self._running(service, minute)
            self._steady[service] = minute, self._next_change(service, minute), pods
        return pods

    def _next_change(self, service: str, minute: int) -> int:
        """Until when what runs at `minute` goes on running."""
        slots = range(self._services[service].replicas)
        rhythms = [self._rhythm("moves", service, slot) for slot in slots]
        rhythms.append(self._rhythm("deployments", service, 0))
        regular = [
            (minute + offset) // period * period + period - offset for period, offset in rhythms
        ]
        return min(*regular, *(at for at in self._planned[service] if at > minute))

    def _running(self, service: str, minute: int) -> tuple[Pod, ...]:
        deployment = self.deployment(service, minute)
        restarts = self._restarts(service, deployment, minute)
        return tuple(
            self._pod(deployment, slot, *self._move(service, slot, minute), restarts * (slot == 0))
            for slot in range(self._services[service].replicas)
        )

    def _draw_rhythm(self, what: str, service: str, slot: int) -> tuple[int, int]:
        """Every how many minutes something happens, and how many minutes early."""
        dice = Dice(self._seed, what, service, slot)
        period = dice.between(1_700, 5_000)
        return period, dice.below(period)

    def _move(self, service: str, slot: int, minute: int) -> tuple[int, int]:
        """How often this replica has been moved to another node, and when it was last."""
        period, offset = self._rhythm("moves", service, slot)
        regular = (minute + offset) // period
        last = regular * period - offset
        if slot or not self._drains[service]:
            return regular, last
        drains = [start for start in self._drains[service] if start <= minute]
        return regular + 10_000 * len(drains), max([last, *drains])

    def _restarts(self, service: str, deployment: Deployment, minute: int) -> int:
        return sum(deployment.since <= one.kill_minute <= minute for one in self._killed[service])

    def _deployment(self, service: str, minute: int) -> Deployment:
        """The release that runs at `minute`, a bad one or the one before it included."""
        period, offset = self._rhythm("deployments", service, 0)
        number = (minute + offset) // period
        since, cause = number * period - offset, ""
        for decoy in self._releases[service]:
            number += 1_000 * (decoy.start <= minute)
            if since < decoy.start <= minute:
                since, cause = decoy.start, decoy.id
        for incident in self._shipping[service]:
            found = self._shipped(incident, number, since, minute)
            if found is not None:
                number, since, cause = found
        return self._release(service, number, since, cause)

    def _shipped(
        self, incident: Incident, number: int, since: int, minute: int
    ) -> tuple[int, int, str] | None:
        """A bad release runs while its incident lasts; then the one before it comes back."""
        if incident.start <= minute < incident.end:
            mark = sum(ord(letter) * 31**place for place, letter in enumerate(incident.id[-9:]))
            return 900_000 + mark % 99_991, incident.start, incident.id
        if since < incident.end <= minute:
            return number, incident.end, incident.id
        return None

    def _make_release(self, service: str, number: int, since: int, cause: str) -> Deployment:
        commit = hexes(1, 40, self._seed, "commit", service, number)[0]
        replica_set = "".join(
            _POD_LETTERS[int(digit, 16)]
            for digit in hexes(1, 10, self._seed, "rs", service, number)[0]
        )
        version = f"{2 + number % 5}.{number // 5 % 40}.{number % 7}"
        drift = 7 + number % 11
        return Deployment(service, number, since, commit, replica_set, version, drift, cause)

    def _make_pod(
        self, deployment: Deployment, slot: int, moves: int, moved: int, restarts: int
    ) -> Pod:
        since = max(moved, deployment.since)
        key = (self._seed, "pod", deployment.service, deployment.number, since, slot, moves)
        dice = Dice(*key)
        suffix = "".join(dice.pick(_POD_LETTERS) for _ in range(5))
        uid = uuid_text(hexes(1, 32, *key)[0])
        node = dice.pick(self.nodes)
        service = self._services[deployment.service]
        name = f"{service.name}-{deployment.replica_set}-{suffix}"
        container = hexes(1, 64, *key, "container", restarts)[0]
        ip = f"10.0.{dice.between(64, 127)}.{dice.between(2, 254)}"
        block = self._block(service, name, uid, node, container)
        return Pod(name, uid, service.name, node, ip, container, restarts, since, deployment, block)

    def _block(
        self,
        service: Service,
        name: str,
        uid: str,
        node: str,
        container: str,
    ) -> str:
        company = self._config.company
        return (
            f'\\n","kubernetes":{{"pod_name":"{name}","namespace_name":"{company.namespace}",'
            f'"pod_id":"{uid}",'
            f'"labels":{{"app":"{service.name}"}},"host":"{node}","container_name":"{service.name}",'
            f'"docker_id":"{container}"}}}}'
        )


def image_of(config: Config, service: str) -> str:
    """The repository of a service's image, without its tag."""
    company = config.company
    host = f"{company.account}.dkr.ecr.{company.region}.amazonaws.com"
    return f"{host}/{company.name}/{service}"
