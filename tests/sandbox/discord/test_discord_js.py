"""discord.js, a client nobody here wrote, against the same Discord."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.discord.server import DiscordStandIn

pytestmark = [pytest.mark.node, pytest.mark.timeout(180)]

VERSION = "14.28.1"
CACHE = Path(__file__).parents[3] / ".jinkies" / f"discord.js-{VERSION}"


@pytest.fixture(scope="session")
def modules() -> Path:
    """A folder with discord.js installed; skips where it cannot be had."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node.js with npm is not installed")
    if not (CACHE / "node_modules" / "discord.js").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(
            [*command, f"discord.js@{VERSION}"],
            cwd=CACHE,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"npm could not install discord.js: {done.stderr.strip()[-200:]}")
    return CACHE


class JavaScriptBot:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def told(self, event: str) -> dict[str, Any]:
        """Read what the client says until it says this."""
        assert self._process.stdout
        async with asyncio.timeout(20):
            while line := await self._process.stdout.readline():
                said: dict[str, Any] = json.loads(line)
                assert said["event"] != "error", said
                if said["event"] == event:
                    return said
        raise AssertionError(f"the client ended before it said {event!r}")

    async def ended(self) -> int:
        async with asyncio.timeout(20):
            return await self._process.wait()


@pytest.fixture
async def client(discord_standin: DiscordStandIn, modules: Path) -> AsyncIterator[JavaScriptBot]:
    process = await asyncio.create_subprocess_exec(
        "node",
        str(Path(__file__).with_name("client.mjs")),
        env={
            **os.environ,
            "BASE": discord_standin.url,
            "TOKEN": discord_standin.token,
            "MODULES": str(modules),
        },
        stdout=asyncio.subprocess.PIPE,
    )
    yield JavaScriptBot(process)
    if process.returncode is None:
        process.kill()
        await process.wait()


async def test_discord_js_connects_answers_is_pressed_and_resumes(
    client: JavaScriptBot, discord_standin: DiscordStandIn
) -> None:
    sam = discord_standin.person("sam")
    assert (await client.told("ready"))["guild"] == "Rehearsal"
    assert await sam.autocomplete("hello", "name", "wor") == [{"name": "wor!", "value": "wor"}]
    reply = await (await sam.command("hello", name="world")).finished()
    assert reply.content == "hello world"
    assert reply.message

    opened = await sam.press(reply.message, "Why")
    assert (await sam.submit(opened, {"reason": "of tests"})).content == "because of tests"
    pressed = await sam.press(reply.message, "Press")
    assert pressed.content == "pressed"

    await sam.write("general", "anybody there?")
    await client.told("answered")
    _, answer = sam.messages("general")
    assert answer["content"] == "heard"
    assert answer["reactions"][0]["emoji"]["name"] == "🔥"
    assert sam.messages(answer["id"])[-1]["attachments"][0]["filename"] == "log.txt"

    await discord_standin.faults.drop_gateway()
    await sam.write("general", "while you were away")
    assert (await client.told("message"))["content"] == "while you were away"
    await client.told("answered")
    assert len(discord_standin.gateway.sessions) == 1

    await sam.write("general", "goodbye")
    assert await client.ended() == 0
