"""Deliver what the outbox owes: claim, send or edit, mark sent, or retry later."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from bot.alerting import claims
from bot.alerting.claims import Claim
from bot.alerting.pacing import Pace
from bot.errors import NotFound, UpstreamError
from bot.models import AlertDetail, Notification, short_id
from bot.store import Store, debts
from bot.store.outbox import DEAD

log = logging.getLogger(__name__)

AT_ONCE = 4  # attempts under way at the same time: a slow channel does not stop the others
PATIENCE = 20.0  # seconds for one attempt; more than a messenger's, less than a claim's lease
POLL = 0.5  # seconds between looks for what other processes have committed
PAUSE = 2.0  # seconds, when the database fails
SKEW = timedelta(minutes=2)  # by which Discord's clock may be behind ours


class Messenger(Protocol):
    """Discord as the road sees it; implemented by `bot.ui.messenger`.

    Every method raises `UpstreamError` when Discord fails: `permanent` if only a person can
    mend it (missing channel or permission), `retry_after` seconds if Discord said so.
    Anything not permanent and without `retry_after` is taken as "perhaps it was done".
    """

    async def post(self, detail: AlertDetail, notification: Notification) -> int:
        """Post the card with `notification.nonce` and return the message's id.

        Raises:
            NotFound: the message of this nonce was posted once and deleted since.
        """
        ...

    async def edit(self, detail: AlertDetail, notification: Notification, message_id: int) -> None:
        """Show `detail` on the card.

        Raises:
            NotFound: the message is gone.
        """
        ...

    async def find(self, alert_id: int, channel_id: int, since: datetime) -> int | None:
        """The id of our card of this alert, posted after `since` by an attempt whose answer
        was lost; None if there is none."""
        ...

    def url(self, channel_id: int, message_id: int) -> str:
        """The link that opens a message, for issues and pages; "" if it is not known."""
        ...


class Delivery:
    """The loop that pays the outbox. One per process that holds a Discord connection.

    It is woken by commits of its own process and looks twice a second for those of others.
    """

    def __init__(
        self,
        store: Store,
        messenger: Messenger,
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._clock = clock
        self._pace = Pace(monotonic)
        self._patience = patience
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._ended = asyncio.Event()
        self._stopping = False
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Deliver until `stop`; survives failures of Discord and of the database."""
        self._loop = asyncio.get_running_loop()
        self._ended.clear()
        try:
            while not self._stopping:
                self._woken.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(await self._round()):
                        await self._woken.wait()
            await self._settled()
        finally:
            self._ended.set()

    def wake(self) -> None:
        """There may be something to deliver; thread-safe, cheap, harmless before `run`."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    async def stop(self) -> None:
        """Finish what is being sent, claim nothing more, end `run`."""
        self._stopping = True
        self._woken.set()
        if self._loop is not None:
            await self._ended.wait()

    async def deliver_due(self) -> None:
        """Send what is due and may be sent now, and wait until that is settled."""
        await self._round()
        await self._settled()

    async def _settled(self) -> None:
        if self._sending:
            await asyncio.wait(self._sending)

    async def _round(self) -> float:
        """Start to send what is due; returns the seconds until it is worth looking again."""
        try:
            for claim in await self._claim():
                self._start(claim)
            next_due = await self._store.read(debts.next_due)
        except UpstreamError:
            log.exception("the outbox cannot be read; delivery waits")
            return PAUSE
        rests = [POLL, self._pace.wait()]
        if next_due is not None and next_due > self._clock():
            rests.append((next_due - self._clock()).total_seconds())
        return max(min(rest for rest in rests if rest is not None), 0.01)

    async def _claim(self) -> list[Claim]:
        free = AT_ONCE - len(self._sending)
        now, blocked = self._clock(), self._pace.blocked()
        if free <= 0:
            return []
        found = await self._store.read(
            lambda reading: debts.due(reading, now, limit=free, but_not=blocked)
        )
        ids = [
            each.debt.id
            for each in found
            if each.debt and self._pace.take(each.card.channel_id, each.debt.urgency)
        ]
        if not ids:
            return []
        return await self._store.write(lambda transaction: claims.claim(transaction, ids, now))

    def _start(self, claim: Claim) -> None:
        task = asyncio.create_task(self._deliver(claim))
        self._sending.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a delivery could not be settled; its claim will lapse", exc_info=error)

    async def _deliver(self, claim: Claim) -> None:
        """One attempt, and what became of it."""
        try:
            async with asyncio.timeout(self._patience):
                message_id = await self._show(claim)
        except UpstreamError as error:
            await self._put_back(claim, error)
        except TimeoutError:
            await self._put_back(claim, UpstreamError("Discord", "did not answer in time."))
        except Exception as error:
            log.exception("the card of %s cannot be written", short_id(claim.card.alert_id))
            await self._put_back(claim, UpstreamError("The card", f"{type(error).__name__}."))
        else:
            url, now = self._messenger.url(claim.card.channel_id, message_id), self._clock()
            await self._store.write(
                lambda transaction: claims.mark_sent(transaction, claim, message_id, url, now)
            )

    async def _show(self, claim: Claim) -> int:
        """Bring the card up to date, as the alert is now; returns the message's id."""
        note = claim.notification
        detail = await self._store.alerts.detail(note.alert_id)
        message_id = note.message_id
        if message_id is None and claim.in_doubt:
            message_id = await self._messenger.find(
                note.alert_id, note.channel_id, claim.card.created_at - SKEW
            )
        if message_id is None:
            return await self._post(detail, claim)
        try:
            await self._messenger.edit(detail, note, message_id)
        except NotFound:
            return await self._post(detail, await self._renewed(claim))
        return message_id

    async def _post(self, detail: AlertDetail, claim: Claim) -> int:
        try:
            return await self._messenger.post(detail, claim.notification)
        except NotFound:
            renewed = await self._renewed(claim)
            return await self._messenger.post(detail, renewed.notification)

    async def _renewed(self, claim: Claim) -> Claim:
        now = self._clock()
        return await self._store.write(
            lambda transaction: claims.renew_card(transaction, claim, now)
        )

    async def _put_back(self, claim: Claim, error: UpstreamError) -> None:
        if error.retry_after is not None:
            self._pace.hold(claim.card.channel_id, error.retry_after)
        now = self._clock()
        debt = await self._store.write(
            lambda transaction: claims.put_back(transaction, claim, error, now)
        )
        if debt is not None and debt.state == DEAD:
            log.error(
                "the card of %s could not be delivered and is laid out as a dead letter: %s",
                short_id(claim.card.alert_id),
                error,
            )
