"""/logs-tail and /logs-stop, from Discord's door to the store and back, with the real client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from log_stage import CHECKOUT, ago, bare, labels, reading
from rehearsal import Rehearsal

from sandbox.cloudwatch import CloudWatchStandIn

Json = dict[str, Any]


@pytest.fixture
async def aws(
    stage: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[CloudWatchStandIn]:
    async with reading(stage, monkeypatch) as standin:
        standin.add(CHECKOUT, "web", [(ago(minutes=30), "INFO long ago")])
        stage.tempo = replace(stage.tempo, tail_edits=0.05)
        await stage.start()
        yield standin


async def tail_shows(stage: Rehearsal, *words: str, channel: str = "alerts") -> Json:
    """The newest message of a tail, as soon as it shows all these words."""

    def look() -> Json | None:
        found = [each for each in stage.cards(channel) if not each["embeds"]]
        return found[-1] if found and all(word in bare(found[-1]) for word in words) else None

    return await stage.until(look)


async def test_new_lines_appear_in_the_message_until_somebody_stops_it(
    stage: Rehearsal, aws: CloudWatchStandIn
) -> None:
    reply = await stage.type("sam", "logs-tail", service="checkout", text="pay")
    assert "Following **checkout** for 15 minutes" in bare(reply.message)
    message = await tail_shows(stage, "📡", "Nothing yet")
    aws.add(CHECKOUT, "web", [(ago(seconds=0), "ERROR cannot pay"), (ago(seconds=0), "INFO else")])
    message = await tail_shows(stage, "E cannot pay", "1 line ·")
    assert "else" not in bare(message)
    assert labels(message) == ["Pause", "Stop", "Download"]
    await stage.press("sam", message, "Stop")
    ended = await tail_shows(stage, "Ended:", "stopped by **Sam**", "E cannot pay")
    assert labels(ended) == ["Follow again", "Open", "Download"]
