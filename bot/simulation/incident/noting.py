"""What is kept while a document is read: notes of what was brought into our form, and problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.simulation.incident import taking
from bot.simulation.incident.scenario import Problem, Scenario


@dataclass
class Understood:
    """What a document was taken for.

    Attributes:
        scenario: None if there are problems; its timeline is in the order of the file.
        problems: what cannot be understood.
        notes: what was brought into our form.
    """

    scenario: Scenario | None = None
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)


class Noting:
    """Reads values and keeps what is to be said about them."""

    def __init__(self) -> None:
        self.found = Understood()

    def named(
        self,
        path: str,
        value: Mapping[Any, Any],
        names: Mapping[str, Sequence[str]],
        quiet: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The values by our names; what is called something else here is noted."""
        left = {str(name): each for name, each in value.items()}
        found = {}
        for own, aliases in names.items():
            for alias in aliases:
                if alias in left and own not in found:
                    found[own] = left.pop(alias)
                    if alias != own and own != "at":
                        self.note(f"{path}.{alias}", f"was taken as {own}", f"Call it {own}.")
        for name in left:
            if name not in quiet:
                self.note(f"{path}.{name}", "is not known here and was left aside", "Remove it.")
        return found

    def slug(self, path: str, value: object) -> str | None:
        """A name in small letters, digits and hyphens."""
        return self.take(path, value, taking.slug)

    def take(self, path: str, value: object, take: Callable[[object], str]) -> str | None:
        """A value brought into our form; a change is noted, None stays None."""
        if value is None:
            return None
        found = take(value)
        if found != value and found:
            self.note(path, f"{str(value)[:60]!r} was taken as {found}", f"Write {found}.")
        return found or None

    def text(self, path: str, value: object) -> str | None:
        """A text without the space around it; anything else but nothing is a problem."""
        found = text_of(value)
        if found is None and value is not None and value != "":
            self.problem(path, f"is no text, but {kind_of(value)}", "Write a text.")
        return found

    def note(self, path: str, problem: str, cure: str) -> None:
        """Keep what was brought into our form."""
        self.found.notes.append(Problem(path, problem, cure))

    def problem(self, path: str, problem: str, cure: str) -> None:
        """Keep what cannot be understood."""
        self.found.problems.append(Problem(path, problem, cure))


def kind_of(value: object) -> str:
    """What a value is, in words; its contents may be endless."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "a list"
    return f"{value!r}"[:60]


def text_of(value: object) -> str | None:
    """A text without the space around it; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None
