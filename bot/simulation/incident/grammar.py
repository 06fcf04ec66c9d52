"""Texts from rules: `[one|another]`, `{value}` and `<rule>` are filled in by chance.

data/phrases.yaml holds the rules; a template is taken apart once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from bot.simulation.incident.chance import Chance
from bot.simulation.incident.company import DATA, read_data

PLACE = re.compile(r"\{([a-z_]+(?::[a-z0-9_]+)?)\}")
Fill = Callable[[str], str]
_PIECE = re.compile(r"\[|\]|\||\{[a-z_]+(?::[a-z0-9_]+)?\}|<[a-z_]+>|[^\[\]|{<]+|.", re.DOTALL)


class _Slot(str):
    """The name of a value."""

    __slots__ = ()


class _Rule(str):
    """The name of another rule."""

    __slots__ = ()


class _Choice(tuple[tuple[object, ...], ...]):
    """Sequences of parts, of which one is taken."""

    __slots__ = ()


def parse(template: str) -> tuple[object, ...]:
    """Take a template apart; raises ValueError for a bracket without its other half."""
    pieces = _PIECE.findall(template)
    parts, at = _sequence(pieces, 0, inside=False)
    if at != len(pieces):
        raise ValueError(f"a bracket too many in {template!r}")
    return parts


def _sequence(pieces: Sequence[str], at: int, *, inside: bool) -> tuple[tuple[object, ...], int]:
    parts: list[object] = []
    while at < len(pieces):
        piece = pieces[at]
        if piece == "[":
            choice, at = _choice(pieces, at + 1)
            parts.append(choice)
            continue
        if piece in {"]", "|"} and inside:
            break
        if piece == "]":
            break
        at += 1
        if len(piece) > 2 and piece[0] == "{":
            parts.append(_Slot(piece[1:-1]))
        elif len(piece) > 2 and piece[0] == "<":
            parts.append(_Rule(piece[1:-1]))
        else:
            parts.append(piece)
    return tuple(parts), at


def _choice(pieces: Sequence[str], at: int) -> tuple[_Choice, int]:
    options: list[tuple[object, ...]] = []
    while True:
        option, at = _sequence(pieces, at, inside=True)
        options.append(option)
        if at >= len(pieces):
            raise ValueError("a bracket is never closed")
        at += 1
        if pieces[at - 1] == "]":
            return _Choice(options), at


class Grammar:
    """Rules: a name and, for some, tiers of templates."""

    def __init__(self, rules: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self._rules = {
            name: {tier: [parse(each) for each in templates] for tier, templates in tiers.items()}
            for name, tiers in rules.items()
        }

    def tiers(self, rule: str) -> Mapping[str, list[tuple[object, ...]]]:
        """The templates of a rule by tier; raises KeyError for an unknown rule."""
        return self._rules[rule]

    def write(self, parts: tuple[object, ...], chance: Chance, fill: Fill) -> str:
        """One text of a template."""
        found: list[str] = []
        self._write(parts, chance, fill, found)
        return "".join(found)

    def _write(
        self, parts: tuple[object, ...], chance: Chance, fill: Fill, found: list[str]
    ) -> None:
        for part in parts:
            kind = type(part)
            if kind is str:
                found.append(part)  # type: ignore[arg-type]
            elif kind is _Choice:
                self._write(chance.pick(part), chance, fill, found)  # type: ignore[arg-type]
            elif kind is _Slot:
                found.append(fill(part))  # type: ignore[arg-type]
            else:
                templates = self._rules[part]["plain"]  # type: ignore[index]
                self._write(chance.pick(templates), chance, fill, found)


@cache
def shipped() -> Grammar:
    """The phrases that ship."""
    raw = read_data(DATA / "phrases.yaml", dict[str, dict[str, list[str]] | list[str]])
    return Grammar(
        {
            name: {"plain": tiers} if isinstance(tiers, list) else tiers
            for name, tiers in raw.items()
        }
    )


@cache
def template(text: str) -> tuple[object, ...]:
    """A template of a cascade's file, taken apart once; only `{values}` count in it."""
    parts: list[object] = []
    end = 0
    for match in PLACE.finditer(text):
        parts += [text[end : match.start()], _Slot(match[1])]
        end = match.end()
    return (*parts, text[end:])


def write(parts: tuple[object, ...], chance: Chance, fill: Fill) -> str:
    """One text of a template that needs no rules."""
    return Grammar({}).write(parts, chance, fill)
