"""One team in an incident: its channel, its people, its numbers, and the thread of its alert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.simulation.incident.chance import Chance
from bot.simulation.incident.company import Company, Service, Symptom
from bot.simulation.incident.draft import Conversation, Draft, Speaker, local_time, speaker
from bot.simulation.incident.figures import Course, in_a_sentence, is_plural
from bot.simulation.incident.grammar import template, write
from bot.simulation.incident.scenario import AlertSeverity

_SIGNS: Mapping[AlertSeverity, str] = {"critical": "🔴", "warning": "🟡", "info": "🔵"}
_WIKI = "https://wiki.example.com/runbooks"
_GRAFANA = "https://grafana.example.com/d"
_BEFORE = timedelta(seconds=100)  # from what somebody did to the first alert


@dataclass(frozen=True)
class Facts:
    """What is drawn once and the same all through an incident: versions, hosts, counts."""

    values: dict[str, str]

    @classmethod
    def drawn(cls, chance: Chance, service: str, start: datetime) -> Facts:
        """Facts about a service."""
        major, minor, patch = chance.between(1, 6), chance.between(2, 60), chance.between(1, 9)
        flag = chance.pick(["demo", "chaos", "test", "gameday"]) + service.title().replace("-", "")
        return cls(
            {
                "version": f"v{major}.{minor}.{patch}",
                "old_version": f"v{major}.{minor}.{patch - 1}",
                "commit": chance.hex(7),
                "pod": f"{service}-{chance.hex(9)}-{chance.hex(5)}",
                "host": f"ip-10-{chance.between(1, 40)}-{chance.between(1, 250)}",
                "ticket": str(chance.between(1200, 9800)),
                "ticket_id": f"OPS-{chance.between(1200, 9800)}",
                "began": f"{start - _BEFORE:%H:%M}",
                "hour": f"{start.hour:02d}",
                "small": str(chance.between(11, 58)),
                "count": str(chance.between(210, 9400)),
                "big": str(chance.between(104_000, 8_900_000)),
                "line": str(chance.between(24, 480)),
                "flag": f"{flag}Failure",
            }
        )


@dataclass(eq=False)
class Scene:
    """A service that is in trouble, and who talks about it where."""

    name: str
    service: Service
    people: Sequence[Speaker]
    course: Course
    symptom: str
    sign: Symptom | None
    facts: Facts
    chance: Chance
    talk: Conversation
    alert: Draft | None = None
    threaded: bool = True

    @property
    def lead(self) -> Speaker:
        """Who is on call."""
        return self.people[0]

    @property
    def second(self) -> Speaker:
        """Who helps."""
        return self.people[1 % len(self.people)]

    def shown(self, at: int, key: str | None = None) -> dict[str, str]:
        """The values of a metric at a moment, as phrases use them."""
        key = key or self.chance.pick(self.course.moving)
        figure = self.course.figures[key]
        return {
            "metric": in_a_sentence(figure.label),
            "is": "are" if is_plural(figure.label) else "is",
            "moved": "jumped" if figure.bad > figure.normal else "dropped",
            "now": self.course.spoken(key, at),
            "was": self.course.usual(key),
        }

    def values(self, at: int) -> Values:
        """Everything that a phrase about this service may ask for."""
        return Values(self, at)

    def filled(self, text: str, at: int) -> str:
        """A text of a data file with its values."""
        return write(template(text), self.chance, self.values(at).__getitem__)

    def one_of(self, texts: Sequence[str], at: int) -> str:
        """One of several, with its values."""
        return self.filled(self.chance.pick(texts), at)

    def ring(self, at: int, severity: AlertSeverity, titles: Sequence[str], details: str) -> Draft:
        """Monitoring raises the alert."""
        title = self.chance.pick(titles)
        metrics = self.course.all(at)
        normal = {key: self.course.normal(key) for key in self.course.figures}
        listed = "\n".join(
            f"• {figure.label}: {self.course.spoken(key, at)} (normally {self.course.usual(key)})"
            for key, figure in self.course.figures.items()
        )
        fields: dict[str, Any] = {
            "type": "alert",
            "channel": self.service.channel,
            "severity": severity,
            "title": f"{_SIGNS[severity]} {title} - {self.service.name}",
            "details": f"{details}\n{listed}",
            "metrics": metrics,
            "metrics_before": normal,
            "dashboard": f"{_GRAFANA}/{self.name}",
        }
        if severity != "info":
            fields["runbook"] = f"{_WIKI}/{self.name}"
        self.alert = self.talk.add(Draft(at, fields))
        return self.alert

    def say(
        self,
        who: Speaker,
        situation: str,
        after: Draft | int,
        wait: tuple[int, int] = (8, 45),
        *,
        kind: str = "message",
        waking: bool = False,
        metric: str | None = None,
        extra: Mapping[str, Any] | None = None,
        given: Mapping[str, str] | None = None,
    ) -> Draft:
        """Somebody writes into this team's thread.

        Args:
            wait: seconds, from and to, that somebody of usual speed takes.
            metric: the one that is talked about; None for any.
            given: what the situation's phrases need besides.
        """
        since = after if isinstance(after, int) else after.at
        estimate = since + int(sum(wait) / 2 * who.persona.speed)
        known = self.values(estimate)
        if situation == "night":
            known["local"] = local_time(who, estimate)
        if metric is not None:
            known.update(self.shown(estimate, metric))
        known.update(given or {})
        text = self.talk.words(who, situation, known)
        at = self.talk.moment(who, since, *wait, text, waking=waking)
        return self.post(who, text, at, kind=kind, extra=extra)

    def post(
        self,
        who: Speaker,
        text: str,
        at: int,
        *,
        kind: str = "message",
        extra: Mapping[str, Any] | None = None,
    ) -> Draft:
        """Put a text into this team's thread."""
        fields = {
            "type": kind,
            "channel": self.service.channel,
            "user": who.user,
            "content": text,
            **(extra or {}),
        }
        return self.talk.add(Draft(at, fields, self.alert if self.threaded else None))


class Values(dict[str, str]):
    """What phrases may ask for; numbers are looked up only when they do."""

    def __init__(self, scene: Scene, at: int) -> None:
        super().__init__(scene.facts.values)
        self._scene = scene
        self._at = at
        self["service"], self["symptom"] = scene.service.name, scene.symptom

    def __missing__(self, name: str) -> str:
        kind, _, key = name.partition(":")
        course = self._scene.course
        if name == "minutes":  # since it began
            return str(max(2, round((self._at - course.begins) / 60) + 1))
        if kind == "now" and key:
            return course.value(key, self._at)
        if kind == "was" and key:
            return course.normal(key)
        self.update({**self._scene.shown(self._at), **self})
        return dict.__getitem__(self, name)


def team(
    company: Company,
    name: str,
    engineers: Mapping[str, Sequence[str]],
    start: datetime,
    chance: Chance,
    *,
    most: int = 3,
) -> list[Speaker]:
    """Who of a service takes part; whoever is on call this week comes first."""
    service = company.services[name]
    users = [user.strip() for user in engineers.get(name, ()) if user.strip()]
    users = users or list(service.engineers)
    week = start.isocalendar().week % len(users)
    users = [*users[week:], *users[:week]]
    others = chance.shuffled(users[1:])[: most - 1]
    return [speaker(user, name, service, start) for user in (users[0], *others)]
