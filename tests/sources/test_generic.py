from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadPayload
from bot.models import Event, ExceptionInfo, Link, RequestInfo, Severity, Signal
from bot.sources.generic import MAX_EVENTS, parse
from bot.sources.request import Request
from bot.sources.schema import PUBLISHED, generic_schema

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LEAST = {"service": "checkout", "message": "it broke"}
FULL: dict[str, Any] = {
    "service": "checkout",
    "environment": "staging",
    "severity": "critical",
    "state": "firing",
    "title": "Orders fail",
    "exception_type": "KeyError",
    "message": "'o-9'",
    "stack_trace": 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nKeyError: 1',
    "event_id": "mine-1",
    "fingerprint": "orders",
    "timestamp": "2026-01-02T04:00:00.5+01:00",
    "commit": "abc123",
    "request": {"method": "GET", "url": "https://shop.example/o/9", "request_id": "r-1"},
    "user": "u-7",
    "trace_id": "t-1",
    "log_lines": ["one", "two"],
    "links": [{"title": "Runbook", "url": "https://wiki.example/orders"}],
    "labels": {"region": "eu", "replicas": 3, "canary": True, "load": 0.5},
}


def heard(body: object) -> tuple[Event, ...]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse(Request("POST", "/", {}, {}, raw, NOW, "request-1")).events


def reason(body: object) -> str:
    with pytest.raises(BadPayload) as refused:
        heard(body)
    return refused.value.reason


def test_every_field_finds_its_place() -> None:
    (event,) = heard(FULL)
    assert event == Event(
        source="generic",
        event_id="checkout/staging/mine-1",
        service="checkout",
        message="'o-9'",
        occurred_at=datetime(2026, 1, 2, 3, 0, 0, 500_000, tzinfo=UTC),
        environment="staging",
        severity=Severity.CRITICAL,
        signal=Signal.FIRING,
        title="Orders fail",
        exceptions=(ExceptionInfo("KeyError", "'o-9'"),),
        stack_trace=FULL["stack_trace"],
        fingerprint_hint="orders",
        commit="abc123",
        request=RequestInfo("GET", "https://shop.example/o/9", "r-1"),
        user="u-7",
        trace_id="t-1",
        log_lines=("one", "two"),
        links=(Link("Runbook", "https://wiki.example/orders"),),
        labels={"region": "eu", "replicas": "3", "canary": "true", "load": "0.5"},
    )


def test_an_exception_keeps_its_type_and_takes_the_message() -> None:
    (event,) = heard(LEAST | {"exception_type": "KeyError"})
    assert event.exceptions == (ExceptionInfo("KeyError", "it broke"),)


def test_service_and_message_are_enough() -> None:
    (event,) = heard(LEAST)
    assert (event.environment, event.severity) == ("production", Severity.ERROR)
    assert event.occurred_at == NOW
    assert event.event_id == "checkout/production/request-1:0"


@pytest.mark.parametrize("body", [[LEAST, LEAST], {"events": [LEAST, LEAST]}])
def test_a_list_of_events_comes_in_order_with_ids_of_their_own(body: object) -> None:
    first, second = (event.event_id for event in heard(body))
    assert (first[-11:], second[-11:]) == ("request-1:0", "request-1:1")


def test_services_and_environments_may_each_count_their_ids_from_one() -> None:
    told = [LEAST | {"service": service, "environment": environment, "event_id": "1"}
            for service in ("a", "b") for environment in ("production", "staging")]  # fmt: skip
    assert len({event.event_id for event in heard(told)}) == 4
    assert [event.event_id for event in heard(told)] == [e.event_id for e in heard(told)]


def test_no_service_can_take_anothers_ids_by_its_name() -> None:
    told = [LEAST | {"service": "a/b", "environment": "c", "event_id": "1"},
            LEAST | {"service": "a", "environment": "b", "event_id": "c/1"}]  # fmt: skip
    assert len({event.event_id for event in heard(told)}) == 2


def test_resolved_is_heard() -> None:
    assert heard(LEAST | {"state": "resolved"})[0].signal is Signal.RESOLVED


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "Invalid JSON"),
        (b"nonsense", "Invalid JSON"),
        (b"[" * 100_000, "Invalid JSON"),
        (b'{"service":"a","message":"\xff"}', "Invalid JSON"),
        (b'{"service":"a","message":"\\ud800"}', "Invalid JSON"),
        (b'{"service":"a","message":"m","labels":{"x":NaN}}', "labels.x"),
        (b'{"service":"a","message":"m","timestamp":NaN}', "timestamp"),
        ([], "at least 1"),
        ([LEAST] * (MAX_EVENTS + 1), "at most 500"),
        ("text", "object"),
        (None, "object"),
        ({}, "service: Field required; message: Field required"),
        (LEAST | {"enviroment": "x"}, "enviroment: unknown field; put what is your own into"),
        (LEAST | {"service": 5}, "service: Input should be a valid string"),
        (LEAST | {"service": "  "}, "service: "),
        (LEAST | {"service": "s" * 101}, "service: String should have at most 100"),
        (LEAST | {"severity": "fatal"}, "severity: Input should be 'info', 'warning'"),
        (LEAST | {"timestamp": "yesterday"}, "timestamp: "),
        (LEAST | {"timestamp": "2026-01-01T00:00:00"}, "timestamp: "),
        (LEAST | {"timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp: lies before"),
        (LEAST | {"timestamp": 10**30}, "timestamp: "),
        (LEAST | {"links": [{"title": "x", "url": "javascript:alert(1)"}]}, "links[0].url: "),
        (LEAST | {"labels": {"a": ["b"]}}, "labels.a"),
        ([LEAST, LEAST | {"request": {"verb": "GET"}}], "[1].request.verb: unknown field"),
        ({"events": [LEAST, {"service": "x"}]}, "events[1].message: Field required"),
    ],
)
def test_a_wrong_body_is_refused_with_the_path_of_the_mistake(body: object, expected: str) -> None:
    assert expected in reason(body)


def test_a_reason_does_not_repeat_what_was_sent() -> None:
    assert "hunter2" not in reason(LEAST | {"severity": "hunter2", "user": ["hunter2"]})


def test_a_reason_names_a_few_mistakes_and_counts_the_rest() -> None:
    assert "and 95 more mistakes" in reason([{"service": "a"}] * 100)


def test_of_a_key_that_occurs_twice_the_last_one_counts() -> None:
    (event,) = heard(b'{"service":"a","service":"b","message":"m"}')
    assert event.service == "b"


def test_long_texts_are_cut_where_it_hurts_least() -> None:
    (event,) = heard(
        LEAST
        | {
            "message": "m" * 100_000,
            "stack_trace": "begin\n" + "x" * 200_000 + "\nend",
            "log_lines": [f"line {number}" for number in range(500)] + ["y" * 5_000],
            "labels": {"long": "z" * 5_000},
        }
    )
    assert len(event.message) == 8_192
    assert len(event.stack_trace) <= 65_536
    assert event.stack_trace.startswith("begin\n")
    assert event.stack_trace.endswith("\nend")
    assert len(event.log_lines) == 100
    assert len(event.log_lines[-1]) == 2_000
    assert len(event.labels["long"]) == 1_000


def test_nul_which_no_postgresql_stores_is_replaced() -> None:
    (event,) = heard(b'{"service":"a\\u0000b","message":"m\\u0000","labels":{"k\\u0000":"v"}}')
    assert (event.service, event.message) == ("a\ufffdb", "m\ufffd")
    assert event.labels == {"k\ufffd": "v"}


def test_a_clock_that_runs_ahead_does_not_make_the_future() -> None:
    assert heard(LEAST | {"timestamp": "9999-12-31T23:59:59-14:00"})[0].occurred_at == NOW


@pytest.mark.parametrize("given_time", [1767322800, 1767322800.25, 1767322800250])
def test_unix_times_are_read(given_time: float) -> None:
    assert heard(LEAST | {"timestamp": given_time})[0].occurred_at.minute == 0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(field=st.sampled_from(sorted(FULL)), value=json_values)
def test_any_value_in_any_field_is_an_event_or_a_bad_payload(field: str, value: object) -> None:
    try:
        events = heard(FULL | {field: value})
    except BadPayload:
        return
    assert all(isinstance(event, Event) for event in events)


def test_the_published_schema_is_current() -> None:
    """Otherwise run: python -m bot.sources.schema."""
    published = Path(__file__).parents[2] / PUBLISHED
    assert published.read_text(encoding="utf-8") == generic_schema()


def test_the_schema_takes_what_the_door_takes(delivery: Callable[..., Request]) -> None:
    validator = jsonschema_rs.validator_for(json.loads(generic_schema()))
    for good in (LEAST, FULL, [FULL], {"events": [LEAST]}):
        assert validator.is_valid(good)
        assert parse(delivery(json.dumps(good).encode())).events
    for bad in ({}, [], LEAST | {"foo": 1}, LEAST | {"severity": "x"}):
        assert not validator.is_valid(bad)
