"""What arrived at a Jinkies whose intake the test holds in its hands."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition

from bot.errors import Overloaded
from bot.models import Event, Receipt

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "the-example-s-secret"


@dataclass
class Listening:
    """What arrived; `holds` keeps senders waiting, `is_overloaded` sends them away."""

    url: str = ""
    events: list[Event] = field(default_factory=list)
    holds: bool = False
    is_overloaded: bool = False
    held: list[Future[tuple[Receipt, ...]]] = field(default_factory=list)
    changed: Condition = field(default_factory=Condition)

    def submit(self, events: Sequence[Event]) -> Future[tuple[Receipt, ...]]:
        if self.is_overloaded:
            raise Overloaded
        future: Future[tuple[Receipt, ...]] = Future()
        with self.changed:
            self.events.extend(events)
            if self.holds:
                self.held.append(future)
            else:
                future.set_result(tuple(Receipt(event.event_id, 42) for event in events))
            self.changed.notify_all()
        return future

    def wait_for(self, count: int) -> list[Event]:
        """The events, as soon as `count` of them are there."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.events) >= count, timeout=10)
            return list(self.events)

    def release(self) -> None:
        """Commit what was held, and everything from now on at once."""
        with self.changed:
            self.holds = False
            for future in self.held:
                future.set_result(())
            self.held.clear()

    @property
    def environment(self) -> dict[str, str]:
        """For a program that reports here."""
        paths = f"{EXAMPLES}{os.pathsep}{Path(__file__).parent}"
        told = {"JINKIES_URL": self.url, "JINKIES_SECRET": SECRET, "PYTHONPATH": paths}
        return {**os.environ, **told}
