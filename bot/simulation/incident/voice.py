"""How a persona says something: which words, how many of them, and with which mistakes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bot.simulation.incident import grammar
from bot.simulation.incident.chance import Chance
from bot.simulation.incident.personas import Persona

# Situations in which people begin with a word of their own.
_OPENED = frozenset(
    (
        *("observe", "nothing", "improving", "downstream_ok", "impact"),
        *("false_positive", "blip"),
    )
)
# A message that is nothing but code, or that others read as the record, is left as it is.
_UNADORNED = frozenset(("logline", "auto", "resolve"))
# Where something has gone well, everybody picks from these.
_GLAD = frozenset(("improving", "downstream_ok", "thanks", "confirm"))
_GLAD_EMOJIS = ("🎉", "✅", "🙌", "👏", "💚", "🙂")
_STYLE_OFTEN = 0.4
_ATTEMPTS = 12
# Code in a line is stepped over as a whole; what looks like a name or a path is left out.
_WORD = re.compile(r"`[^`]*`|(?<![\w@#/:.*{-])[a-z]{4,12}(?![\w/:({.*-])")
_TWICE = re.compile(r"(\d[\d.,]*) ([A-Za-z/]+)( to | → )(?=\d[\d.,]* \2(?![\w/]))")
_SENTENCE = re.compile(r"(?<=[a-z)]{2}[.?!] )[a-z](?=[a-z]+ )")
_OF_MANY = re.compile(r"(?<=[a-z])s's\b")
_NEAR = {
    "a": "s", "b": "v", "c": "x", "d": "s", "e": "r", "f": "g", "g": "h", "h": "j", "i": "o",
    "j": "k", "k": "l", "l": "k", "m": "n", "n": "m", "o": "i", "p": "o", "q": "w", "r": "t",
    "s": "a", "t": "r", "u": "i", "v": "b", "w": "e", "x": "c", "y": "t", "z": "x",
}  # fmt: skip


def speak(
    persona: Persona,
    situation: str,
    chance: Chance,
    fill: Callable[[str], str],
    said: set[object],
) -> str:
    """What a persona writes in a situation.

    Args:
        fill: the value of each name in the phrases.
        said: the templates and texts that were used already; others are preferred, and what is
            used now is added.
    """
    rules = grammar.shipped()
    tiers = rules.tiers(situation)
    for attempt in range(_ATTEMPTS):
        wide = attempt > _ATTEMPTS // 2
        tier = _tier(persona, tiers, chance, wide=wide)
        template = chance.pick(tiers[tier])
        if id(template) in said and attempt < _ATTEMPTS // 3:
            continue
        text = rules.write(template, chance, fill)
        if situation not in _UNADORNED:
            text = _adorned(persona, situation, tier, polished(text), chance)
        if text.casefold() not in said:
            break
    said |= {id(template), text.casefold()}
    return text


def _tier(persona: Persona, tiers: Mapping[str, object], chance: Chance, *, wide: bool) -> str:
    """Which of a situation's tiers; `wide` when the usual ones have been used up."""
    if persona.style in tiers and chance.happens(_STYLE_OFTEN):
        return persona.style
    words = 0.5 if wide else persona.words
    weights = {
        "terse": (1 - words) * (1 - words),
        "plain": 2 * words * (1 - words),
        "full": words * words,
    }
    left = {name: weight for name, weight in weights.items() if name in tiers}
    return chance.weighted(left)


def _adorned(persona: Persona, situation: str, tier: str, text: str, chance: Chance) -> str:
    text = text.strip()
    text = text[:1].upper() + text[1:]
    if (
        situation in _OPENED
        and tier == "plain"
        and persona.phrases
        and chance.happens(0.08 + 0.22 * persona.words)
    ):
        text = f"{chance.pick(persona.phrases)} {_lowered(text)}"
    text = mistyped(text, persona.typos, chance)
    if chance.happens(persona.lowercase):
        text = _lowered(text).removesuffix(".")
    elif tier == "full" and text[-1:].isalnum() and "\n" not in text and chance.happens(0.7):
        text += "."
    if persona.emojis and chance.happens(persona.emoji) and not text.endswith("`"):
        emojis = _GLAD_EMOJIS if situation in _GLAD else persona.emojis
        text = f"{text.removesuffix('.')} {chance.pick(emojis)}"
    return text


def polished(text: str) -> str:
    """As a person would join the parts: one unit for two numbers, no `s's`, sentences begun."""
    text = _TWICE.sub(r"\1\3", _OF_MANY.sub("s'", text))
    return text if "`" in text else _SENTENCE.sub(lambda found: found[0].upper(), text)


def _lowered(text: str) -> str:
    """With a small first letter, unless the first word is a name or shouted."""
    first = text.split(" ", 1)[0]
    if first[1:] != first[1:].lower() or first in {"I", "I'm", "I'd", "I'll", "I've"}:
        return text
    return text[:1].lower() + text[1:]


def mistyped(text: str, rate: float, chance: Chance) -> str:
    """Some words mistyped; never code, names, numbers or links."""
    if rate <= 0 or "```" in text:
        return text

    def word(match: re.Match[str]) -> str:
        is_word = match[0][0] != "`"
        return _slip(match[0], chance) if is_word and chance.happens(rate) else match[0]

    return _WORD.sub(word, text)


def _slip(word: str, chance: Chance) -> str:
    at = chance.between(1, len(word) - 2)
    kind = chance.between(0, 3)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[: at + 1] + word[at:]
    return word[:at] + _NEAR[word[at]] + word[at + 1 :]
