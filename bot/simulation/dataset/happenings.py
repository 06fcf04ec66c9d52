"""Kubernetes Events of a minute: pods that come and go, probes, kills, scaling, jobs."""

from __future__ import annotations

from bot.simulation.dataset.configuration import Config
from bot.simulation.dataset.draws import hexes, uuid_text, words
from bot.simulation.dataset.entries import SECONDS, Entry
from bot.simulation.dataset.fleet import Pod, image_of
from bot.simulation.dataset.plan import Incident
from bot.simulation.dataset.requests import Minute

Told = tuple[int, str, str, str, str, Pod | str]
"""Milliseconds, type, reason, message, component, and the pod or the Deployment it is about."""


def happenings(config: Config, seed: int, minute: Minute) -> list[Entry]:
    """The events of a minute with the bits of their incidents."""
    found: list[tuple[Told, int]] = []
    for service, pods in minute.pods.items():
        marks = minute.load.incidents
        for pod in pods:
            if pod.since == minute.number:
                # A pod that is moved later on comes by no fault of the release that it runs.
                shipped = pod.since == pod.deployment.since
                cause = [one for one in marks if shipped and one.id == pod.deployment.cause]
                bit = minute.load.bit(cause[0]) if cause else 0
                found += [(told, bit) for told in _arrival(config, pod)]
        deployment = pods[0].deployment
        if deployment.since == minute.number:
            cause = [one for one in marks if one.id == deployment.cause]
            name = f"{service}-{deployment.replica_set}"
            text = f"Scaled up replica set {name} to {len(pods)}"
            told = (400, "Normal", "ScalingReplicaSet", text, "deployment-controller", service)
            found.append((told, minute.load.bit(cause[0]) if cause else 0))
    for incident in minute.load.incidents:
        bit = minute.load.bit(incident)
        pods = minute.pods[incident.service]
        found += [(told, bit) for told in _of_incident(incident, minute.number, pods)]
    found += [(told, 0) for told in _jobs(seed, minute)]
    ids = hexes(len(found), 48, seed, "events", minute.number)
    return [
        (told[0], _event(config, minute, told, digits), bit)
        for (told, bit), digits in zip(found, ids, strict=True)
    ]


def _arrival(config: Config, pod: Pod) -> list[Told]:
    image = f"{image_of(config, pod.service)}:{pod.deployment.version}"
    where = f"{config.company.namespace}/{pod.name}"
    return [
        (900, "Normal", "Scheduled", f"Successfully assigned {where} to {pod.node}",
         "default-scheduler", pod),
        (2_100, "Normal", "Pulling", f"Pulling image {image}", "kubelet", pod),
        (7_450, "Normal", "Pulled", f"Successfully pulled image {image} in 5.31s", "kubelet", pod),
        (7_700, "Normal", "Created", f"Created container {pod.service}", "kubelet", pod),
        (8_050, "Normal", "Started", f"Started container {pod.service}", "kubelet", pod),
    ]  # fmt: skip


def _of_incident(incident: Incident, minute: int, pods: tuple[Pod, ...]) -> list[Told]:
    action, into = incident.pattern.action, minute - incident.start
    pod = pods[0]
    if action == "oom" and minute == incident.kill_minute:
        return [
            (4_200, "Warning", "OOMKilling",
             f"Memory cgroup out of memory: Killed process 1 ({pod.service}) total-vm:2418800kB",
             "kernel-monitor", pod),
            (5_100, "Warning", "BackOff",
             f"Back-off restarting failed container {pod.service} in pod {pod.name}",
             "kubelet", pod),
            (16_900, "Normal", "Started", f"Started container {pod.service}", "kubelet", pod),
        ]  # fmt: skip
    if action == "unhealthy" and 0 <= into < incident.end - incident.start:
        text = f"Readiness probe failed: Get http://{pod.ip}:8080/healthz: connection refused"
        return [(11_000, "Warning", "Unhealthy", text, "kubelet", pod)]
    if action == "scale" and into == 3:
        text = f"New size: {len(pods)}; reason: cpu resource utilization above target"
        return [(21_000, "Normal", "SuccessfulRescale", text, "horizontal-pod-autoscaler",
                 incident.service)]  # fmt: skip
    if action == "evict" and minute == incident.kill_minute:
        text = "The node was low on resource: ephemeral-storage. Threshold quantity: 2Gi"
        return [(14_000, "Warning", "Evicted", text, "kubelet", pod)]
    if action == "throttle" and into % 3 == 0 and 0 <= into < incident.end - incident.start:
        text = f"Container {pod.service} was throttled in 71% of CPU periods by a neighbour"
        return [(9_000, "Warning", "CPUThrottling", text, "kubelet", pod)]
    return []


def _jobs(seed: int, minute: Minute) -> list[Told]:
    """What goes on all day: a cron job every five minutes, a probe that failed once."""
    word = words(1, seed, "jobs", minute.number)[0]
    found: list[Told] = []
    pods = [pod for row in minute.pods.values() for pod in row]
    pod = pods[(word >> 8) % len(pods)]
    if minute.number % 5 == 0:
        text = f"Created job sweep-{minute.number} in {word % 700 + 40} ms"
        found.append((3_000 + word % 900, "Normal", "SuccessfulCreate", text, "cronjob-controller",
                      pod.service))  # fmt: skip
    if word % 9 == 0:
        text = f"Readiness probe failed: HTTP probe took {word % 900 + 1_001} ms"
        found.append((word % 58_000, "Warning", "Unhealthy", text, "kubelet", pod))
    return found


def _event(config: Config, minute: Minute, told: Told, digits: str) -> str:
    at, kind, reason, message, component, about = told
    moment = f"{minute.text}{SECONDS[at][:2]}Z"
    namespace = config.company.namespace
    if isinstance(about, Pod):
        name, host = about.name, about.node
        involved = (
            f'{{"kind":"Pod","namespace":"{namespace}","name":"{name}","uid":"{about.uid}",'
            f'"apiVersion":"v1","fieldPath":"spec.containers{{{about.service}}}"}}'
        )
    else:
        name, host = about, ""
        involved = (
            f'{{"kind":"Deployment","namespace":"{namespace}","name":"{name}",'
            f'"apiVersion":"apps/v1"}}'
        )
    return (
        f'"@kind":"event","kind":"Event","apiVersion":"v1","metadata":{{"name":"{name}.{digits[:16]}",'
        f'"namespace":"{namespace}","uid":"{uuid_text(digits[16:48])}","resourceVersion":'
        f'"{int(digits[:7], 16)}","creationTimestamp":"{moment}"}},"involvedObject":{involved},'
        f'"reason":"{reason}","message":"{message}","source":{{"component":"{component}",'
        f'"host":"{host}"}},"firstTimestamp":"{moment}","lastTimestamp":"{moment}",'
        f'"eventTime":"{minute.text}{SECONDS[at]}000Z","count":1,"type":"{kind}"}}'
    )
