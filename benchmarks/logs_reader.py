"""What a big `/logs` reads, as a process of its own: every line to standard output, in order.

Then, with the store open as it is in a bot, the newest 50 lines once more.

`python -m benchmarks.logs_reader <address> <group> <first ms> <last ms>`; what it cost itself
is the last line on standard error, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

from bot.analysis.logs.query import LogQuery
from bot.services.logs.cloudwatch import CloudWatchStore
from bot.services.logs.store import Progress

_LOOK = 0.005  # seconds between two looks at how late the event loop is


async def _watch(late: list[float]) -> None:
    """How late each look comes: an interaction would have waited as long."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _LOOK
        await asyncio.sleep(_LOOK)
        late.append(loop.time() - due)


async def main(address: str, group: str, first: int, last: int) -> None:
    """Read it all; a line that cannot be written at once waits, as in a terminal."""
    late: list[float] = []
    watching = asyncio.create_task(_watch(late))
    store = CloudWatchStore.open("eu-central-1", address)
    progress = Progress()
    query = LogQuery((group,), start=_moment(first), end=_moment(last))
    out = sys.stdout.fileno()
    async with aclosing(store.read(query, progress)) as batches:
        async for lines in batches:
            text = "\n".join([line[1] for line in lines]) + "\n"
            await asyncio.to_thread(_write, out, text.encode())
    os.close(out)  # whoever measures need not wait for what comes now
    watching.cancel()
    late.sort()
    told = {
        "calls": progress.calls,
        "throttled": progress.throttled,
        "lag_ms": late[int(len(late) * 0.99)] * 1000 if late else 0.0,
        "worst_lag_ms": late[-1] * 1000 if late else 0.0,
    }
    await asyncio.sleep(1)  # a full allowance of calls
    began, spent, progress = time.perf_counter(), time.process_time(), Progress()
    asked = replace(query, limit=50, newest_first=True)
    newest = [line async for lines in store.read(asked, progress) for line in lines]
    told |= {"newest_50": time.perf_counter() - began, "newest_50_calls": progress.calls}
    told["cpu_after"] = time.process_time() - spent
    if len(newest) != 50:
        raise RuntimeError(f"the newest 50 lines are {len(newest)}")
    print(json.dumps(told), file=sys.stderr)
    await store.close()


def _write(out: int, text: bytes) -> None:
    rest = memoryview(text)
    while rest:
        rest = rest[os.write(out, rest) :]


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
