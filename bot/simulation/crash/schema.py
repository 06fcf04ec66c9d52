"""Write the JSON Schema of crash scenarios: `python -m bot.simulation.crash.schema [path]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bot.simulation.crash.scenario import Scenario

PUBLISHED = Path("docs/schemas/crash-scenario.json")


def crash_schema() -> str:
    """The schema of a scenario's file, as JSON text."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(schema | Scenario.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PUBLISHED
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(crash_schema(), encoding="utf-8")
