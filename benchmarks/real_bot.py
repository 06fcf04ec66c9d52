"""The bot as `run.py` starts it, but talking to a stand-in instead of Discord.

`python -m benchmarks.real_bot <stand-in url>` reads its settings from the environment, prints
one line when it is ready, and runs until its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys

from bot.config import load_settings
from bot.main import Running, Tempo, run_bot
from sandbox.discord.pointing import pointed_at


async def serve() -> None:
    """Run until standard input ends."""
    stop = asyncio.Event()

    def told(running: Running) -> None:
        print(running.web_url, flush=True)

    # The library waits this long for more servers to appear; there is one.
    tempo = Tempo(guild_ready=0.1)
    bot = asyncio.create_task(run_bot(load_settings("bot"), stop=stop, on_ready=told, tempo=tempo))
    await asyncio.to_thread(sys.stdin.read)
    stop.set()
    await bot


if __name__ == "__main__":
    with pointed_at(sys.argv[1]):
        asyncio.run(serve())
