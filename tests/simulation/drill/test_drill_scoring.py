"""How a drill is scored, and what its pictures hold."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import Severity
from bot.simulation.drill.picture import scorecard_picture
from bot.simulation.drill.plan import Colleague, DrillPlan, Fact, PlannedAlert, Truth
from bot.simulation.drill.progress import Past, progress_picture
from bot.simulation.drill.scoring import RULES, Aim, Done, Scorecard, score

FIRED = {"a1": 10.0, "a2": 20.0, "a3": 30.0, "a4": 40.0}


def alert(key: str, service: str, **more: object) -> PlannedAlert:
    return PlannedAlert(key, FIRED[key], service, f"{service} fails", "", Severity.ERROR, **more)  # type: ignore[arg-type]


PLAN = DrillPlan(
    scenario="a-scenario",
    seed=1,
    title="Something fails",
    briefing="",
    truth=Truth("payments-api", "/srv/payments/connection.py", 46, "receive", "", ""),
    alerts=(
        alert("a1", "checkout-api"),
        alert("a2", "payments-api", is_root=True),
        alert("a3", "newsletter", is_noise=True),
        alert("a4", "build-runners", is_noise=True),
    ),
    lines=(),
    colleagues=(Colleague("Gwen", "payments-api"),),
    facts=(Fact("Gwen", ("errors",), "Yes."),),
)
PERFECT = (
    Done(60, "acknowledge", "Sam", alert="a1"),
    Done(90, "silence", "Sam", alert="a3"),
    Done(95, "resolve", "Kim", alert="a4"),
    Done(100, "service", "Sam", said="payments-api", is_right=True),
    Done(200, "line", "Kim", said="connection.py:46", is_right=True),
    Done(210, "resolve", "Kim", alert="a2"),
)


def marks(*done: Done, fired: dict[str, float] = FIRED) -> dict[Aim, tuple[float | None, int]]:
    card = score(PLAN, fired, done, 1800)
    return {mark.aim: (mark.seconds, mark.points) for mark in card.marks}


def test_all_within_par_is_a_hundred() -> None:
    card = score(PLAN, FIRED, PERFECT, 210)
    assert card.total == 100
    assert card.grade == "outstanding"
    assert [mark.words for mark in card.marks] == ["0:50", "1:30", "3:10", "3:20", "2 of 2"]


def test_nothing_done_is_nothing() -> None:
    card = score(PLAN, FIRED, (), 1800)
    assert card.total == 0
    assert {mark.words for mark in card.marks} == {"not reached", "0 of 2"}


def test_time_runs_from_the_first_alert_that_is_no_noise() -> None:
    early = {**FIRED, "a3": 1.0, "a1": 300.0, "a2": 400.0}
    assert marks(Done(330, "acknowledge", "Sam", alert="a1"), fired=early)[Aim.ACKNOWLEDGE][0] == 30


def test_acknowledging_noise_is_not_acknowledging_the_incident() -> None:
    found = marks(Done(60, "acknowledge", "Sam", alert="a3"))
    assert found[Aim.ACKNOWLEDGE] == (None, 0)
    assert found[Aim.NOISE] == (None, 0)


@pytest.mark.parametrize(
    ("seconds", "points"), [(0, 25), (300, 25), (900, 16), (1500, 8), (5000, 8)]
)
def test_points_shrink_from_par_to_limit(seconds: float, points: int) -> None:
    named = Done(10 + seconds, "service", "Sam", said="payments-api", is_right=True)
    assert marks(named)[Aim.SERVICE] == (seconds, points)


def test_wrong_answers_cost_points_of_their_own_aim_and_never_more_than_it_has() -> None:
    wrong = [Done(20, "service", "Sam", said="checkout-api")] * 2
    right = Done(30, "service", "Sam", said="payments-api", is_right=True)
    line = Done(30, "line", "Sam", said="connection.py:46", is_right=True)
    assert marks(*wrong, right, line)[Aim.SERVICE][1] == 15
    assert marks(*wrong * 5, right, line)[Aim.SERVICE][1] == 0
    assert marks(*wrong * 5, right, line)[Aim.LINE][1] == 25


def test_resolving_counts_only_once_the_cause_is_named() -> None:
    hasty = Done(50, "resolve", "Sam", alert="a2")
    named = Done(100, "service", "Sam", said="payments-api", is_right=True)
    assert marks(hasty)[Aim.RESOLVE] == (None, 0)
    assert marks(hasty, named)[Aim.RESOLVE] == (None, 0)
    again = Done(150, "resolve", "Sam", alert="a2")
    assert marks(hasty, named, again)[Aim.RESOLVE] == (140, 20)
    effect = Done(150, "resolve", "Sam", alert="a1")
    assert marks(named, effect)[Aim.RESOLVE] == (None, 0)


def test_noise_that_was_blamed_or_shipped_is_not_handled() -> None:
    silenced = Done(50, "silence", "Sam", alert="a3")
    blamed = Done(60, "service", "Sam", said="Newsletter")
    shipped = Done(60, "create_issue", "Kim", alert="a3")
    assert marks(silenced)[Aim.NOISE][1] == 8
    assert marks(silenced, blamed)[Aim.NOISE][1] == 0
    assert marks(silenced, shipped)[Aim.NOISE][1] == 0


def test_noise_that_never_came_is_not_counted() -> None:
    card = score(PLAN, {"a1": 10.0, "a2": 20.0}, PERFECT, 300)
    assert card.total == 100
    assert card.marks[-1].words == "none came"


def test_a_scorecard_is_kept_whole() -> None:
    card = score(PLAN, FIRED, (*PERFECT, Done(5, "ask", "Sam", said="Gwen")), 300)
    assert Scorecard.from_json(card.to_json()) == card
    assert card.questions == 1


@given(
    st.lists(
        st.builds(
            Done,
            st.floats(-10, 10_000),
            st.sampled_from(["acknowledge", "resolve", "silence", "ask", "service", "line"]),
            st.text(max_size=8),
            st.sampled_from(["", "a1", "a2", "a3", "a4"]),
            st.text(max_size=8),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_any_course_gives_a_total_between_0_and_100(done: list[Done]) -> None:
    card = score(PLAN, FIRED, done, 1800)
    assert 0 <= card.total <= 100
    assert all(0 <= mark.points <= RULES[mark.aim].points for mark in card.marks)


@pytest.mark.parametrize(
    ("said", "is_right"),
    [("payments-api", True), (" Payments_API", False), ("PAYMENTS API", True), ("payments", False)],
)
def test_a_service_is_the_same_however_it_is_spelt(said: str, is_right: bool) -> None:
    assert PLAN.truth.is_service(said) is is_right


@pytest.mark.parametrize(
    ("file", "line", "is_right"),
    [
        ("/srv/payments/connection.py", 46, True),
        ("connection.py", 46, True),
        ("payments\\connection.py", 48, True),
        ("connection.py", 49, False),
        ("nection.py", 46, False),
        ("other/connection.py", 46, False),
        ("", 46, False),
    ],
)
def test_a_line_is_named_by_the_end_of_its_path(file: str, line: int, is_right: bool) -> None:
    assert PLAN.truth.is_line(file, line) is is_right


def size_of(png: bytes) -> tuple[int, ...]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


@pytest.mark.parametrize("names", [["Sam", "Kim"], ["x" * 500] * 20, ["🎭\u202e", "日本", ""], []])
def test_a_scorecard_has_a_picture_whoever_took_part(names: list[str]) -> None:
    card = score(PLAN, FIRED, PERFECT, 300)
    wide = replace(card, title="W" * 300, answer="w" * 300)
    assert size_of(scorecard_picture(card, 7, names)) == size_of(scorecard_picture(wide, 7, names))
    assert size_of(scorecard_picture(score(PLAN, {}, (), 0), 1, names))


def test_progress_has_a_picture_from_the_first_drill_on() -> None:
    card = score(PLAN, FIRED, PERFECT, 300)
    none = score(PLAN, FIRED, (), 300)
    for past in ([card], [none, card], [card, none] * 30):
        rows = [Past(number, "1 Mar", each) for number, each in enumerate(past)]
        assert size_of(progress_picture(rows, "everybody"))
