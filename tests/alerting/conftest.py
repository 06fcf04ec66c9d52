"""A store on a real SQLite file and the road on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alert_road import CHANNEL, Channel, Clock, NoSecrets, Road

from bot.alerting.delivery import Delivery
from bot.alerting.ingest import Intake
from bot.models import Receiver
from bot.store import Store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/road.db", clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def road(store: Store, clock: Clock) -> AsyncIterator[Road]:
    discord, wakes = Channel(), []
    intake = Intake(
        store,
        route=lambda alert: Receiver(CHANNEL, "@oncall"),
        redactor=NoSecrets(),
        clock=clock,
        wake=lambda: wakes.append("woken"),
    )
    await intake.start()
    delivery = Delivery(store, discord, clock=clock, monotonic=clock.monotonic)
    yield Road(store, intake, delivery, discord, clock, wakes)
    await intake.stop()
