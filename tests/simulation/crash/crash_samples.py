"""A small scenario with a program, and what tests do with scenarios."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from bot.simulation.crash.library import Found, Library
from bot.simulation.crash.playing import Play
from bot.simulation.crash.scenario import check

START = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)
PROGRAM = """
import json, sys
def divide(a, b):
    return a / b
facts = json.loads(sys.argv[1])
divide(1, facts["none"])
"""
_SMALL: dict[str, Any] = {
    "scenario": "small",
    "title": "A small crash",
    "summary": "Somebody divides by nothing.",
    "services": {"web": 2, "db": 1},
    "facts": {"none": {"choice": [0]}, "order": {"digits": 4, "prefix": "ord_"}},
    "values": {
        "ms": {"number": [5, 9], "becoming": [800, 900]},
        "user": {"pool": 40, "prefix": "u_"},
    },
    "flows": [
        {
            "begins": -60,
            "ends": 5,
            "per_minute": 30,
            "lines": [
                {"service": "web", "text": "GET / 200", "fields": {"user": "{user}"}},
                {"service": "db", "after": "{ms}", "text": "query in {ms} ms"},
            ],
        },
        {
            "begins": -30,
            "per_minute": [4, 40],
            "lines": [
                {
                    "service": "db",
                    "level": "warning",
                    "text": "slow query",
                    "fields": {"took_ms": "{ms}"},
                }
            ],
        },
    ],
    "steps": [
        {"at": -2, "service": "web", "text": "GET /orders/{order}"},
        {"at": 0.1, "service": "web", "level": "error", "text": "500", "fields": {"user": "u_1"}},
    ],
    "crash": {
        "service": "web",
        "text": "unhandled exception",
        "program": {"folder": "program", "deployed_at": "/srv/web"},
    },
}


def small() -> dict[str, Any]:
    """A scenario's document, to be changed."""
    return copy.deepcopy(_SMALL)


def found(document: dict[str, Any], folder: Path) -> Found:
    """The scenario of a document that is sound."""
    scenario, problems = check(document)
    assert scenario is not None, problems
    return Found(scenario, folder)


def written(folder: Path, document: dict[str, Any] | None = None, program: str = PROGRAM) -> Path:
    """A folder of a team's own, with a scenario and its program."""
    (folder / "program").mkdir(parents=True, exist_ok=True)
    (folder / "program" / "main.py").write_text(program)
    text = yaml.safe_dump(document or small())
    (folder / "small.yaml").write_text(text)
    return folder


def shipped(name: str, *, seed: int = 7, **options: Any) -> tuple[Found, Play]:
    """A scenario that ships, and a playing of it."""
    one = Library().get(name)
    return one, Play(one.scenario, seed, START, **options)
