"""Many scenarios, one after another, made as they are asked for: memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count

from bot.simulation.incident.chance import Chance
from bot.simulation.incident.company import Company
from bot.simulation.incident.generation import generate, moment
from bot.simulation.incident.scenario import CASCADES, QUICK_ALERT, Scenario

MIXED = "mixed"
EVERYDAY = 0.88  # of all alerts that ring are no cascade


def stream(
    kinds: Sequence[str],
    start: datetime | str,
    *,
    seed: int = 1,
    interval: float = 3_600.0,
    company: Company | None = None,
) -> Iterator[Scenario]:
    """Scenarios without end, the kinds in turn; take as many as you like.

    Args:
        kinds: cascades, `quick-alert`, or `mixed` for an ordinary shift: mostly everyday alerts,
            now and then a cascade.
        start: of the first one.
        interval: seconds from one beginning to the next.

    Raises:
        NotFound: one of the kinds is not known.
    """
    first = moment(start)
    for number in count():
        kind = kinds[number % len(kinds)]
        if kind == MIXED:
            chance = Chance("mixed", seed, number)
            kind = QUICK_ALERT if chance.happens(EVERYDAY) else chance.pick(CASCADES)
        at = first + timedelta(seconds=round(interval * number))
        yield generate(kind, at, seed=seed + number, company=company)


def limited(
    scenarios: Iterator[Scenario], *, count: int | None = None, messages: int | None = None
) -> Iterator[Scenario]:
    """So many scenarios, or as many as hold so many events in all; without either, one."""
    left = count if count is not None or messages is not None else 1
    told = 0
    for scenario in scenarios:
        if left == 0 or (messages is not None and told >= messages):
            return
        yield scenario
        told += len(scenario.timeline)
        left = left - 1 if left is not None else None
