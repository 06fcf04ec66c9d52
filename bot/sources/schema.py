"""Write the JSON Schema of the generic source: `python -m bot.sources.schema [path]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bot.sources.generic import DELIVERY

PUBLISHED = Path("docs/schemas/generic-event.json")


def generic_schema() -> str:
    """The schema of everything `POST /webhook/generic` accepts, as JSON text."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What POST /webhook/generic accepts",
        **DELIVERY.json_schema(),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PUBLISHED
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(generic_schema(), encoding="utf-8")
