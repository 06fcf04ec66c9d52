"""How a drill went: five aims, points for each, a total of 100, and what happened when.

Time runs from the first alert that belongs to the incident. An aim that is reached within its par
gets all its points; from there they shrink evenly to three tenths of them at its limit, which is
what reaching it later still gets. A wrong service or line costs points of its own aim. Noise gets
its points by the share of noisy alerts that were silenced or resolved, and not acted upon.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from bot.simulation.drill.plan import DrillPlan, PlannedAlert

LATE_SHARE = 0.3
SHIPPED = frozenset({"create_issue", "create_pull_request"})
_GRADES = (
    (90, "outstanding"),
    (75, "strong"),
    (60, "solid"),
    (40, "getting there"),
    (0, "a start"),
)


class Aim(StrEnum):
    """What is scored."""

    ACKNOWLEDGE = "acknowledge"
    SERVICE = "service"
    LINE = "line"
    RESOLVE = "resolve"
    NOISE = "noise"


NAMES = {
    Aim.ACKNOWLEDGE: "Acknowledged",
    Aim.SERVICE: "Right service",
    Aim.LINE: "Right line",
    Aim.RESOLVE: "Resolved",
    Aim.NOISE: "Noise handled",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """Points of an aim; `par` and `limit` in seconds; `wrong` is what a wrong answer costs."""

    points: int
    par: float = 0
    limit: float = 0
    wrong: int = 0


RULES: Mapping[Aim, Rule] = {
    Aim.ACKNOWLEDGE: Rule(15, par=120, limit=600),
    Aim.SERVICE: Rule(25, par=300, limit=1500, wrong=5),
    Aim.LINE: Rule(25, par=480, limit=1800, wrong=3),
    Aim.RESOLVE: Rule(20, par=720, limit=2400),
    Aim.NOISE: Rule(15),
}


@dataclass(frozen=True, slots=True)
class Done:
    """What somebody did, `at` seconds after the beginning of the drill.

    `kind` is an act's name, or "ask", "service", "line"; `alert` is the key of an act's alert;
    `said` is an answer, or who was asked.
    """

    at: float
    kind: str
    person: str
    alert: str = ""
    said: str = ""
    is_right: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """How an aim was met; `seconds` is None if it was not, and for noise."""

    aim: Aim
    seconds: float | None
    points: int
    of: int
    words: str


@dataclass(frozen=True, slots=True)
class Beat:
    """One thing on the timeline. `kind` is a deed's, or "alert", "noise"."""

    at: float
    kind: str
    words: str
    person: str = ""
    is_right: bool = False


@dataclass(frozen=True, slots=True)
class Scorecard:
    """How a drill went. `length` is how long it was played, in seconds."""

    title: str
    scenario: str
    length: float
    marks: tuple[Mark, ...]
    total: int
    wrong: int
    questions: int
    beats: tuple[Beat, ...]
    answer: str
    cause: str = ""

    @property
    def grade(self) -> str:
        """The total in words."""
        return next(word for least, word in _GRADES if self.total >= least)

    def to_json(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Scorecard:
        """Read what `to_json` wrote."""
        row = json.loads(text)
        row["marks"] = tuple(Mark(**{**each, "aim": Aim(each["aim"])}) for each in row["marks"])
        row["beats"] = tuple(Beat(**each) for each in row["beats"])
        return cls(**row)


def score(
    plan: DrillPlan, fired: Mapping[str, float], done: Sequence[Done], length: float
) -> Scorecard:
    """The scorecard.

    Args:
        fired: when each alert that was played first fired, by key; seconds.
        done: in order of time.
        length: how long the drill was played.
    """
    real = {alert.key for alert in plan.alerts if not alert.is_noise} & set(fired)
    begun = min((fired[key] for key in real), default=0.0)
    wrong = {
        aim: sum(each.kind == aim and not each.is_right for each in done)
        for aim in (Aim.SERVICE, Aim.LINE)
    }
    reached = {
        Aim.ACKNOWLEDGE: _first(
            each.at
            for each in done
            if each.alert in real and each.kind in ("acknowledge", "resolve")
        ),
        Aim.SERVICE: _first(each.at for each in done if each.kind == "service" and each.is_right),
        Aim.LINE: _first(each.at for each in done if each.kind == "line" and each.is_right),
        Aim.RESOLVE: _resolved(plan, done),
    }
    marks = [
        _timed(aim, None if at is None else max(0.0, at - begun), wrong.get(aim, 0))
        for aim, at in reached.items()
    ]
    marks.append(_noise(plan, fired, done))
    return Scorecard(
        title=plan.title,
        scenario=plan.scenario,
        length=length,
        marks=tuple(marks),
        total=round(100 * sum(mark.points for mark in marks) / sum(mark.of for mark in marks)),
        wrong=sum(wrong.values()),
        questions=sum(each.kind == "ask" for each in done),
        beats=tuple(_beats(plan, fired, done)),
        answer=f"{plan.truth.service} · {plan.truth.file}:{plan.truth.line}",
        cause=plan.truth.cause,
    )


def clock(seconds: float) -> str:
    """Minutes and seconds, as people read them: 92 -> "1:32"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def _first(moments: Iterable[float]) -> float | None:
    return min(moments, default=None)


def _resolved(plan: DrillPlan, done: Sequence[Done]) -> float | None:
    """When the root's alert was resolved for good: the cause was named by then."""
    named = _first(each.at for each in done if each.kind == "service" and each.is_right)
    if named is None:
        return None
    closes = [each.at for each in done if each.kind == "resolve" and each.alert == plan.root.key]
    return _first(at for at in closes if at >= named)


def _timed(aim: Aim, seconds: float | None, wrong: int) -> Mark:
    rule = RULES[aim]
    if seconds is None:
        return Mark(aim, None, 0, rule.points, "not reached")
    late = min(1.0, max(0.0, (seconds - rule.par) / (rule.limit - rule.par)))
    points = round(rule.points * (1 - late * (1 - LATE_SHARE))) - wrong * rule.wrong
    return Mark(aim, seconds, max(0, points), rule.points, clock(seconds))


def _noise(plan: DrillPlan, fired: Mapping[str, float], done: Sequence[Done]) -> Mark:
    noisy = [alert for alert in plan.alerts if alert.is_noise and alert.key in fired]
    if not noisy:
        return Mark(Aim.NOISE, None, 0, 0, "none came")
    handled = sum(_is_handled(alert, done) for alert in noisy)
    points = round(RULES[Aim.NOISE].points * handled / len(noisy))
    return Mark(Aim.NOISE, None, points, RULES[Aim.NOISE].points, f"{handled} of {len(noisy)}")


def _is_handled(alert: PlannedAlert, done: Sequence[Done]) -> bool:
    """Put aside by a person, and neither shipped to GitHub nor blamed."""
    kinds = {each.kind for each in done if each.alert == alert.key}
    blamed = any(
        each.kind == "service"
        and not each.is_right
        and each.said.casefold() == alert.service.casefold()
        for each in done
    )
    return bool(kinds & {"silence", "resolve"}) and not kinds & SHIPPED and not blamed


def _beats(plan: DrillPlan, fired: Mapping[str, float], done: Sequence[Done]) -> list[Beat]:
    by_key = plan.by_key
    beats = [
        Beat(at, "noise" if by_key[key].is_noise else "alert", by_key[key].service)
        for key, at in fired.items()
    ]
    for each in done:
        words = by_key[each.alert].service if each.alert in by_key else each.said
        beats.append(Beat(each.at, each.kind, words, each.person, each.is_right))
    return sorted(beats, key=lambda beat: beat.at)
