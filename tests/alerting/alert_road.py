"""The road with its ends in the test's hands: a clock, a Discord that keeps its rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.alerting.delivery import Delivery
from bot.alerting.ingest import Intake
from bot.errors import NotFound, UpstreamError
from bot.models import AlertDetail, Event, Notification, Receipt
from bot.store import Store

CHANNEL = 700


class Clock:
    """Time that moves when the test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.now.timestamp()

    def pass_(self, **amount: float) -> None:
        self.now += timedelta(**amount)


class NoSecrets:
    """A redactor for events in which there is nothing to redact."""

    def event(self, event: Event) -> Event:
        return event


@dataclass
class Channel:
    """Discord as far as the road needs it: messages, nonces, faults on demand."""

    messages: dict[int, AlertDetail] = field(default_factory=dict)
    nonces: dict[str, int] = field(default_factory=dict)
    writes: list[tuple[str, int, Notification]] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    lost_answers: int = 0
    deaf: bool = False
    finds: int = 0

    async def post(self, detail: AlertDetail, notification: Notification) -> int:
        self._fail()
        known = self.nonces.get(notification.nonce)
        if known is not None and known not in self.messages:
            raise NotFound("this message was deleted")
        message_id = known or 9000 + len(self.nonces)
        self.nonces[notification.nonce] = message_id
        self.messages[message_id] = detail
        if known is None:
            self.writes.append(("post", message_id, notification))
        self._lose()
        return message_id

    async def edit(self, detail: AlertDetail, notification: Notification, message_id: int) -> None:
        self._fail()
        if message_id not in self.messages:
            raise NotFound("the message is gone")
        self.messages[message_id] = detail
        self.writes.append(("edit", message_id, notification))
        self._lose()

    async def find(self, alert_id: int, channel_id: int, since: datetime) -> int | None:
        self.finds += 1
        ids = [key for key, detail in self.messages.items() if detail.alert.id == alert_id]
        return ids[0] if ids else None

    def url(self, channel_id: int, message_id: int) -> str:
        return f"https://discord.example/{channel_id}/{message_id}"

    def posts(self) -> int:
        return sum(kind == "post" for kind, _, _ in self.writes)

    def _fail(self) -> None:
        if self.faults:
            raise self.faults.pop(0)

    def _lose(self) -> None:
        if self.lost_answers:
            self.lost_answers -= 1
            raise UpstreamError("Discord", "the connection was cut")


@dataclass
class Road:
    """The road with its ends in the test's hands."""

    store: Store
    intake: Intake
    delivery: Delivery
    discord: Channel
    clock: Clock
    wakes: list[str]
    count: int = 0

    async def send(self, message: str = "boom", **changes: object) -> Receipt:
        """One event, with an id of its own, happening now."""
        return (await self.intake.ingest([self.event(message, **changes)]))[0]

    def event(self, message: str = "boom", **changes: object) -> Event:
        self.count += 1
        plain = Event("generic", f"e{self.count}", "shop", message, self.clock.now)
        return replace(plain, **changes)  # type: ignore[arg-type]

    async def deliver(self, **later: float) -> None:
        """Let time pass, then deliver what is due."""
        self.clock.pass_(**later)
        await self.delivery.deliver_due()
