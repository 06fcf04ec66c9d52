"""Who is in a cascade: the service where the cause is, those whom it reaches, and their people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.simulation.incident.cascades import Cascade, Cause
from bot.simulation.incident.chance import Chance
from bot.simulation.incident.company import Company, Figure, Symptom
from bot.simulation.incident.draft import Conversation, Draft, Speaker
from bot.simulation.incident.figures import Course
from bot.simulation.incident.scene import Facts, Scene, team

_MOST_AFFECTED = 4


class Cast:
    """Everybody in one telling of a cascade, before a word is said."""

    def __init__(
        self,
        company: Company,
        cascade: Cascade,
        start: datetime,
        engineers: Mapping[str, Sequence[str]],
        chance: Chance,
    ) -> None:
        self.company = company
        self.cascade = cascade
        self.start = start
        self.engineers = engineers
        self.chance = chance
        self.talk = Conversation(chance.fork("talk"))
        self.facts = Facts.drawn(chance.fork("facts"), cascade.primary, start)
        self.cause: Cause = chance.pick(cascade.causes)
        self.primary = self._scene(
            cascade.primary, cascade.metrics, chance.pick(cascade.says), 0, None
        )
        self.affected = [self._caller(*each) for each in self._spread()]
        self.background: list[Scene] = []
        self.answers: list[tuple[Scene, Draft]] = []  # the primary's people in others' threads
        if len(self.primary.people) == 1:
            self.primary.people = [*self.primary.people, self._guest()]
        # Its own monitoring may see nothing: somebody else's alert comes first then.
        self.first = next((each for each in self.affected if each.name == cascade.noticed_by), None)
        self.unnoticed = self.first is not None and chance.happens(0.55)

    def _scene(
        self, name: str, metrics: Mapping[str, Figure], says: str, begins: int, sign: Symptom | None
    ) -> Scene:
        chance = self.chance.fork("scene", name)
        course = Course(
            metrics,
            chance.fork("figures"),
            begins=begins - 45,
            rise=chance.between(35, 80),
            fall=chance.between(110, 240),
            strength=0.78 + 0.22 * chance.share(),
        )
        people = team(self.company, name, self.engineers, self.start, chance.fork("team"))
        return Scene(
            name,
            self.company.services[name],
            people,
            course,
            says,
            sign,
            self.facts,
            chance,
            self.talk,
        )

    def _spread(self) -> list[tuple[str, str, int, str]]:
        """Whom the failure reaches: (service, through which one, when, its symptom)."""
        found: dict[str, tuple[str, str, int, str]] = {}
        edge_of = [(self.cascade.primary, 0, 1.0)]
        while edge_of and len(found) < _MOST_AFFECTED:
            needed, since, strength = edge_of.pop(0)
            for caller, edge in self.chance.shuffled(self.company.callers(needed)):
                if caller == self.cascade.primary or caller in found:
                    continue
                wanted = caller == self.cascade.noticed_by
                if wanted or self.chance.happens(edge.hurt * strength):
                    at = since + (8 if wanted else self.chance.between(*edge.after))
                    found[caller] = (caller, needed, at, edge.symptom)
                    edge_of.append((caller, at, strength * edge.hurt * 0.5))
        if not found:
            for caller, edge in self.company.callers(self.cascade.primary)[:1]:
                at = self.chance.between(*edge.after)
                found[caller] = (caller, self.cascade.primary, at, edge.symptom)
        ordered = sorted(found.values(), key=lambda each: (each[2], each[0]))
        return ordered[:_MOST_AFFECTED]

    def _caller(self, name: str, _through: str, at: int, symptom: str) -> Scene:
        shown = self.company.symptoms[symptom]
        return self._scene(name, shown.metrics, self.chance.pick(shown.says), at, shown)

    def _guest(self) -> Speaker:
        """Somebody of another team, where one person would talk alone."""
        for scene in self.affected:
            if scene.people[0].user != self.primary.lead.user:
                return scene.people[-1]
        others = [name for name in self.company.services if name != self.cascade.primary]
        name = self.chance.pick(others)
        return team(self.company, name, self.engineers, self.start, self.chance)[0]

    def other(self, who: Speaker) -> Speaker:
        """Whom somebody of the primary's thread talks with."""
        return self.primary.second if who is self.primary.lead else self.primary.lead
