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


def with_role(service: str, role: str) -> Json:
    document = spoilt()
    document["services"][service]["role"] = role
    return document


@pytest.mark.parametrize(
    ("service", "role", "told"),
    [
        ("checkout", "upstream", "checkout needs payment, and not the other way round"),
        ("fraud-detection", "upstream", "fraud-detection needs payment"),
        ("checkout", "primary", "2 are primary"),
    ],
)
def test_a_role_fits_the_direction_of_the_graph(service: str, role: str, told: str) -> None:
    found = problems(with_role(service, role))
    assert told in found.get(f"$.services.{service}.role", found.get("$.services", ""))


def test_what_the_primary_needs_is_upstream_of_it() -> None:
    document = spoilt()
    document["services"]["payment"]["role"] = "downstream"
    document["services"]["checkout"]["role"] = "primary"
    told = problems(document)["$.services.payment.role"]
    assert "checkout needs payment, and not the other way round" in told
    document["services"]["payment"]["role"] = "upstream"
    assert "$.services.payment.role" not in problems(document)


def measured(before: str, worst: str, after: str, key: str = "wobble") -> dict[str, str]:
    """The problems of a metric, by their path's end, of an alert and its all-clear."""
    document = spoilt()
    first, last = document["timeline"][0], document["timeline"][-1]
    for event in document["timeline"]:
        for name in ("metrics", "metrics_before", "metrics_after"):
            event.pop(name, None)
    first["metrics_before"], first["metrics"] = {key: before}, {key: worst}
    last["channel"], last["thread_parent"] = first["channel"], 0
    last["metrics_after"] = {key: after}
    return {path.rpartition("]")[2]: told for path, told in problems(document).items()}


def test_a_metric_recovers_towards_what_was_normal() -> None:
    assert measured("10 things", "90 things", "12 things") == {}
    assert measured("90 things", "10 things", "85 things") == {}
    assert (
        "has not recovered"
        in measured("10 things", "90 things", "95 things")[".metrics_after.wobble"]
    )
    assert (
        "nearer to its worst"
        in measured("10 things", "90 things", "70 things")[".metrics_after.wobble"]
    )
    assert (
        "nearer to its worst"
        in measured("0.2%", "40%", "31%", "error_rate")[".metrics_after.error_rate"]
    )
    assert measured("100 things", "104 things", "105 things") == {}, "it never changed"


def test_a_high_percentile_is_not_below_a_low_one() -> None:
    document = spoilt()
    document["timeline"][0]["metrics"] = {"latency_p95": "900 ms", "latency_p99": "0.4 s"}
    told = problems(document)["$.timeline[0].metrics.latency_p99"]
    assert told == "'0.4 s' is below latency_p95, '900 ms'"


def test_where_the_service_map_says_otherwise_it_is_noted() -> None:
    document = spoilt()
    document["services"]["payment"]["oncall_group"] = "@payments"
    place = next(n for n, each in enumerate(document["timeline"]) if each["type"] == "message")
    document["timeline"][place]["content"] = "@ghost-oncall can you look?"
    verdict = validate(document)
    noted = {each.path: each.problem for each in verdict.notes}
    assert (
        noted["$.services.payment.oncall_group"]
        == "is @payments, in the service map @payment-oncall"
    )
    assert "@ghost-oncall" in noted[f"$.timeline[{place}].content"]


def test_what_is_missing_is_named_with_a_cure() -> None:
    document = spoilt()
    del document["scenario_id"], document["timeline"][2]["channel"]
    verdict = validate(document)
    paths = {each.path for each in verdict.problems}
    assert "$.scenario_id" in paths
    assert "$.timeline[2].channel" in paths
    assert all(each.cure for each in verdict.problems)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"title": ["x"]}, {"$.title": "is no text, but a list"}),
        ({"services": 5}, {"$.services": "is no object, but 5"}),
        ({"services": {"payment": 7}}, {"$.services.payment": "is no object, but 7"}),
        ({"timeline": "nope"}, {"$.timeline": "is no list, but 'nope'"}),
        ({"timeline": []}, {"$.timeline": "is empty"}),
        ({"start_time": {"at": 3}}, {"$.start_time": "is no time, but an object"}),
        ({"title": None, "timeline": 3}, {"$.title": "is missing", "$.timeline": "is no list"}),
    ],
)
def test_a_wrong_type_is_told_as_one_and_all_at_once(changes: Json, told: dict[str, str]) -> None:
    found = problems(spoilt(**changes))
    for path, problem in told.items():
        assert problem in found[path]


def test_in_an_event_a_wrong_type_is_told_too() -> None:
    document = spoilt()
    place = next(n for n, each in enumerate(document["timeline"]) if each["type"] == "message")
    event = document["timeline"][place]
    event.update(content=["x"], offset_seconds="soon", reactions="👍", metrics="high", mentions=4)
    del document["scenario_id"]
    verdict = validate(document)
    found = {each.path: each.problem for each in verdict.problems}
    assert found["$.scenario_id"] == "is missing"
    assert found[f"$.timeline[{place}].content"] == "is no text, but a list"
    assert found[f"$.timeline[{place}].offset_seconds"] == "is no time, but 'soon'"
    noted = {each.path for each in verdict.notes}
    left = {f"$.timeline[{place}].{name}" for name in ("reactions", "metrics", "mentions")}
    assert left <= noted


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
