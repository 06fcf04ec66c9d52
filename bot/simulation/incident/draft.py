"""A conversation while it is made up: who is there, what was said, and when the next one speaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.simulation.incident.chance import Chance
from bot.simulation.incident.company import Service
from bot.simulation.incident.personas import Persona, persona
from bot.simulation.incident.voice import speak

NIGHT = (0, 7)  # local hours in which people sleep
_TYPING = 0.045  # seconds per character
_SLOW_AT_NIGHT = 2.6


@dataclass(eq=False)
class Draft:
    """An event that has not found its place in the timeline yet."""

    at: int
    fields: dict[str, Any]
    parent: Draft | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)

    def react(self, emoji: str, users: Iterable[str]) -> None:
        """People put an emoji under it; nobody under their own."""
        there = self.reactions.get(emoji, [])
        own = self.fields.get("user")
        more = [user for user in dict.fromkeys(users) if user not in there and user != own]
        if more:
            self.reactions[emoji] = [*there, *more]


@dataclass(eq=False)
class Speaker:
    """A person who takes part, with the service they look after."""

    user: str
    home: str
    local: datetime
    taken: set[int] = field(default_factory=set)

    @property
    def persona(self) -> Persona:
        """How they are."""
        return persona(self.user)

    @property
    def sleeps(self) -> bool:
        """Whether the incident began in their night."""
        return NIGHT[0] <= self.local.hour < NIGHT[1]

    @property
    def first_name(self) -> str:
        """How others call them."""
        return self.persona.name.split(" ")[0]

    def free(self, at: int) -> int:
        """The next moment from `at` on at which they write nothing else."""
        while not self.taken.isdisjoint(range(at - 3, at + 4)):
            at += 1
        self.taken.add(at)
        return at


def speaker(user: str, home: str, service: Service, start: datetime) -> Speaker:
    """Someone of a service's team."""
    return Speaker(user, home, start.astimezone(ZoneInfo(service.timezone)))


class Conversation:
    """Everything that was said, in the order in which it was made up."""

    def __init__(self, chance: Chance) -> None:
        self.drafts: list[Draft] = []
        self._chance = chance
        self._said: set[object] = set()

    def add(self, draft: Draft) -> Draft:
        """Keep an event."""
        self.drafts.append(draft)
        return draft

    def moment(
        self, who: Speaker, after: int, low: int, high: int, text: str = "", *, waking: bool = False
    ) -> int:
        """When somebody answers: their speed, their typing, and sleep decide."""
        pace = who.persona.speed * (_SLOW_AT_NIGHT if waking and who.sleeps else 1.0)
        reading = low + (high - low) * self._chance.share()
        wait = reading * pace + len(text) * _TYPING * (0.6 + 0.4 * who.persona.speed)
        return who.free(after + max(1, int(wait)))

    def words(self, who: Speaker, situation: str, values: Mapping[str, str]) -> str:
        """What somebody writes; nothing is said twice."""
        return speak(
            who.persona,
            situation,
            self._chance,
            values.__getitem__,
            self._said,
        )

    def drop(self, drafts: Iterable[Draft]) -> None:
        """Leave out what nobody would say any more."""
        gone = {id(draft) for draft in drafts}
        self.drafts = [draft for draft in self.drafts if id(draft) not in gone]

    def timeline(self) -> list[dict[str, Any]]:
        """The events in the order of their times, with the places of those they answer."""
        ordered = sorted(self.drafts, key=lambda draft: draft.at)
        places = {id(draft): place for place, draft in enumerate(ordered)}
        found: list[dict[str, Any]] = []
        for draft in ordered:
            event = {"offset_seconds": draft.at, **draft.fields}
            if draft.parent is not None:
                event["thread_parent"] = places[id(draft.parent)]
            if draft.reactions:
                event["reactions"] = [
                    {"emoji": emoji, "users": users} for emoji, users in draft.reactions.items()
                ]
            found.append(event)
        return found

    def shift(self) -> None:
        """Let the first event be at 0."""
        first = min(draft.at for draft in self.drafts)
        for draft in self.drafts:
            draft.at -= first


def length(seconds: float) -> str:
    """A span as people say it."""
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes != 1 else "a minute"


def local_time(who: Speaker, at: int) -> str:
    """The time on somebody's clock."""
    return f"{who.local + timedelta(seconds=at):%H:%M}"
