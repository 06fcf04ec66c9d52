"""Everyday alerts: false positives, those that resolve by themselves, and those nobody answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Any

from pydantic import Field

from bot.simulation.incident.chance import Chance
from bot.simulation.incident.company import DATA, Company, Figure, read_data
from bot.simulation.incident.draft import Conversation, Draft, length
from bot.simulation.incident.figures import Course
from bot.simulation.incident.personas import MONITORING
from bot.simulation.incident.scenario import AlertSeverity, Strict
from bot.simulation.incident.scene import Facts, Scene, team

_SEEN = 0.45  # of those that resolve by themselves, this part is seen by somebody first
_MEANT = {
    "false_positive": "false_positive",
    "auto_resolved": "blip",
    "known": "known",
    "maintenance": "maintenance",
    "tuning": "tuning",
}
CAUSES = {
    "false_positive": "False positive: nothing was wrong",
    "auto_resolved": "Resolved by itself",
    "unanswered": "Nobody answered",
    "known": "Known issue with a ticket",
    "maintenance": "Planned work",
    "tuning": "The alert fires too often",
}


class Kind(Strict):
    """What an everyday alert is about."""

    severity: AlertSeverity
    titles: Annotated[tuple[str, ...], Field(min_length=1)]
    metrics: Annotated[dict[str, Figure], Field(min_length=1)]


class Everyday(Strict):
    """How often they end in which way, and their kinds."""

    outcomes: dict[str, float]
    kinds: dict[str, Kind]


@cache
def everyday() -> Everyday:
    """As the data file says."""
    return read_data(DATA / "quick.yaml", Everyday)


def quick_alert(
    company: Company,
    service: str,
    engineers: Mapping[str, Sequence[str]],
    start: datetime,
    chance: Chance,
    talk: Conversation,
    at: int = 0,
) -> tuple[Scene, str, str]:
    """Tell one everyday alert of a service; returns its scene, its title and how it ended."""
    kind = everyday().kinds[chance.pick(list(everyday().kinds))]
    outcome = chance.weighted(everyday().outcomes)
    is_real = outcome in {"auto_resolved", "known", "tuning", "maintenance"}
    course = Course(
        kind.metrics,
        chance.fork("figures"),
        begins=at - 40,
        rise=40,
        fall=chance.between(40, 160),
        strength=0.55 + 0.45 * chance.share() if is_real else 0.3 + 0.2 * chance.share(),
    )
    people = team(company, service, engineers, start, chance.fork("team"), most=2)
    facts = Facts.drawn(chance.fork("facts"), service, start)
    shown = company.services[service]
    symptom = chance.pick(kind.titles)
    scene = Scene(service, shown, people, course, symptom, None, facts, chance, talk)
    key = next(iter(kind.metrics))
    details = f"{kind.metrics[key].label} at {course.spoken(key, at)}."
    ring = scene.ring(at, kind.severity, (symptom,), details)
    _ended(scene, ring, outcome, chance)
    return scene, symptom, outcome


def _ended(scene: Scene, ring: Draft, outcome: str, chance: Chance) -> None:
    if outcome == "unanswered":
        return
    last = ring
    who = scene.lead
    is_seen = outcome != "auto_resolved" or chance.happens(_SEEN)
    if is_seen:
        ring.react("eyes", [who.user])
        if chance.happens(0.6):
            last = scene.say(who, "ack", last, (15, 120), waking=True)
    resolves = outcome == "auto_resolved" or (outcome == "false_positive" and chance.happens(0.5))
    if resolves:
        scene.course.mend(last.at + chance.between(10, 90))
    over = int(scene.course.recovered_at) + 5
    if is_seen:
        since = max(last.at, over) if outcome == "auto_resolved" else last.at
        said = scene.say(who, _MEANT[outcome], since, (20, 150))
        if outcome == "tuning" and chance.happens(0.5):
            said.react("+1", [scene.second.user])
        last = said
    if resolves:
        _auto_resolved(scene, max(over, last.at + 5))


def _auto_resolved(scene: Scene, at: int) -> None:
    after = scene.course.all(at)
    figures = ", ".join(f"{scene.course.figures[key].label} {each}" for key, each in after.items())
    texts = (
        f"Auto-resolved: {figures}",
        f"Resolved by itself after {length(at - scene.course.begins)}: {figures}",
        f"Condition no longer met. {figures}",
        f"OK again: {figures}",
    )
    fields: dict[str, Any] = {
        "type": "resolution",
        "channel": scene.service.channel,
        "user": MONITORING,
        "content": scene.chance.pick(texts),
        "metrics_after": after,
    }
    scene.talk.add(Draft(at, fields, scene.alert))
