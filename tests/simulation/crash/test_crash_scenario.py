"""Scenarios as data: what is taken, what is refused, and in which words."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from crash_samples import small, written
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import NotFound
from bot.simulation.crash.arguments import FORMAT_NAMES, add_arguments
from bot.simulation.crash.formats import FORMATS
from bot.simulation.crash.library import SHIPPED, BadScenario, Library, files, read
from bot.simulation.crash.scenario import problems
from bot.simulation.crash.schema import PUBLISHED, crash_schema

ROOT = Path(__file__).parents[3]
NAMES = (
    "db_startup_failure",
    "migration_type_mismatch",
    "paystack_timeout",
    "stripe_signature_error",
    "taskq_oversell",
    "verify_payment_timeout",
)
SCHEMA = jsonschema_rs.validator_for(json.loads(crash_schema()))
Change = Callable[[dict[str, Any]], object]


def test_the_published_schema_is_current() -> None:
    """Otherwise run: python -m bot.simulation.crash.schema."""
    assert (ROOT / PUBLISHED).read_text(encoding="utf-8") == crash_schema()


def test_six_scenarios_ship_and_each_has_a_prelude_of_minutes() -> None:
    library = Library().all()
    assert tuple(library) == NAMES
    for one in library.values():
        assert one.scenario.begins <= -240
        assert len(one.scenario.services) >= 4


@pytest.mark.parametrize("path", files(SHIPPED), ids=lambda path: path.stem)
def test_what_ships_is_sound_by_the_schema_too(path: Path) -> None:
    document = read(path)
    assert problems(document) == []
    assert SCHEMA.is_valid(document)


def a_misspelt_key(document: dict[str, Any]) -> None:
    document["flows"][0]["lines"][0]["sevice"] = "web"


# What is changed -> the place, a word of the problem, and whether a schema can say it.
WRONG: list[tuple[Change, str, str, bool]] = [
    (a_misspelt_key, "$.flows[0].lines[0].sevice", "not known", True),
    (lambda d: d.pop("crash"), "$.crash", "missing", True),
    (lambda d: d.update(scenario="No Spaces"), "$.scenario", "characters", True),
    (lambda d: d["flows"][1].update(per_minute=[1, -2]), "$.flows[1].per_minute", "", True),
    (lambda d: d["flows"][1].update(per_minute=0), "$.flows[1].per_minute", "never", False),
    (lambda d: d["flows"][1].update(per_minute=1e9), "$.flows[1].per_minute", "", True),
    (lambda d: d["flows"][0].update(ends=-70), "$.flows[0].ends", "not after", False),
    (lambda d: d["steps"][0].update(service="mail"), "$.steps[0].service", "none of", False),
    (lambda d: d["steps"][0].update(text="{odrer}"), "$.steps[0].text", "{odrer}", False),
    (lambda d: d["steps"][0].update(level="fatal"), "$.steps[0].level", "", True),
    (lambda d: d["steps"][0].update(at="-2"), "$.steps[0].at", "number", True),
    (lambda d: d["values"]["ms"].update(hex=4), "$.values.ms", "2 kinds", True),
    (lambda d: d["values"].update(ms={}), "$.values.ms", "0 kinds", True),
    (lambda d: d["values"]["ms"].update(number=[9, 5]), "$.values.ms.number", "upside", False),
    (lambda d: d["values"].update(order={"hex": 2}), "$.values.order", "something else", False),
    (lambda d: d["flows"][0]["lines"][1].update(after="{user}"), "lines[1].after", "time", False),
    (lambda d: d["crash"]["program"].update(folder="a/../../b"), "folder", "leads out", False),
    (lambda d: d["crash"]["program"].update(deployed_at="here"), "deployed_at", "", True),
    (lambda d: d["crash"].update(level="info"), "$.crash.level", "", True),
]


@pytest.mark.parametrize(("change", "place", "word", "is_in_schema"), WRONG)
def test_every_mistake_is_told_with_its_place_and_a_cure(
    change: Change, place: str, word: str, is_in_schema: bool
) -> None:
    document = small()
    assert problems(document) == []
    change(document)
    told = [one for one in problems(document) if place in one.path]
    assert told
    assert word in told[0].problem
    assert told[0].cure
    assert SCHEMA.is_valid(document) is not is_in_schema


def test_all_mistakes_are_told_at_once() -> None:
    document = small()
    document["steps"][0].update(service="mail", text="{nowhere}")
    document["flows"][0]["ends"] = -100
    assert len(problems(document)) == 3


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(_json, st.sampled_from([*small(), ""]))
def test_any_document_is_a_scenario_or_has_problems(value: Any, key: str) -> None:
    document = small() | {key: value} if key else value
    told = problems(document)
    assert all(one.path.startswith("$") and one.problem for one in told)
    if not told:
        assert SCHEMA.is_valid(document)


def test_a_team_adds_scenarios_and_replaces_those_that_ship(tmp_path: Path) -> None:
    written(tmp_path, small())
    mine = small() | {"scenario": "paystack_timeout", "title": "Ours"}
    (tmp_path / "ours.json").write_text(json.dumps(mine))
    (tmp_path / "talk.yaml").write_text("scenario_id: INC-1\ntimeline: []\n")
    (tmp_path / "README.md").write_text("not a scenario")
    library = Library(tmp_path)
    assert set(library.all()) == {*NAMES, "small"}
    assert library.get("paystack_timeout").scenario.title == "Ours"


def test_a_wrong_file_is_named_with_every_problem(tmp_path: Path) -> None:
    document = small()
    document["crash"]["program"]["folder"] = "elsewhere"
    written(tmp_path, document)
    with pytest.raises(BadScenario, match=r"small\.yaml: \$\.crash\.program\.folder: is not there"):
        Library(tmp_path).all()
    assert Library(tmp_path).get("paystack_timeout").scenario.title.startswith("Paystack")
    with pytest.raises(BadScenario, match="is not there"):
        Library(tmp_path).get("small")
    (tmp_path / "small.yaml").write_text("scenario: small\nservices: [till\ntitle: Small\n")
    with pytest.raises(BadScenario, match=r"small\.yaml: line 3: is no YAML"):
        Library(tmp_path).all()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("date.yaml", "x: 2026-13-45"),
        ("tag.yaml", "x: !!bool maybe"),
        ("long.json", f'{{"x": {"1" * 5_000}}}'),
        ("latin.yaml", b"x: \xe4\xff"),
    ],
)
def test_a_file_of_impossible_values_is_refused_and_the_others_are_offered(
    name: str, text: str | bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    known, wrong = Library(written(tmp_path)).sound()
    assert "small" in known
    assert [str(each).partition(":")[0] for each in wrong] == [name]


def test_an_editors_lock_is_no_scenario_and_a_link_to_nowhere_is_told(tmp_path: Path) -> None:
    try:
        (tmp_path / ".#small.yaml").symlink_to("nowhere")
        (tmp_path / "gone.yaml").symlink_to("nowhere")
    except OSError:
        pytest.skip("this system makes no links")
    known, wrong = Library(written(tmp_path)).sound()
    assert "small" in known
    assert [str(each).partition(":")[0] for each in wrong] == ["gone.yaml"]


def test_a_file_that_is_mended_is_read_again(tmp_path: Path) -> None:
    library = Library(written(tmp_path))
    first = library.get("small")
    assert library.get("small") is first
    (tmp_path / "small.yaml").write_text("scenario: [")
    assert [type(each) for each in library.sound()[1]] == [BadScenario]
    written(tmp_path, small() | {"title": "Mended"})
    assert library.get("small").scenario.title == "Mended"


def test_a_name_that_is_not_there_is_told_with_one_that_comes_near(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="Did you mean taskq_oversell"):
        Library().get("task_oversel")
    with pytest.raises(NotFound, match="no folder"):
        Library(tmp_path / "none").all()


def test_the_example_of_the_documentation_is_a_scenario() -> None:
    text = (ROOT / "docs" / "rehearsals.md").read_text(encoding="utf-8")
    block = text[text.index("    # crashes/sold_twice.yaml") :].partition("\n\nThe program")[0]
    assert problems(yaml.safe_load(textwrap.dedent(block))) == []


def test_every_scenario_and_option_is_documented() -> None:
    text = (ROOT / "docs" / "rehearsals.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in text for name in NAMES)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    for action in parser._actions:
        for option in action.option_strings:
            assert option in ("-h", "--help") or f"{option}" in text, option
    assert set(FORMAT_NAMES) == set(FORMATS)
