"""YAML with the line of every value, and every mistake noted instead of the first one raised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml


@dataclass(slots=True)
class Mistakes:
    """What is wrong with a file, in the order of its lines."""

    found: list[tuple[int, str]] = field(default_factory=list)

    def note(self, line: int, text: str) -> None:
        """Remember one mistake of a 1-based line."""
        self.found.append((line, text))

    def told(self, name: str) -> list[str]:
        """ "file:line: what is wrong", sorted by line."""
        return [f"{name}:{line}: {text}" for line, text in sorted(set(self.found))]


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of the file: where it stands, what it is called, and what is in it."""

    node: yaml.Node
    path: str
    mistakes: Mistakes

    @property
    def line(self) -> int:
        """The 1-based line."""
        return int(self.node.start_mark.line) + 1

    def wrong(self, text: str) -> None:
        """Note a mistake at this place."""
        self.mistakes.note(self.line, f"{self.path}: {text}" if self.path else text)

    def pairs(self, known: frozenset[str] | None = None) -> Iterator[tuple[str, Entry]]:
        """The entries of a mapping; unknown and repeated keys are mistakes."""
        if not isinstance(self.node, yaml.MappingNode):
            self.wrong("a mapping (key: value) is expected")
            return
        seen: set[str] = set()
        for key_node, value in self.node.value:
            key = str(key_node.value)
            entry = Entry(value, f"{self.path}.{key}" if self.path else key, self.mistakes)
            if key in seen:
                entry.wrong("is written twice")
            elif known is not None and key not in known:
                entry.wrong(f"is not known here; known are {', '.join(sorted(known))}")
            else:
                yield key, entry
            seen.add(key)

    def items(self) -> list[Entry]:
        """The entries of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.wrong("a list is expected")
            return []
        return [
            Entry(node, f"{self.path}[{index}]", self.mistakes)
            for index, node in enumerate(self.node.value)
        ]

    def text(self, choices: tuple[str, ...] = ()) -> str:
        """A text without quotes or backslashes, so that it can stand in any of our shapes."""
        if not isinstance(self.node, yaml.ScalarNode) or not self.node.value:
            self.wrong("a text is expected")
            return ""
        value = str(self.node.value)
        if choices and value not in choices:
            self.wrong(f"{value!r} is none of {', '.join(choices)}")
        elif not value.isascii() or not value.isprintable() or set(value) & set('"\\%'):
            self.wrong('printable ASCII without ", % and \\ is expected')
        return value

    def number(self, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        try:
            value = float(self.node.value) if isinstance(self.node, yaml.ScalarNode) else None
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            self.wrong(f"a number from {low:g} to {high:g} is expected")
            return low
        return value

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self.number(low, high)
        if value != int(value):
            self.wrong("a whole number is expected")
        return int(value)

    def yes(self) -> bool:
        """true or false."""
        return self.text(("true", "false")) == "true"


def open_yaml(text: str, mistakes: Mistakes) -> Entry | None:
    """The root of a YAML text; None, with its mistake noted, where it cannot be read."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        mistakes.note(mark.line + 1 if mark else 1, f"this is not YAML: {problem}")
        return None
    if node is None:
        mistakes.note(1, "the file is empty")
        return None
    return Entry(node, "", mistakes)
