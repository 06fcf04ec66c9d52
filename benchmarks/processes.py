"""Starting a server, waiting for it, and reading what its process tree costs."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def running(
    command: Sequence[str | Path], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a program for as long as the block; gives its process id."""
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.terminate()
        process.wait(30)


def wait_for(url: str, *, seconds: float = 60) -> None:
    """Wait until `url` answers at all."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"{url} does not answer")


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cpu_seconds(*roots: int) -> float:
    """User and system time of these processes and all their children, so far."""
    spent = {pid: ticks for pid, (_, ticks) in _processes().items()}
    return sum(spent.get(pid, 0) for pid in _tree(*roots)) / _TICKS


def _tree(*roots: int) -> set[int]:
    processes = _processes()
    tree = set(roots)
    while grown := {pid for pid, (parent, _) in processes.items() if parent in tree} - tree:
        tree |= grown
    return tree


def _processes() -> dict[int, tuple[int, int]]:
    """All there are: id -> (its parent's, ticks of user and system time so far)."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            after_name = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        found[int(entry.name)] = int(after_name[1]), int(after_name[11]) + int(after_name[12])
    return found


def resident_mib(pid: int) -> float:
    """The resident memory of one process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def highest_mib(pid: int) -> float:
    """The most resident memory that one process has ever had; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def load(
    port: int, path: str, count: int, seed: int, form: str, *headers: str, rate: float = 0
) -> dict[str, Any]:
    """Run the load generator in a process of its own; `rate` a second, 0 for all it can."""
    command = [sys.executable, "-m", "benchmarks.load", str(port), path, str(count), str(seed)]
    done = subprocess.run(
        [*command, form, str(rate), *headers], cwd=ROOT, capture_output=True, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
