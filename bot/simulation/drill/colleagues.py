"""What a colleague answers: a fact whose topics the question names, or who might know, or nothing.

Deterministic: the same question gets the same answer, in a restarted bot too.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from bot.simulation.drill.plan import Colleague, DrillPlan, Fact

_WORD = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_SHORTEST_STEM = 4
_DOES_NOT_KNOW = (
    "Sorry, no idea. Nothing of the sort on our side that I know of.",
    "Hm, that I can't tell you. Ask me about {service}: deploys, load, errors, what it depends on.",
    "Don't know. I'd look at the logs of the service you suspect first.",
)


@dataclass(frozen=True, slots=True)
class Reply:
    """Who answers, and what; `knew` is False for a shrug."""

    colleague: Colleague
    text: str
    knew: bool


def reply(plan: DrillPlan, name: str, question: str) -> Reply | None:
    """What the colleague of that name says; None if there is nobody of that name."""
    asked = find(plan, name)
    if asked is None:
        return None
    words = set(_WORD.findall(question.lower()))
    own = _best([fact for fact in plan.facts if fact.colleague == asked.name], words)
    if own is not None:
        return Reply(asked, own.answer, knew=True)
    other = _best([fact for fact in plan.facts if fact.colleague != asked.name], words)
    if other is not None:
        who = find(plan, other.colleague)
        of = f", {who.service} is theirs" if who is not None else ""
        return Reply(asked, f"Not mine to say. Ask {other.colleague}{of}.", knew=False)
    shrug = _DOES_NOT_KNOW[zlib.crc32(f"{name}{question}".encode()) % len(_DOES_NOT_KNOW)]
    return Reply(asked, shrug.format(service=asked.service), knew=False)


def find(plan: DrillPlan, name: str) -> Colleague | None:
    """A colleague by name, or by the beginning of it; with or without an @."""
    wanted = name.strip().lstrip("@").casefold()
    if not wanted:
        return None
    by_name = [each for each in plan.colleagues if each.name.casefold() == wanted]
    by_start = [
        each
        for each in plan.colleagues
        if each.name.casefold().startswith(wanted) or each.user == wanted
    ]
    return next(iter([*by_name, *by_start]), None)


def named_in(plan: DrillPlan, text: str) -> Colleague | None:
    """The first colleague whose first name or user name stands in a text as a word."""
    words = [word.strip(".-") for word in _WORD.findall(text.lower())]
    firsts = {each.name.split()[0].casefold(): each for each in reversed(plan.colleagues)}
    firsts |= {each.user: each for each in plan.colleagues if each.user}
    return next((firsts[word] for word in words if word in firsts), None)


def who_knows(plan: DrillPlan, text: str) -> Colleague | None:
    """Whoever has the best answer to a question that is for nobody in particular."""
    fact = _best(plan.facts, set(_WORD.findall(text.lower())))
    return None if fact is None else find(plan, fact.colleague)


def _best(facts: Sequence[Fact], words: set[str]) -> Fact | None:
    """The fact that the question names most of; the first of equals."""
    counted = [(sum(_is_named(topic, words) for topic in fact.topics), fact) for fact in facts]
    most = max((count for count, _ in counted), default=0)
    return next((fact for count, fact in counted if count == most), None) if most else None


def _is_named(topic: str, words: set[str]) -> bool:
    """Whether a word is the topic, or either begins with the other ("deploy", "deployed")."""
    return any(
        word == topic
        or (len(topic) >= _SHORTEST_STEM and word.startswith(topic))
        or (len(word) >= _SHORTEST_STEM and topic.startswith(word))
        for word in words
    )
