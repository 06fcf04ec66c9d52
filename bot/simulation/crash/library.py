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
    """The scenarios by name; files are read anew whenever they are asked for.

    Args:
        own: a team's folder, or None. Files in it that are no crash scenario (incident
            conversations have a `scenario_id`) are passed over.
    """

    def __init__(self, own: Path | None = None) -> None:
        self._own = own

    def all(self) -> Mapping[str, Found]:
        """Every scenario; raises `BadScenario` for the first file that is wrong."""
        found: dict[str, Found] = {}
        for folder in (SHIPPED, self._own):
            for path in files(folder) if folder is not None else ():
                document = read(path)
                if isinstance(document, dict) and "scenario_id" in document:
                    continue
                one = scenario_of(path, document)
                found[one.scenario.scenario] = one
        return dict(sorted(found.items()))

    def get(self, name: str) -> Found:
        """One scenario, by its name.

        Raises:
            NotFound: there is none of that name; says which come near.
            BadScenario: its file is wrong.
        """
        known = self.all()
        if name in known:
            return known[name]
        close = get_close_matches(name, known, n=1, cutoff=0.4)
        meant = f" Did you mean {close[0]}?" if close else ""
        raise NotFound(f"There is no scenario {name}.{meant} There are {', '.join(known)}.")


def files(folder: Path) -> list[Path]:
    """The files of a folder that may be scenarios; raises `NotFound` if it is no folder."""
    if not folder.is_dir():
        raise NotFound(f"{folder} is no folder of scenarios.")
    return sorted(path for path in folder.iterdir() if path.suffix in _ENDINGS)


def read(path: Path) -> Any:
    """The document of a YAML or JSON file; raises `BadScenario` if it is neither."""
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise BadScenario(path, [Problem("$", f"cannot be read: {error}", "")]) from None
    except json.JSONDecodeError as error:
        told = Problem(f"line {error.lineno}", f"is no JSON: {error.msg}", "Mend it there.")
        raise BadScenario(path, [told]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else "$"
        told = Problem(place, f"is no YAML: {getattr(error, 'problem', error)}", "Mend it there.")
        raise BadScenario(path, [told]) from None


def scenario_of(path: Path, document: object) -> Found:
    """The scenario that a document of a file is; raises `BadScenario`."""
    scenario, found = check(document)
    if scenario is None:
        raise BadScenario(path, found)
    if not (path.parent / scenario.crash.program.folder).is_dir():
        there = Problem("$.crash.program.folder", "is not there", f"Make it beside {path.name}.")
        raise BadScenario(path, [there])
    return Found(scenario, path.parent)
