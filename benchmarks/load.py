"""A light load generator in a process of its own: N requests over K keep-alive connections.

`python -m benchmarks.load <port> <path> <count> <seed> <form> <rate> [header]` prints one JSON
line; a rate of 0 is as fast as the answers come.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count

from benchmarks import errors

CONNECTIONS = 8


class Connection(asyncio.Protocol):
    """Sends a request, waits for its answer, sends the next."""

    def __init__(
        self,
        requests: list[bytes],
        seen: Counter[str],
        took: list[float],
        slots: Iterator[float] | None,
    ) -> None:
        self._requests = requests
        self._slots = slots
        self._seen = seen
        self._took = took
        self._buffer = b""
        self._started = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """Collect an answer; when it is whole, note it and go on."""
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lowered = head.lower()
        at = lowered.find(b"content-length:")
        length = int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(rest) < length:
            return
        self._buffer = b""
        self._took.append(time.perf_counter() - self._started)
        self._seen[head[9:12].decode()] += 1
        if b"connection: close" in lowered:
            self._transport.close()
        else:
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's shape
        """The server closed: the caller connects again if there is more to send."""
        if not self.done.done():
            self.done.set_result(None)

    def _next(self) -> None:
        if self._slots is None:
            self._send()
        else:
            asyncio.get_running_loop().call_at(next(self._slots), self._send)

    def _send(self) -> None:
        if not self._requests:
            self._transport.close()
            return
        self._started = time.perf_counter()
        self._transport.write(self._requests.pop())


async def run(port: int, requests: list[bytes], rate: float) -> dict[str, object]:
    """Send all requests; returns counts by status, seconds, and latencies in ms."""
    seen: Counter[str] = Counter()
    took: list[float] = []
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    slots = count(loop.time(), 1 / rate) if rate else None

    async def keep_sending() -> None:
        while requests:
            _, connection = await loop.create_connection(
                lambda: Connection(requests, seen, took, slots), "127.0.0.1", port
            )
            await connection.done

    await asyncio.gather(*(keep_sending() for _ in range(CONNECTIONS)))
    seconds = time.perf_counter() - started
    took.sort()
    return {
        "seconds": seconds,
        "statuses": dict(seen),
        "p50_ms": took[len(took) // 2] * 1000,
        "p99_ms": took[int(len(took) * 0.99)] * 1000,
    }


def main() -> None:
    """Read the command line, build the requests first, then send them."""
    port, path, how_many, seed, form, rate = sys.argv[1:7]
    extra = "".join(f"{header}\r\n" for header in sys.argv[7:])
    began = time.perf_counter()
    made = errors.bodies(int(how_many), int(seed), getattr(errors, f"as_{form}"))
    requests = [
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{extra}\r\n".encode()
        + body
        for body in made
    ]
    preparing = time.perf_counter() - began
    answer = asyncio.run(run(int(port), requests, float(rate)))
    mean_bytes = sum(map(len, made)) // len(made)
    sys.stdout.write(
        json.dumps({**answer, "preparing": preparing, "mean_bytes": mean_bytes}) + "\n"
    )


if __name__ == "__main__":
    main()
