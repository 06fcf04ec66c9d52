from __future__ import annotations

from pathlib import Path

import pytest
from dataset_samples import COMPANY, job_in, made

from bot.errors import SettingsError
from bot.simulation.dataset.configuration import load, read
from bot.simulation.dataset.validation import validate

SMALL = """\
services:
  front: {language: node, replicas: 2, rate: 10, latency_ms: 20, depends_on: [back], endpoints: {"GET /": 1}}
  back: {language: go, replicas: 1, rate: 5, latency_ms: 5, depends_on: [], endpoints: {"GET /rows/{id}": 1}}
generation: {incidents_per_day: 24}
"""  # noqa: E501


def test_the_default_company_is_whole() -> None:
    config = load()
    assert len(config.services) == 15
    assert len(config.patterns) == 19
    assert config.callers("payment") == ("checkout",)


def test_sections_and_values_that_are_left_out_keep_their_defaults() -> None:
    config = read(SMALL)
    assert [one.name for one in config.services] == ["front", "back"]
    assert config.generation.incidents_per_day == 24
    assert config.generation.shares["kubernetes"] == 43
    assert {name for one in config.patterns for name in one.services} == {"front", "back"}


def test_another_company_makes_a_sound_set(tmp_path: Path) -> None:
    from dataclasses import replace

    job = replace(job_in(tmp_path / "set", hours=1, rate=40), text=SMALL)
    assert not validate(made(job), told=lambda *_: None).violations


def test_a_wrong_file_is_told_every_mistake_with_its_line() -> None:
    text = """\
company: {nodes: 0, colour: red}
generation:
  noise: 7
  hours: [1, 2]
services:
  Front: {language: cobol, replicas: 2, rate: 1, latency_ms: 1, depends_on: [ghost], endpoints: {"FETCH /": 1}}
  a: {language: go, replicas: 1, rate: 1, latency_ms: 1, depends_on: [b], endpoints: {"GET /": 1}}
  b: {language: go, replicas: 1, rate: 1, latency_ms: 1, depends_on: [a], endpoints: {"GET /": 1}}
  c: {language: go}
incidents:
  fire: {weight: 1, services: [moon], component: "a\\"b", error: heat, shape: round, minutes: [9, 3], alarm: smoke, effects: {errors: lots, smell: "+1"}}
"""  # noqa: E501
    with pytest.raises(SettingsError) as caught:
        read(text, "mine.yaml")
    problems = caught.value.problems
    for line, words in (
        (1, "company.nodes: a number from 1 to 200"),
        (1, "company.colour: is not known here"),
        (3, "generation.noise: a number from 0 to 0.3"),
        (4, "24 numbers are expected, 2 are there"),
        (6, "a service is named with a-z"),
        (6, "'cobol' is none of go, java, node, python"),
        (6, "there is no service ghost"),
        (6, 'an endpoint reads "GET /path"'),
        (7, "depends_on goes in a circle: a → b → a"),
        (9, "replicas is missing"),
        (11, "there is no service moon"),
        (11, "printable ASCII without"),
        (11, "'heat' is none of"),
        (11, "'round' is none of"),
        (11, "[least, most] minutes"),
        (11, "'smoke' is none of"),
        (11, '"+48" or "x3.5" is expected'),
        (11, "effects.smell: is not known here"),
        (11, "latency is missing"),
    ):
        assert any(one.startswith(f"mine.yaml:{line}:") and words in one for one in problems), (
            line,
            words,
            problems,
        )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "mine.yaml:1: the file is empty"),
        ("a: [1", "mine.yaml:1: this is not YAML"),
        ("services: 3", "services: a mapping"),
        ("- x", "a mapping (key: value) is expected"),
        ("company: {name: x}\ncompany: {name: y}", "mine.yaml:2: company: is written twice"),
    ],
)
def test_what_is_no_configuration_is_told(text: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(text, "mine.yaml")
    assert any(told in one for one in caught.value.problems), caught.value.problems


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "absent.yaml")
    assert read(COMPANY).text == COMPANY
