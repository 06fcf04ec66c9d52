"""Frames that many errors share: worked on once, and otherwise a tuple like any other."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from bot.alerting.fingerprint import fingerprint
from bot.analysis.stacktrace import mark_in_app, parse
from bot.models import Event, ExceptionInfo, Frame
from bot.stack import Stack
from bot.store.codec import compress, decode, to_json

FRAMES = (
    Frame("/srv/shop/cart.py", 12, "total", code="return sum(prices)"),
    Frame("/usr/lib/python3.11/json/decoder.py", 337, "decode"),
)
TRACE = """Traceback (most recent call last):
  File "/srv/shop/cart.py", line 12, in total
    return sum(prices)
ValueError: {}
"""


def event(exceptions: tuple[ExceptionInfo, ...]) -> Event:
    return Event(
        source="generic",
        event_id="1",
        service="shop",
        message="m",
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        exceptions=exceptions,
    )


def test_a_stack_equals_the_tuple_of_its_frames() -> None:
    assert Stack(FRAMES) == FRAMES
    assert hash(Stack(FRAMES)) == hash(FRAMES)


def test_work_is_done_once_for_each_key() -> None:
    stack = Stack(FRAMES)
    assert stack.once("depth", lambda: len(stack)) == 2
    assert stack.once("newest", lambda: stack[-1].function) == "decode"
    assert stack.once("depth", lambda: 1 // 0) == 2


def test_two_occurrences_of_an_error_share_their_frames_whoever_decided_whose_they_are() -> None:
    (one,) = mark_in_app(parse(TRACE.format("first")))
    (other,) = mark_in_app(parse(TRACE.format("second")))
    (told,) = mark_in_app([ExceptionInfo("E", frames=FRAMES)])
    (again,) = mark_in_app([ExceptionInfo("E", frames=(*FRAMES,))])
    assert one.frames is other.frames
    assert told.frames is again.frames
    (with_roots,) = mark_in_app([ExceptionInfo("E", frames=FRAMES)], roots=["/usr/lib"])
    assert [frame.in_app for frame in told.frames] == [True, False]
    assert [frame.in_app for frame in with_roots.frames] == [True, True]


def test_shared_frames_are_grouped_and_stored_like_others() -> None:
    shared = event(mark_in_app([ExceptionInfo("E", "x", FRAMES)]))
    (info,) = shared.exceptions
    plain = event((ExceptionInfo("E", "x", tuple(info.frames)),))
    assert isinstance(info.frames, Stack)
    assert not isinstance(plain.exceptions[0].frames, Stack)
    assert fingerprint(shared) == fingerprint(plain)
    assert orjson.loads(to_json(shared)) == orjson.loads(to_json(plain))
    assert decode(compress(to_json(shared))) == plain
