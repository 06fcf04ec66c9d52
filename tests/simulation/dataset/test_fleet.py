"""Who runs where: the same whoever asks, and what of it belongs to an incident."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from dataset_samples import START, job_in

from bot.simulation.dataset.fleet import Fleet, Pod
from bot.simulation.dataset.happenings import happenings
from bot.simulation.dataset.hour import World
from bot.simulation.dataset.load import LOOK_BACK, Load
from bot.simulation.dataset.plan import Incident
from bot.simulation.dataset.requests import Minute
from bot.simulation.dataset.traffic import stamp


@pytest.fixture(scope="module")
def world() -> World:
    return World(job_in(Path("unused"), hours=48, incidents=100, seed=3))


def test_what_runs_is_the_same_for_one_who_asks_every_minute_and_one_who_asks_once(
    world: World,
) -> None:
    def asked_once(service: str, minute: int) -> tuple[Pod, ...]:
        return Fleet(world.config, world.seed, world.plan).pods(service, minute)

    for service in ("checkout", "web-gateway"):
        seen: list[tuple[Pod, ...]] = []
        for minute in range(START, START + 2_880):
            pods = world.fleet.pods(service, minute)
            if not seen or seen[-1] != pods:
                seen.append(pods)
                assert asked_once(service, minute) == pods
                assert len(seen) == 1 or asked_once(service, minute - 1) == seen[-2]
        assert len(seen) > 3
        assert world.fleet.pods(service, START) == seen[0]


def test_a_pod_comes_by_fault_of_a_bad_release_only_when_it_is_shipped(world: World) -> None:
    incident = next(one for one in world.plan.incidents if one.pattern.action == "deploy")
    shipped = world.fleet.pods(incident.service, incident.start)
    assert all(pod.deployment.cause == incident.id for pod in shipped)
    assert _blamed(world, incident, incident.start, shipped) == {len(shipped)}
    # Later on its node is drained: it moves, and still runs that release.
    moved = incident.start + 2
    pods = (replace(shipped[0], since=moved, name="moved"), *shipped[1:])
    assert _blamed(world, incident, moved, pods) == {0}


def _blamed(world: World, incident: Incident, number: int, pods: tuple[Pod, ...]) -> set[int]:
    """Of each step of a pod's arrival, how many are said to belong to the incident."""
    load = Load(world.config, world.seed, world.traffic, world.plan, number // 60 * 60)
    index = number - load.start + LOOK_BACK
    everywhere = {one.name: world.fleet.pods(one.name, number) for one in world.config.services}
    minute = Minute(
        number, index, stamp(number), stamp(number - 1), number * 60_000, load,
        everywhere | {incident.service: pods}, [], 1.0,
    )  # fmt: skip
    names = tuple(f'"name":"{pod.name}"' for pod in pods)
    found = [
        entry
        for entry in happenings(world.config, world.seed, minute)
        if any(name in entry[1] for name in names)
    ]
    bit = load.bit(incident)
    arrivals = ("Scheduled", "Pulling", "Pulled", "Created")
    told = {reason: [e for e in found if f'"reason":"{reason}"' in e[1]] for reason in arrivals}
    assert all(told.values())
    return {sum(bool(blame & bit) for _, _, blame in entries) for entries in told.values()}
