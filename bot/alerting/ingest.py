"""The road into the store: prepare an event, then in one transaction
record → correlate → route → enqueue; only then answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Protocol

from bot.models import Alert, Event, Receipt, Receiver
from bot.store import Store


class Redacts(Protocol):
    """What the road needs of `alerting.redaction.Redactor`."""

    def event(self, event: Event) -> Event:
        """The event without secrets."""
        ...


class Intake:
    """Accepts events; what it has answered is durable.

    Args:
        route: called inside the transaction for an alert that owes a notification.
        wake: called after a commit that put something into the outbox; thread-safe.
        capacity: events that may wait for the commit before `Overloaded` is raised.
        roots: path prefixes of our own code, for marking frames (see `stacktrace.mark_in_app`).
    """

    def __init__(
        self,
        store: Store,
        *,
        route: Callable[[Alert], Receiver],
        redactor: Redacts,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        capacity: int = 2000,
        roots: Sequence[str] = (),
    ) -> None:
        self._store = store

    def submit(self, events: Sequence[Event]) -> Future[tuple[Receipt, ...]]:
        """Prepare the events in this thread, queue them, and promise their receipts.

        Thread-safe. The future is done when they are committed, receipts in their order.

        Raises:
            Overloaded: too many events wait already, or the intake is stopping.
            BadPayload: an event has no id.
        """
        raise NotImplementedError

    async def ingest(self, events: Sequence[Event]) -> tuple[Receipt, ...]:
        """`submit` for the event loop: prepared in a thread, awaited until committed."""
        raise NotImplementedError

    async def start(self) -> None:
        """Open the door."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Close the door and wait until all that was accepted is committed."""
        raise NotImplementedError
