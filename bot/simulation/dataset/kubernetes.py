"""Kubernetes: pod logs as Fluent Bit ships them, core/v1 Events, metrics.k8s.io PodMetrics."""

from __future__ import annotations

import json
from collections.abc import Callable

from bot.simulation.dataset.codebase import site
from bot.simulation.dataset.configuration import Config
from bot.simulation.dataset.draws import hexes, weighted, words
from bot.simulation.dataset.entries import SECONDS, THOUSAND, Entry, count_of, period
from bot.simulation.dataset.fleet import Pod
from bot.simulation.dataset.happenings import happenings
from bot.simulation.dataset.load import CPU, MEMORY
from bot.simulation.dataset.reports import Report
from bot.simulation.dataset.requests import Hop, Minute, Request

_MILLION = 1_000_000
_HEAD = '"@kind":"log","time":"%s%sZ","stream":"%s","log":"'
_TAIL = '\\n","kubernetes":%s}'


def _shape(text: str) -> str:
    """A line's template inside a JSON string inside a record of Fluent Bit."""
    return _HEAD + json.dumps(text)[1:-1] + _TAIL


_ERROR = {
    "go": _shape('{"level":"error","ts":"%s%sZ","caller":"%s:%d","msg":"%s","error":"%s",'
                 '"trace_id":"%s","span_id":"%s","path":"%s"}'),
    "java": _shape("%s%sZ ERROR 1 --- [%s:%d] %s : %s trace=%s span=%s path=%s"),
    "node": _shape('{"level":50,"time":"%s%sZ","file":"%s:%d","type":"%s","msg":"%s",'
                   '"traceId":"%s","spanId":"%s","url":"%s"}'),
    "python": _shape("%s%s ERROR [%s:%d] %s: %s trace_id=%s span_id=%s path=%s"),
}  # fmt: skip
# Each has a number, a number and a hexadecimal text.
_QUIET = {
    "go": (
        '{"level":"debug","msg":"connection pool","open":%d,"idle":%d,"lease":"%s"}',
        '{"level":"info","msg":"config reloaded","keys":%d,"took_us":%d,"etag":"%s"}',
        '{"level":"debug","msg":"cache stats","hits":%d,"misses":%d,"shard":"%s"}',
        '{"level":"info","msg":"feature flags synced","flags":%d,"changed":%d,"rev":"%s"}',
        '{"level":"warn","msg":"slow outbound call","attempt":%d,"took_ms":%d,"span_id":"%s"}',
    ),
    "java": (
        "[gc,info] GC(%d) Pause Young (Normal) (G1 Evacuation Pause) %dM->214M(512M) id=%s",
        "INFO 1 --- [scheduling-1] c.shop.jobs.Heartbeat : tick %d, lag %d ms, lease %s",
        "DEBUG 1 --- [HikariPool-1 housekeeper] com.zaxxer.hikari.pool.HikariPool : total=%d, "
        "active=%d, waiting=0 (%s)",
        "WARN 1 --- [kafka-consumer] o.a.k.c.consumer.ConsumerCoordinator : offset %d, lag %d, "
        "member %s",
        "INFO 1 --- [main] c.shop.cache.Warmup : %d keys in %d ms, digest %s",
    ),
    "node": (
        '{"level":20,"msg":"event loop delay","p50us":%d,"p99us":%d,"id":"%s"}',
        '{"level":30,"msg":"session store swept","expired":%d,"kept":%d,"cursor":"%s"}',
        '{"level":30,"msg":"template cache","entries":%d,"bytes":%d,"rev":"%s"}',
        '{"level":40,"msg":"deprecated header used","count":%d,"client":%d,"key":"%s"}',
        '{"level":20,"msg":"dns cache","size":%d,"ttl":%d,"resolver":"%s"}',
    ),
    "python": (
        "DEBUG [db.pool] checked out %d of %d connections, lease %s",
        "INFO [jobs.sweeper] removed %d stale rows in %d ms, cursor %s",
        "INFO [cache] refreshed %d keys, %d bytes, etag %s",
        "WARNING [http.client] retry %d after %d ms, span %s",
        "DEBUG [gunicorn] worker heartbeat %d, rss %d kB, boot %s",
    ),
}
_QUIET_SHAPES = {
    language: weighted([_shape(line) for line in lines], (30, 14, 10, 4, 2), 64)
    for language, lines in _QUIET.items()
}


class Kubernetes:
    """Writes what the cluster says in a minute."""

    def __init__(self, config: Config, seed: int, per_minute: float) -> None:
        self._config = config
        self._seed = seed
        self._services = weighted(config.services, [one.replicas for one in config.services])
        self._pods = sum(one.replicas for one in config.services)
        self._period = period(self._pods, per_minute * 0.125)
        self._quiet = per_minute * 0.15
        self._lines: dict[str, Callable[[Minute, Request, Hop, int], str]] = {
            "go": _go, "java": _java, "node": _node, "python": _python,
        }  # fmt: skip

    def minute(self, minute: Minute, reports: list[Report]) -> list[Entry]:
        """All entries of a minute, in no order."""
        found = self._requests(minute)
        found += self._quiet_lines(minute)
        found += [_error(minute, report) for report in reports]
        found += self._metrics(minute)
        found += happenings(self._config, self._seed, minute)
        return found

    def _requests(self, minute: Minute) -> list[Entry]:
        found: list[Entry] = []
        lines = self._lines
        for request in minute.requests:
            begin = request[0]
            for hop in request[8]:
                at = begin + hop[3]
                if at > 59_999:
                    at = 59_999
                found.append((at, lines[hop[0].language](minute, request, hop, at), hop[5]))
        return found

    def _quiet_lines(self, minute: Minute) -> list[Entry]:
        word = words(1, self._seed, "quiet", minute.number)[0]
        count = count_of(self._quiet * (0.6 + 0.4 * minute.factor), word)
        draws = words(count, self._seed, "quiet lines", minute.number)
        ids = hexes(count, 12, self._seed, "quiet ids", minute.number)
        found: list[Entry] = []
        for word, digits in zip(draws, ids, strict=True):
            service = self._services[word & 1023]
            pods = minute.pods[service.name]
            pod = pods[(word >> 10) % len(pods)]
            at = (word >> 16) % 60_000
            shape = _QUIET_SHAPES[service.language][(word >> 40) & 63]
            when = f"{SECONDS[at]}{(word >> 5) % _MILLION:06d}"
            numbers = ((word >> 46) & 255, (word >> 32) & 2047)
            found.append(
                (
                    at,
                    shape % (minute.text, when, "stdout", *numbers, digits, pod.kubernetes),
                    0,
                )
            )
        return found

    def _metrics(self, minute: Minute) -> list[Entry]:
        found: list[Entry] = []
        place = 0
        draws = words(self._pods, self._seed, "pods", minute.number)
        for service in self._config.services:
            values = minute.load.values[service.name]
            marks = minute.load.blame[service.name]
            blame = marks[CPU][minute.index] | marks[MEMORY][minute.index]
            busy = values[CPU][minute.index] * 9_800_000
            full = values[MEMORY][minute.index] * 10_485
            for pod in minute.pods[service.name]:
                word = draws[place]
                place += 1
                if (minute.number + place) % self._period:
                    continue
                cpu, memory = int(busy + word % 23_000_000), int(full + (word >> 32) % 9_000)
                found.append((word % 60_000, self._metric(minute, pod, cpu, memory, word), blame))
        return found

    def _metric(self, minute: Minute, pod: Pod, cpu: int, memory: int, word: int) -> str:
        seconds = SECONDS[word % 60_000]
        name = pod.service
        return (
            f'"@kind":"metrics","kind":"PodMetrics","apiVersion":"metrics.k8s.io/v1beta1",'
            f'"metadata":{{"name":"{pod.name}","namespace":"{self._config.company.namespace}",'
            f'"uid":"{pod.uid}","creationTimestamp":"{minute.text}{seconds[:2]}Z","labels":'
            f'{{"app":"{name}"}}}},"timestamp":"{minute.text}{seconds}Z",'
            f'"window":"{14 + word % 3}.{word >> 50}s","containers":[{{"name":"{name}",'
            f'"usage":{{"cpu":"{cpu}n","memory":"{memory}Ki"}}}}]}}'
        )


def _go(minute: Minute, request: Request, hop: Hop, at: int) -> str:
    _, pod, span, ms, status, _, _ = hop
    _, trace, _, ip, size, agent, route, path, _, _ = request
    moment = f"{minute.text}{SECONDS[at]}{THOUSAND[ms * 7919 % 1000]}{THOUSAND[size * 729 % 1000]}Z"
    return (
        f'"@kind":"log","time":"{moment}","stream":"stdout","log":"{{\\"level\\":'
        f'\\"info\\",\\"ts\\":\\"{moment}\\",\\"caller\\":\\"http/server.go:118\\",\\"msg\\":'
        f'\\"request completed\\",\\"method\\":\\"{route[0]}\\",\\"path\\":\\"{path}\\",'
        f'\\"status\\":{status},\\"duration_ms\\":{ms},\\"bytes\\":{size},\\"remote_ip\\":'
        f'\\"{ip}\\",\\"user_agent\\":\\"{agent}\\",\\"trace_id\\":\\"{trace}\\",'
        f'\\"span_id\\":\\"{span}\\"}}\\n","kubernetes":{pod.kubernetes}}}'
    )


def _java(minute: Minute, request: Request, hop: Hop, at: int) -> str:
    service, pod, span, ms, status, _, _ = hop
    _, trace, user, ip, size, _, route, path, _, _ = request
    moment = f"{minute.text}{SECONDS[at]}{THOUSAND[ms * 7919 % 1000]}{THOUSAND[size * 729 % 1000]}Z"
    return (
        f'"@kind":"log","time":"{moment}","stream":"stdout","log":"{moment}  INFO '
        f"[{service.name},{trace},{span}] 1 --- [nio-8080-exec-{user % 24}] "
        f"c.shop.web.RequestLog : "
        f"{route[0]} {path} -> {status} in {ms} ms ({size} bytes) user={user} ip={ip}"
        f'\\n","kubernetes":{pod.kubernetes}}}'
    )


def _node(minute: Minute, request: Request, hop: Hop, at: int) -> str:
    _, pod, span, ms, status, _, _ = hop
    _, trace, _, ip, size, _, route, path, _, _ = request
    moment = f"{minute.text}{SECONDS[at]}"
    return (
        f'"@kind":"log","time":"{moment}{THOUSAND[ms * 7919 % 1000]}{THOUSAND[size * 729 % 1000]}'
        f'Z","stream":"stdout","log":"{{'
        f'\\"level\\":30,\\"time\\":{minute.epoch_ms + at - ms},\\"pid\\":1,\\"hostname\\":'
        f'\\"{pod.name}\\",\\"reqId\\":\\"{span}\\",\\"traceId\\":\\"{trace}\\",\\"req\\":'
        f'{{\\"method\\":\\"{route[0]}\\",\\"url\\":\\"{path}\\",\\"remoteAddress\\":\\"{ip}\\"}},'
        f'\\"res\\":{{\\"statusCode\\":{status},\\"bytes\\":{size}}},\\"responseTime\\":{ms},'
        f'\\"msg\\":\\"request completed\\"}}\\n","kubernetes":{pod.kubernetes}}}'
    )


def _python(minute: Minute, request: Request, hop: Hop, at: int) -> str:
    service, pod, span, ms, status, _, _ = hop
    _, trace, user, ip, size, _, route, path, _, _ = request
    moment = f"{minute.text}{SECONDS[at]}"
    return (
        f'"@kind":"log","time":"{moment}{THOUSAND[ms * 7919 % 1000]}{THOUSAND[size * 729 % 1000]}'
        f'Z","stream":"stdout","log":"'
        f"{moment} INFO [{service.name}.web] trace_id={trace} span_id={span} "
        f'{ip} \\"{route[0]} {path} HTTP/1.1\\" {status} {size} {ms}ms user={user}'
        f'\\n","kubernetes":{pod.kubernetes}}}'
    )


def _error(minute: Minute, report: Report) -> Entry:
    fault, seconds, service = report.fault, SECONDS[report.at], report.service
    place = site(service.name, service.language, fault, report.pod.deployment.drift)
    text = _ERROR[service.language] % (
        minute.text, seconds, "stderr", minute.text, seconds, place.module, place.line,
        fault.type_in(service.language), report.message,
        report.trace, report.span, report.path, report.pod.kubernetes,
    )  # fmt: skip
    return report.at, text, report.blame
