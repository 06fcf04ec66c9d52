"""Scenarios as files: JSON or YAML for one, JSON Lines or YAML documents for many."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import yaml

from bot.errors import SettingsError
from bot.simulation.incident.scenario import Scenario

ENDINGS = (".json", ".jsonl", ".yaml", ".yml")


class _Dumper(yaml.CSafeDumper):
    """Texts of several lines as blocks, the keys in our order."""


def _block(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = (
        "|" if "\n" in text and not any(line.endswith(" ") for line in text.split("\n")) else None
    )
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _block)


def as_json(scenario: Scenario) -> bytes:
    """One scenario for people to read and other tools to take."""
    return orjson.dumps(scenario.document(), option=orjson.OPT_INDENT_2) + b"\n"


def as_yaml(scenario: Scenario) -> bytes:
    """One scenario as YAML."""
    text: Any = yaml.dump(
        scenario.document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    return bytes(text, "utf-8")


def as_line(scenario: Scenario) -> bytes:
    """One scenario as one line."""
    return orjson.dumps(scenario.document(), option=orjson.OPT_APPEND_NEWLINE)


def _as_document(scenario: Scenario) -> bytes:
    return b"---\n" + as_yaml(scenario)


def save(
    scenarios: Iterable[Scenario], path: Path, told: Callable[[int, int], None] | None = None
) -> tuple[int, int]:
    """Write scenarios into a file, each as soon as it is there; it gets its name when it is whole.

    Args:
        path: its ending says the form: .jsonl (and .yaml with several) for many, .json for one.
        told: called after each with how many scenarios and events are written.

    Returns:
        How many scenarios and how many events were written.

    Raises:
        SettingsError: another ending, several scenarios for .json, or a file that cannot be made.
    """
    forms = {".json": as_json, ".jsonl": as_line, ".yaml": _as_document, ".yml": _as_document}
    if path.suffix not in forms:
        raise SettingsError([f"{path}: write a name that ends in {', '.join(ENDINGS)}"])
    written = events = 0
    part = path.with_name(f"{path.name}.{os.getpid()}.part")  # what is read may be the same file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            for scenario in scenarios:
                if written and path.suffix == ".json":
                    raise SettingsError([f"{path}: .json holds one scenario; use .jsonl for many"])
                file.write(forms[path.suffix](scenario))
                written, events = written + 1, events + len(scenario.timeline)
                if told is not None:
                    told(written, events)
        part.replace(path)
    except OSError as error:
        raise SettingsError([f"{path}: {error.strerror}"]) from None
    finally:
        with suppress(OSError):  # it has its name already, or could not be made
            part.unlink()
    return written, events
