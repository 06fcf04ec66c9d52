"""Conversations: made from a seed, sound, shaped by who speaks, and written down."""

from __future__ import annotations

import json
import statistics
from itertools import islice
from pathlib import Path

import jsonschema_rs
import pytest

from bot.errors import NotFound
from bot.simulation.incident.batch import limited, stream
from bot.simulation.incident.generation import generate
from bot.simulation.incident.personas import shipped
from bot.simulation.incident.saving import as_line, as_yaml
from bot.simulation.incident.scenario import CASCADES, Scenario, schema
from bot.simulation.incident.transcript import transcript
from bot.simulation.incident.validation import validate

ROOT = Path(__file__).parents[3]
START = "2026-01-07T14:30:00Z"


def made(kind: str, seed: int = 1) -> Scenario:
    return generate(kind, START, seed=seed)


def test_the_published_schema_is_the_one_of_the_code() -> None:
    published = (ROOT / "docs/schemas/incident-scenario.json").read_text(encoding="utf-8")
    assert json.loads(published) == schema()


@pytest.mark.parametrize("kind", CASCADES)
def test_the_scenario_that_ships_is_made_from_its_seed(kind: str) -> None:
    shipped_file = (ROOT / f"examples/incidents/{kind}.yaml").read_bytes()
    assert as_yaml(made(kind)) == shipped_file


@pytest.mark.parametrize("kind", [*CASCADES, "quick-alert"])
def test_any_seed_makes_a_sound_scenario_of_the_schema(kind: str) -> None:
    judge = jsonschema_rs.validator_for(schema())
    for seed in (-3, 0, 2, 11, 4_000_000_000):
        document = made(kind, seed).document()
        verdict = validate(document)
        assert verdict.problems == []
        assert judge.is_valid(document)


def test_the_same_seed_makes_the_same_bytes_and_another_does_not() -> None:
    assert as_line(made("kafka-lag", 5)) == as_line(made("kafka-lag", 5))
    assert as_line(made("kafka-lag", 5)) != as_line(made("kafka-lag", 6))


def test_a_cascade_reaches_other_services_in_threads_with_a_resolution() -> None:
    scenario = made("payment-failure", 3)
    kinds = {event.type for event in scenario.timeline}
    assert kinds == {"alert", "message", "mention", "action", "resolution"}
    assert len({event.channel for event in scenario.timeline}) >= 3
    assert scenario.primary == "payment"
    assert any(event.thread_parent is not None for event in scenario.timeline)


def test_personas_shape_what_is_said() -> None:
    assert len(shipped()) >= 26
    lengths: dict[str, list[int]] = {}
    for seed in range(30):
        for event in made("catalog-failure", seed).timeline:
            if event.type == "message":
                lengths.setdefault(event.user, []).append(len(event.content))
    spoken = {user: each for user, each in lengths.items() if len(each) > 25 and user in shipped()}
    by_words = sorted(spoken, key=lambda user: shipped()[user].words)
    third = len(by_words) // 3
    terse = [length for user in by_words[:third] for length in spoken[user]]
    wordy = [length for user in by_words[-third:] for length in spoken[user]]
    assert statistics.mean(terse) < 0.75 * statistics.mean(wordy)


def test_a_shift_is_mostly_everyday_alerts() -> None:
    shift = list(islice(stream(["mixed"], START, interval=600), 300))
    everyday = [each for each in shift if each.scenario_type == "quick-alert"]
    assert 0.8 < len(everyday) / len(shift) < 0.95
    ends = {each.metadata.root_cause for each in everyday}
    assert {"Resolved by itself", "Nobody answered", "False positive: nothing was wrong"} <= ends


def test_a_batch_ends_with_the_scenario_that_makes_it_full() -> None:
    batch = list(limited(stream(["high-cpu", "kafka-lag"], START), messages=120))
    assert sum(len(each.timeline) for each in batch) >= 120
    assert sum(len(each.timeline) for each in batch[:-1]) < 120
    assert [each.scenario_type for each in batch[:2]] == ["high-cpu", "kafka-lag"]


def test_the_transcript_tells_when_where_and_who() -> None:
    lines = list(transcript(made("cache-failure", 7)))
    assert lines[0].endswith("[cache-failure-7, SEV-2]")
    assert lines[3].startswith("T+0:00    #")
    assert "ALERT" in lines[3]


def test_an_unknown_cascade_is_told_what_there_is() -> None:
    with pytest.raises(NotFound, match="There are cache-failure"):
        made("cash-failure")
