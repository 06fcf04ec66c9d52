"""The life of alerts under any sequence of events, acts, deliveries and failures."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import func, select

from bot.alerting.actions import Actions
from bot.alerting.delivery import Delivery
from bot.alerting.ingest import Intake
from bot.errors import NotFound, UpstreamError
from bot.models import (
    AlertState,
    Capability,
    Event,
    Person,
    Receiver,
    Severity,
    Signal,
)
from bot.store import Store
from bot.store.schema import activity, outbox

SAM = Person(1, "sam", frozenset(Capability))
PROBLEMS = ("one", "two", "three")


class World:
    """A channel whose next write can be made to fail, lose its answer, or lose its card."""

    def __init__(self):
        self.cards, self.posted, self.fate = {}, Counter(), "fine"

    async def post(self, detail, notification):
        self._before()
        message_id = len(self.posted) * 100 + detail.alert.id
        while message_id in self.cards:
            message_id += 1000
        self.cards[message_id] = detail.alert
        self.posted[detail.alert.id] += 1
        self._after()
        return message_id

    async def edit(self, detail, notification, message_id):
        self._before()
        if message_id not in self.cards:
            raise NotFound("gone")
        self.cards[message_id] = detail.alert
        self._after()

    async def find(self, alert_id, channel_id, since):
        return next((key for key, alert in self.cards.items() if alert.id == alert_id), None)

    def url(self, channel_id, message_id):
        return ""

    def _before(self):
        if self.fate == "fails":
            self.fate = "fine"
            raise UpstreamError("Discord", "500")

    def _after(self):
        if self.fate == "answer is lost":
            self.fate = "fine"
            raise UpstreamError("Discord", "cut")


class Life(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.directory = tempfile.TemporaryDirectory()
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        clock = lambda: self.now  # noqa: E731
        self.store = self.do(
            Store.open(f"sqlite+aiosqlite:///{self.directory.name}/life.db", clock=clock)
        )
        self.world = World()
        self.intake = Intake(
            self.store,
            route=lambda _: Receiver(7),
            redactor=self,
            clock=clock,
            wake=lambda: None,
        )
        self.delivery = Delivery(
            self.store, self.world, clock=clock, monotonic=lambda: self.now.timestamp()
        )
        self.actions = Actions(
            self.store,
            code_host=None,
            repository_for=lambda _: "",
            issue_draft=None,
            pull_request_draft=None,
            route=lambda _: Receiver(7),
            clock=clock,
            wake=lambda: None,
        )
        self.fired, self.ids, self.sent = Counter(), {}, []

    def event(self, event):
        return event

    def do(self, work):
        return self.loop.run_until_complete(work)

    @rule(
        problem=st.sampled_from(PROBLEMS),
        severity=st.sampled_from(Severity),
        resolved=st.booleans(),
        late=st.integers(0, 300),
        copies=st.integers(1, 3),
    )
    def happen(self, problem, severity, resolved, late, copies):
        event = Event(
            "test",
            f"e{len(self.sent)}",
            "shop",
            problem,
            self.now - timedelta(seconds=late),
            severity=severity,
            signal=Signal.RESOLVED if resolved else Signal.FIRING,
        )
        self.sent.append(event)
        receipts = self.do(self.intake.ingest([event] * copies))
        self.ids[problem] = receipts[0].alert_id
        self.fired[problem] += not resolved

    @rule(data=st.data())
    def send_again(self, data):
        if self.sent:
            event = data.draw(st.sampled_from(self.sent))
            assert self.do(self.intake.ingest([event]))[0].is_duplicate

    @rule(problem=st.sampled_from(PROBLEMS), act=st.sampled_from(("acknowledge", "resolve")))
    def respond(self, problem, act):
        if problem in self.ids:
            before = self.do(self.store.alerts.get(self.ids[problem]))
            outcome = self.do(getattr(self.actions, act)(self.ids[problem], SAM))
            assert outcome.changed == (
                before.state is AlertState.OPEN
                or (act == "resolve" and before.state is AlertState.ACKNOWLEDGED)
            )

    @rule(problem=st.sampled_from(PROBLEMS), minutes=st.integers(1, 60))
    def silence(self, problem, minutes):
        if problem in self.ids:
            self.do(self.actions.silence(self.ids[problem], SAM, minutes))

    @rule(problem=st.sampled_from(PROBLEMS))
    def unsilence(self, problem):
        if problem in self.ids:
            self.do(self.actions.unsilence(self.ids[problem], SAM))

    @rule(fate=st.sampled_from(("fine", "fails", "answer is lost")))
    def deliver(self, fate):
        self.world.fate = fate
        self.do(self.delivery.deliver_due())

    @rule()
    def a_card_is_deleted(self):
        if self.world.cards:
            self.world.cards.pop(next(iter(self.world.cards)))
            self.world.posted.clear()

    @rule(seconds=st.integers(1, 1000))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)

    @invariant()
    def counts_are_exact(self):
        alerts = self.do(self.store.alerts.page(states=tuple(AlertState), size=10)).items
        assert {alert.message: alert.occurrences for alert in alerts} == {
            problem: self.fired[problem] for problem in self.ids
        }
        assert self.do(self.store.alerts.counts()) == {
            state: sum(alert.state is state for alert in alerts) for state in AlertState
        }
        ticks = self.do(
            self.store.read(lambda c: c.execute(select(func.sum(activity.c.occurrences))).scalar())
        )
        assert (ticks or 0) == sum(self.fired.values())

    @invariant()
    def a_card_is_owed_at_most_once_and_never_held_by_nobody(self):
        rows = self.do(self.store.read(lambda c: c.execute(select(outbox)).all()))
        assert len(rows) == len({(row.alert_id, row.channel_id) for row in rows})
        assert all(row.state in ("pending", "dead") and row.reason for row in rows)

    @invariant()
    def no_alert_has_two_cards(self):
        shown = Counter(alert.id for alert in self.world.cards.values())
        assert all(count == 1 for count in shown.values())

    def teardown(self):
        """When silences have ended and all is delivered, each card shows its alert."""
        self.world.fate = "fine"
        for problem, alert_id in self.ids.items():
            self.do(self.actions.unsilence(alert_id, SAM))
            self.happen(problem, Severity.INFO, False, 0, 1)
        for _ in range(10):
            self.now += timedelta(minutes=10)
            self.do(self.delivery.deliver_due())
        shown = {alert.id: alert for alert in self.world.cards.values()}
        assert self.do(self.store.outbox.counts()).pending == 0
        for alert_id in self.ids.values():
            assert shown[alert_id] == self.do(self.store.alerts.get(alert_id))
        self.do(self.store.close())
        self.loop.close()
        self.directory.cleanup()


TestLife = pytest.mark.slow(Life.TestCase)
TestLife.settings = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
