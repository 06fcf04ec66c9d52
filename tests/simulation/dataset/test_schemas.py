"""The published schemas: what is made agrees with them, by another validator than our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.simulation.dataset.files import lines_of, read_json
from bot.simulation.dataset.schemas import faults, names, schema

KINDS = [name for name in names() if "." in name]
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(0.1, 0.9) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="session")
def lines(day_set: Path) -> dict[str, list[dict[str, Any]]]:
    """Up to 200 lines of every kind of a day."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(day_set.glob("*/*.jsonl.gz")):
        for raw in lines_of(path):
            line = json.loads(raw)
            of_kind = found.setdefault(f"{path.parent.name}.{line['@kind']}", [])
            if len(of_kind) < 200:
                of_kind.append(line)
    return found


def test_every_kind_that_is_made_has_a_schema_and_none_is_left_over(
    lines: dict[str, list[dict[str, Any]]],
) -> None:
    assert sorted(lines) == KINDS


@pytest.mark.parametrize("name", names())
def test_every_schema_is_one(name: str) -> None:
    jsonschema_rs.meta.validate(schema(name))


@pytest.mark.parametrize("name", KINDS)
def test_lines_agree_with_the_schema_of_their_kind(
    name: str, lines: dict[str, list[dict[str, Any]]]
) -> None:
    judge = jsonschema_rs.validator_for(schema(name))
    for line in lines[name]:
        judge.validate(line)
        assert not list(faults(name, line))


def test_the_manifest_and_the_truth_agree_with_theirs(day_set: Path) -> None:
    jsonschema_rs.validator_for(schema("manifest")).validate(read_json(day_set / "manifest.json"))
    judge = jsonschema_rs.validator_for(schema("incidents"))
    for path in (day_set / "correlation").glob("*.json"):
        judge.validate(read_json(path))


@given(data=st.data())
def test_our_quick_check_judges_a_spoilt_line_as_any_validator_does(
    data: st.DataObject, lines: dict[str, list[dict[str, Any]]]
) -> None:
    name = data.draw(st.sampled_from(KINDS))
    line = json.loads(json.dumps(data.draw(st.sampled_from(lines[name]))))
    part: Any = line
    while True:
        keys = list(part) if isinstance(part, dict) else list(range(len(part)))
        key = data.draw(st.sampled_from(keys))
        if isinstance(part[key], dict | list) and part[key] and data.draw(st.booleans()):
            part = part[key]
            continue
        if data.draw(st.booleans()):
            del part[key]
        else:
            part[key] = data.draw(ANY)
        break
    other = jsonschema_rs.validator_for(schema(name)).is_valid(line)
    assert (not list(faults(name, line))) == other
