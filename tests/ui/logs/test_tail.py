"""A tail by itself: a real log file, a clock that the test moves, a message that can fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from discord import ui

from bot.alerting.redaction import Redactor
from bot.alerting.watching import Watch
from bot.analysis.logs.question import Question
from bot.errors import JinkiesError, NotFound, UpstreamError
from bot.services.logs.files import PREFIX, FileStore
from bot.services.logs.stores import LogStores
from bot.store.logbook import TailRow
from bot.ui.logs.tail import Tail

START = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Message:
    """What a channel shows; fails when told to."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.written: list[str] = []
        self.faults: list[JinkiesError] = []
        self.at: list[float] = []
        self.changed = asyncio.Event()

    async def edit(self, _row: TailRow, view: ui.LayoutView) -> None:
        self.at.append(asyncio.get_running_loop().time())
        self.changed.set()
        if self.faults:
            raise self.faults.pop(0)
        texts = [each.content for each in view.walk_children() if isinstance(each, ui.TextDisplay)]
        self.shown.append("\n".join(texts))

    async def append(self, _row: TailRow, body: str) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.written.append(body)

    async def until(self, look: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not look():
                self.changed.clear()
                await self.changed.wait()


class Stage:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "app.log"
        self.file.touch()
        self.clock, self.message = Clock(), Message()
        self.stores = LogStores(
            {PREFIX: lambda: FileStore([str(self.file)], clock=self.clock, pause=0.01)}
        )
        self.running: asyncio.Task[str] | None = None
        self.tail: Tail | None = None

    def write(self, *messages: str) -> None:
        stamp = f"{self.clock.now:%Y-%m-%dT%H:%M:%S}.000Z"
        with self.file.open("a", encoding="utf-8") as file:
            file.writelines(f"{stamp} {message}\n" for message in messages)

    def begin(self, *, minutes: int = 15, pace: float = 0.01, thread: int = 0) -> Tail:
        question = Question((f"{PREFIX}{self.file}",), int(START.timestamp() * 1000), name="shop")
        row = TailRow(
            7, 3, 1, 2, 5, 9, "Sam", START, START + timedelta(minutes=minutes), thread_id=thread
        )
        self.tail = Tail(
            row,
            question,
            Watch(self.stores, Redactor(), question.query()),
            self.message,
            zone=UTC,
            clock=self.clock,
            pace=lambda: pace,
        )
        self.running = asyncio.create_task(self.tail.run())
        return self.tail

    async def ended(self) -> str:
        assert self.running is not None
        async with asyncio.timeout(5):
            return await self.running

    def shows(self, word: str) -> Callable[[], bool]:
        return lambda: bool(self.message.shown) and word in self.message.shown[-1]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    made = Stage(tmp_path)
    yield made
    if made.running is not None:
        made.running.cancel()
        await asyncio.gather(made.running, return_exceptions=True)
    await made.stores.close()


async def test_it_ends_when_its_time_is_up(stage: Stage) -> None:
    stage.begin(minutes=30)
    stage.write("INFO one")
    await stage.message.until(stage.shows("one"))
    stage.clock.now += timedelta(minutes=30)
    stage.write("INFO last")
    assert await stage.ended() == "its 30 minutes are over."


async def test_a_burst_shows_its_newest_lines_and_counts_the_rest(stage: Stage) -> None:
    stage.write(*(f"INFO line {n:04}" for n in range(300)))
    stage.begin()
    await stage.message.until(stage.shows("line 0299"))
    shown = stage.message.shown[-1]
    missing = int(shown.partition("… ")[2].partition(" more lines")[0])
    assert missing + shown.count("line 0") == 300
    assert "300 lines" in shown


async def test_edits_keep_their_distance_however_much_comes(stage: Stage) -> None:
    stage.begin(pace=0.1)
    for number in range(40):
        stage.write(f"INFO line {number}")
        await asyncio.sleep(0.01)
    await stage.message.until(stage.shows("line 39"))
    pauses = [later - earlier for earlier, later in pairwise(stage.message.at)]
    assert pauses
    assert min(pauses) >= 0.09


async def test_nothing_is_written_while_nothing_comes(stage: Stage) -> None:
    stage.begin()
    stage.write("INFO one")
    await stage.message.until(stage.shows("one"))
    count = len(stage.message.at)
    await asyncio.sleep(0.2)
    assert len(stage.message.at) == count


async def test_an_edit_that_fails_is_made_up_for(stage: Stage) -> None:
    stage.begin()
    await stage.message.until(lambda: bool(stage.message.shown))
    stage.message.faults = [UpstreamError("Discord", "503") for _ in range(3)]
    stage.write("INFO one")
    await stage.message.until(stage.shows("one"))
    assert "1 line ·" in stage.message.shown[-1]


async def test_it_ends_with_its_message(stage: Stage) -> None:
    stage.begin()
    await stage.message.until(lambda: bool(stage.message.shown))
    stage.message.faults = [NotFound("gone")]
    stage.write("INFO one")
    assert await stage.ended() == "its message was deleted."


async def test_it_ends_when_it_may_not_write_any_more(stage: Stage) -> None:
    stage.message.faults = [UpstreamError("Discord", "403 Missing Access", permanent=True)]
    stage.begin()
    assert "Missing Access" in await stage.ended()


async def test_it_ends_when_there_is_nothing_to_follow(stage: Stage) -> None:
    stage.stores = LogStores({})
    stage.begin()
    assert "its store is not set up" in await stage.ended()


async def test_a_lost_answer_writes_nothing_twice_into_a_thread(stage: Stage) -> None:
    tail = stage.begin(thread=77)
    await stage.message.until(lambda: bool(stage.message.shown))
    stage.message.faults = [UpstreamError("Discord", "lost")]
    stage.write("INFO one")
    await stage.message.until(lambda: not stage.message.faults)
    stage.write("INFO two")
    await stage.message.until(lambda: any("two" in each for each in stage.message.written))
    assert sum("two" in each for each in stage.message.written) == 1
    assert "<#77>" in stage.message.shown[-1]
    tail.stop("enough")
    assert await stage.ended() == "enough"


async def test_paused_it_shows_nothing_new_and_counts(stage: Stage) -> None:
    tail = stage.begin()
    stage.write("INFO one")
    await stage.message.until(stage.shows("one"))
    tail.pause()
    stage.write("INFO two", "INFO three")
    await stage.message.until(stage.shows("paused, 2 lines waiting"))
    assert "three" not in stage.message.shown[-1]
    tail.resume()
    await stage.message.until(stage.shows("three"))
