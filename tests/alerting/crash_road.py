"""The road in a process of its own, which kills itself at the stage that it is told.

    python crash_road.py DIRECTORY STAGE

DIRECTORY holds the store and `outside.db`: a Discord and a GitHub that outlive the process.
Prints the ids of events once they have been answered for.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bot.alerting import claims, owing, shipping
from bot.alerting.actions import Actions
from bot.alerting.delivery import Delivery
from bot.alerting.ingest import Intake
from bot.drafts import IssueDraft, PullRequestDraft
from bot.models import Capability, Event, Person, Receiver, Shipment
from bot.store import Store

STAGES = (
    *("prepare", "before commit", "after commit", "claimed", "sent"),
    *("edit claimed", "edited", "shipment claimed", "shipped"),
)
EVENTS = [f"event-{number}" for number in range(6)]
KIM = Person(2, "kim", frozenset(Capability))


def now() -> datetime:
    return datetime.now(UTC)


class Outside:
    """Messages by nonce and issues by marker, on disk, at once."""

    def __init__(self, directory: Path, stage: str) -> None:
        self._stage = stage
        self._disk = sqlite3.connect(directory / "outside.db", isolation_level=None)
        self._disk.execute(
            "CREATE TABLE IF NOT EXISTS messages(id INTEGER PRIMARY KEY, nonce TEXT, "
            "alert INT, occurrences INT)"
        )
        self._disk.execute("CREATE TABLE IF NOT EXISTS issues(id INTEGER PRIMARY KEY, marker TEXT)")

    def at(self, stage: str) -> None:
        if stage == self._stage:
            os.kill(os.getpid(), signal.SIGKILL)

    def event(self, event: Event) -> Event:
        self.at("prepare")
        return event

    async def post(self, detail, notification) -> int:
        self.at("claimed")
        # Discord remembers a nonce for minutes; here it remembers nothing, which is harder.
        added = self._disk.execute(
            "INSERT INTO messages(nonce, alert, occurrences) VALUES (?, ?, ?)",
            (notification.nonce, detail.alert.id, detail.alert.occurrences),
        )
        self.at("sent")
        return added.lastrowid or 0

    async def edit(self, detail, notification, message_id) -> None:
        self.at("edit claimed")
        self._disk.execute(
            "UPDATE messages SET occurrences = ? WHERE id = ?",
            (detail.alert.occurrences, message_id),
        )
        self.at("edited")

    async def find(self, alert_id, channel_id, since) -> int | None:
        row = self._disk.execute("SELECT id FROM messages WHERE alert = ?", (alert_id,)).fetchone()
        return row and row[0]

    def url(self, channel_id, message_id) -> str:
        return f"https://discord.example/{message_id}"

    async def ensure_issue(self, repository, draft, *, seek) -> Shipment:
        self.at("shipment claimed")
        found = self._disk.execute("SELECT id FROM issues WHERE marker = ?", (draft.marker,))
        row = found.fetchone() if seek else None
        if row is None:
            row = (
                self._disk.execute(
                    "INSERT INTO issues(marker) VALUES (?)", (draft.marker,)
                ).lastrowid,
            )
        self.at("shipped")
        return Shipment("issue", repository, row[0], f"https://git.example/{row[0]}", "bot", now())

    async def ensure_pull_request(self, repository, draft, *, seek) -> Shipment:
        raise AssertionError("not pressed here")

    async def locate(self, repository, frame, commit) -> None:
        return None


async def live(directory: Path, stage: str) -> None:
    """Send every event again, deliver everything, press Create issue."""
    outside = Outside(directory, stage)
    store = await Store.open(f"sqlite+aiosqlite:///{directory}/road.db")

    def route(_alert) -> Receiver:
        outside.at("before commit")
        return Receiver(700)

    intake = Intake(
        store, route=route, redactor=outside, clock=now, wake=lambda: outside.at("after commit")
    )
    delivery = Delivery(store, outside, clock=now)
    for event_id in EVENTS:
        [receipt] = await intake.ingest([Event("test", event_id, "shop", "boom", now())])
        print(event_id, flush=True)
        await delivery.deliver_due()
    while (await store.outbox.counts()).pending:
        await delivery.deliver_due()
        await asyncio.sleep(0.01)
    actions = Actions(
        store,
        code_host=outside,
        repository_for=lambda _: "acme/shop",
        issue_draft=lambda detail, repository, at: IssueDraft("t", "b", "marker"),
        pull_request_draft=lambda detail, repository, at: PullRequestDraft(
            "b", "t", "b", "m", "c", {}
        ),
        route=route,
        clock=now,
        wake=delivery.wake,
    )
    await actions.create_issue(receipt.alert_id, KIM)
    await delivery.deliver_due()
    await intake.stop()
    await store.close()


if __name__ == "__main__":
    # The leases of a dead process are waited for; a test has less time than production.
    claims.LEASE = shipping.LEASE = claims.LEASE / 100
    owing.FIRST_GAP = owing.FIRST_GAP / 100
    asyncio.run(live(Path(sys.argv[1]), sys.argv[2]))
