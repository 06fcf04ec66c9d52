"""The bot and the intake as processes: told to end, killed, and side by side."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr
from rehearsal import REPOSITORY, Json, Rehearsal, crash

from bot.config import ALIASES, SETTINGS, Settings
from sandbox.discord.faults import Fault
from sandbox.github import faults as github_faults

ROOT = Path(__file__).parents[2]
BOT = Path(__file__).with_name("bot_process.py")
POSTING = r"^/channels/\d+/messages$"
SOON = 30  # seconds, for a process on a busy machine
PATIENT, BRIEF = "30", "0.3"  # seconds that claims outlive their process

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")


def environment(settings: Settings, **more: str) -> Mapping[str, str]:
    """What makes another process read the same settings."""
    told = {
        name: each.get_secret_value() if isinstance(each, SecretStr) else str(each)
        for name in ("discord_token", "alert_channel_id", "database_url", "web_port",
                     "webhook_secret", "github_token", "github_repository", "github_api_url")
        for each in [getattr(settings, name)]
    }  # fmt: skip
    roles = {name: ",".join(getattr(settings, name)) for name in ("roles_respond", "roles_ship")}
    ours = {name.upper(): each for name, each in {**told, **roles, **more}.items()}
    return {k: v for k, v in os.environ.items() if k not in {*SETTINGS, *ALIASES}} | ours


@dataclass
class Child:
    """A process and what it has said on standard error."""

    process: asyncio.subprocess.Process
    said: str = ""

    async def says(self, words: str) -> str:
        """Wait until it says a line with these words; returns the line."""
        assert self.process.stderr is not None
        async with asyncio.timeout(SOON):
            while line := (await self.process.stderr.readline()).decode():
                self.said += line
                if words in line:
                    return line
        raise AssertionError(f"it never said {words!r}:\n{self.said}")

    async def end(self, number: signal.Signals) -> int:
        """Send a signal; returns the exit code."""
        self.process.send_signal(number)
        async with asyncio.timeout(SOON):
            self.said += (await self.process.communicate())[1].decode()
        assert self.process.returncode is not None
        return self.process.returncode


@asynccontextmanager
async def child(env: Mapping[str, str], folder: Path, *arguments: str) -> AsyncIterator[Child]:
    """A Python process; it does not outlive the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=env, cwd=folder, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield Child(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@asynccontextmanager
async def bot_beside(stage: Rehearsal, lease: str) -> AsyncIterator[Child]:
    """The bot in a process of its own, connected; `stage` sends to it."""
    arguments = (str(BOT), stage.discord.url, lease)
    async with child(environment(stage.settings), stage.database.parent, *arguments) as bot:
        listening = await bot.says("webhooks are taken at ")
        stage.web_url = listening.split("taken at ")[1].partition("/webhook")[0]
        await bot.says("has connected to Gateway")
        yield bot


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_told_to_end_it_says_goodbye_and_what_it_accepted_stays(
    stage: Rehearsal, number: signal.Signals
) -> None:
    stage.discord.faults.add(Fault("POST", POSTING, status=503, times=None))
    async with bot_beside(stage, PATIENT) as bot:
        (alert,) = await stage.send(crash())
        assert len(stage.discord.gateway.sessions) == 1
        assert await bot.end(number) == 0, bot.said
    assert not stage.discord.gateway.sessions  # Discord keeps those that are only cut off
    assert "Traceback" not in bot.said
    assert not stage.cards()
    stage.discord.faults.clear()
    await stage.start()
    await stage.card(alert, "**1×**")
    assert len(stage.cards()) == 1


@pytest.mark.parametrize(
    ("stage_of_death", "counted"),
    [("accepted", "**2×**"), ("MESSAGE_CREATE", "**2×**"), ("MESSAGE_UPDATE", "**3×**")],
)
async def test_killed_on_the_road_it_loses_no_event_and_posts_no_second_card(
    stage: Rehearsal, stage_of_death: str, counted: str
) -> None:
    async with bot_beside(stage, BRIEF) as bot:
        if stage_of_death == "accepted":
            stage.discord.faults.add(Fault("POST", POSTING, status=503, times=None))
        elif stage_of_death == "MESSAGE_UPDATE":
            await stage.card(*await stage.send(crash()))
        # Dispatches are heard before Discord answers: the bot dies in doubt.
        unsubscribe = stage.discord.world.subscribe(
            lambda dispatch: bot.process.kill() if dispatch.type == stage_of_death else None
        )
        (alert,) = await stage.send(crash())
        code = await bot.end(signal.SIGKILL) if stage_of_death == "accepted" else None
        async with asyncio.timeout(SOON):
            assert (code or await bot.process.wait()) == -signal.SIGKILL
        unsubscribe()
    stage.discord.faults.clear()
    await stage.start()
    await stage.send(crash())
    await stage.card(alert, counted)
    assert len(stage.cards()) == 1


async def test_killed_before_it_learns_of_its_issue_it_finds_it_again(stage: Rehearsal) -> None:
    async with bot_beside(stage, BRIEF) as bot:
        (alert,) = await stage.send(crash())
        card = await stage.card(alert)
        stage.github.faults.add(Deadly("POST", "/issues$", after=True, end=bot.process.kill))
        await stage.person("kim").press(card, "Create issue")
        async with asyncio.timeout(SOON):
            assert await bot.process.wait() == -signal.SIGKILL
    await stage.start()
    reply = await stage.press("ada", card, "Create issue")
    assert "is created in" in reply.content
    assert len(stage.github.world.repository(REPOSITORY).issues) == 1
    await stage.card(alert, "Issue #1 (open)")


@dataclass(slots=True)
class Deadly(github_faults.Fault):
    """Ends somebody between the work and its answer."""

    end: Callable[[], None] = lambda: None

    def body(self) -> bytes:
        self.end()
        return github_faults.Fault.body(self)


@pytest.fixture
def sqlite_url(stage: Rehearsal) -> str:
    return stage.settings.database_url


@pytest.mark.parametrize(
    "database", ["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.postgres)]
)
async def test_what_the_intake_takes_in_its_own_process_becomes_a_card_of_the_bot(
    stage: Rehearsal, database: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(database)
    stage.settings = stage.settings.model_copy(update={"database_url": url})
    await stage.start()
    async with intake_beside(stage) as intake:
        (alert,) = await stage.send(crash())
        await stage.card(alert)
        assert await stage.send(crash(), crash()) == [alert, alert]
        await stage.card(alert, "**3×**")
        assert await intake.end(signal.SIGTERM) == 0, intake.said
    assert len(stage.cards()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a process's children")
async def test_a_worker_of_the_intake_is_killed_and_what_its_senders_repeat_counts_once(
    stage: Rehearsal,
) -> None:
    await stage.start()
    async with intake_beside(stage) as intake:
        workers = children(intake.process.pid)
        assert any(len(os.sched_getaffinity(worker)) == 1 for worker in workers)  # it has answered
        events = [crash() for _ in range(60)]
        senders = [asyncio.create_task(send_until_accepted(stage, event)) for event in events]
        await asyncio.wait(senders, return_when=asyncio.FIRST_COMPLETED)
        os.kill(workers[0], signal.SIGKILL)
        async with asyncio.timeout(SOON):
            (alert,) = set(await asyncio.gather(*senders))
        await stage.card(alert, "**60×**")
        assert await intake.end(signal.SIGTERM) == 0, intake.said


@asynccontextmanager
async def intake_beside(stage: Rehearsal) -> AsyncIterator[Child]:
    """`run.py web` on the database of `stage`, which sends to it."""
    port = free_port()
    env = environment(stage.settings, web_port=str(port))
    web = "import argparse, sys, run; sys.exit(run.web(argparse.Namespace(), []))"
    async with child({**env, "PYTHONPATH": str(ROOT)}, stage.database.parent, "-c", web) as intake:
        stage.web_url = f"http://127.0.0.1:{port}"
        await answering(f"{stage.web_url}/health")
        yield intake


def children(parent: int) -> list[int]:
    told = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    return [int(child) for child in told.split()]


async def send_until_accepted(stage: Rehearsal, event: Json) -> int:
    """What a careful sender does; returns the alert's number."""
    while True:
        try:
            (alert,) = await stage.send(event)
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.05)
        else:
            return alert


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answering(url: str) -> None:
    """Wait until a server that says nothing of itself answers."""
    async with asyncio.timeout(SOON), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url) as answer:
                    assert answer.status == 200
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)
