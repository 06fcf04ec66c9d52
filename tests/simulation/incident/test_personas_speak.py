"""Personas are more than names: speed, emojis, typos, small letters and habits can be measured."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from datetime import timedelta
from functools import cache

import pytest

from bot.simulation.incident.chance import Chance
from bot.simulation.incident.generation import generate
from bot.simulation.incident.personas import MONITORING, persona, shipped
from bot.simulation.incident.scenario import CASCADES, Alert, Scenario
from bot.simulation.incident.voice import mistyped

NOON = "2026-01-07T12:00:00Z"
EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")


@cache
def told(traits: tuple[tuple[str, float], ...], start: str = NOON) -> tuple[Scenario, ...]:
    """Cascades in which everybody of the primary service has the same traits."""
    monkeypatch = pytest.MonkeyPatch()
    middle = persona("bram").model_copy(
        update={"style": "plain", "speed": 1.0, "words": 0.5, "emoji": 0.2, "typos": 0.0,
                "lowercase": 0.0, "phrases": (), **dict(traits)}
    )  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr("bot.simulation.incident.draft.persona", lambda _user: middle)
        return tuple(generate("payment-failure", start, seed=seed) for seed in range(12))


def said(scenarios: tuple[Scenario, ...]) -> list[str]:
    return [
        event.content
        for scenario in scenarios
        for event in scenario.timeline
        if event.type in {"message", "mention"} and "```" not in event.content
    ]


def first_answers(scenarios: tuple[Scenario, ...]) -> list[float]:
    """Seconds from each alert to the first word under it."""
    found = []
    for scenario in scenarios:
        answered: dict[int, float] = {}
        for event in scenario.timeline:
            if event.thread_parent is not None:
                answered.setdefault(event.thread_parent, event.offset_seconds)
        found += [at - scenario.timeline[place].offset_seconds for place, at in answered.items()]
    return found


def test_a_terse_persona_writes_less() -> None:
    terse, wordy = said(told((("words", 0.0),))), said(told((("words", 1.0),)))
    assert 2 * statistics.mean(map(len, terse)) < statistics.mean(map(len, wordy))


def test_a_fast_persona_answers_sooner() -> None:
    fast, slow = told((("speed", 0.4),)), told((("speed", 2.5),))
    assert 3 * statistics.median(first_answers(fast)) < statistics.median(first_answers(slow))
    assert sum(map(duration, fast)) < sum(map(duration, slow))


def duration(scenario: Scenario) -> float:
    return scenario.duration / timedelta(seconds=1)


def test_a_lover_of_emojis_uses_them_as_often_as_its_trait_says() -> None:
    for trait in (0.0, 0.3, 0.9):
        texts = [text for text in said(told((("emoji", trait),))) if not text.endswith("`")]
        share = sum(bool(EMOJI.search(text)) for text in texts) / len(texts)
        assert abs(share - trait) < 0.12, trait


def test_typos_come_at_their_rate_and_never_in_code() -> None:
    text = "please look at `kubectl rollout undo` before somebody restarts another service " * 40
    words = 7 * 40  # outside of the code, and long enough to be mistyped
    for rate in (0.0, 0.02, 0.1):
        typed = mistyped(text, rate, Chance("typos", rate))
        wrong = sum(a != b for a, b in zip(text.split(), typed.split(), strict=True))
        assert abs(wrong / words - rate) < 0.03, rate
        assert typed.count("`kubectl rollout undo`") == 40
    assert mistyped("```\nplease look\n```", 0.2, Chance("code")) == "```\nplease look\n```"


def test_some_write_without_capitals() -> None:
    small, proper = said(told((("lowercase", 1.0),))), said(told((("lowercase", 0.0),)))
    assert sum(text[0].islower() for text in small) > 0.6 * len(small)
    assert sum(text[0].islower() for text in proper) < 0.02 * len(proper)


def test_people_who_sleep_answer_later() -> None:
    day, night = told((), NOON), told((), "2026-01-07T08:00:00Z")  # New York's three in the morning
    woken = [
        statistics.median(first_answers(tuple(each for each in scenarios)))
        for scenarios in (day, night)
    ]
    assert woken[0] < woken[1]


def test_a_name_nobody_knows_has_ways_of_its_own_every_time() -> None:
    made = generate("high-cpu", NOON, {"ad": ["mary.jane", "bob"]}, seed=2)
    assert "mary.jane" in {getattr(event, "user", "") for event in made.timeline}
    assert persona("mary.jane").name == "Mary Jane"
    assert persona("mary.jane") == persona("mary.jane")
    assert made == generate("high-cpu", NOON, {"ad": ["mary.jane", "bob"]}, seed=2)


def test_no_two_conversations_are_alike() -> None:
    kinds = [generate("kafka-lag", NOON, seed=seed) for seed in range(60)]
    spoken = [
        frozenset(event.content for event in each.timeline if event.type == "message")
        for each in kinds
    ]
    assert len(set(spoken)) == len(spoken)
    shared = [
        len(one & other) / min(len(one), len(other))
        for number, one in enumerate(spoken)
        for other in spoken[number + 1 :]
    ]
    assert statistics.mean(shared) < 0.1
    for each in kinds:
        texts = Counter(
            event.content.casefold() for event in each.timeline if event.type == "message"
        )
        assert max(texts.values()) == 1, texts.most_common(1)


def test_the_four_patterns_are_told() -> None:
    """Investigation, hypothesis, another team's discovery, mitigation."""
    for seed in range(20):
        scenario = generate("payment-failure", NOON, seed=seed)
        home = scenario.services[scenario.primary].channel
        kinds = [event.type for event in scenario.timeline if event.channel == home]
        mentioned = [event.type for event in scenario.timeline].index("mention")
        (end,) = [
            place
            for place, event in enumerate(scenario.timeline)
            if event.type == "resolution" and event.channel == home
        ]
        assert scenario.timeline[0].type == "alert"
        assert mentioned < end
        assert kinds.index("action") < kinds.index("resolution")
        after = scenario.timeline[end].metrics_after
        assert any(
            isinstance(event, Alert) and set(event.metrics) == set(after)
            for event in scenario.timeline
        )


def test_false_starts_happen_now_and_then() -> None:
    actions = [
        sum(event.type == "action" for event in generate("high-cpu", NOON, seed=seed).timeline)
        for seed in range(60)
    ]
    assert set(actions) == {1, 2}
    assert 0.3 < (statistics.mean(actions) - 1) < 0.7


def test_everybody_who_speaks_is_known() -> None:
    known = {*shipped(), MONITORING}
    for seed in range(10):
        made = generate("catalog-failure", NOON, seed=seed)
        assert {getattr(event, "user", MONITORING) for event in made.timeline} <= known


def test_an_all_clear_tells_its_own_figures() -> None:
    seen = 0
    for kind in ("memory-leak", "service-unreachable", "payment-failure"):
        for seed in range(40):
            for event in generate(kind, NOON, seed=seed).timeline:
                if event.type == "resolution" and event.content.startswith("Fixed, "):
                    first = next(iter(event.metrics_after.values()))
                    number = first.partition(" ")[0]
                    assert f" {number}" in event.content.split(". ")[0]
                    seen += 1
    assert seen


def test_nobody_asks_about_what_is_over_and_nobody_searches_what_is_found() -> None:
    for kind in CASCADES:
        for seed in range(12):
            timeline = generate(kind, NOON, seed=seed).timeline
            end = next(
                place
                for place, event in enumerate(timeline)
                if event.type == "resolution" and getattr(event, "user", "") != MONITORING
            )
            assert not [event for event in timeline[end:] if event.type in {"mention", "action"}]
            fixed = max(place for place, event in enumerate(timeline) if event.type == "action")
            for event in timeline[fixed:]:
                said = getattr(event, "content", "") or ""
                assert "we don't know why yet" not in said
                assert "No ETA yet" not in said


def test_how_long_it_lasts_is_told_as_it_is() -> None:
    told = 0
    for kind in CASCADES:
        for seed in range(25):
            for event in generate(kind, NOON, seed=seed).timeline:
                for found in re.finditer(
                    r"for about (\d+) minutes", str(getattr(event, "content", ""))
                ):
                    since = event.offset_seconds / 60 - int(found[1])
                    assert -4 < since < 10, (kind, seed, event)
                    told += 1
    assert told > 5


def test_a_unit_is_said_once() -> None:
    for kind in CASCADES:
        for seed in range(12):
            for event in generate(kind, NOON, seed=seed).timeline:
                said = str(getattr(event, "content", ""))
                assert not re.search(r"\d (orders|transactions|restarts|mails) \1", said)
                assert not re.search(r"(\w{4,}) (?:→|to) \d[\d,.]* \1\b", said), said
                assert "s's " not in said
                assert " . " not in said
