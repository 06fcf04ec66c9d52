"""Memory that was needed for a moment is given back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What large bodies do in many threads: each leaves something small behind.
WORK = """
import threading
from pathlib import Path
from bot.allocation import keep_memory_flat

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1024**2

def work(number):
    large = bytes(20_000_000)
    together.wait()
    del large
    for turn in range(10):
        large = bytes(8_000_000)
        kept.append(bytes(3_000))  # lies behind it, and so keeps its place from being given back
        together.wait()
        del large

together, kept = threading.Barrier(8), []
keep_memory_flat()
before = resident()
threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for each in threads: each.start()
for each in threads: each.join()
print(resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's rules, read from /proc")
def test_a_process_is_as_small_after_large_bodies_as_before() -> None:
    told = subprocess.run(
        [sys.executable, "-c", WORK], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert float(told.stdout) < 8, "MiB"
