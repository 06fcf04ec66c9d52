"""A web app whose intake the tests hold in their hands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from flask import Flask

from bot.errors import Overloaded
from bot.models import Event, Receipt
from bot.sources.request import Secrets
from bot.web.settings import Readiness, WebSettings
from bot.web.webhook import create_app

SECRET = "a-long-random-secret"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class HandIntake:
    """Commits at once, or when the test says so."""

    holds: bool = False
    overloaded: bool = False
    events: list[Event] = field(default_factory=list)
    waiting: list[tuple[Future[tuple[Receipt, ...]], tuple[Receipt, ...]]] = field(
        default_factory=list
    )
    arrived: Callable[[], None] = lambda: None

    def submit(self, events: Sequence[Event]) -> Future[tuple[Receipt, ...]]:
        if self.overloaded:
            raise Overloaded(2.5)
        self.events.extend(events)
        first = len(self.events) - len(events)
        receipts = tuple(
            Receipt(event.event_id, first + number + 1, is_new_alert=True)
            for number, event in enumerate(events)
        )
        future: Future[tuple[Receipt, ...]] = Future()
        if self.holds:
            self.waiting.append((future, receipts))
        else:
            future.set_result(receipts)
        self.arrived()
        return future

    def hold(self) -> threading.Semaphore:
        """Commit nothing until `commit`; what is given is released by each delivery."""
        self.holds, come = True, threading.Semaphore(0)
        self.arrived = come.release
        return come

    def commit(self) -> None:
        for future, receipts in self.waiting:
            future.set_result(receipts)
        self.waiting.clear()


@pytest.fixture
def intake() -> HandIntake:
    return HandIntake()


@pytest.fixture
def make_app(intake: HandIntake) -> Callable[..., Flask]:
    def make(readiness: Readiness | None = None, **settings: object) -> Flask:
        told = {"secrets": Secrets(SECRET), "max_body_bytes": 10_000} | settings
        return create_app(
            intake.submit,
            lambda: readiness or Readiness(True, {"database": "ok"}),
            WebSettings(**told),  # type: ignore[arg-type]
            clock=lambda: NOW,
        )

    return make
