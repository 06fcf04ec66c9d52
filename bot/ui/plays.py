"""The conversations that this process plays into channels."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.errors import JinkiesError
from bot.simulation.incident.playing import KEPT, Budget

log = logging.getLogger(__name__)


class AlreadyPlaying(JinkiesError):  # noqa: N818 - told to a person, who reads it as a sentence
    """Two at once in one channel would not be understood."""


@dataclass
class Playing:
    """One that is under way."""

    channel: int
    stop: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Plays:
    """The playings of this process.

    Attributes:
        folder: of the journals.
        budget: of all of them together: threads of one channel share its webhook.
        playings: those under way, by number.
    """

    folder: Path = KEPT
    budget: Budget = field(default_factory=Budget)
    playings: dict[int, Playing] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self, number: int, channel: int) -> Playing:
        """Raises AlreadyPlaying if something is played there."""
        if any(each.channel == channel for each in self.playings.values()):
            raise AlreadyPlaying("Something is played in this channel already; stop that first.")
        self.playings[number] = Playing(channel)
        return self.playings[number]

    def run(self, number: int, work: Coroutine[Any, Any, None]) -> None:
        """Play in the background."""
        task = asyncio.create_task(work, name=f"playing {number}")
        self._tasks.add(task)

        def ended(done: asyncio.Task[None]) -> None:
            self._tasks.discard(done)
            self.playings.pop(number, None)
            if not done.cancelled() and (error := done.exception()) is not None:
                log.error("%s broke off", done.get_name(), exc_info=error)

        task.add_done_callback(ended)

    async def close(self) -> None:
        """Stop all."""
        for playing in self.playings.values():
            playing.stop.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)
        for task in self._tasks:
            task.cancel()

    def journal(self, number: int) -> Path:
        """Where a playing keeps what it posted."""
        return self.folder / f"discord-{number}.jsonl"
