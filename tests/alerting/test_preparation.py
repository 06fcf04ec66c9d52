from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.alerting.preparation import Preparation
from bot.alerting.redaction import Redactor
from bot.models import DRILL_SOURCE, Event, ExceptionInfo, Frame

TRACE = """Traceback (most recent call last):
  File "/app/shop/pricing.py", line 2, in price
    return total / len(items)
ZeroDivisionError: division by zero
"""


@pytest.fixture(scope="module")
def prepare():
    preparation = Preparation(Redactor(), roots=("/app",))
    return lambda event: preparation([event])[0]


def event(**told) -> Event:
    return Event(
        **{
            "source": "generic",
            "event_id": "1",
            "service": "checkout",
            "message": "it broke",
            "occurred_at": datetime(2026, 1, 1, tzinfo=UTC),
            **told,
        }
    )


@pytest.mark.parametrize(
    "told",
    [
        {"stack_trace": TRACE},
        {"stack_trace": TRACE, "exceptions": (ExceptionInfo("ZeroDivisionError"),)},
        {"message": f"checkout failed\n{TRACE}"},
    ],
    ids=["the trace alone", "the trace beside an exception without frames", "in the message"],
)
def test_the_frames_are_read_wherever_the_trace_stands(prepare, told):
    arrival = prepare(event(**told))
    (info,) = arrival.event.exceptions
    assert (info.type, [frame.line for frame in info.frames]) == ("ZeroDivisionError", [2])
    assert arrival.culprit == "/app/shop/pricing.py in price"


def test_the_senders_frames_are_believed_before_its_text(prepare):
    told = ExceptionInfo("KeyError", "x", (Frame("/app/cart.py", 7, "add"),))
    arrival = prepare(event(stack_trace=TRACE, exceptions=(told,)))
    assert [info.type for info in arrival.event.exceptions] == ["KeyError"]


def test_an_exception_stays_if_its_trace_cannot_be_read(prepare):
    told = ExceptionInfo("KeyError", "x")
    arrival = prepare(event(stack_trace="no trace at all", exceptions=(told,)))
    assert arrival.event.exceptions == (told,)


@pytest.mark.parametrize("named", ["drill #7", "DRILL #7", "Drill #", "drill #seven"])
def test_nobody_else_can_use_the_environment_of_a_drill(prepare, named):
    arrival = prepare(event(environment=named))
    assert arrival.event.environment == arrival.identity.environment == f"not a {named}"
    drilled = prepare(event(environment=named, source=DRILL_SOURCE))
    assert drilled.event.environment == named


@pytest.mark.parametrize("named", ["drill", "drills #7", "predrill #7", "production"])
def test_other_environments_are_left_alone(prepare, named):
    assert prepare(event(environment=named)).event.environment == named


def test_a_rehearsal_is_marked_in_its_title_whatever_its_source(prepare):
    arrival = prepare(event(stack_trace=TRACE, environment="simulated", source="cloudwatch"))
    assert arrival.title == "SIMULATED · ZeroDivisionError: division by zero"
    assert prepare(event(environment="simulated")).title == "SIMULATED · it broke"
    real = prepare(event(stack_trace=TRACE))
    assert real.title == "ZeroDivisionError: division by zero"
