"""Every sample payload, against what a person reads in it: `payload_rows.yaml`.

A row names the file's reader and what the file becomes: its events (only what is not as usual:
severity error, environment production, firing, now), a shipment, a subscription to confirm, or
why it is left aside or refused. A file that is no delivery says why, and which test reads it.
"""

from __future__ import annotations

import json
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from payload_reading import told

ROOT = Path(__file__).parents[2]
ROWS: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "payload_rows.yaml").read_text(encoding="utf-8")
)
OUTCOMES = {"events", "shipment", "confirm", "left_aside", "refused"}


@cache
def index(payloads: Path) -> tuple[str, ...]:
    listed = json.loads((payloads / "INDEX.json").read_text(encoding="utf-8"))
    return tuple(f"{one['provider']}/{one['file']}" for one in listed)


def is_covered(name: str) -> bool:
    return name in ROWS or any(fnmatch(name, pattern) for pattern in ROWS if "*" in pattern)


def test_every_sample_has_a_row_and_every_row_a_sample(payloads: Path) -> None:
    there = {str(path.relative_to(payloads)) for path in payloads.rglob("*") if path.is_file()}
    samples = there - {"INDEX.json", "README.md"}
    assert sorted(name for name in samples | set(index(payloads)) if not is_covered(name)) == []
    rows = {name for name in ROWS if "*" not in name}
    assert sorted(rows - samples) == []


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if "reader" in row])
def test_a_sample_becomes_what_its_row_says(payloads: Path, name: str) -> None:
    row = ROWS[name]
    path = payloads / name
    if not path.exists():
        pytest.skip(f"{name} is not among the samples")
    found = told(path, row)
    assert found == {key: row[key] for key in OUTCOMES & set(row)}
    assert "why" in row or not {"left_aside", "refused"} & set(row), "a refusal needs its reason"


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if "reader" not in row])
def test_a_sample_that_is_no_delivery_says_why_and_who_reads_it(name: str) -> None:
    row = ROWS[name]
    assert row["why"]
    if "read_by" in row:
        assert (ROOT / row["read_by"]).exists()
