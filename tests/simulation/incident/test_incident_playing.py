"""What a playing keeps of itself, and how it ends when somebody says stop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.errors import JinkiesError, UpstreamError
from bot.simulation.incident.generation import generate
from bot.simulation.incident.playing import Budget, Journal, Player, Posted, Step
from bot.simulation.incident.scenario import AnyEvent, Scenario

NEVER_AGAIN = ((1, 1e6),)  # one write in eleven days


@dataclass
class Chat:
    """A chat in which everything can be counted; `refuses` are places it takes nothing for."""

    said: list[str] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)

    def place(self, channel: str) -> str:
        return channel

    async def banner(self, scenario: Scenario, channel: str) -> Posted:
        return self._said(channel, f"banner of {scenario.scenario_id}")

    def lacks_thread(self, channel: str, parent: Posted) -> bool:
        assert channel == parent.channel
        return False

    async def begin_thread(self, channel: str, parent: Posted) -> None:
        raise AssertionError(f"nothing lacks a thread: {channel}, {parent}")

    async def post(self, event: AnyEvent, parent: Posted | None) -> Posted:
        return self._said(event.channel, f"{event.type} under {parent}")

    async def react(self, posted: Posted, emoji: str) -> None:
        assert posted.message
        assert emoji

    def removals(self, everything: Sequence[Posted]) -> Iterator[Step]:
        return (Step(each.channel, lambda each=each: self._remove(each)) for each in everything)

    async def _remove(self, posted: Posted) -> None:
        self.said[int(posted.message)] = ""

    def _said(self, channel: str, text: str) -> Posted:
        if channel in self.refuses:
            raise UpstreamError("The chat", "no.", permanent=True)
        self.said.append(f"{channel} {text}")
        return Posted(channel, str(len(self.said) - 1))


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return generate("high-cpu", "2026-01-07T14:30:00Z", seed=4)


async def test_what_follows_a_line_that_was_cut_is_kept_too(
    scenario: Scenario, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.begin(scenario, "here")
    journal.record(0, Posted("c", "1"))
    path.write_bytes(path.read_bytes() + '{"event": 1, "posted": ["ä'.encode()[:-1])  # killed here
    again = Journal(path)
    again.record(1, Posted("c", "2"))
    again.record(2, Posted("c", "3"))
    assert Journal(path).events == {0: ("c", "1", ""), 1: ("c", "2", ""), 2: ("c", "3", "")}
    assert Journal(path).head["where"] == "here"


@pytest.mark.parametrize("strange", ["\u2028", "\u2029", "\x85", "\x1c"])
def test_a_scenario_with_strange_line_breaks_is_known_again(
    strange: str, scenario: Scenario, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    talk = scenario.model_copy(update={"description": f"one{strange}two"})
    Journal(path).begin(talk, "here")
    assert Journal(path).document == talk.document()
    Journal(path).begin(talk, "here")


@pytest.mark.parametrize(
    "text", ["title: mine\n", '{"scenario_id": "mine"}\n', "[1]\n2\n", "\xff\n"]
)
def test_a_file_of_something_else_is_not_written_to(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, "latin-1")
    with pytest.raises(JinkiesError, match="is something else"):
        Journal(path)


def test_a_place_where_nothing_can_be_kept_is_told(scenario: Scenario, tmp_path: Path) -> None:
    with pytest.raises(JinkiesError, match="cannot be read"):
        Journal(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(JinkiesError, match="cannot be written"):
        Journal(tmp_path / "file" / "journal.jsonl").begin(scenario, "here")


async def test_a_playing_that_waits_for_its_budget_stops_at_once(scenario: Scenario) -> None:
    chat, stop = Chat(), asyncio.Event()
    player = Player(chat, budget=Budget(NEVER_AGAIN), banner=False)
    asyncio.get_running_loop().call_later(0.01, stop.set)
    async with asyncio.timeout(5):
        played = await player.play(scenario, stop)
    assert played.done == len(chat.said) < len(scenario.timeline)


async def test_a_playing_that_waits_to_try_again_stops_at_once(scenario: Scenario) -> None:
    class Busy(Chat):
        async def post(self, event: AnyEvent, parent: Posted | None) -> Posted:
            asyncio.get_running_loop().call_soon(stop.set)
            raise UpstreamError("The chat", f"later, {event.type}, {parent}.", retry_after=50.0)

    stop = asyncio.Event()
    async with asyncio.timeout(5):
        played = await Player(Busy(), budget=None).play(scenario, stop)
    assert played.done == 0


async def test_taking_away_stops_too_and_takes_the_rest_another_time(
    scenario: Scenario, tmp_path: Path
) -> None:
    chat, stop, path = Chat(), asyncio.Event(), tmp_path / "journal.jsonl"
    await Player(chat, Journal(path), budget=None).play(scenario, asyncio.Event())
    asyncio.get_running_loop().call_later(0.01, stop.set)
    async with asyncio.timeout(5):
        assert await Player(chat, Journal(path), budget=Budget(NEVER_AGAIN)).clean(stop) is None
    assert "" in chat.said
    assert any(chat.said)
    assert await Player(chat, Journal(path), budget=None).clean() == len(chat.said)
    assert not any(chat.said)
    assert not path.exists()


async def test_a_place_that_was_not_told_before_is_told_when_it_goes_on(
    scenario: Scenario,
) -> None:
    channels = list(dict.fromkeys(event.channel for event in scenario.timeline))
    chat, journal = Chat(refuses={channels[1]}), Journal()
    with pytest.raises(UpstreamError):
        await Player(chat, journal, budget=None).play(scenario, asyncio.Event())
    chat.refuses.clear()
    await Player(chat, journal, budget=None).play(scenario, asyncio.Event())
    told = [each.partition(" ")[0] for each in chat.said if "banner" in each]
    assert told == channels
