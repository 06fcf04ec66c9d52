"""The CloudWatch stand-in with the lines of the benchmark, as a process of its own.

`python -m benchmarks.logs_server <lines>` serves until its standard input is closed; the address
is the first line on standard output. 150 ms a call, 25 calls a second, beyond it
ThrottlingException; a page holds 1 MB.
"""

from __future__ import annotations

import asyncio
import sys

from sandbox.cloudwatch import CloudWatchStandIn, Manners

GROUP = "/bench/app"
START = 1_767_225_600_000  # 2026-01-01T00:00Z
WINDOW = 50 * 60_000  # milliseconds
STREAMS = 20
BURST = 5  # lines of one millisecond
_REST = "x" * 40


def lines(stream: int, count: int) -> list[tuple[int, str]]:
    """(milliseconds, message) of one of the streams, about 180 bytes each.

    Those of a burst are in streams one after the other, so that the order of all lines is that
    of their numbers.
    """
    made = []
    for number in range(stream, count, STREAMS):
        at = START + number // BURST * BURST * WINDOW // count
        trace = f"{number * 2_654_435_761 % 2**64:016x}"
        message = (
            f"2026-01-01 INFO request {number:08d} GET /api/orders/{number * 7919 % 100_003} "
            f"status=200 duration={number % 977}ms user=u{number % 4_099} trace={trace} {_REST}"
        )
        made.append((at, message))
    return made


async def main(count: int) -> None:
    """Serve `count` lines until standard input is closed."""
    standin = CloudWatchStandIn(Manners(latency=0.15, calls_per_second=25))
    for stream in range(STREAMS):
        standin.add(GROUP, f"stream-{stream:02d}", lines(stream, count))
    await standin.start()
    print(standin.url, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await standin.stop()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
