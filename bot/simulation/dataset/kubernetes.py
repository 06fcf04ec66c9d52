"""Kubernetes: pod logs as Fluent Bit ships them, core/v1 Events, metrics.k8s.io PodMetrics."""

from __future__ import annotations

import json

from bot.simulation.dataset.codebase import site
from bot.simulation.dataset.configuration import Config
from bot.simulation.dataset.draws import hexes, weighted, words
from bot.simulation.dataset.entries import SECONDS, THOUSAND, Entry, count_of, period
from bot.simulation.dataset.fleet import Pod
from bot.simulation.dataset.happenings import happenings
from bot.simulation.dataset.load import CPU, MEMORY
from bot.simulation.dataset.reports import Report
from bot.simulation.dataset.requests import Minute


def _shape(text: str, stream: str = "stderr") -> str:
    """A line's template inside a JSON string inside a record of Fluent Bit."""
    head = f'"@kind":"log","time":"%sZ","stream":"{stream}","log":"'
    return f"{head}{json.dumps(text)[1:-1]}%s"


_ERROR = {
    "go": _shape('{"level":"error","ts":"%sZ","caller":"%s:%d","msg":"%s","error":"%s",'
                 '"trace_id":"%s","span_id":"%s","path":"%s"}'),
    "java": _shape("%sZ ERROR 1 --- [%s:%d] %s : %s trace=%s span=%s path=%s"),
    "node": _shape('{"level":50,"time":"%sZ","file":"%s:%d","type":"%s","msg":"%s",'
                   '"traceId":"%s","spanId":"%s","url":"%s"}'),
    "python": _shape("%s ERROR [%s:%d] %s: %s trace_id=%s span_id=%s path=%s"),
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
    language: weighted([_shape(line, "stdout") for line in lines], (30, 14, 10, 4, 2), 64)
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

    def minute(self, minute: Minute, reports: list[Report]) -> list[Entry]:
        """All entries of a minute, in no order."""
        found = self._requests(minute)
        found += self._quiet_lines(minute)
        found += [_error(minute, report) for report in reports]
        found += self._metrics(minute)
        found += happenings(self._config, self._seed, minute)
        return found

    def _requests(self, minute: Minute) -> list[Entry]:
        """What each service writes of a request when it has answered."""
        found: list[Entry] = []
        text, epoch = minute.text, minute.epoch_ms
        for begin, trace, user, ip, size, agent, route, path, hops, _ in minute.requests:
            method = route[0]
            parts, fine = THOUSAND[user * 617 % 1000], THOUSAND[(size * 729 + user) % 1000]
            for service, pod, span, ms, status, blame, _ in hops:
                at = begin + ms
                if at > 59_999:
                    at = 59_999
                # The container's runtime reads its clock some microseconds after the program.
                said, micros = f"{text}{SECONDS[at]}", ms * 7919 % 683
                stamp = f"{said}{THOUSAND[micros + 17 + user % 300]}{fine}Z"
                language = service.language
                if language == "go":
                    log = (
                        f'{{\\"level\\":\\"info\\",\\"ts\\":\\"{said}{THOUSAND[micros]}Z\\",'
                        f'\\"caller\\":\\"http/server.go:118\\",\\"msg\\":\\"request completed\\",'
                        f'\\"method\\":\\"{method}\\",\\"path\\":\\"{path}\\",\\"status\\":{status},'
                        f'\\"duration_ms\\":{ms}.{parts},\\"bytes\\":{size},'
                        f'\\"remote_ip\\":\\"{ip}\\",\\"user_agent\\":\\"{agent}\\",'
                        f'\\"trace_id\\":\\"{trace}\\",\\"span_id\\":\\"{span}\\"}}'
                    )
                elif language == "java":
                    log = (
                        f"{said}{THOUSAND[micros]}Z  INFO [{service.name},{trace},{span}] 1 --- "
                        f"[nio-8080-exec-{user % 24}] c.shop.web.RequestLog : {method} {path} -> "
                        f"{status} in {ms} ms ({size} bytes) user={user} ip={ip}"
                    )
                elif language == "node":
                    log = (
                        f'{{\\"level\\":30,\\"time\\":{epoch + at},\\"pid\\":1,\\"hostname\\":'
                        f'\\"{pod.name}\\",\\"reqId\\":\\"{span}\\",\\"traceId\\":\\"{trace}\\",'
                        f'\\"req\\":{{\\"method\\":\\"{method}\\",\\"url\\":\\"{path}\\",'
                        f'\\"remoteAddress\\":\\"{ip}\\"}},\\"res\\":{{\\"statusCode\\":{status},'
                        f'\\"bytes\\":{size}}},\\"responseTime\\":{ms}.{parts}{fine},'
                        f'\\"msg\\":\\"request completed\\"}}'
                    )
                else:
                    log = (
                        f"{said} INFO [{service.name}.web] trace_id={trace} span_id={span} {ip} "
                        f'\\"{method} {path} HTTP/1.1\\" {status} {size} '
                        f"{ms}.{parts}ms user={user}"
                    )
                line = f'"@kind":"log","time":"{stamp}","stream":"stdout","log":"{log}{pod.ending}'
                found.append((at, line, blame))
        return found

    def _quiet_lines(self, minute: Minute) -> list[Entry]:
        word = words(1, self._seed, "quiet", minute.number)[0]
        count = count_of(self._quiet * (0.6 + 0.4 * minute.factor), word)
        draws = words(count, self._seed, "quiet lines", minute.number)
        ids = hexes(count, 12, self._seed, "quiet ids", minute.number)
        found: list[Entry] = []
        services, all_pods, text = self._services, minute.pods, minute.text
        for word, digits in zip(draws, ids, strict=True):
            service = services[word & 1023]
            pods = all_pods[service.name]
            pod = pods[(word >> 10) % len(pods)]
            at = (word >> 16) % 60_000
            shape = _QUIET_SHAPES[service.language][(word >> 40) & 63]
            when = (
                f"{text}{SECONDS[at]}{THOUSAND[(word >> 5) % 1000]}{THOUSAND[(word >> 51) % 1000]}"
            )
            line = shape % (when, (word >> 46) & 255, (word >> 32) & 2047, digits, pod.ending)
            found.append((at, line, 0))
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


def _error(minute: Minute, report: Report) -> Entry:
    fault, service, word = report.fault, report.service, report.word
    said = f"{minute.text}{SECONDS[report.at]}"
    place = site(service.name, service.language, fault, report.pod.deployment.drift)
    text = _ERROR[service.language] % (
        f"{said}{THOUSAND[(word >> 20) % 1000]}{THOUSAND[(word >> 40) % 1000]}", said,
        place.module, place.line,
        fault.type_in(service.language), report.message,
        report.trace, report.span, report.path, report.pod.ending,
    )  # fmt: skip
    return report.at, text, report.blame
