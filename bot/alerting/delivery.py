"""Deliver what the outbox owes: claim, send or edit, mark sent, or retry later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from bot.models import AlertDetail, Notification
from bot.store import Store


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
    """The loop that pays the outbox. One per process that holds a Discord connection."""

    def __init__(
        self,
        store: Store,
        messenger: Messenger,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._clock = clock

    async def run(self) -> None:
        """Deliver until `stop`; survives failures of Discord and of the database."""
        raise NotImplementedError

    def wake(self) -> None:
        """There may be something to deliver; thread-safe, cheap, callable before `run`."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Finish what is being sent, claim nothing more, end `run`."""
        raise NotImplementedError
