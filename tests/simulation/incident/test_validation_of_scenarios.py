"""What is wrong with a scenario: each with its path and a cure; others' spellings are taken."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.simulation.incident.generation import generate
from bot.simulation.incident.reading import ordered, understand
from bot.simulation.incident.validation import validate

SOUND = generate("payment-failure", "2026-01-07T14:30:00Z", seed=3).document()
Json = dict[str, Any]


def spoilt(**changes: Any) -> Json:
    return {**copy.deepcopy(SOUND), **changes}


def problems(document: object) -> dict[str, str]:
    return {each.path: each.problem for each in validate(document).problems}


def test_a_timeline_out_of_order_is_found() -> None:
    document = spoilt()
    document["timeline"][3]["offset_seconds"] = 100_000
    told = problems(document)
    assert "an event before it is at 100000" in told["$.timeline[4].offset_seconds"]


@pytest.mark.parametrize(
    ("parent", "told"),
    [(9_999, "the last one is"), (30, "later"), (1, "itself")],
)
def test_a_thread_must_begin_at_an_earlier_event(parent: int, told: str) -> None:
    document = spoilt()
    document["timeline"][1]["thread_parent"] = parent
    assert told in problems(document)["$.timeline[1].thread_parent"]


def test_an_answer_is_in_the_channel_of_what_it_answers() -> None:
    document = spoilt()
    place = next(
        number
        for number, event in enumerate(document["timeline"])
        if event.get("thread_parent") is not None
    )
    others = {part["channel"] for part in document["services"].values()}
    others.discard(document["timeline"][place]["channel"])
    document["timeline"][place]["channel"] = sorted(others)[0]
    assert "stands in" in problems(document)[f"$.timeline[{place}].thread_parent"]


def test_services_must_be_in_the_graph() -> None:
    document = spoilt()
    document["services"]["blockchain"] = {
        "channel": "#blockchain-oncall", "oncall_group": "@blockchain-oncall", "role": "affected",
    }  # fmt: skip
    assert "dependency graph" in problems(document)["$.services.blockchain"]


def test_mentions_must_be_known_groups() -> None:
    document = spoilt()
    place = next(n for n, each in enumerate(document["timeline"]) if each["type"] == "mention")
    document["timeline"][place]["mentions"] = ["@nobody-oncall"]
    assert "no known group" in problems(document)[f"$.timeline[{place}].mentions[0]"]


def test_metrics_must_be_realistic() -> None:
    document = spoilt()
    first = document["timeline"][0]
    key, _ = next(iter(first["metrics"].items()))
    first["metrics"] = {"error_rate": "140%"}
    assert key
    assert "more than all" in problems(document)["$.timeline[0].metrics.error_rate"]


def test_what_is_missing_is_named_with_a_cure() -> None:
    document = spoilt()
    del document["scenario_id"], document["timeline"][2]["channel"]
    verdict = validate(document)
    paths = {each.path for each in verdict.problems}
    assert "$.scenario_id" in paths
    assert "$.timeline[2].channel" in paths
    assert all(each.cure for each in verdict.problems)


def test_another_generators_spelling_is_taken_with_a_note() -> None:
    document = spoilt()
    document["events"] = document.pop("timeline")
    document["started_at"] = document.pop("start_time")
    for event in document["events"]:
        event["offset"] = f"{event.pop('offset_seconds')}s"
    verdict = validate(document)
    assert verdict.problems == []
    assert verdict.notes
    assert verdict.scenario is not None
    assert len(verdict.scenario.timeline) == len(SOUND["timeline"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=15,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(SOUND)), JSON)
def test_nothing_in_a_file_makes_the_judge_fall(key: str, value: object) -> None:
    verdict = validate(spoilt(**{key: value}))
    assert verdict.scenario is not None or verdict.problems
    understood = understand(spoilt(**{key: value}))
    if understood.scenario is not None:
        times = [event.offset_seconds for event in ordered(understood.scenario).timeline]
        assert times == sorted(times)
