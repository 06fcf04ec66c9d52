"""The cascades as data: what breaks, why, what is suspected wrongly, and what mends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Annotated

from pydantic import Field

from bot.errors import NotFound
from bot.simulation.incident.company import DATA, Figure, read_data
from bot.simulation.incident.scenario import (
    CASCADES,
    ActionType,
    AlertSeverity,
    Grade,
    Line,
    Slug,
    Strict,
)

Texts = Annotated[tuple[str, ...], Field(min_length=1)]


class FirstAlert(Strict):
    """What monitoring says of the service where the cause is."""

    severity: AlertSeverity
    titles: Texts
    details: Texts


class Remedy(Strict):
    """Something that is done about it."""

    type: ActionType
    details: str
    command: str
    output: str
    announce: Texts
    failed: tuple[str, ...] = ()


class Cause(Strict):
    """One of the reasons a cascade can have."""

    cause: Line
    found: Texts
    evidence: Texts
    fix: Remedy
    resolution: str
    follow_ups: Texts


class FalseLead(Strict):
    """A suspicion, and what speaks against it."""

    guess: Texts
    against: Texts


class Cascade(Strict):
    """A way in which a service fails and takes others along."""

    titles: Texts
    severity: Grade
    primary: Slug
    noticed_by: Annotated[
        Slug | None, Field(description="Whose alert comes first, if not the primary's.")
    ] = None
    tags: tuple[Slug, ...]
    alert: FirstAlert
    metrics: Annotated[dict[str, Figure], Field(min_length=1)]
    says: Texts
    causes: Annotated[tuple[Cause, ...], Field(min_length=1)]
    false_leads: Annotated[tuple[FalseLead, ...], Field(min_length=1)]
    false_fix: Remedy
    past: Texts


@cache
def shipped() -> Mapping[str, Cascade]:
    """The ten cascades that ship, by scenario type."""
    return {name: read_data(DATA / "cascades" / f"{name}.yaml", Cascade) for name in CASCADES}


def cascade(scenario_type: str) -> Cascade:
    """One of them; raises NotFound as `known`."""
    return shipped()[known(scenario_type, CASCADES)]


def known(kind: str, kinds: Sequence[str]) -> str:
    """`kind`, if it is one of `kinds`; raises NotFound, says which there are and which is meant."""
    if kind in kinds:
        return kind
    close = get_close_matches(kind.lower(), kinds, n=1, cutoff=0.5)
    meant = f" Did you mean {close[0]}?" if close else ""
    raise NotFound(f"There is no cascade {kind[:80]}.{meant} There are {', '.join(kinds)}.")
