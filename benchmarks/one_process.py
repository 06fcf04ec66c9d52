"""The intake and the delivery in one process, as `run.py` starts them, but with no Discord.

`python -m benchmarks.one_process <database url> <port> <instant|hanging>` serves until its
standard input ends. "hanging": Discord takes every call and never answers.
"""
# ruff: noqa: ARG002 - a stand-in has the shape of what it stands for

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from itertools import count

from bot.affinity import keep_to_one_cpu
from bot.alerting.delivery import Delivery
from bot.alerting.ingest import Intake
from bot.alerting.redaction import Redactor
from bot.collector import settle
from bot.config import Settings
from bot.models import AlertDetail, Notification, Receiver
from bot.sources.request import Secrets
from bot.store import Store
from bot.web.server import WebServer
from bot.web.settings import Readiness, WebSettings
from bot.web.webhook import create_app

SECRET = "benchmark"


class Silence:
    """Discord that answers at once, or never."""

    def __init__(self, *, hangs: bool) -> None:
        self._hangs = hangs
        self._ids = count(1)

    async def post(self, detail: AlertDetail, notification: Notification) -> int:
        """A message id, or nothing for ever."""
        await self._answer()
        return next(self._ids)

    async def edit(self, detail: AlertDetail, notification: Notification, message_id: int) -> None:
        """Done, or nothing for ever."""
        await self._answer()

    async def find(self, alert_id: int, channel_id: int, since: datetime) -> int | None:
        """No card is there."""
        await self._answer()
        return None

    def url(self, channel_id: int, message_id: int) -> str:
        """No link."""
        return ""

    async def _answer(self) -> None:
        if self._hangs:
            await asyncio.Event().wait()


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


async def serve(url: str, port: int, *, hangs: bool) -> None:
    """Run until standard input ends."""
    store = await Store.open(url, clock=now)
    delivery = Delivery(store, Silence(hangs=hangs), clock=now)
    intake = Intake(
        store, route=lambda _: Receiver(1), redactor=Redactor(), clock=now, wake=delivery.wake
    )
    await intake.start()
    delivering = asyncio.create_task(delivery.run())
    settings = WebSettings(secrets=Secrets(SECRET))
    server = WebServer(create_app(intake.submit, lambda: Readiness(True), settings), port=port)
    server.start()
    settle()
    await asyncio.to_thread(sys.stdin.read)
    await asyncio.to_thread(server.stop)
    await intake.stop()
    delivering.cancel()
    await store.close()


if __name__ == "__main__":
    if Settings().one_cpu:
        keep_to_one_cpu()
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), hangs=sys.argv[3] == "hanging"))
