"""Plans: all sixteen scenarios, the same from the same seed; what colleagues know of them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from functools import cache

import pytest

from bot.alerting.drills import planner_of
from bot.errors import NotFound
from bot.simulation.crash.library import Library
from bot.simulation.drill.colleagues import find, named_in, reply, who_knows
from bot.simulation.drill.plan import DrillPlan

HALF_AN_HOUR = 1800.0
PLANNER = planner_of(Library())
SCENARIOS = PLANNER.offered()


@cache
def plan_of(scenario: str, seed: int = 7, length: float = HALF_AN_HOUR) -> DrillPlan:
    return PLANNER.plan(scenario, seed, length)


def test_ten_cascades_and_six_crashes_are_offered() -> None:
    assert len(SCENARIOS) == len(set(SCENARIOS)) == 16


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_plan_can_be_won(scenario: str) -> None:
    plan = plan_of(scenario)
    assert [alert.is_root for alert in plan.alerts].count(True) == 1
    assert plan.root.service == plan.truth.service
    assert not plan.root.is_noise
    assert any(alert.is_noise for alert in plan.alerts)
    assert len({alert.key for alert in plan.alerts}) == len(plan.alerts)
    assert plan.truth.service in {each.service for each in plan.colleagues}
    assert plan.truth.file in plan.files
    assert len(plan.files) > 1, "the only one offered would be the answer"
    assert set(plan.services) >= {alert.service for alert in plan.alerts}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_right_line_stands_in_the_log_of_the_right_service(scenario: str) -> None:
    plan = plan_of(scenario)
    logged = [line.message for line in plan.lines if line.service == plan.truth.service]
    name = plan.truth.file.rsplit("/", 1)[-1]
    assert any(name in message and str(plan.truth.line) in message for message in logged)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("length", [60.0, HALF_AN_HOUR])
def test_everything_happens_in_time(scenario: str, length: float) -> None:
    plan = plan_of(scenario, length=length)
    assert plan.alerts[0].at < length / 20
    assert all(0 <= alert.at < length / 2 for alert in plan.alerts)
    assert [alert.at for alert in plan.alerts] == sorted(alert.at for alert in plan.alerts)
    assert [line.at for line in plan.lines] == sorted(line.at for line in plan.lines)
    assert plan.lines[0].at < 0, "logs begin before the drill"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_colleagues_say_unasked_does_not_name_the_service(scenario: str) -> None:
    plan = plan_of(scenario)
    assert all(plan.truth.service not in remark.text.lower() for remark in plan.remarks)


def test_the_same_seed_makes_the_same_plan_in_another_process() -> None:
    code = (
        "import hashlib;from bot.alerting.drills import planner_of;"
        "from bot.simulation.crash.library import Library;p=planner_of(Library());"
        "print(hashlib.sha256(repr([p.plan(s,11,900.0) for s in ('kafka-lag','taskq_oversell')])"
        ".encode()).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        capture_output=True,
        text=True,
        check=True,
    )
    ours = [PLANNER.plan(name, 11, 900.0) for name in ("kafka-lag", "taskq_oversell")]
    assert done.stdout.strip() == hashlib.sha256(repr(ours).encode()).hexdigest()


def test_another_seed_makes_another_plan() -> None:
    assert plan_of("payment-failure", 1) != plan_of("payment-failure", 2)


def test_an_unknown_scenario_is_refused_with_what_comes_near() -> None:
    with pytest.raises(NotFound, match=r"Did you mean payment-failure\? There are cache-failure"):
        PLANNER.plan("paymentfailure", 1, 60)


def test_a_colleague_answers_what_the_service_knows() -> None:
    plan = plan_of("paystack_timeout")
    (owner,) = [each.name for each in plan.colleagues if each.service == plan.truth.service]
    for question, words in (
        ("Do you see any ERRORS?", "so far"),
        ("why is it so slow??", "ms on average before"),
        ("did you deploy something", "went out"),
        ("got a stack trace for me?", "There is one in our log"),
    ):
        told = reply(plan, owner, question)
        assert told is not None
        if "errors" not in question.lower():
            assert told.knew
            assert words in told.text


def test_a_colleague_who_does_not_know_says_who_might_or_shrugs_the_same_way_twice() -> None:
    plan = plan_of("payment-failure")
    topics = {topic: fact.colleague for fact in plan.facts for topic in fact.topics}
    topic = next(topic for topic in topics if sum(topic in fact.topics for fact in plan.facts) == 1)
    other = next(each for each in plan.colleagues if each.name != topics[topic])
    sent_on = reply(plan, other.name, f"{topic}?")
    assert sent_on is not None
    assert not sent_on.knew
    assert "Ask " in sent_on.text
    shrug = reply(plan, other.name, "zzz qqq?")
    assert shrug is not None
    assert shrug == reply(plan, other.name, "zzz qqq?")
    assert not shrug.knew


def test_colleagues_are_found_by_the_names_people_use() -> None:
    plan = plan_of("payment-failure")
    one = plan.colleagues[0]
    first = one.name.split()[0]
    assert find(plan, one.name) == find(plan, f"@{one.user}") == find(plan, one.name.upper()) == one
    assert named_in(plan, f"hey {first.lower()}, what's up?") == one
    assert named_in(plan, f"what a {one.user}ism") is None
    assert find(plan, "") is None
    assert reply(plan, "nobody", "errors?") is None
    assert who_knows(plan, "any stack traces?") is not None
