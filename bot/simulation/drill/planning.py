"""Plans of drills: from crashes (`simulation.crash`) and cascades (`simulation.incident`).

The same scenario, seed and length make the same plan, in another process too.
"""

from __future__ import annotations

from difflib import get_close_matches

from bot.errors import NotFound
from bot.simulation.crash.library import Library
from bot.simulation.drill.cascades import plan_of_cascade
from bot.simulation.drill.crashes import plan_of_crash
from bot.simulation.drill.plan import DrillPlan
from bot.simulation.drill.surroundings import Culprit
from bot.simulation.incident.scenario import CASCADES


class Planner:
    """Knows the scenarios and makes plans of them.

    Args:
        crashes: the crash scenarios.
        culprit: the newest frame of our own code in a trace.
    """

    def __init__(self, crashes: Library, culprit: Culprit) -> None:
        self._crashes = crashes
        self._culprit = culprit

    def offered(self) -> tuple[str, ...]:
        """The names of all scenarios that can be played. Blocks: files are read."""
        return (*CASCADES, *self._crashes.sound()[0])

    def plan(self, scenario: str, seed: int, length: float) -> DrillPlan:
        """The plan of a drill of `length` seconds. Blocks: a crash is really run.

        Raises:
            NotFound: there is no such scenario; says which come near.
        """
        if scenario in CASCADES:
            return plan_of_cascade(scenario, seed, length, self._culprit)
        known, _ = self._crashes.sound()
        if scenario in known:
            return plan_of_crash(known[scenario], seed, length, self._culprit)
        close = get_close_matches(scenario, self.offered(), n=1, cutoff=0.4)
        meant = f" Did you mean {close[0]}?" if close else ""
        raise NotFound(
            f"There is no scenario {scenario}.{meant} There are {', '.join(self.offered())}."
        )
