"""Every door under fire: mutated deliveries with real signatures, over HTTP, to `run.py web`.

`python -m benchmarks.soak --requests 100000` starts the intake as a process of its own on a new
SQLite file, sends mutations of each source's sample on loopback, bombs among them, and prints
what was answered and the intake's memory. It fails on any 5xx but an overload's 503 with
Retry-After, on an answer that never comes, and on memory that is not flat: that grows by more
than `--growth` MiB in the second half. A seed repeats a run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from benchmarks.hostile import Hostility
from bot.sources.mapping import ready_mappings
from bot.sources.request import PathForm, Source
from bot.sources.sampling import sample_of
from bot.sources.table import SourceSettings, source_table
from bot.store import Store
from bot.store.doors import add_key

ROOT = Path(__file__).parents[1]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DSN_KEY = "0123456789abcdef0123456789abcdef"
# What `run.py web` does, without its look at what is installed.
SERVE = "from bot.config import load_settings; from bot.main import run_web; "
SERVE += "run_web(load_settings('web'))"
CONNECTIONS = 8
PATIENCE = 30.0  # seconds until an answer that does not come is a failure
MARKS = 10  # at which the memory is looked at


@dataclass
class Seen:
    """What was answered so far."""

    statuses: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def note(self, source: str, status: int, headers: bytes, body: bytes) -> None:
        """Count an answer; a 5xx that is no honest overload is a failure."""
        self.statuses[f"{source} {status}"] += 1
        is_overload = status == 503 and b"retry-after" in headers.lower()
        if status >= 500 and not is_overload:
            self.fail(f"{source}: {status} to {body[:300]!r}")

    def fail(self, why: str) -> None:
        """Note a failure, and say it at once: the rest of a long run may not come."""
        self.failures.append(why)
        print(f"FAILED {why}", flush=True)


class Gunner:
    """Makes deliveries: a source by chance, its sample mutated, its proof usually right."""

    def __init__(self, seed: int, port: int) -> None:
        self._random = Random(seed)
        self._hostility = Hostility(self._random)
        self._host = f"127.0.0.1:{port}"
        table = source_table(SourceSettings(mappings=ready_mappings()))
        self._sources = tuple(table.values())

    def delivery(self) -> tuple[str, bytes, bytes]:
        """The source's name, the whole HTTP request, and its body."""
        source = self._random.choice(self._sources)
        now = datetime.now(UTC)
        sample = sample_of(source, now)
        body = self._hostility.mutated(sample.body)
        sent = {**sample.headers, **source.proof.headers(self._secret(), body, now)}
        wire, encoding = self._hostility.encoded(body)
        if encoding:
            # Signatures cover what goes over the wire.
            sent |= {**source.proof.headers(SECRET, wire, now), "Content-Encoding": encoding}
        sent = self._hostility.headers(sent)
        return source.name, self._request(source, sent, wire), body

    def _secret(self) -> str:
        return SECRET if self._random.random() < 0.97 else SECRET.replace("M", "N")

    def _request(self, source: Source, headers: Mapping[str, str], wire: bytes) -> bytes:
        path = source.path.format(name=source.name, ending=SECRET, project=1)
        if source.path is PathForm.SDK:
            path += f"?sentry_key={DSN_KEY}"
        lines = [f"POST {path} HTTP/1.1", f"Host: {self._host}", f"Content-Length: {len(wire)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + wire


async def connection(gunner: Gunner, port: int, left: list[int], seen: Seen) -> None:
    """Send deliveries one after the other until none is left."""
    reader = writer = None
    while left[0] > 0 and len(seen.failures) < 10:
        left[0] -= 1
        name, request, body = gunner.delivery()
        try:
            async with asyncio.timeout(PATIENCE):
                if reader is None or writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(request)
                status, headers = await answer(reader)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            seen.fail(f"{name}: no answer ({error!r}) to {len(body)} bytes: {body[:300]!r}")
            reader = writer = None
            continue
        seen.note(name, status, headers, body)
        if b"connection: close" in headers.lower():
            writer.close()
            reader = writer = None
    if writer is not None:
        writer.close()


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one HTTP answer: its status and its head."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    await reader.readexactly(int(lengths[0].partition(b":")[2]) if lengths else 0)
    return int(head[9:12]), head


def memory_of(pid: int) -> float:
    """MiB that a process and all that it started hold for themselves (Linux).

    Pages of files, such as the code of libraries, are shared and come and go: they are left out.
    """
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            resident, shared = map(int, stat.with_name("statm").read_text().split()[1:3])
        except (OSError, IndexError):
            continue  # it has just ended
        parents[int(stat.parent.name)] = (int(fields[1]), resident - shared)
    family, size = {pid}, -1
    while len(family) != size:
        size = len(family)
        family |= {child for child, (parent, _) in parents.items() if parent in family}
    pages = sum(parents[member][1] for member in family if member in parents)
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


async def started(folder: Path, port: int) -> asyncio.subprocess.Process:
    """`run.py web` with every door's secret set, as soon as it is ready."""
    url = f"sqlite+aiosqlite:///{folder / 'soak.db'}"
    store = await Store.open(url, clock=lambda: datetime.now(UTC))
    await store.write(
        lambda transaction: add_key(transaction, DSN_KEY, "soak", "soak", datetime.now(UTC))
    )
    await store.close()
    table = source_table(SourceSettings(mappings=ready_mappings())).values()
    environment = {
        **os.environ,
        **{source.secret_setting: SECRET for source in table if source.name != "sentry_sdk"},
        "WEBHOOK_SECRET": SECRET,
        "ALERT_CHANNEL_ID": "1",
        "DATABASE_URL": url,
        "WEB_HOST": "127.0.0.1",
        "WEB_PORT": str(port),
        "LOG_LEVEL": "ERROR",
    }
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVE), cwd=ROOT, env=environment
    )
    async with asyncio.timeout(60):
        while True:
            if server.returncode is not None:
                raise SystemExit("the intake did not start")
            try:
                (await asyncio.open_connection("127.0.0.1", port))[1].close()
                return server
            except OSError:
                await asyncio.sleep(0.1)


async def soak(requests: int, seed: int) -> tuple[Seen, list[float], float]:
    """Run; what was answered, MiB at each mark, and the seconds it took."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    seen, memory = Seen(), []
    with tempfile.TemporaryDirectory(prefix="jinkies-soak-") as folder:
        server = await started(Path(folder), port)
        begun = time.monotonic()
        try:
            gunner = Gunner(seed, port)
            for mark in range(1, MARKS + 1):
                left = [requests // MARKS]
                await asyncio.gather(
                    *(connection(gunner, port, left, seen) for _ in range(CONNECTIONS))
                )
                memory.append(memory_of(server.pid))
                done = sum(seen.statuses.values())
                print(f"{mark}/{MARKS}: {done} requests, {memory[-1]:.1f} MiB", flush=True)
        finally:
            if server.returncode is None:
                server.terminate()
            await server.wait()
    return seen, memory, time.monotonic() - begun


def main() -> int:
    """Run, print, and say by the exit code whether every door held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--growth", type=float, default=16.0, help="MiB that may be added")
    options = parser.parse_args()
    seen, memory, seconds = asyncio.run(soak(options.requests, options.seed))
    by_status: Counter[str] = Counter()
    for key, count in seen.statuses.items():
        by_status[key.rpartition(" ")[2]] += count
    doors = {key.partition(" ")[0] for key in seen.statuses}
    total = sum(by_status.values())
    print(f"{total} requests to {len(doors)} doors in {seconds:.0f} s, seed {options.seed}")
    print(", ".join(f"{status}: {count}" for status, count in sorted(by_status.items())))
    growth = max(memory[MARKS // 2 :]) - max(memory[: MARKS // 2])
    is_flat = growth <= options.growth
    judged = "flat" if is_flat else f"not flat: more than {options.growth:.0f} MiB"
    print(f"memory: the second half's most is {growth:+.1f} MiB beside the first's ({judged})")
    return 1 if seen.failures or not is_flat else 0


if __name__ == "__main__":
    sys.exit(main())
