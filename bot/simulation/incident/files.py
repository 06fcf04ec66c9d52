"""Reading scenario files: JSON, YAML with one or more documents, JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import yaml

from bot.errors import SettingsError
from bot.simulation.documents import yaml_documents
from bot.simulation.incident.saving import ENDINGS
from bot.simulation.incident.scenario import Problem

MOST_VALUES = 2_000_000
_MOST_NUMBER = 2**63
_CURE = "Write JSON, JSON Lines or YAML in UTF-8."


class Unreadable(Exception):  # noqa: N818 - a finding, told with its place
    """A document that is not what its file's ending says."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.problem)
        self.problem = problem


def documents(path: Path) -> Iterator[tuple[str, object]]:
    """The documents of a file, each with the name to call it by.

    Raises:
        SettingsError: the file cannot be read, or has another ending.
        Unreadable: a document is no JSON or YAML; those before it were given.
    """
    if not path.exists():
        raise SettingsError([f"{path}: there is no such file or directory"])
    if path.suffix not in ENDINGS:
        raise SettingsError([f"{path}: a name that ends in {', '.join(ENDINGS)} is expected"])
    try:
        with path.open("rb") as file:
            if path.suffix == ".jsonl":
                for number, line in enumerate(file, start=1):
                    if line.strip():
                        yield f"{path}:{number}", _json(line)
            elif path.suffix == ".json":
                yield str(path), _json(file.read())
            else:
                yield from _yaml(path, file.read())
    except OSError as error:
        raise SettingsError([f"{path}: {error.strerror}"]) from None


def _json(text: bytes) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Unreadable(Problem("$", f"is no JSON: {error}", _CURE)) from None


def _yaml(path: Path, text: bytes) -> Iterator[tuple[str, object]]:
    try:
        for number, document in enumerate(yaml_documents(text), start=1):
            if document is not None:
                _refuse_monsters(document)
                yield (str(path) if number == 1 else f"{path}#{number}"), document
    except yaml.MarkedYAMLError as error:
        place = f"line {error.problem_mark.line + 1}" if error.problem_mark else "$"
        raise Unreadable(Problem(place, f"is no YAML: {error.problem}", _CURE)) from None
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        raise Unreadable(Problem("$", f"is no YAML: {told}", _CURE)) from None


def _refuse_monsters(document: object) -> None:
    """YAML's aliases make a few lines into more than any memory holds, or into a circle; its
    numbers are as long as one likes."""
    waiting, seen = [document], 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen > MOST_VALUES:
            told = f"holds more than {MOST_VALUES:,} values, counted with its aliases"
            raise Unreadable(Problem("$", told, "Write less, or without aliases."))
        if isinstance(value, int) and abs(value) >= _MOST_NUMBER:
            raise Unreadable(Problem("$", "holds a number of more than 64 bits", "Write a text."))
        if isinstance(value, dict):
            waiting += value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
