"""Who talks: personas whose traits decide what they write, how, and when."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal

from pydantic import Field

from bot.simulation.incident.chance import Chance
from bot.simulation.incident.company import DATA, read_data
from bot.simulation.incident.scenario import Strict, User

Share = Annotated[float, Field(ge=0, le=1)]
Habit = Literal[
    "metrics", "past", "questions", "impact", "docs", "caution", "status", "humour", "action"
]
MONITORING = "Monitoring Bot"
"""Who says that an alert resolved by itself."""


class Persona(Strict):
    """A person's way of working and writing; data/personas.yaml explains each trait."""

    name: User
    style: str
    seniority: Literal["junior", "mid", "senior", "staff"]
    speed: Annotated[float, Field(gt=0, le=5)]
    words: Share
    emoji: Share
    emojis: tuple[str, ...] = ()
    typos: Annotated[float, Field(ge=0, le=0.2)] = 0.0
    lowercase: Share = 0.0
    code: bool = False
    habits: tuple[Habit, ...] = ()
    phrases: tuple[str, ...] = ()


@cache
def shipped() -> Mapping[str, Persona]:
    """All personas that ship, by user name."""
    return read_data(DATA / "personas.yaml", dict[str, Persona])


@cache
def persona(user: str) -> Persona:
    """The persona of a user name; an unknown one gets the ways of one that is known."""
    known = shipped()
    if user in known:
        return known[user]
    like = Chance("stranger", user).pick(list(known.values()))
    return like.model_copy(update={"name": display_name(user)})


def display_name(user: str) -> str:
    """A user name as it stands over a message: `mary.jane` is Mary Jane."""
    known = shipped().get(user)
    if known is not None:
        return known.name
    words = user.lstrip("@").replace(".", " ").replace("_", " ").replace("-", " ").split()
    if user != user.lower() or not words:
        return user.lstrip("@") or user
    return " ".join(word.capitalize() for word in words)
