"""How quickly the bot answers people while errors pour in, how soon it is up, what it weighs.

    python -m benchmarks.bot [--rate 1000] [--seconds 10] [--starts 5]

The real bot in a process of its own, a Discord stand-in in this one, the load in a third. The
errors come to `run.py web`, an intake of its own beside the bot, and then, as many as it takes,
to the bot's own. A person uses /alerts again and again; the time is from Discord's telling the
bot to the bot's answer reaching Discord.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ingest import RUN_WEB
from benchmarks.one_process import SECRET
from benchmarks.processes import ROOT, free_port, load, resident_mib, running, wait_for
from sandbox.discord.server import DiscordStandIn

GOAL_MS, GOAL_START_S, GOAL_MIB = 50, 1.5, 120
REST_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class RunningBot:
    """A bot that is connected."""

    pid: int
    web_port: int
    started_in: float


def _environment(standin: DiscordStandIn, folder: Path, port: int) -> dict[str, str]:
    return {
        "DISCORD_TOKEN": standin.token,
        "DISCORD_GUILD_ID": str(standin.world.guild()["id"]),
        "ALERT_CHANNEL_ID": str(standin.world.channel("alerts")["id"]),
        "ROLES_RESPOND": "Responder",
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'jinkies.db'}",
        "WEBHOOK_SECRET": SECRET,
        "WEB_PORT": str(port),
        "LOG_LEVEL": "ERROR",
    }


@asynccontextmanager
async def bot(standin: DiscordStandIn, folder: Path) -> AsyncIterator[RunningBot]:
    """Start the bot on a database in `folder`; `started_in` is seconds from spawn to ready."""
    port = free_port()
    environment = {"PATH": "/usr/bin:/bin", **_environment(standin, folder, port)}
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.real_bot",
        standin.url,
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    if not await asyncio.wait_for(process.stdout.readline(), 60):
        raise RuntimeError("the bot did not start")
    yield RunningBot(process.pid, port, time.perf_counter() - began)
    process.stdin.close()
    await process.wait()


async def answers(standin: DiscordStandIn, until: asyncio.Event) -> list[float]:
    """Milliseconds from a person's /alerts to the first answer, one after another."""
    sam = standin.person("sam")
    took = []
    while not until.is_set():
        began = time.perf_counter()
        reply = await sam.command("alerts")
        took.append((time.perf_counter() - began) * 1000)
        if reply.failed:
            raise RuntimeError("the bot did not answer")
        await asyncio.sleep(0.02)
    return took


async def measure(rate: int, seconds: int, starts: int) -> None:
    """Print the figures and whether each goal is met."""
    with tempfile.TemporaryDirectory() as folder:
        standin = DiscordStandIn(rate_limits=True)
        await standin.start()
        begun = []
        for _ in range(starts):
            async with bot(standin, Path(folder)) as one:
                begun.append(one.started_in)
        async with bot(standin, Path(folder)) as one:
            await asyncio.sleep(REST_SECONDS)
            weight = resident_mib(one.pid)
            quiet = await _asked_for(standin, 3.0)
            with _intake(standin, Path(folder)) as port:
                beside = await _under_load(standin, port, rate, seconds)
            within = await _under_load(standin, one.web_port, rate, seconds)
            loaded_weight = resident_mib(one.pid)
        await standin.stop()
    start = statistics.median(begun)
    print(f"start to ready     {start:6.2f} s   {_verdict(start <= GOAL_START_S)} {GOAL_START_S} s")
    print(f"memory at rest     {weight:6.0f} MiB {_verdict(weight <= GOAL_MIB)} {GOAL_MIB} MiB")
    print(f"memory after load  {loaded_weight:6.0f} MiB")
    print(f"answer, quiet      p50 {_at(quiet, 0.5):5.1f}  p99 {_at(quiet, 0.99):5.1f} ms")
    for name, (took, reached) in (("beside", beside), ("within", within)):
        p99 = _at(took, 0.99)
        is_good = p99 <= GOAL_MS and reached >= 0.95 * rate
        print(
            f"answer, {reached:4.0f} ev/s {name} the bot  p50 {_at(took, 0.5):5.1f}  "
            f"p99 {p99:5.1f} ms {_verdict(is_good)} {GOAL_MS} ms at {rate} ev/s, "
            f"{len(took)} answers"
        )


@contextmanager
def _intake(standin: DiscordStandIn, folder: Path) -> Iterator[int]:
    """`run.py web` on the bot's database; gives its port."""
    port = free_port()
    with running([sys.executable, "-c", RUN_WEB], env=_environment(standin, folder, port)):
        wait_for(f"http://127.0.0.1:{port}/ready")
        yield port


async def _asked_for(standin: DiscordStandIn, seconds: float) -> list[float]:
    enough = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, enough.set)
    return await answers(standin, enough)


async def _under_load(
    standin: DiscordStandIn, port: int, rate: int, seconds: int
) -> tuple[list[float], float]:
    """The answers' times while `rate` events a second come in, and the rate that was reached."""
    over = asyncio.Event()
    asking = asyncio.create_task(answers(standin, over))
    bearer = f"Authorization: Bearer {SECRET}"
    told = await asyncio.to_thread(
        lambda: load(port, "/webhook/generic", rate * seconds, 1, "generic", bearer, rate=rate)
    )
    over.set()
    return await asking, rate * seconds / float(told["seconds"])


def _at(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _verdict(is_good: bool) -> str:
    return "ok, goal" if is_good else "MISS, goal"


def main() -> None:
    """Read the command line and measure."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rate", type=int, default=1_000, help="events a second")
    options.add_argument("--seconds", type=int, default=10)
    options.add_argument("--starts", type=int, default=5)
    told = options.parse_args()
    asyncio.run(measure(told.rate, told.seconds, told.starts))


if __name__ == "__main__":
    main()
