"""A day of telemetry: entries a second, CPU and memory, beside a plain per-entry generator.

    python -m benchmarks.dataset [--hours 24] [--workers 2] [--rounds 5]

The plain generator makes the same shapes as most generators do: a dictionary for each entry,
uuid4, random, isoformat, json.dumps, gzip 9. The two take turns, hour by hour, and the median of
the rounds counts, so that a machine that is busy in between slows both.

The goals were set on one machine, so the speed of this one is measured beside every run by three
things of which that machine's figures are known; what depends on speed is told as it was here and
as it would be there.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from bot.simulation.dataset.files import lines_of, read_json
from bot.simulation.dataset.hour import Job, make_hour
from bot.simulation.dataset.traffic import minute_of
from bot.simulation.dataset.truth import moment

ROOT = Path(__file__).parents[1]
_MOST_REGULAR = {"kubernetes": 7.6, "sentry": 10.4, "cloudwatch": 7.1, "grafana": 20.9}
"""How well the generator before this one compressed; repeating oneself more would be cheating."""
_QUIET = 0.9
"""Of what its cores could give, the share that a run gets on a machine that does nothing else."""


def memory_of(pid: int) -> int:
    """Proportional set size of a process and its children in bytes."""
    total = 0
    for one in [pid, *_children(pid)]:
        try:
            text = Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue
        total += 1024 * int(text.partition("\nPss:")[2].split()[0])
    return total


def _children(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(one) for one in found]


def ours(
    folder: Path, hours: float, workers: int, *, isal: bool, machine: Machine | None = None
) -> dict[str, Any]:
    """Run the command; wall and CPU seconds, the peak of memory, and what the manifest says."""
    hide = "" if isal else "import sys; sys.modules['isal'] = None\n"
    code = f"{hide}import sys, run\nsys.exit(run.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "simulate", "dataset", "--output-dir", str(folder)]
    slow = [machine.slowness() if machine else 1.0]
    before, begun = os.times(), time.monotonic()
    process = subprocess.Popen(
        [*command, "--workers", str(workers), "--duration-hours", str(hours)],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    )
    peak = [0]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            peak[0] = max(peak[0], memory_of(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code_of = process.wait()
    ended.set()
    watcher.join()
    wall, after = time.monotonic() - begun, os.times()
    slow.append(machine.slowness() if machine else 1.0)
    assert code_of == 0, code_of
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    manifest = read_json(folder / "manifest.json")
    return {
        "wall": wall, "cpu": cpu, "peak": peak[0], "manifest": manifest,
        "slow": statistics.mean(slow),
    }  # fmt: skip


def _environment() -> dict[str, str]:
    """As a user's: compiled modules are kept."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def plain_entry(line: dict[str, Any]) -> dict[str, Any]:
    """A dictionary like `line`, every text and number of it drawn anew."""
    made: dict[str, Any] = {}
    for key, value in line.items():
        made[key] = _drawn(value)
    return made


def _drawn(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _drawn(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_drawn(inner) for inner in value]
    if isinstance(value, str):
        if len(value) in (32, 36):
            return str(uuid.uuid4()) if "-" in value else uuid.uuid4().hex
        if value[:3] == "202" and "T" in value:
            return datetime.fromtimestamp(1.7e9 + random.random() * 1e6, UTC).isoformat()
        return random.choice((value, value))
    if isinstance(value, bool) or value is None:
        return value
    return random.randint(0, 10_000) if isinstance(value, int) else random.uniform(0, 1000)


def plain(folder: Path, manifest: dict[str, Any], sample: int) -> float:
    """Microseconds of CPU that the plain generator needs for an entry of the same mix."""
    total, entries = 0.0, sum(manifest["entries"].values())
    for source, count in manifest["entries"].items():
        files = [one["path"] for one in manifest["files"] if one["path"].startswith(source)]
        wanted = max(1, sample * count // entries)
        lines = [
            json.loads(raw) for raw in islice(lines_of(folder / files[len(files) // 2]), wanted)
        ]
        begun = time.process_time()
        with gzip.open(folder / "plain.gz", "wb", 9) as stream:
            for line in lines:
                stream.write(json.dumps(plain_entry(line)).encode() + b"\n")
        total += (time.process_time() - begun) / len(lines) * count / entries
    return total * 1e6


def beside_plain(folder: Path, manifest: dict[str, Any], rounds: int, sample: int) -> list[float]:
    """How many times our CPU an entry costs the plain generator, round by round."""
    told = manifest["job"]
    start, end = (minute_of(moment(told[name])) for name in ("start", "end"))
    job = Job(
        told["configuration"], told["seed"], start, end, told["entries_per_minute"],
        told["incidents"], told["format"], told["compressor"], str(folder / "again"),
    )  # fmt: skip
    hours = job.hours()
    make_hour(job, hours[0])
    found = []
    for turn in range(rounds):
        hour = hours[(2 * turn + 1) * len(hours) // (2 * rounds)]
        theirs = plain(folder, manifest, sample)
        begun = time.process_time()
        entries = sum(file.entries for file in make_hour(job, hour).files)
        found.append(theirs / ((time.process_time() - begun) / entries * 1e6))
    return found


class Machine:
    """How fast this machine is, by things of which the figures of the goals' machine are known."""

    def __init__(self, pod_log: bytes) -> None:
        self._text = pod_log[: 1 << 20]
        self._line = json.loads(pod_log[: pod_log.index(b"\n")])

    def measures(self) -> dict[str, tuple[float, float]]:
        """By name, microseconds here and there."""
        megabytes = len(self._text) / 1e6
        return {
            "uuid4().hex": (_timed(lambda: uuid.uuid4().hex, 5_000), 1.65),
            "json.dumps of a pod's line": (_timed(lambda: json.dumps(self._line), 5_000), 4.6),
            "zlib -6 of a kilobyte of them": (
                _timed(lambda: zlib.compress(self._text, 6), 1) / megabytes / 1e3,
                1e3 / 92,
            ),
        }

    def slowness(self) -> float:
        """How many times slower than that machine this one is just now."""
        return statistics.median(here / there for here, there in self.measures().values())


def _timed(call: Callable[[], object], times: int) -> float:
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        for _ in range(times):
            call()
        best = min(best, (time.process_time() - begun) / times)
    return best * 1e6


def sizes(folder: Path, manifest: dict[str, Any]) -> Iterator[tuple[str, float, float]]:
    """Of each source: our bytes over those of gzip -6, and how many times smaller gzip -9 is."""
    for source, entries in manifest["entries"].items():
        files = [one for one in manifest["files"] if one["path"].startswith(f"{source}/")]
        some = files[len(files) // 8 :: max(1, len(files) // 4)][:4]
        texts = [b"".join(lines_of(folder / one["path"])) for one in some]
        whole = sum(map(len, texts))
        six, nine = (sum(len(zlib.compress(text, level)) for text in texts) for level in (6, 9))
        ours_is = sum(one["bytes"] for one in some)
        print(
            f"  {source:<11}{entries:>9,} entries, "
            f"{whole / sum(one['entries'] for one in some):>5.0f} bytes each"
        )
        yield source, ours_is / six, whole / nine


def judge(
    what: str, value: float, goal: float, unit: str = "", *, least: bool = False, quiet: bool = True
) -> None:
    """One line: what was measured, the goal, and whether it is met.

    Where the machine was not `quiet`, a wall clock cannot tell: "busy" stands for "MISS".
    """
    met = value >= goal if least else value <= goal
    verdict = "ok  " if met else "MISS" if quiet else "busy"
    sign = "≥" if least else "≤"
    print(f"  {verdict} {what:<46} {value:>7.2f} {sign} {goal:g} {unit}")


def main() -> None:
    """Print the table and the goals."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5, help="beside the plain generator")
    parser.add_argument("--plain", type=int, default=4_000, help="entries of it in a round")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dataset-"))
    try:
        _run(folder, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(folder: Path, options: argparse.Namespace) -> None:
    # The first run of all compiles Python's modules, and gives text to measure the machine by.
    first = ours(folder / "first", 0.5, 1, isal=True)["manifest"]["files"]
    path = next(one["path"] for one in first if one["path"].startswith("kubernetes/"))
    machine = Machine(b"".join(lines_of(folder / "first" / path)))
    for name, (here, there) in machine.measures().items():
        print(f"{name}: {here:.2f} µs here, {there:.2f} µs on the machine of the goals")
    found = ours(folder / "day", options.hours, options.workers, isal=True, machine=machine)
    _told("isal", found)
    by_source = list(sizes(folder / "day", found["manifest"]))
    rounds = beside_plain(folder / "day", found["manifest"], options.rounds, options.plain)
    shutil.rmtree(folder / "day")
    bare = ours(folder / "day", options.hours, options.workers, isal=False, machine=machine)
    _told("standard library alone", bare)
    count = sum(found["manifest"]["entries"].values())
    day = 1_400_000 / count
    print(
        f"goals, for 1.4 million entries on a machine as fast as theirs ({options.workers} workers)"
    )
    there = day / found["slow"]
    quiet = [one["cpu"] > _QUIET * one["wall"] * options.workers for one in (found, bare)]
    judge("wall", found["wall"] * there, 6, f"s ({found['wall']:.1f} s here)", quiet=quiet[0])
    judge("CPU", found["cpu"] * there, 12, f"s ({found['cpu']:.1f} s here)")
    judge("memory of all processes", found["peak"] / 1e6, 250, "MB")
    wall = bare["wall"] * day / bare["slow"]
    alone = f"s ({bare['wall']:.1f} s here)"
    judge("wall, standard library alone", wall, 20, alone, quiet=quiet[1])
    told = ", ".join(f"{one:.1f}" for one in sorted(rounds))
    middle = statistics.median(rounds)
    judge("CPU of the plain generator over ours", middle, 7, f"times ({told})", least=True)
    for source, ours_is, nine in by_source:
        judge(f"size of {source} over gzip -6", ours_is, 1.2)
        judge(f"gzip -9 makes {source} smaller", nine, _MOST_REGULAR[source], "times")


def _told(name: str, found: dict[str, Any]) -> None:
    count = sum(found["manifest"]["entries"].values())
    print(
        f"{name}: {count:,} entries, {found['manifest']['incidents']} incidents, "
        f"{found['wall']:.1f} s wall, {found['cpu']:.1f} s CPU, "
        f"{count / found['wall']:,.0f}/s, {found['peak'] / 1e6:.0f} MB for all processes, "
        f"{found['cpu'] / found['wall']:.1f} cores busy, "
        f"the machine {found['slow']:.1f} times slower than that of the goals"
    )


if __name__ == "__main__":
    main()
