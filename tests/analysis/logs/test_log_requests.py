"""Which request a text tells of."""

from __future__ import annotations

import time

import pytest

from bot.analysis.logs.requests import request_ids, shared_request_id

UUID = "8f14e45f-ceea-467f-a8d5-1b0c9e5a6f10"


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (f"RequestId: {UUID} Error: Task timed out after 3.00 seconds", (UUID,)),
        (f"[ERROR] 2026-01-02T03:04:05.678Z RequestId: {UUID}\tboom", (UUID,)),
        ("level=error request_id=req-5f0c12 msg=boom", ("req-5f0c12",)),
        ('boom {"requestId": "req-5f0c12", "status": 500}', ("req-5f0c12",)),
        ("boom (request id: req-5f0c12).", ("req-5f0c12",)),
        ("X-Request-ID: abc.def:7@eu, refused", ("abc.def:7@eu",)),
        ("boom trace_id=4bf92f3577b34da6 request_id='req-77'", ("4bf92f3577b34da6", "req-77")),
        ("correlation-id=[c0ffee-1] boom", ("c0ffee-1",)),
        ("aws_request_id=req-5f0c12 aws_request_id=req-5f0c12", ("req-5f0c12",)),
        ("the request id is missing: none was sent", ()),
        ("request_id=-", ()),
        ("request_id=7", ()),
        ("prequest_id=abcdefg my_request_ids=abcdefg", ()),
        ("request_id=aaaaaa request_id=bbbbbb request_id=cccccc", ()),
        ("", ()),
    ],
)
def test_ids_are_found_as_people_and_programs_write_them(text: str, ids: tuple[str, ...]) -> None:
    assert request_ids(text) == ids


def test_lines_share_a_request_only_if_all_that_name_one_name_the_same() -> None:
    assert shared_request_id(["request_id=abcdef begins", "no id", "request_id=abcdef"]) == "abcdef"
    assert shared_request_id(["request_id=abcdef", "request_id=ghijkl"]) == ""
    assert shared_request_id([]) == ""


def test_hostile_text_takes_linear_time() -> None:
    began = time.perf_counter()
    for text in ("request id " * 100_000, "request_id=" * 100_000, "request_id=" + "a." * 500_000):
        request_ids(text)
    assert time.perf_counter() - began < 2
