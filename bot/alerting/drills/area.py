"""Where a drill takes place, as the road sees it."""

from __future__ import annotations

from typing import Protocol

from bot.models import Alert
from bot.simulation.drill.plan import Colleague, DrillPlan
from bot.simulation.drill.scoring import Scorecard
from bot.store.drills import Drill


class Area(Protocol):
    """A thread or channel that only those who take part see; implemented by `bot.ui.drill.area`.

    Every method raises `UpstreamError`: `permanent` where only a person can mend it.
    """

    async def brief(self, drill: Drill, plan: DrillPlan) -> None:
        """Say what this is, what is asked, and how to do it."""
        ...

    async def say(self, drill: Drill, colleague: Colleague, text: str) -> None:
        """A colleague speaks."""
        ...

    async def tell(self, drill: Drill, text: str) -> None:
        """The drill itself speaks; nobody is pinged."""
        ...

    async def tell_named(self, drill: Drill, person: str, service: str) -> None:
        """Say who has named the right service: the fault is stopped."""
        ...

    async def interrupt(self, drill: Drill, alert: Alert, url: str) -> None:
        """Tell everybody, loudly, of a real alert; `url` leads to its card, "" if unknown."""
        ...

    async def show_score(self, drill: Drill, card: Scorecard) -> None:
        """Show the scorecard with its picture, once however often it is called."""
        ...

    async def put_away(self, drill: Drill) -> None:
        """Close the area, and remove what was made for the drill."""
        ...
