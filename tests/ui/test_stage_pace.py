"""Discord's budgets: a conversation in a hurry meets no 429, and breaks no rule."""

from __future__ import annotations

import asyncio
import time

import discord
import pytest

from bot.simulation.incident.generation import generate
from bot.simulation.incident.playing import Journal, Player
from bot.ui.stage import DiscordStage, Place
from sandbox.discord import rates
from sandbox.discord.server import DiscordStandIn


@pytest.mark.slow
async def test_a_hundred_times_as_fast_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused: list[float] = []
    written: list[float] = []
    take = rates.Bucket.take

    def watched(bucket: rates.Bucket, now: float) -> float:
        wait = take(bucket, now)
        if wait:
            refused.append(wait)
        return wait

    monkeypatch.setattr(rates.Bucket, "take", watched)
    standin = DiscordStandIn(rate_limits=True)
    await standin.start()
    standin.world.subscribe(
        lambda dispatch: (
            written.append(time.monotonic()) if dispatch.type == "MESSAGE_CREATE" else None
        )
    )
    try:
        with standin.point_client_here():
            async with discord.Client(intents=discord.Intents.none()) as client:
                await client.login(standin.token)
                scenario = generate("llm-rate-limit", "2026-01-07T14:30:00Z", seed=2)
                short = scenario.model_copy(update={"timeline": scenario.timeline[:14]})
                room = await client.fetch_channel(int(standin.world.channel("general")["id"]))
                assert isinstance(room, discord.TextChannel)
                places = {part.channel: Place(room) for part in scenario.services.values()}
                player = Player(
                    DiscordStage(client, places),
                    Journal(),
                    speed=100.0,
                )
                played = await player.play(short, asyncio.Event())
                kept = len(written)
                assert await player.clean() == kept
                assert standin.world.history("general") == []
    finally:
        await standin.stop()
    assert played.complete
    assert refused == []
    assert standin.violations == []
    assert len(written) == len(short.timeline) + 1  # and the banner
    windows = zip(written, written[5:], strict=False)
    assert min(later - earlier for earlier, later in windows) > 4.5, "five in five seconds at most"
