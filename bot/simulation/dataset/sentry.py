"""Sentry: error events, transactions and sessions, as its SDKs send them (event payloads)."""

from __future__ import annotations

from functools import lru_cache

from bot.simulation.dataset.clients import ADDRESSES, FIRST_USER, USERS, addresses
from bot.simulation.dataset.codebase import frames_json
from bot.simulation.dataset.configuration import Config
from bot.simulation.dataset.draws import hexes, uuid_text, weighted, words
from bot.simulation.dataset.entries import SECONDS, THOUSAND, Entry, count_of
from bot.simulation.dataset.faults import Fault
from bot.simulation.dataset.fleet import Deployment
from bot.simulation.dataset.reports import Report
from bot.simulation.dataset.requests import Minute, Request

_STATUS = {200: "ok", 404: "not_found", 500: "internal_error", 502: "unavailable"}
_TIERS = ("free", "plus", "business")
EVERYDAY_SHARE, TRANSACTION_SHARE, SESSION_SHARE = 0.26, 0.5, 0.2
_SDKS = {
    "go": ("sentry.go", "0.29.1", "go", "go1.23.3"),
    "java": ("sentry.java.spring-boot.jakarta", "7.18.1", "OpenJDK", "21.0.5"),
    "node": ("sentry.javascript.node", "8.42.0", "node", "v22.11.0"),
    "python": ("sentry.python.flask", "2.19.0", "CPython", "3.12.7"),
}
_VARIABLES = (
    '{"request":"<Request %s 0x7f%s>","key":"%s","attempt":%d,"elapsed_ms":%d,"session":"%s"}'
)
_CRUMBS = (
    '{"timestamp":"%sZ","type":"http","category":"http","level":"info","data":{"method":"GET",'
    '"url":"http://%s:8080/internal/%d","status_code":200,"duration_ms":%d}},'
    '{"timestamp":"%sZ","category":"query","level":"info","message":"SELECT * FROM t WHERE id = %d"'
    ',"data":{"rows":%d,"db.cursor":"%s"}},'
    '{"timestamp":"%sZ","category":"cache.get","level":"debug","message":"shop:%s"},'
    '{"timestamp":"%sZ","category":"log","level":"warning","message":"attempt %d took %d ms"}'
)


class Sentry:
    """Writes what the SDKs send in a minute."""

    def __init__(self, config: Config, seed: int, per_minute: float) -> None:
        self._config = config
        self._seed = seed
        self._per_minute = per_minute
        self._addresses = addresses(seed)
        self._services = weighted(config.services, [one.rate for one in config.services])

    def minute(self, minute: Minute, reports: list[Report]) -> list[Entry]:
        """All entries of a minute, in no order."""
        extra = hexes(len(reports), 194, self._seed, "variables", minute.number)
        return [
            *(_event(minute, one, digits) for one, digits in zip(reports, extra, strict=True)),
            *self._transactions(minute),
            *self._sessions(minute),
        ]

    def _transactions(self, minute: Minute) -> list[Entry]:
        """A sample of the requests, each told by one of the services it passed."""
        requests = minute.requests
        wanted = self._per_minute * TRANSACTION_SHARE * minute.factor
        draws = words(len(requests) + 1, self._seed, "sampled", minute.number)
        count = min(count_of(wanted, draws[-1]), len(requests))
        if not count:
            return []
        ids = hexes(count, 64, self._seed, "transactions", minute.number)
        found = []
        for place, digits in enumerate(ids):
            request = requests[place * len(requests) // count]
            found.append(_transaction(minute, request, draws[place] % len(request.hops), digits))
        return found

    def _sessions(self, minute: Minute) -> list[Entry]:
        word = words(1, self._seed, "sessions", minute.number)[0]
        count = count_of(self._per_minute * SESSION_SHARE * minute.factor, word)
        draws = words(count, self._seed, "session draws", minute.number)
        ids = hexes(count, 32, self._seed, "session ids", minute.number)
        found: list[Entry] = []
        for word, digits in zip(draws, ids, strict=True):
            service = self._services[word & 1023]
            pods = minute.pods[service.name]
            release = pods[0].deployment.release
            at = (word >> 10) % 60_000
            errors = int((word >> 26) % 97 < 2)
            status = "errored" if errors else "exited"
            moment = f"{minute.text}{SECONDS[at]}{THOUSAND[(word >> 42) % 1000]}Z"
            user = FIRST_USER + (word >> 24) % USERS
            text = (
                f'"@kind":"session","sid":"{uuid_text(digits)}",'
                f'"did":"{user}",'
                f'"init":false,"started":"{moment}","timestamp":"{moment}",'
                f'"duration":{(word >> 34) % 90_000 / 100},"status":"{status}","errors":{errors},'
                f'"attrs":{{"release":"{release}","environment":"production",'
                f'"ip_address":"{self._addresses[user % ADDRESSES]}"}}}}'
            )
            found.append((at, text, 0))
        return found


@lru_cache(1024)
def _event_shape(deployment: Deployment, language: str, fault: Fault) -> str:
    """Everything of an event that its release and its kind of error decide."""
    sdk, version, runtime, runtime_version = _SDKS[language]
    frames = frames_json(deployment, language, fault, _VARIABLES)
    platform = {"node": "node", "go": "go"}.get(language, language)
    return (
        '"@kind":"event","event_id":"%s","timestamp":"%sZ",'
        f'"platform":"{platform}","level":"error","logger":"{deployment.service}.{fault.module}",'
        f'"release":"{deployment.release}","environment":"production","dist":"{deployment.version}",'
        '"server_name":"%s","transaction":"%s %s",'
        f'"sdk":{{"name":"{sdk}","version":"{version}"}},'
        f'"exception":{{"values":[{{"type":"{fault.type_in(language)}","module":"{fault.module}",'
        '"value":"%s","mechanism":{"type":"generic","handled":true},'
        f'"stacktrace":{{"frames":{frames}}}}}]}},'
        f'"breadcrumbs":{{"values":[{_CRUMBS}]}},'
        '"user":{"id":"%d","ip_address":"%s"},'
        f'"tags":{{"service":"{deployment.service}","version":"{deployment.version}",'
        '"node":"%s","customer_tier":"%s"},'
        '"contexts":{"trace":{"trace_id":"%s","span_id":"%s","parent_span_id":"%s",'
        '"op":"http.server",'
        f'"status":"internal_error"}},"runtime":{{"name":"{runtime}","version":"{runtime_version}"}},'
        '"os":{"name":"Linux","version":"6.1.112-124.190.amzn2023.x86_64"}},'
        '"request":{"method":"%s","url":"https://shop.example.com%s","headers":'
        '{"User-Agent":"%s","X-Request-Id":"%s",'
        '"Idempotency-Key":"%s"}}}'
    )


def _event(minute: Minute, report: Report, digits: str) -> Entry:
    (at, service, pod, fault, trace, span, event_id, user, ip, method, path, template, agent,
     number, _, blame, word) = report  # fmt: skip
    shape = _event_shape(pod.deployment, service.language, fault)
    tries = word % 4 + 1
    line = shape % (
        event_id, _moment(minute, at, word), pod.name, method, template, report.message,
        path, digits[:10], digits[10:50], tries, number, digits[50:82],
        _moment(minute, at - word % 900 - 400, word >> 7), pod.ip, word % 70_001, word % 613,
        _moment(minute, at - word % 350 - 45, word >> 17), user, word % 57, digits[82:90],
        _moment(minute, at - word % 41 - 3, word >> 27), digits[90:130],
        _moment(minute, at - 2, word >> 37), tries, number,
        user, ip, pod.node, _TIERS[word % 3], trace, span, digits[130:146],
        method, path, agent, digits[146:178], digits[178:],
    )  # fmt: skip
    return at, line, blame


def _moment(minute: Minute, at: int, word: int) -> str:
    """Microseconds, as SDKs count them; `at` milliseconds may lie before the minute."""
    text = f"{minute.text}{SECONDS[at]}" if at >= 0 else f"{minute.before}{SECONDS[at + 60_000]}"
    return f"{text}{THOUSAND[word % 1000]}"


def _transaction(minute: Minute, request: Request, place: int, digits: str) -> Entry:
    at, trace, user, ip, size, _, route, path, hops, _ = request
    service, pod, span, ms, status, blame, _ = hops[place]
    begin = minute.epoch_ms + at
    method, language = route.method, service.language
    # Quarters of a millisecond keep what lies within something else within it.
    micros = size + user
    spans = ",".join(
        [
            f'{{"span_id":"{below[2]}","parent_span_id":"{span}","trace_id":"{trace}",'
            f'"op":"http.client","description":"{method} http://{below[0].name}:8080",'
            f'"start_timestamp":{_seconds(begin + (ms - below[3]) // 2, 250 + micros % 241)},'
            f'"timestamp":{_seconds(begin + (ms + below[3]) // 2, 500 + micros % 239)},'
            f'"status":"{_STATUS[below[4]]}"}}'
            for below in hops[place + 1 :]
        ]
    )
    parent = f'"parent_span_id":"{hops[place - 1][2]}",' if place else ""
    sdk = _SDKS[language]
    text = (
        f'"@kind":"transaction","event_id":"{digits[:32]}","type":"transaction",'
        f'"transaction":"{method} {route.template}",'
        f'"transaction_info":{{"source":"route"}},'
        f'"start_timestamp":{_seconds(begin, micros % 250)},'
        f'"timestamp":{_seconds(begin + ms, 750 + micros % 233)},"platform":"{language}",'
        f'"release":"{pod.deployment.release}","environment":"production",'
        f'"server_name":"{pod.name}","sdk":{{"name":"{sdk[0]}","version":"{sdk[1]}"}},'
        f'"tags":{{"service":"{service.name}","node":"{pod.node}"}},'
        f'"user":{{"id":"{user}","ip_address":"{ip}"}},'
        f'"contexts":{{"trace":{{"trace_id":"{trace}","span_id":"{span}",{parent}'
        f'"op":"http.server","status":"{_STATUS[status]}"}},'
        f'"profile":{{"profile_id":"{digits[32:]}"}},'
        f'"response":{{"status_code":{status},"body_size":{size}}}}},'
        f'"request":{{"method":"{method}","url":"https://shop.example.com{path}"}},'
        f'"spans":[{spans}]}}'
    )
    return at, text, blame


def _seconds(moment: int, micros: int) -> str:
    """Milliseconds since 1970 and the microseconds after them, as seconds."""
    return f"{moment // 1000}.{THOUSAND[moment % 1000]}{THOUSAND[micros]}"
