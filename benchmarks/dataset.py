"""A day of telemetry: entries a second, CPU and memory, beside a plain per-entry generator.

    python -m benchmarks.dataset [--hours 24] [--workers 2] [--plain 20000]

The plain generator makes the same shapes as most generators do: a dictionary for each entry,
uuid4, random, isoformat, json.dumps, gzip 9. Its rate is scaled from a sample of the same mix.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.simulation.dataset.files import lines_of, read_json

ROOT = Path(__file__).parents[1]


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


def ours(folder: Path, hours: float, workers: int, isal: bool) -> dict[str, Any]:
    """Run the command; wall and CPU seconds, the peak of memory, and what the manifest says."""
    hide = "" if isal else "import sys; sys.modules['isal'] = None\n"
    code = f"{hide}import sys, run\nsys.exit(run.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "simulate", "dataset", "--output-dir", str(folder)]
    before, begun = os.times(), time.monotonic()
    process = subprocess.Popen(
        [*command, "--workers", str(workers), "--duration-hours", str(hours)],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
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
    assert code_of == 0, code_of
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    manifest = read_json(folder / "manifest.json")
    return {"wall": wall, "cpu": cpu, "peak": peak[0], "manifest": manifest}


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
    """CPU seconds of the plain generator for as many entries of the same mix."""
    total = 0.0
    for source, count in manifest["entries"].items():
        path = next(
            folder / one["path"] for one in manifest["files"] if one["path"].startswith(source)
        )
        lines = []
        for raw in lines_of(path):
            lines.append(json.loads(raw))
            if len(lines) >= sample * count // sum(manifest["entries"].values()):
                break
        begun = time.process_time()
        with gzip.open(folder / "plain.gz", "wb", 9) as stream:
            for line in lines:
                stream.write(json.dumps(plain_entry(line)).encode() + b"\n")
        total += (time.process_time() - begun) / len(lines) * count
    return total


def reference() -> float:
    """Microseconds of a json.dumps: what a second of this machine is worth at this moment."""
    pod = dict.fromkeys(("pod_name", "namespace_name", "pod_id", "host", "app"), "x" * 36)
    line = {"time": "2026-01-07T14:00:00Z", "stream": "stdout", "log": "x" * 300, "kubernetes": pod}
    begun = time.process_time()
    for _ in range(20_000):
        json.dumps(line)
    return (time.process_time() - begun) / 20_000 * 1e6


def ratios(folder: Path, manifest: dict[str, Any]) -> None:
    """How well each source compresses, and how our files compare with gzip -6."""
    for source in manifest["entries"]:
        files = [one for one in manifest["files"] if one["path"].startswith(f"{source}/")]
        middle = files[len(files) // 2]
        text = b"".join(lines_of(folder / middle["path"]))
        six, nine = len(zlib.compress(text, 6)), len(zlib.compress(text, 9))
        print(
            f"  {source:<11}{manifest['entries'][source]:>9,} entries, "
            f"{len(text) / middle['entries']:>5.0f} bytes each, "
            f"gzip -9 ratio {len(text) / nine:.1f}, "
            f"ours is {middle['bytes'] / six:.2f} of gzip -6"
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--plain", type=int, default=20_000, help="entries of its sample")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dataset-"))
    try:
        for name, isal in (("isal", True), ("standard library alone", False)):
            shutil.rmtree(folder)
            found = ours(folder, options.hours, options.workers, isal)
            manifest = found["manifest"]
            count = sum(manifest["entries"].values())
            print(
                f"{name}: {count:,} entries, {manifest['incidents']} incidents, "
                f"{found['wall']:.1f} s wall, {found['cpu']:.1f} s CPU, "
                f"{count / found['wall']:,.0f}/s, {found['peak'] / 1e6:.0f} MB for all processes"
            )
            ratios(folder, manifest)
            print(f"  this machine just now: json.dumps of a pod's line {reference():.1f} µs")
            if isal:
                cpu = plain(folder, manifest, options.plain)
                print(
                    f"plain per-entry generator: {cpu:.0f} s CPU for as much "
                    f"({cpu / found['cpu']:.1f} times ours)"
                )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
