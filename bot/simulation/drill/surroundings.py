"""What every plan needs around its incident: noise, people, keys that give nothing away."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import yaml

from bot.errors import NotFound
from bot.models import Frame, Severity
from bot.simulation.drill.plan import Colleague, PlannedAlert, Truth
from bot.simulation.incident.personas import display_name, shipped

Culprit = Callable[[str], Frame | None]
"""Finds the line of our own code in a stack trace; `analysis.stacktrace` thinks, not we."""

AGAIN = 45.0  # seconds between two occurrences of an alert, while the cause is not named
FIRST_SYMPTOM = 1 / 360  # of the drill's length: five seconds of half an hour
NOISE = (2, 3)
BRIEFING = "Something is wrong, and you are on call. The first alerts are coming in."
_NOISE_FILE = Path(__file__).with_name("noise.yaml")


def chance_of(seed: int, *key: object) -> Random:
    """Chance that can be foretold."""
    return Random("/".join(map(str, ("drill", seed, *key))))  # noqa: S311 - not for secrets


def noise(
    taken: Collection[str], chance: Random, length: float, count: tuple[int, int] = NOISE
) -> list[PlannedAlert]:
    """What else happens, in the first third of the drill; of services that are not `taken`."""
    rows: list[Mapping[str, Any]] = yaml.safe_load(_NOISE_FILE.read_text(encoding="utf-8"))
    free = [row for row in rows if row["service"] not in taken]
    chosen = chance.sample(free, chance.randint(*count))
    return [
        PlannedAlert(
            key="",
            at=round(length * (0.03 + 0.3 * chance.random()), 1),
            service=row["service"],
            title=row["title"],
            message=row["message"],
            severity=Severity(row["severity"]),
            clears=float(row.get("clears", 0)),
            is_noise=True,
        )
        for row in chosen
    ]


def keyed(alerts: Iterable[PlannedAlert], chance: Random) -> tuple[PlannedAlert, ...]:
    """In order of time, each with a key of its own."""
    ordered = sorted(alerts, key=lambda alert: alert.at)
    keys = chance.sample(range(100, 1000), len(ordered))
    return tuple(replace(alert, key=f"a{key}") for alert, key in zip(ordered, keys, strict=True))


def people(services: Sequence[str], chance: Random) -> tuple[Colleague, ...]:
    """One persona on call for each service."""
    users = chance.sample(sorted(shipped()), len(services))
    return tuple(
        Colleague(display_name(user), service, "on call", user)
        for user, service in sorted(zip(users, services, strict=True))
    )


def truth_of(service: str, trace: str, cause: str, culprit: Culprit) -> Truth:
    """Where a trace says that it came from.

    Raises:
        NotFound: it names no line of our own code.
    """
    frame = culprit(trace)
    if frame is None or frame.line is None:
        raise NotFound("The stack trace of this scenario names no line of our own code.")
    return Truth(service, frame.file, frame.line, frame.function, frame.code, cause)
