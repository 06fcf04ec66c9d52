"""Log events and metrics of a replayed data set, put into CloudWatch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from bot.errors import UpstreamError

_GROUP = "/kubernetes/{namespace_name}"
_METRICS_AT_ONCE = 150


class Entry(Protocol):
    """An entry on its way: its kind, its milliseconds, and the JSON of its system."""

    @property
    def kind(self) -> str:
        """log or metric."""

    @property
    def line(self) -> Mapping[str, Any]:
        """Its JSON, with its times as they shall be."""


@dataclass(slots=True)
class CloudWatchDoor:
    """Takes pod logs, CloudWatch's own log events, and metrics."""

    logs: Any
    metrics: Any
    _known: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def open(cls, region: str = "", endpoint_url: str = "") -> CloudWatchDoor:
        """Reach AWS as its own settings say, or these; raises `UpstreamError` without any."""
        try:
            session = boto3.Session(region_name=region or None)
            where = {"endpoint_url": endpoint_url or None}
            return cls(session.client("logs", **where), session.client("cloudwatch", **where))
        except BotoCoreError as error:
            raise UpstreamError(
                "AWS", str(error), permanent=True, cure="Set AWS_REGION and credentials."
            ) from error

    @property
    def takes(self) -> Mapping[str, frozenset[str]]:
        """Source -> the kinds that CloudWatch can hold."""
        return {"kubernetes": frozenset({"log"}), "cloudwatch": frozenset({"log", "metric"})}

    def deliver(self, deliveries: Sequence[Entry]) -> Iterator[str]:
        """Put them in a few requests; an empty text for each that was taken.

        Raises:
            UpstreamError: AWS refuses, or cannot be reached.
        """
        streams: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        metrics: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for one in deliveries:
            if one.kind == "metric":
                metrics[_namespace(one.line)].append(_metric(one.line))
            else:
                place, event = _log_event(one.line)
                streams[place].append(event)
        try:
            for place, events in streams.items():
                self._put(place, sorted(events, key=lambda event: int(event["timestamp"])))
            for namespace, data in metrics.items():
                for begin in range(0, len(data), _METRICS_AT_ONCE):
                    self.metrics.put_metric_data(
                        Namespace=namespace, MetricData=data[begin : begin + _METRICS_AT_ONCE]
                    )
        except (ClientError, BotoCoreError) as error:
            raise UpstreamError("AWS", str(error), permanent=True) from error
        yield from ("" for _ in deliveries)

    def _put(self, place: tuple[str, str], events: list[dict[str, Any]]) -> None:
        group, stream = place
        if place not in self._known:
            self._create(group, stream)
            self._known.add(place)
        self.logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def _create(self, group: str, stream: str) -> None:
        there = self.logs.exceptions.ResourceAlreadyExistsException
        with suppress(there):
            self.logs.create_log_group(logGroupName=group)
        with suppress(there):
            self.logs.create_log_stream(logGroupName=group, logStreamName=stream)


def _namespace(line: Mapping[str, Any]) -> str:
    """Nobody but AWS may write into AWS/…"""
    return str(line["namespace"]).replace("AWS/", "Replayed/")


def _metric(line: Mapping[str, Any]) -> dict[str, Any]:
    value = line["value"]
    return {
        "MetricName": line["metric_name"],
        "Dimensions": [{"Name": k, "Value": v} for k, v in line["dimensions"].items()],
        "Timestamp": datetime.fromtimestamp(line["timestamp"] / 1000, UTC),
        "StatisticValues": {
            "SampleCount": value["count"],
            "Sum": value["sum"],
            "Minimum": value["min"],
            "Maximum": value["max"],
        },
        "Unit": line["unit"],
    }


def _log_event(line: Mapping[str, Any]) -> tuple[tuple[str, str], dict[str, Any]]:
    if "kubernetes" not in line:
        event = {"timestamp": line["timestamp"], "message": line["message"]}
        return (line["logGroupName"], _stream(line["logStreamName"])), event
    pod = line["kubernetes"]
    moment = datetime.fromisoformat(line["time"])
    event = {"timestamp": int(moment.timestamp() * 1000), "message": line["log"].rstrip("\n")}
    return (_GROUP.format_map(pod), pod["pod_name"]), event


def _stream(name: str) -> str:
    return name.replace(":", "-").replace("*", "-")
