"""Lines become records: what belongs together, and what only stood between."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from log_batches import TRACEBACK, events

from bot.errors import BadPayload
from bot.models import Severity


def test_a_traceback_in_one_log_event_is_one_event() -> None:
    (event,) = events([f"2026-01-02 03:03:05,001 ERROR [cart] checkout failed\n{TRACEBACK}"])
    assert event.message == "checkout failed"
    assert event.stack_trace == TRACEBACK
    assert event.severity is Severity.ERROR
    assert (event.event_id, event.service) == ("id-0", "payments")
    assert event.occurred_at == datetime(2026, 1, 2, 3, 3, 5, tzinfo=UTC)
    assert event.labels["log_group"] == "/ecs/payments"


def test_a_traceback_of_one_line_per_log_event_is_one_event() -> None:
    lines = ["ERROR:root:checkout failed", *TRACEBACK.split("\n"), "INFO:root:next request"]
    (event,) = events(lines)
    assert event.message == "checkout failed"
    assert event.stack_trace == TRACEBACK
    assert event.event_id == "id-0"
    assert event.log_lines == ("ERROR:root:checkout failed", "INFO:root:next request")


def test_a_chain_of_exceptions_stays_one_event_line_by_line() -> None:
    chained = (
        f"{TRACEBACK}\n\nDuring handling of the above exception, another exception occurred:\n\n"
        f"{TRACEBACK.replace('TypeError', 'OrderError')}"
    )
    (event,) = events(chained.split("\n"))
    assert event.stack_trace == chained
    assert event.message == "OrderError: unsupported operand"


def test_a_traceback_does_not_belong_to_a_harmless_line_before_it() -> None:
    (event,) = events(["INFO:root:starting", *TRACEBACK.split("\n")])
    assert event.stack_trace == TRACEBACK
    assert event.event_id == "id-1"


def test_two_tracebacks_one_after_the_other_are_two_events() -> None:
    first, second = events([*TRACEBACK.split("\n"), *TRACEBACK.split("\n")])
    assert first.stack_trace == second.stack_trace == TRACEBACK
    assert first.event_id != second.event_id


def test_a_log_line_in_the_midst_of_a_trace_does_not_break_it() -> None:
    lines = TRACEBACK.split("\n")
    lines.insert(2, '10.0.0.7 - - [02/Jan/2026] "GET /health HTTP/1.1" 200')
    lines.insert(4, "2026-01-02 03:03:05 INFO still alive")
    (event,) = events(lines)
    assert event.stack_trace == TRACEBACK


def test_traces_of_requests_that_run_at_the_same_time_are_kept_apart() -> None:
    other = TRACEBACK.replace("cart.py", "stock.py").replace("TypeError", "KeyError")
    mixed = [
        line
        for pair in zip(TRACEBACK.split("\n"), other.split("\n"), strict=True)
        for line in (f"[req-a1] {pair[0]}", f"[req-b2] {pair[1]}")
    ]
    first, second = events(mixed)
    assert (first.stack_trace, second.stack_trace) == (TRACEBACK, other)
    assert first.request is not None
    assert first.request.request_id == "req-a1"
    assert second.request is not None
    assert second.request.request_id == "req-b2"


def test_a_java_trace_with_causes_is_one_event_line_by_line() -> None:
    lines = [
        'Exception in thread "main" com.example.PaymentException: checkout failed for o-1',
        "\tat com.example.App.main(App.java:14)",
        "Caused by: java.lang.IllegalStateException: pool exhausted",
        "\tat com.example.App.query(App.java:8)",
        "\t... 2 more",
    ]
    (event,) = events(lines)
    assert event.stack_trace == "\n".join(lines)
    assert event.message == "com.example.PaymentException: checkout failed for o-1"


def test_a_go_panic_is_one_event() -> None:
    lines = [
        "panic: runtime error: index out of range [5] with length 3",
        "",
        "goroutine 1 [running]:",
        "main.pick(...)",
        "\t/srv/main.go:12",
        "main.main()",
        "\t/srv/main.go:8 +0x1d",
        "exit status 2",
    ]
    (event,) = events(lines)
    assert event.stack_trace.splitlines()[-2:] == ["\t/srv/main.go:8 +0x1d", "exit status 2"]


@given(st.lists(st.sampled_from([*TRACEBACK.split("\n"), "\tat a.b(C.java:1)", "Caused by: x: y",
    "INFO x", "ERROR y", "", "  ", "[req-a] ERROR z", "[req-a]   File", "goroutine 1 [running]:",
    "panic: p", '{"level":"error"}', "END RequestId: 8f5e2c1a-1b2c-4d3e-8f90-1a2b3c4d5e6f"])
    | st.text(max_size=40), max_size=30))  # fmt: skip
def test_whatever_the_lines_are_no_text_is_invented_and_ids_are_unique(lines: list[str]) -> None:
    try:
        found = events(lines)
    except BadPayload:  # a lone surrogate is no JSON
        return
    assert len({event.event_id for event in found}) == len(found)
    assert all(event.message.strip() for event in found)


def test_a_batch_of_ten_thousand_lines_takes_linear_time() -> None:
    lines = [*TRACEBACK.split("\n"), "INFO between"] * 1_700
    assert len(events(lines[:9_996])) == 1_666
