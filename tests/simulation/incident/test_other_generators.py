"""Files in the way other generators of this format write them; and a batch in flat memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from bot.simulation.incident import taking
from bot.simulation.incident.batch import limited, stream
from bot.simulation.incident.measures import measure, worse
from bot.simulation.incident.reading import ordered, understand
from bot.simulation.incident.saving import save
from bot.simulation.incident.validation import validate

Json = dict[str, Any]


def everyday() -> Json:
    """No zone, no engineers, a robot's all-clear in words, null for what begins a thread."""
    return {
        "scenario_id": "cart-quick-003",
        "scenario_type": "quick-alert",
        "title": "CPU above threshold - cart",
        "start_time": "2026-01-07T10:23:00",
        "services": {
            "cart": {"channel": "#cart-alert", "oncall_group": "@cart-oncall", "role": "primary"}
        },
        "timeline": [
            {
                "offset_seconds": 0,
                "type": "alert",
                "channel": "#cart-alert",
                "severity": "warning",
                "title": "CPU above threshold",
                "details": "It is high",
                "metrics": {"current_value": "88%", "threshold": "80%"},
                "thread_parent": None,
            },
            {
                "offset_seconds": 75,
                "type": "resolution",
                "channel": "#cart-alert",
                "user": "Monitoring Bot",
                "content": "Back to normal",
                "metrics_after": {"status": "healthy", "value": "normal"},
                "thread_parent": 0,
            },
        ],
        "metadata": {"severity": "SEV-4", "duration_seconds": 75, "tags": ["quick", "auto_ok"]},
    }


def test_an_everyday_alert_of_another_tool_is_sound() -> None:
    verdict = validate(everyday())
    assert verdict.problems == []
    assert verdict.scenario is not None
    assert verdict.scenario.timeline[1].thread_parent == 0
    assert ("$.start_time", "has no zone; taken as UTC") in {each[:2] for each in verdict.notes}


def test_an_event_that_comes_too_late_in_the_file_is_refused_and_played_in_its_time() -> None:
    document = everyday()
    late = {
        "offset_seconds": 20, "type": "message", "channel": "#cart-alert", "user": "kate",
        "content": "Looking", "thread_parent": 0,
    }  # fmt: skip
    document["timeline"].append(late)
    (problem,) = validate(document).problems
    assert problem.path == "$.timeline[2].offset_seconds"
    assert problem.problem == "is 20, but an event before it is at 75"
    assert "Sort the timeline" in problem.cure
    scenario = understand(document).scenario
    assert scenario is not None
    assert [event.offset_seconds for event in ordered(scenario).timeline] == [0, 20, 75]
    assert [event.thread_parent for event in ordered(scenario).timeline] == [None, 0, 0]


def test_answers_to_answers_become_answers_to_the_beginning() -> None:
    document = everyday()
    document["timeline"].append(
        {**document["timeline"][1], "offset_seconds": 90, "thread_parent": 1}
    )
    scenario = understand(document).scenario
    assert scenario is not None
    assert ordered(scenario).timeline[2].thread_parent == 0


@pytest.mark.parametrize(
    ("metrics", "told"),
    [
        ({"p95_latency": "480"}, "has no unit"),
        ({"error_rate": "12"}, "has no unit"),
        ({"error_rate": "130%"}, "more than all"),
        ({"p95_latency": "-4 ms"}, "less than nothing"),
    ],
)
def test_metrics_that_cannot_be_are_refused(metrics: Json, told: str) -> None:
    document = everyday()
    document["timeline"][0]["metrics"] = metrics
    (problem,) = validate(document).problems
    assert problem.path == f"$.timeline[0].metrics.{next(iter(metrics))}"
    assert told in problem.problem


@pytest.mark.parametrize(
    ("before", "after", "sound"),
    [
        ("4.2 s", "48 ms", True),
        ("480 ms", "2 s", False),
        ("480 ms", "12%", False),
        ("480 ms", "480ms", False),
    ],
)
def test_what_recovers_is_better_in_the_same_kind_of_unit(
    before: str, after: str, *, sound: bool
) -> None:
    document = everyday()
    document["timeline"][0]["metrics"] = {"p95_latency": before}
    document["timeline"][1]["metrics_after"] = {"p95_latency": after}
    assert (validate(document).problems == []) is sound


def test_an_alert_is_worse_than_what_was_before_it() -> None:
    document = everyday()
    document["timeline"][0]["metrics_before"] = {"success_rate": "48%"}
    document["timeline"][0]["metrics"] = {"success_rate": "98%"}
    (problem,) = validate(document).problems
    assert "is better than '48%' before it" in problem.problem


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("480 ms", 0.48, "time"),
        ("8 min ago", 480, "time"),
        ("51.2% (was 0.2%)", 51.2, "per cent"),
        ("1,247 messages", 1247, "number"),
        ("85 msg/s", 85, "rate"),
        ("1.5 GB", 1.5e9, "size"),
        ("$3,500", 3500, "money"),
        ("~78 orders", 78, "number"),
    ],
)
def test_values_are_understood_with_their_units(text: str, value: float, kind: str) -> None:
    found = measure(text)
    assert found is not None
    assert (found.value, found.kind) == (pytest.approx(value), kind)


def test_which_way_is_worse_is_known_by_name() -> None:
    assert [worse(key) for key in ("error_rate", "cache_hit_rate", "success_rate", "colour")] == [
        1, -1, -1, 0,
    ]  # fmt: skip
    assert measure("healthy") is None


@pytest.mark.parametrize(
    ("told", "seconds"),
    [(30, 30), ("30", 30), ("30s", 30), ("2m", 120), ("T+1:05", 65), ("T+1:01:05", 3665)],
)
def test_times_are_taken_in_many_spellings(told: object, seconds: float) -> None:
    assert taking.seconds(told) == seconds


@pytest.mark.parametrize("told", [None, True, "soon", [], float("nan"), float("inf")])
def test_what_is_no_time_is_none(told: object) -> None:
    assert taking.seconds(told) is None


def test_a_batch_is_written_in_flat_memory(tmp_path: Path) -> None:
    def peak(messages: int) -> int:
        tracemalloc.start()
        batch = stream(["mixed"], "2026-01-07T00:00:00Z", interval=600)
        _, written = save(limited(batch, messages=messages), tmp_path / "batch.jsonl")
        assert written >= messages
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(200)  # what is loaded once
    assert peak(2_400) < peak(300) + 600_000
