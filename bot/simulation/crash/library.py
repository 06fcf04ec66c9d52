"""Where scenarios are found: those that ship, and a team's own folder, which may replace them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from bot.errors import JinkiesError, NotFound
from bot.simulation.crash.scenario import Problem, Scenario, check
from bot.simulation.documents import yaml_document

SHIPPED = Path(__file__).with_name("scenarios")
_ENDINGS = (".yaml", ".yml", ".json")


class BadScenario(JinkiesError):  # noqa: N818 - told to a person, who reads it as a sentence
    """A file that is no crash scenario; says every problem with its path and its cure."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        lines = [f"{path.name}: {where}: {what}. {cure}" for where, what, cure in problems]
        super().__init__("\n".join(lines))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Found:
    """A scenario and the folder its file is in."""

    scenario: Scenario
    folder: Path


class Library:
    """The scenarios by name; a file that changes is read anew. Thread-safe.

    Args:
        own: a team's folder, or None. Files in it that are no crash scenario (incident
            conversations have a `scenario_id`) are passed over.
    """

    def __init__(self, own: Path | None = None) -> None:
        self._own = own
        self._read: dict[tuple[Path, int, int], Found | BadScenario | None] = {}

    def all(self) -> Mapping[str, Found]:
        """Every scenario.

        Raises:
            BadScenario: a file is wrong; the first that is.
            NotFound: the team's folder is not there.
        """
        found, wrong = self.sound()
        if wrong:
            raise wrong[0]
        return found

    def sound(self) -> tuple[Mapping[str, Found], Sequence[JinkiesError]]:
        """Every scenario that can be played, and what is wrong with the others."""
        found: dict[str, Found] = {}
        wrong: list[JinkiesError] = []
        for folder in (SHIPPED, self._own):
            try:
                paths = files(folder) if folder is not None else []
            except NotFound as error:
                wrong.append(error)
                continue
            for one in map(self._of, paths):
                if isinstance(one, BadScenario):
                    wrong.append(one)
                elif one is not None:
                    found[one.scenario.scenario] = one
        return dict(sorted(found.items())), wrong

    def get(self, name: str) -> Found:
        """One scenario, by its name.

        Raises:
            NotFound: there is none of that name; says which come near.
            BadScenario: there is none, but a file that is wrong.
        """
        known, wrong = self.sound()
        if name in known:
            return known[name]
        if wrong:
            raise wrong[0]
        close = get_close_matches(name, known, n=1, cutoff=0.4)
        meant = f" Did you mean {close[0]}?" if close else ""
        raise NotFound(f"There is no scenario {name}.{meant} There are {', '.join(known)}.")

    def _of(self, path: Path) -> Found | BadScenario | None:
        """What a file is; None if it is no crash scenario at all."""
        try:
            state = path.stat()
        except OSError as error:  # a link to nowhere, or removed at this moment
            return BadScenario(path, [_unreadable(error)])
        key = (path, state.st_mtime_ns, state.st_size)
        if key not in self._read:
            self._read[key] = _opened(path)
        return self._read[key]


def _opened(path: Path) -> Found | BadScenario | None:
    try:
        document = read(path)
        is_other = isinstance(document, dict) and "scenario_id" in document
        return None if is_other else scenario_of(path, document)
    except BadScenario as error:
        return error


def files(folder: Path) -> list[Path]:
    """The files of a folder that may be scenarios; raises `NotFound` if it is no folder."""
    if not folder.is_dir():
        raise NotFound(f"{folder} is no folder of scenarios.")
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise NotFound(f"{folder} cannot be read: {error.strerror}.") from None
    # Editors keep their locks and copies beside a file, hidden, under its name.
    return [path for path in found if path.suffix in _ENDINGS and not path.name.startswith(".")]


def read(path: Path) -> Any:
    """The document of a YAML or JSON file; raises `BadScenario` if it is neither."""
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else yaml_document(text)
    except json.JSONDecodeError as error:
        told = Problem(f"line {error.lineno}", f"is no JSON: {error.msg}", "Mend it there.")
        raise BadScenario(path, [told]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else "$"
        told = Problem(place, f"is no YAML: {getattr(error, 'problem', error)}", "Mend it there.")
        raise BadScenario(path, [told]) from None
    except (OSError, ValueError, RecursionError) as error:
        raise BadScenario(path, [_unreadable(error)]) from None


def _unreadable(error: Exception) -> Problem:
    return Problem("$", f"cannot be read: {' '.join(str(error).split())}", "Mend or remove it.")


def scenario_of(path: Path, document: object) -> Found:
    """The scenario that a document of a file is; raises `BadScenario`."""
    scenario, found = check(document)
    if scenario is None:
        raise BadScenario(path, found)
    if not (path.parent / scenario.crash.program.folder).is_dir():
        there = Problem("$.crash.program.folder", "is not there", f"Make it beside {path.name}.")
        raise BadScenario(path, [there])
    return Found(scenario, path.parent)
