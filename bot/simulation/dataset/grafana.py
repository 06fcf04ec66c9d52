"""Grafana: answers of /api/ds/query for panels, annotations, alert notifications."""

from __future__ import annotations

from itertools import accumulate

from bot.simulation.dataset.configuration import METRICS, Config
from bot.simulation.dataset.draws import words
from bot.simulation.dataset.entries import Entry, count_of
from bot.simulation.dataset.load import ERRORS, LATENCY, UNITS, Load
from bot.simulation.dataset.plan import Decoy
from bot.simulation.dataset.requests import Minute
from bot.simulation.dataset.state_changes import notification

POINTS = 15
_EXPRESSIONS = (
    'sum(rate(http_requests_total{service=\\"%s\\"}[1m])) * 60',
    '100 * sum(rate(http_requests_total{service=\\"%s\\",status=~\\"5..\\"}[1m])) / '
    'sum(rate(http_requests_total{service=\\"%s\\"}[1m]))',
    "histogram_quantile(0.99, sum by (le) "
    '(rate(http_request_duration_ms_bucket{service=\\"%s\\"}[1m])))',
    '100 * avg(rate(container_cpu_usage_seconds_total{container=\\"%s\\"}[1m]))',
    '100 * max(container_memory_working_set_bytes{container=\\"%s\\"} / on(pod) limit_bytes)',
    'sum(increase(runtime_gc_pause_ms_sum{service=\\"%s\\"}[1m]))',
    'max(queue_depth{consumer=\\"%s\\"})',
    '100 * max(db_pool_in_use{service=\\"%s\\"} / db_pool_size)',
)


class Grafana:
    """Writes what dashboards ask and are told in a minute."""

    def __init__(
        self, config: Config, seed: int, per_minute: float, decoys: tuple[Decoy, ...]
    ) -> None:
        self._config = config
        self._seed = seed
        self._per_minute = per_minute
        self._decoys = decoys
        self._panels = [
            (service.name, metric, *_query(config, service.name, metric))
            for metric in range(len(METRICS))
            for service in config.services
        ]
        self._points: dict[tuple[str, int], tuple[str, list[int]]] = {}
        self._of: Load | None = None

    def minute(self, minute: Minute) -> list[Entry]:
        """All entries of a minute, in no order."""
        if self._of is not minute.load:
            self._of = minute.load
            self._points = {
                (name, metric): _joined(row)
                for name, rows in minute.load.values.items()
                for metric, row in enumerate(rows)
            }
        found = self._shown(minute)
        found += self._annotations(minute)
        for change in minute.load.crossings.get(minute.index - 4, ()):
            found.append(notification(self._config, self._seed, minute, change))
        return found

    def _shown(self, minute: Minute) -> list[Entry]:
        word = words(1, self._seed, "panels", minute.number)[0]
        count = count_of(self._per_minute * minute.factor, word)
        draws = words(count + 2 * len(self._panels), self._seed, "refreshes", minute.number)
        first = minute.epoch_ms - (POINTS - 1) * 60_000
        times = ",".join(str(first + step * 60_000) for step in range(POINTS))
        found: list[Entry] = []
        offset = minute.number * 37
        total = len(self._panels)
        found += [
            self._panel(minute, (offset + place) % total, draws[place], times)
            for place in range(count)
        ]
        # Whoever is on call has the dashboards of a troubled service open.
        for place, (service, metric, _, _) in enumerate(self._panels):
            if metric in (ERRORS, LATENCY) and minute.load.blame[service][metric][minute.index]:
                found.append(self._panel(minute, place, draws[count + place], times))
        return found

    def _panel(self, minute: Minute, place: int, word: int, times: str) -> Entry:
        service, metric, before, after = self._panels[place]
        index = minute.index
        at = word % 60_000
        to = minute.epoch_ms + at
        points, starts = self._points[service, metric]
        values = points[starts[index - POINTS + 1] : starts[index + 1] - 1]
        text = (
            f'"@kind":"panel","@query":{{"from":"{to - 900_000}","to":"{to}",'
            f'"requestId":"Q{word >> 48}",'
            f"{before}{times}],[{values}]]}}{after}"
        )
        return at, text, minute.load.blame[service][metric][index]

    def _annotations(self, minute: Minute) -> list[Entry]:
        found: list[Entry] = []
        for service, pods in minute.pods.items():
            deployment = pods[0].deployment
            if deployment.since == minute.number:
                bit = 0
                for incident in minute.load.incidents:
                    bit |= minute.load.bit(incident) if incident.id == deployment.cause else 0
                text = f"Deployed {service} {deployment.version} ({deployment.commit[:10]})"
                found.append((3_000, _annotation(minute, service, text, "deploy", len(found)), bit))
        for decoy in self._decoys:
            if decoy.start == minute.number and decoy.kind in ("batch_job", "node_drain"):
                text = f"{decoy.kind.replace('_', ' ')} of {decoy.service} begins as planned"
                line = _annotation(minute, decoy.service, text, "planned", len(found))
                found.append((2_000, line, 0))
        return found


def _joined(row: list[float]) -> tuple[str, list[int]]:
    """The points of a panel as one text, and where each begins, so that any window is a slice."""
    text = "%.2f," * len(row) % tuple(row)
    starts = list(accumulate((len(point) + 1 for point in text.split(",")), initial=0))
    return text, starts


def _annotation(minute: Minute, service: str, text: str, tag: str, place: int) -> str:
    at = minute.epoch_ms + (3_000 if tag == "deploy" else 2_000)
    return (
        f'"@kind":"annotation","id":{minute.number * 100 + place},'
        f'"alertId":0,"dashboardUID":"{service}",'
        f'"panelId":1,"userId":3,"userName":"ci","newState":"","prevState":"","time":{at},'
        f'"timeEnd":{at},"created":{at + 40},"updated":{at + 40},"text":"{text}",'
        f'"tags":["{tag}","{service}"],"login":"ci","data":{{}}}}'
    )


def _query(config: Config, service: str, metric: int) -> tuple[str, str]:
    """A panel's texts before its times and after its values."""
    if metric < len(_EXPRESSIONS):
        expression = _EXPRESSIONS[metric].replace("%s", service)
        kind, query = "prometheus", f'"expr":"{expression}"'
        step = f"Expr: {expression}\\nStep: 1m0s"
    else:
        kind = "cloudwatch"
        query = (
            f'"namespace":"Shop/Services","metricName":"{METRICS[metric]}","statistic":"Average",'
            f'"dimensions":{{"ServiceName":["{service}"]}},"region":"{config.company.region}"'
        )
        step = f"{METRICS[metric]} of {service}"
    before = (
        f'"dashboardUID":"{service}","panelId":{metric + 1},"queries":[{{"refId":"A","datasource":'
        f'{{"type":"{kind}","uid":"{kind}-1"}},{query},"intervalMs":60000,"maxDataPoints":{POINTS}}}]}},'
        f'"results":{{"A":{{"status":200,"frames":[{{"schema":{{"name":"{METRICS[metric]}","refId":"A",'
        f'"meta":{{"executedQueryString":"{step}"}},"fields":[{{"name":"Time","type":"time",'
        f'"typeInfo":{{"frame":"time.Time"}}}},{{"name":"Value","type":"number","typeInfo":'
        f'{{"frame":"float64"}},"labels":{{"service":"{service}"}},"config":{{"unit":'
        f'"{UNITS[metric].lower()}"}}}}]}},"data":{{"values":[['
    )
    return before, "}]}}}"
