from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.alerting.ingest import Intake
from bot.alerting.retention import Retention
from bot.errors import NotFound
from bot.models import AlertState, Event, Receiver, Signal
from bot.store import Store
from bot.store.schema import cards, events, metadata, outbox


class Past:
    """A clock, and a redactor that has nothing to do."""

    def __init__(self):
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self):
        return self.now

    def event(self, event):
        return event


@pytest.fixture
async def past():
    return Past()


@pytest.fixture
async def send(url, past):
    store = await Store.open(url, clock=past)
    intake = Intake(
        store, route=lambda _: Receiver(7), redactor=past, clock=past, wake=lambda: None
    )

    async def send(problem, count=1, signal=Signal.FIRING):
        ids = [f"{problem}-{past.now}-{signal}-{n}" for n in range(count)]
        sent = [Event("t", each, "shop", problem, past.now, signal=signal) for each in ids]
        return (await intake.ingest(sent))[0].alert_id

    send.store = store
    yield send
    await store.close()


async def rows(store, table):
    return await store.read(lambda c: c.execute(select(func.count()).select_from(table)).scalar())


async def test_old_events_go_and_open_alerts_keep_their_newest(send, past):
    alert_id = await send("open for long", count=1200)
    past.now += timedelta(days=40)
    await Retention(send.store, keep=timedelta(days=30), clock=past).prune()
    detail = await send.store.alerts.detail(alert_id)
    assert detail.alert.occurrences == 1200
    assert await rows(send.store, events) == 1


async def test_a_resolved_alert_goes_with_all_that_hangs_on_it(send, past):
    gone = await send("over")
    await send("over", signal=Signal.RESOLVED)
    past.now += timedelta(days=20)
    kept = await send("recent")
    await send("recent", signal=Signal.RESOLVED)
    past.now += timedelta(days=20)
    await Retention(send.store, keep=timedelta(days=30), clock=past).prune()
    with pytest.raises(NotFound):
        await send.store.alerts.detail(gone)
    assert (await send.store.alerts.counts())[AlertState.RESOLVED] == 1
    assert await rows(send.store, outbox) == await rows(send.store, cards) == 1
    assert await send("over") not in (gone, kept)


async def test_nothing_young_is_pruned(send, past):
    await send("young", count=3)
    await send("young", signal=Signal.RESOLVED)
    before = [await rows(send.store, table) for table in metadata.sorted_tables]
    past.now += timedelta(days=29)
    await Retention(send.store, keep=timedelta(days=30), clock=past).prune()
    assert [await rows(send.store, table) for table in metadata.sorted_tables] == before
