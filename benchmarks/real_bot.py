"""The bot as `run.py` starts it, but talking to a stand-in instead of Discord.

`python -m benchmarks.real_bot <stand-in url>` reads its settings from the environment, prints
one line when it is ready, and runs until its standard input ends.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.main import Running


async def serve() -> None:
    """Run until standard input ends."""
    from bot.affinity import keep_to_one_cpu
    from bot.config import load_settings

    settings = load_settings("bot")
    if settings.one_cpu:
        keep_to_one_cpu()
    from bot.main import Tempo, run_bot

    stop = asyncio.Event()

    def told(running: Running) -> None:
        print(running.web_url, flush=True)

    # The library waits this long for more servers to appear; there is one.
    tempo = Tempo(guild_ready=0.1)
    bot = asyncio.create_task(run_bot(settings, stop=stop, on_ready=told, tempo=tempo))
    await asyncio.to_thread(sys.stdin.read)
    stop.set()
    await bot


def main() -> None:
    """Load and run, in the order of `run.py`."""
    gc.disable()
    from sandbox.discord.pointing import pointed_at

    with pointed_at(sys.argv[1]):
        asyncio.run(serve())


if __name__ == "__main__":
    main()
