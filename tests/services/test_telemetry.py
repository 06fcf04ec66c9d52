"""A data set replayed into CloudWatch, for which moto stands in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from bot.services.telemetry import CloudWatchDoor
from bot.simulation.dataset.configuration import DEFAULT_PATH
from bot.simulation.dataset.generation import generate
from bot.simulation.dataset.hour import Job
from bot.simulation.dataset.replay import Replay

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


class Watch:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.mark.usefixtures("aws")
def test_logs_and_metrics_of_a_set_are_put_as_if_they_were_now(tmp_path: Path) -> None:
    start = 29_463_840
    job = Job(
        DEFAULT_PATH.read_text(), 3, start, start + 30, 60, 0, "jsonl.gz", "zlib-4",
        str(tmp_path / "set"),
    )  # fmt: skip
    assert generate(job, None, workers=1, told=lambda *_: None)
    watch = Watch()
    replay = Replay(tmp_path / "set", CloudWatchDoor.open(), 3600, clock=watch, pause=watch.pause)
    sent = replay.run(first=0, minutes=3, told=lambda *_: None)
    assert sent.refused == 0
    logs, metrics = boto3.client("logs"), boto3.client("cloudwatch")
    groups = {one["logGroupName"] for one in logs.describe_log_groups()["logGroups"]}
    assert {"/kubernetes/shop-prod", "/aws/rds/instance/shop-orders/postgresql"} <= groups
    events = logs.filter_log_events(logGroupName="/kubernetes/shop-prod")["events"]
    moments = [datetime.fromtimestamp(one["timestamp"] / 1000, UTC) for one in events]
    assert events
    assert NOW <= min(moments) <= max(moments) <= NOW + timedelta(seconds=1)
    names = {
        one["MetricName"] for one in metrics.list_metrics(Namespace="Shop/Services")["Metrics"]
    }
    assert {"RequestCount", "Latency", "ErrorRate"} <= names
    # A second replay finds its groups and streams there.
    again = Replay(tmp_path / "set", CloudWatchDoor.open(), 3600, clock=watch, pause=watch.pause)
    assert again.run(first=0, minutes=1, told=lambda *_: None).delivered
