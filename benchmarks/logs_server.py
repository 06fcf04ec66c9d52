"""The CloudWatch stand-in with the lines of the benchmark, as a process of its own."""

from __future__ import annotations

import asyncio
import sys

from sandbox.cloudwatch import CloudWatchStandIn, Manners

GROUP = "/bench/app"
START = 1_767_225_600_000  # 2026-01-01T00:00Z
WINDOW = 50 * 60_000
STREAMS = 20
_REST = "x" * 40


def lines(count: int) -> list[tuple[str, int, str]]:
    """(stream, milliseconds, message) in order of time, about 180 bytes each."""
    made = []
    for number in range(count):
        at = START + number * WINDOW // count
        trace = f"{number * 2_654_435_761 % 2**64:016x}"
        message = (
            f"2026-01-01 INFO request {number:08d} GET /api/orders/{number * 7919 % 100_003} "
            f"status=200 duration={number % 977}ms user=u{number % 4_099} trace={trace} {_REST}"
        )
        made.append((f"stream-{number % STREAMS:02d}", at, message))
    return made


async def main(count: int) -> None:
    """Serve until standard input is closed; the address is the first line on standard output."""
    manners = Manners(latency=0.15, calls_per_second=25)
    standin = CloudWatchStandIn(manners)
    for stream, at, message in lines(count):
        standin.add(GROUP, stream, [(at, message)])
    await standin.start()
    print(standin.url, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(dict(standin.calls), standin.throttled, flush=True)
    await standin.stop()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
