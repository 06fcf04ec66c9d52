"""CloudWatch: metric stream records, alarm state changes, log events, Insights results."""

from __future__ import annotations

from itertools import repeat
from typing import NamedTuple

from bot.simulation.dataset.configuration import METRICS, Config
from bot.simulation.dataset.draws import decimals, hexes, raw, uuid_text, words
from bot.simulation.dataset.entries import SECONDS, Entry, count_of, period
from bot.simulation.dataset.load import (
    CPU,
    GC,
    UNITS,
    Crossing,
    Load,
)
from bot.simulation.dataset.plan import Decoy
from bot.simulation.dataset.requests import Minute
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


class Series(NamedTuple):
    """A metric of a metric stream. `shape` waits for its time, max, min, sum and count."""

    service: str
    metric: int
    factor: float
    shape: str


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
        self._of: Load | None = None
        self._rows: list[tuple[Series, list[float], list[int]]] = []
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
        load, index = minute.load, minute.index
        if self._of is not load:
            self._of = load
            self._rows = [
                (one, load.values[one.service][one.metric], load.blame[one.service][one.metric])
                for one in self._series
            ]
        draws = words(len(self._series), self._seed, "metrics", minute.number)
        period, moment = self._period, minute.epoch_ms
        shapes: list[str] = []
        figures: list[float] = []
        blames: list[int] = []
        for place, ((_, _, factor, shape), values, blame) in enumerate(self._rows):
            if period > 1 and (minute.number + place) % period and not blame[index]:
                continue
            word = draws[place]
            value = values[index] * factor
            count = 40 + word % 41
            shapes.append(shape)
            figures += (
                moment,
                value * (1.06 + (word >> 16 & 255) / 500),
                value * (0.55 + (word >> 8 & 127) / 400),
                value * count,
                count,
            )
            blames.append(blame[index])
        # All numbers of a minute in one go: a third of the time of line by line.
        lines = ("\n".join(shapes) % tuple(figures)).split("\n") if shapes else []
        return list(zip(repeat(0), lines, blames))

    def _access(self, minute: Minute) -> list[Entry]:
        """API Gateway's access log of the requests that came from outside."""
        limit = int(self._logs * minute.factor * 0.62)
        requests = (
            minute.requests[:: max(1, -(-len(minute.requests) // max(1, limit)))] if limit else []
        )
        digits = raw(len(requests) * 16, self._seed, "access", minute.number).hex()
        ids = decimals(len(requests), 40, self._seed, "access events", minute.number)
        day, stream, start = _day_of(minute.text), self._streams[0], minute.epoch_ms
        head = _head("/aws/apigateway/shop-api", stream)
        found: list[Entry] = []
        cut = 0
        for request, event_id in zip(requests, ids, strict=True):
            begin, trace, _, ip, size, agent, route, path, hops, blame = request
            ms, status = hops[0][3], hops[0][4]
            at = begin + ms + 2
            if at > 59_999:
                at = 59_999
            found.append(
                (
                    at,
                    f'{head}{start + at},"message":"{{\\"requestId\\":\\"{digits[cut : cut + 8]}-'
                    f"{digits[cut + 8 : cut + 12]}-4{digits[cut + 13 : cut + 16]}-a"
                    f'{digits[cut + 17 : cut + 20]}-{digits[cut + 20 : cut + 32]}\\",\\"ip\\":'
                    f'\\"{ip}\\",\\"requestTime\\":\\"{day}{SECONDS[begin][:2]} +0000\\",'
                    f'\\"httpMethod\\":\\"{route[0]}\\",\\"resourcePath\\":\\"{route[4]}\\",'
                    f'\\"path\\":\\"{path}\\",\\"status\\":{status},\\"responseLength\\":'
                    f'{size},\\"integrationLatency\\":{ms},\\"xrayTraceId\\":'
                    f'\\"1-{trace[:8]}-{trace[8:]}\\",\\"userAgent\\":\\"{agent}\\"}}",'
                    f'"ingestionTime":{start + at + 300 + size % 907},'
                    f'"eventId":"370{start + at}{event_id}"}}',
                    blame,
                )
            )
            cut += 32
        return found

    def _functions(self, minute: Minute, expected: float) -> list[Entry]:
        """Lambda's own four lines of an invocation."""
        word = words(1, self._seed, "lambda", minute.number)[0]
        count = count_of(max(0.0, expected), word)
        draws = words(count, self._seed, "invocations", minute.number)
        ids = hexes(count, 32, self._seed, "invocation ids", minute.number)
        events = iter(decimals(4 * count, 40, self._seed, "invocation events", minute.number))
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
            head, delay = _head(f"/aws/lambda/{name}", stream), 41 + word % 800
            for at, text in lines:
                line = _log(head, minute.epoch_ms + at, text, delay, next(events))
                found.append((at, line, 0))
        return found

    def _database(self, minute: Minute, expected: float) -> list[Entry]:
        word = words(1, self._seed, "database", minute.number)[0]
        count = count_of(max(0.0, expected), word)
        day = minute.text.replace("T", " ")
        found: list[Entry] = []
        head = _head("/aws/rds/instance/shop-orders/postgresql", "shop-orders.0")
        draws = words(count, self._seed, "statements", minute.number)
        events = decimals(count, 40, self._seed, "statement events", minute.number)
        for word, event_id in zip(draws, events, strict=True):
            at, order = word % 60_000, (word >> 40) % 9_000_000
            text = (
                f"{day}{SECONDS[at]} UTC:10.0.{64 + word % 60}.{(word >> 6) % 250}"
                f"({30_000 + (word >> 14) % 30_000}):shop@orders:[{900 + (word >> 20) % 8_000}]:"
                f"LOG:  duration: {500 + (word >> 28) % 2_600}.{(word >> 36) % 1_000:03d} ms  "
                f"execute <unnamed>: {_STATEMENT}{order}"
            )
            line = _log(head, minute.epoch_ms + at, text, 400 + word % 907, event_id)
            found.append((at, line, 0))
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
    ).replace("%", "%%")
    found = [
        Series(
            service.name,
            metric,
            1.0,
            f'{start},"namespace":"Shop/Services","metric_name":"{name}","dimensions":{{'
            f'"ClusterName":"{company.cluster}","ServiceName":"{service.name}"}}'
            f"{_figures(UNITS[metric])}",
        )
        for service in config.services
        for metric, name in enumerate(_NAMES)
        if metric not in (GC,) or service.language in ("java", "node")
    ]
    for row in _RESOURCES.split():
        namespace, name, dimension, service_name, metric_name, factor, unit = row.split("|")
        if service_name in names:
            key, _, value = dimension.partition("=")
            shape = (
                f'{start},"namespace":"{namespace}","metric_name":"{name}","dimensions":'
                f'{{"{key}":"{value}"}}{_figures(unit)}'
            )
            metric = METRICS.index(metric_name)
            found.append(Series(service_name, metric, float(factor), shape))
    return tuple(found)


def _figures(unit: str) -> str:
    return (
        ',"timestamp":%d,"value":{"max":%.6g,"min":%.6g,"sum":%.8g,"count":%d.0},'
        f'"unit":"{unit}"}}'
    )


def _head(group: str, stream: str) -> str:
    """A log event up to its timestamp."""
    return f'"@kind":"log","logGroupName":"{group}","logStreamName":"{stream}","timestamp":'


def _log(head: str, stamp: int, message: str, delay: int, digits: str) -> str:
    """A log event; its id is a time and digits without meaning."""
    return (
        f'{head}{stamp},"message":"{message}","ingestionTime":{stamp + delay},'
        f'"eventId":"370{stamp}{digits}"}}'
    )


def _day_of(text: str) -> str:
    """ "2026-01-05T14:03:" as access logs write it: "05/Jan/2026:14:03:"."""
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{text[8:10]}/{months[int(text[5:7]) - 1]}/{text[:4]}:{text[11:]}"
