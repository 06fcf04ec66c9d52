"""The bot and the intake write one database at once, as two processes do."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime

from bot.alerting.delivery import Delivery
from bot.alerting.ingest import Intake
from bot.models import Event, Receiver
from bot.store import Store
from bot.store.store import now


class Ends:
    """A redactor and a channel that do as little as they may."""

    def __init__(self):
        self.posted = []

    def event(self, event):
        return event

    async def post(self, detail, notification):
        self.posted.append(detail.alert.id)
        return len(self.posted)

    async def edit(self, detail, notification, message_id):
        return None

    def url(self, channel_id, message_id):
        return ""


async def test_two_stores_that_hear_the_same_events_count_each_once(url):
    ends, stores = Ends(), [await Store.open(url), await Store.open(url)]
    intakes = [
        Intake(store, route=lambda _: Receiver(7), redactor=ends, clock=now, wake=lambda: None)
        for store in stores
    ]
    at = datetime(2026, 3, 1, tzinfo=UTC)
    words = ("one", "two", "three")
    sent = [Event("t", f"e{n}", "shop", words[n % 3], at) for n in range(60)]
    answers = await asyncio.gather(
        *(intake.ingest([event]) for event in sent for intake in intakes)
    )
    receipts = [receipt for answer in answers for receipt in answer]
    alerts = (await stores[0].alerts.page()).items
    assert sum(receipt.is_duplicate for receipt in receipts) == 60
    assert sum(receipt.is_new_alert for receipt in receipts) == 3
    assert [alert.occurrences for alert in alerts] == [20, 20, 20]

    deliveries = [Delivery(store, ends, clock=now) for store in stores]
    await asyncio.gather(*(delivery.deliver_due() for delivery in deliveries))
    assert sorted(ends.posted) == sorted(alert.id for alert in alerts)
    assert (await stores[1].outbox.counts()).pending == 0
    for store in stores:
        await store.close()


async def test_a_store_is_ready_while_another_process_writes_for_long(store, url):
    begun, enough = threading.Event(), threading.Event()

    def at_length(_transaction):
        begun.set()
        enough.wait(10)

    other = await Store.open(url)
    writing = asyncio.create_task(other.write(at_length))
    await asyncio.to_thread(begun.wait, 10)
    looking = asyncio.create_task(asyncio.to_thread(store.ready))
    done, _ = await asyncio.wait({looking}, timeout=0.5)
    enough.set()
    await writing
    await looking
    await other.close()
    assert done
