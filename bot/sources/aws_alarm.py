"""CloudWatch alarms in the four shapes AWS sends them: metric, metric-math, composite, anomaly.

SNS carries `AlarmName`, `NewStateValue`, `Trigger`; EventBridge carries `detail.alarmName` and
`detail.state.value`; an alarm that calls a Lambda carries the same under `alarmData`.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from bot.models import Event, Severity, Signal
from bot.sources.heard import Heard, left_aside
from bot.sources.reading import Reader, first, lines, links_of, not_after
from bot.sources.request import Request

_SERVICE_DIMENSIONS = (
    "ServiceName",
    "FunctionName",
    "LoadBalancer",
    "DBInstanceIdentifier",
    "QueueName",
    "TableName",
    "ApiName",
    "ClusterName",
    "AutoScalingGroupName",
    "InstanceId",
)
_SEVERE = ("critical", "sev1", "p1", "page")


def is_alarm(body: Reader) -> bool:
    """Whether `body` is an alarm's change of state in one of the shapes."""
    return bool(body.text("AlarmName") and body.text("NewStateValue")) or bool(
        _detail(body).text("alarmName") and _detail(body).text("state", "value")
    )


def read_alarm(body: Reader, request: Request, source: str, event_id: str) -> Heard:
    """The event of an alarm; INSUFFICIENT_DATA tells neither trouble nor its end."""
    if body.text("AlarmName"):
        return _heard(
            request,
            source,
            event_id,
            name=body.text("AlarmName", length=256),
            state=body.text("NewStateValue"),
            reason=body.text("NewStateReason"),
            about=body.text("AlarmDescription"),
            arn=body.text("AlarmArn", length=500),
            changed=body.text("StateChangeTime", length=64),
            dimensions=_sns_dimensions(body),
            metric=first(body.name("Trigger", "MetricName"), _sns_label(body)),
        )
    detail = _detail(body)
    resources = [one.text(length=500) for one in body.items("resources")]
    return _heard(
        request,
        source,
        event_id,
        name=detail.text("alarmName", length=256),
        state=detail.text("state", "value"),
        reason=detail.text("state", "reason"),
        about=detail.text("configuration", "description"),
        arn=first(body.text("alarmArn", length=500), *resources),
        changed=first(detail.text("state", "timestamp", length=64), body.text("time", length=64)),
        dimensions=_detail_dimensions(detail),
        metric=next(_detail_metrics(detail), ""),
    )


def _heard(
    request: Request,
    source: str,
    event_id: str,
    *,
    name: str,
    state: str,
    reason: str,
    about: str,
    arn: str,
    changed: str,
    dimensions: dict[str, str],
    metric: str,
) -> Heard:
    if state not in ("ALARM", "OK"):
        return left_aside(f"an alarm in state {state} tells neither trouble nor its end")
    account, region = _account_and_region(arn)
    event = Event(
        source=source,
        event_id=event_id,
        service=first(*(dimensions.get(known, "") for known in _SERVICE_DIMENSIONS), "cloudwatch")[
            :100
        ],
        severity=_severity(name, about) if state == "ALARM" else Severity.INFO,
        signal=Signal.FIRING if state == "ALARM" else Signal.RESOLVED,
        title=name,
        message=lines(about, reason) or name,
        occurred_at=not_after(Reader(changed).moment(), request.received_at),
        fingerprint_hint=arn or name,
        links=links_of(("Alarm", _console(region, name))),
        labels={
            label: value
            for label, value in {
                "metric": metric,
                "account": account,
                "region": region,
                **dimensions,
            }.items()
            if value
        },
    )
    return Heard((event,))


def _detail(body: Reader) -> Reader:
    return body.at("detail") or body.at("alarmData")


def _severity(name: str, about: str) -> Severity:
    """AWS has none; teams write it into the name or the description."""
    words = f"{name} {about}".lower().replace("-", " ").replace("_", " ").split()
    return Severity.CRITICAL if any(word in words for word in _SEVERE) else Severity.ERROR


def _sns_dimensions(body: Reader) -> dict[str, str]:
    direct = list(body.items("Trigger", "Dimensions"))
    of_math = [
        one
        for metric in body.items("Trigger", "Metrics")
        for one in metric.items("MetricStat", "Metric", "Dimensions")
    ]
    return {one.name("name"): one.name("value") for one in [*direct, *of_math] if one.name("name")}


def _sns_label(body: Reader) -> str:
    """The metric of a metric-math alarm: what returns its data, else the first there is."""
    metrics = list(body.items("Trigger", "Metrics"))
    shown = [metric for metric in metrics if metric.at("ReturnData").value is True]
    return first(
        *(first(one.name("Label"), one.name("Expression")) for one in shown),
        *(one.name("MetricStat", "Metric", "MetricName") for one in metrics),
    )


def _detail_dimensions(detail: Reader) -> dict[str, str]:
    found: dict[str, str] = {}
    for metric in detail.items("configuration", "metrics"):
        found |= metric.pairs("metricStat", "metric", "dimensions")
    return found


def _detail_metrics(detail: Reader) -> Iterator[str]:
    for metric in detail.items("configuration", "metrics"):
        if name := first(metric.name("metricStat", "metric", "name"), metric.name("expression")):
            yield name


def _account_and_region(arn: str) -> tuple[str, str]:
    parts = arn.split(":")
    return (parts[4][:20], parts[3][:30]) if len(parts) > 5 else ("", "")


def _console(region: str, name: str) -> str:
    if not region.replace("-", "").isalnum():
        return ""
    host = f"https://{region}.console.aws.amazon.com"
    return f"{host}/cloudwatch/home?region={region}#alarmsV2:alarm/{quote(name, safe='')}"
