"""CloudWatch: metric stream records, alarm state changes, log events, Insights results."""

from __future__ import annotations

from typing import NamedTuple

from bot.simulation.dataset.configuration import METRICS, Config
from bot.simulation.dataset.draws import hexes, uuid_text, words
from bot.simulation.dataset.entries import SECONDS, Entry, count_of, period
from bot.simulation.dataset.load import (
    CPU,
    GC,
    UNITS,
    Crossing,
)
from bot.simulation.dataset.plan import Decoy
from bot.simulation.dataset.requests import Minute, Request
from bot.simulation.dataset.state_changes import alarm_event

METRIC_SHARE = 0.6
_NAMES = ("RequestCount", "ErrorRate", "Latency", "CPUUtilization", "MemoryUtilization",
          "GarbageCollectionTime", "QueueDepth", "ConnectionUtilization",
          "DiskUtilization")  # fmt: skip
# namespace | metric | dimension | service | metric of the load | factor | unit
_RESOURCES = """
AWS/RDS|CPUUtilization|DBInstanceIdentifier=shop-orders|orders|cpu|0.8|Percent
AWS/RDS|DatabaseConnections|DBInstanceIdentifier=shop-orders|orders|connections|2|Count
AWS/RDS|FreeStorageSpace|DBInstanceIdentifier=shop-orders|orders|disk|1.2e9|Bytes
AWS/RDS|ReadLatency|DBInstanceIdentifier=shop-orders|orders|latency|1e-5|Seconds
AWS/RDS|CPUUtilization|DBInstanceIdentifier=shop-catalog|inventory|cpu|0.7|Percent
AWS/RDS|DatabaseConnections|DBInstanceIdentifier=shop-catalog|inventory|connections|3|Count
AWS/ApplicationELB|RequestCount|LoadBalancer=app/shop-alb/50dc6c495c0c9188|web-gateway|requests|1|Count
AWS/ApplicationELB|TargetResponseTime|LoadBalancer=app/shop-alb/50dc6c495c0c9188|web-gateway|latency|1e-3|Seconds
AWS/ApplicationELB|HTTPCode_Target_5XX_Count|LoadBalancer=app/shop-alb/50dc6c495c0c9188|web-gateway|errors|9|Count
AWS/ApiGateway|Latency|ApiName=shop-api|web-gateway|latency|1.1|Milliseconds
AWS/ApiGateway|5XXError|ApiName=shop-api|web-gateway|errors|0.01|Count
AWS/ElastiCache|CurrConnections|CacheClusterId=shop-cache|cart|connections|4|Count
AWS/ElastiCache|EngineCPUUtilization|CacheClusterId=shop-cache|cart|cpu|0.5|Percent
AWS/SQS|ApproximateAgeOfOldestMessage|QueueName=order-events|notification|queue|0.4|Seconds
AWS/SQS|ApproximateNumberOfMessagesVisible|QueueName=order-events|notification|queue|1|Count
AWS/SQS|ApproximateNumberOfMessagesVisible|QueueName=clickstream|analytics|queue|3|Count
AWS/Lambda|Duration|FunctionName=order-export|orders|latency|3|Milliseconds
AWS/Lambda|Errors|FunctionName=order-export|orders|errors|0.1|Count
AWS/Lambda|Duration|FunctionName=payment-webhook|payment|latency|0.7|Milliseconds
AWS/Lambda|Errors|FunctionName=payment-webhook|payment|errors|0.1|Count
AWS/Lambda|Duration|FunctionName=image-resizer|catalog|latency|9|Milliseconds
AWS/DynamoDB|ConsumedReadCapacityUnits|TableName=sessions|identity|requests|0.5|Count
ContainerInsights|node_cpu_utilization|ClusterName=shop-eu|search|cpu|0.9|Percent
ContainerInsights|node_memory_utilization|ClusterName=shop-eu|checkout|memory|0.9|Percent
"""
_FUNCTIONS = (("order-export", 512), ("payment-webhook", 256), ("image-resizer", 1024))
_STATEMENT = "SELECT * FROM order_lines WHERE order_id = "
_SCATTER, _MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1


class Series(NamedTuple):
    """A metric of a metric stream: `head` up to its timestamp, `tail` after its value."""

    service: str
    metric: int
    factor: float
    head: str
    unit: str


class CloudWatch:
    """Writes what AWS says in a minute."""

    def __init__(
        self, config: Config, seed: int, per_minute: float, decoys: tuple[Decoy, ...]
    ) -> None:
        self._config = config
        self._seed = seed
        self._decoys = decoys
        self._series = _all_series(config)
        self._period = period(len(self._series), per_minute * METRIC_SHARE)
        self._logs = max(0.0, per_minute - len(self._series) / self._period)
        self._streams = hexes(4, 32, seed, "log streams")

    def minute(self, minute: Minute) -> list[Entry]:
        """All entries of a minute, in no order."""
        found = self._metrics(minute)
        access = self._access(minute)
        found += access
        left = self._logs * minute.factor - len(access)
        found += self._functions(minute, left * 0.85 / 4)
        found += self._database(minute, left * 0.15)
        for change in [*minute.load.crossings.get(minute.index - 3, ()), *self._flapping(minute)]:
            found.append(alarm_event(self._config, self._seed, minute, change))
        if minute.number % 6 == 0:
            found.append(self._insights(minute))
        return found

    def _metrics(self, minute: Minute) -> list[Entry]:
        draws = words(len(self._series), self._seed, "metrics", minute.number)
        found: list[Entry] = []
        load, index, at_ms = minute.load, minute.index, minute.epoch_ms
        for place, series in enumerate(self._series):
            blame = load.blame[series.service][series.metric][index]
            if (minute.number + place) % self._period and not blame:
                continue
            word = draws[place]
            value = load.values[series.service][series.metric][index] * series.factor
            count = 40 + word % 41
            low, high = 0.55 + (word >> 8 & 127) / 400, 1.06 + (word >> 16 & 255) / 500
            found.append(
                (
                    0,
                    f'{series.head}{at_ms},"value":{{"max":{value * high:.6g},"min":'
                    f'{value * low:.6g},"sum":{value * count:.8g},'
                    f'"count":{count}.0}},"unit":"{series.unit}"}}',
                    blame,
                )
            )
        return found

    def _access(self, minute: Minute) -> list[Entry]:
        """API Gateway's access log of the requests that came from outside."""
        limit = int(self._logs * minute.factor * 0.62)
        requests = (
            minute.requests[:: max(1, -(-len(minute.requests) // max(1, limit)))] if limit else []
        )
        ids = hexes(len(requests), 32, self._seed, "access", minute.number)
        draws = words(len(requests), self._seed, "access events", minute.number)
        day = _day_of(minute.text)
        return [
            _access_entry(minute, request, digits, word, day, self._streams[0])
            for request, digits, word in zip(requests, ids, draws, strict=True)
        ]

    def _functions(self, minute: Minute, expected: float) -> list[Entry]:
        """Lambda's own four lines of an invocation."""
        word = words(1, self._seed, "lambda", minute.number)[0]
        count = count_of(max(0.0, expected), word)
        draws = words(count, self._seed, "invocations", minute.number)
        ids = hexes(count, 32, self._seed, "invocation ids", minute.number)
        found: list[Entry] = []
        for word, digits in zip(draws, ids, strict=True):
            name, memory = _FUNCTIONS[word % 3]
            request_id, begin = uuid_text(digits), (word >> 8) % 58_000
            took = 20 + (word >> 24) % 1_900
            stream = f"2026/[$LATEST]{self._streams[1 + word % 3]}"
            end = min(59_990, begin + took)
            lines = (
                (begin, f"START RequestId: {request_id} Version: $LATEST\\n"),
                (begin + 1, f"[INFO]\\t{minute.text}{SECONDS[begin]}Z\\t{request_id}\\tkey "
                            f"uploads/{digits[3:19]} size {(word >> 30) % 900_000}\\n"),
                (end, f"END RequestId: {request_id}\\n"),
                (end, f"REPORT RequestId: {request_id}\\tDuration: {took}.{word % 100:02d} ms\\t"
                      f"Billed Duration: {took + 1} ms\\tMemory Size: {memory} MB\\t"
                      f"Max Memory Used: {60 + (word >> 40) % 160} MB\\n"),
            )  # fmt: skip
            group = f"/aws/lambda/{name}"
            for place, (at, text) in enumerate(lines):
                stamp = minute.epoch_ms + at
                line = _log(group, stream, stamp, text, 41 + word % 800, word ^ place)
                found.append((at, line, 0))
        return found

    def _database(self, minute: Minute, expected: float) -> list[Entry]:
        word = words(1, self._seed, "database", minute.number)[0]
        count = count_of(max(0.0, expected), word)
        day = minute.text.replace("T", " ")
        found: list[Entry] = []
        for word in words(count, self._seed, "statements", minute.number):
            at, order = word % 60_000, (word >> 40) % 9_000_000
            text = (
                f"{day}{SECONDS[at]} UTC:10.0.{64 + word % 60}.{(word >> 6) % 250}"
                f"({30_000 + (word >> 14) % 30_000}):shop@orders:[{900 + (word >> 20) % 8_000}]:"
                f"LOG:  duration: {500 + (word >> 28) % 2_600}.{(word >> 36) % 1_000:03d} ms  "
                f"execute <unnamed>: {_STATEMENT}{order}"
            )
            group, stamp = "/aws/rds/instance/shop-orders/postgresql", minute.epoch_ms + at
            found.append((at, _log(group, "shop-orders.0", stamp, text, 900, word), 0))
        return found

    def _flapping(self, minute: Minute) -> list[Crossing]:
        return [
            Crossing(decoy.service, CPU, minute.number == decoy.start, 0)
            for decoy in self._decoys
            if decoy.kind == "flapping_alarm" and minute.number in (decoy.start, decoy.end + 1)
        ]

    def _insights(self, minute: Minute) -> Entry:
        """The saved query "failed requests", with what it finds in this minute."""
        failed = [one for one in minute.requests if one.hops[-1].is_origin]
        rows = ",".join(
            f'[{{"field":"@timestamp","value":"{minute.text.replace("T", " ")}{SECONDS[one.at]}"}},'
            f'{{"field":"service","value":"{one.hops[-1].service.name}"}},'
            f'{{"field":"trace_id","value":"{one.trace}"}},'
            f'{{"field":"duration_ms","value":"{one.hops[0].ms}"}},'
            f'{{"field":"@ptr","value":"{one.hops[-1].span}{one.trace}"}}]'
            for one in failed[:20]
        )
        word = words(1, self._seed, "insights", minute.number)[0]
        query_id = uuid_text(hexes(1, 32, self._seed, "insights", minute.number)[0])
        text = (
            f'"@kind":"insights","queryId":"{query_id}","queryString":"fields @timestamp, service, '
            f'trace_id, duration_ms | filter status >= 500 | sort @timestamp desc | limit 20",'
            f'"status":"Complete","statistics":{{"recordsMatched":{len(failed)}.0,"recordsScanned":'
            f'{len(minute.requests)}.0,"bytesScanned":{word % 9_000_000}.0}},"results":[{rows}]}}'
        )
        blame = 0
        for one in failed[:20]:
            blame |= one.hops[-1].blame
        return 59_000 + word % 900, text, blame


def _all_series(config: Config) -> tuple[Series, ...]:
    names = {one.name for one in config.services}
    company = config.company
    start = (
        f'"@kind":"metric","metric_stream_name":"{company.name}-metrics","account_id":'
        f'"{company.account}","region":"{company.region}"'
    )
    found = [
        Series(
            service.name,
            metric,
            1.0,
            f'{start},"namespace":"Shop/Services","metric_name":"{name}","dimensions":{{'
            f'"ClusterName":"{company.cluster}","ServiceName":"{service.name}"}},"timestamp":',
            UNITS[metric],
        )
        for service in config.services
        for metric, name in enumerate(_NAMES)
        if metric not in (GC,) or service.language in ("java", "node")
    ]
    for row in _RESOURCES.split():
        namespace, name, dimension, service_name, metric_name, factor, unit = row.split("|")
        if service_name in names:
            key, _, value = dimension.partition("=")
            head = (
                f'{start},"namespace":"{namespace}","metric_name":"{name}","dimensions":'
                f'{{"{key}":"{value}"}},"timestamp":'
            )
            metric = METRICS.index(metric_name)
            found.append(Series(service_name, metric, float(factor), head, unit))
    return tuple(found)


def _access_entry(
    minute: Minute, request: Request, digits: str, word: int, day: str, stream: str
) -> Entry:
    begin, trace, _, ip, size, agent, route, path, hops, blame = request
    at = min(59_999, begin + hops[0].ms + 2)
    message = (
        f'{{\\"requestId\\":\\"{uuid_text(digits)}\\",\\"ip\\":\\"{ip}\\",\\"requestTime\\":'
        f'\\"{day}{SECONDS[begin][:2]} +0000\\",\\"httpMethod\\":\\"{route[0]}\\",'
        f'\\"resourcePath\\":\\"{route[4]}\\",\\"path\\":\\"{path}\\",\\"status\\":'
        f'{hops[0].status},\\"responseLength\\":{size},\\"integrationLatency\\":{hops[0].ms},'
        f'\\"xrayTraceId\\":\\"1-{trace[:8]}-{trace[8:]}\\",\\"userAgent\\":\\"{agent}\\"}}'
    )
    delay = 300 + word % 900
    return (
        at,
        _log("/aws/apigateway/shop-api", stream, minute.epoch_ms + at, message, delay, word),
        blame,
    )


def _log(group: str, stream: str, stamp: int, message: str, delay: int, word: int) -> str:
    """A log event; its id is a time and digits without meaning."""
    return (
        f'"@kind":"log","logGroupName":"{group}","logStreamName":"{stream}","timestamp":{stamp},'
        f'"message":"{message}","ingestionTime":{stamp + delay},'
        f'"eventId":"37{stamp:014d}{word:020d}{word * _SCATTER & _MASK:020d}"}}'
    )


def _day_of(text: str) -> str:
    """ "2026-01-05T14:03:" as access logs write it: "05/Jan/2026:14:03:"."""
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{text[8:10]}/{months[int(text[5:7]) - 1]}/{text[:4]}:{text[11:]}"
