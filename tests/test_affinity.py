"""Mostly in processes of their own: what is asked for holds for the whole process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.affinity import spread

ROOT = Path(__file__).parents[1]
PROGRAM = """
import os, sys, threading
from bot.affinity import keep_to_one_cpu
begun_before = threading.Thread(target=sys.stdin.read)
begun_before.start()
keep_to_one_cpu()
keep_to_one_cpu()
threads = map(int, os.listdir("/proc/self/task"))
print({cpu for thread in threads for cpu in os.sched_getaffinity(thread)}, flush=True)
begun_before.join()
"""

binds = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
    reason="only Linux binds processes to CPUs, and here there must be two to choose from",
)


def kept_to(processes: int) -> list[set[int]]:
    """The CPUs of so many processes that run at the same time."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    told = []
    for process in running:
        assert process.stdout is not None
        told.append({int(cpu) for cpu in process.stdout.readline().strip("{}\n").split(",")})
    for process in running:
        process.communicate()
    return told


@binds
def test_all_threads_of_a_process_keep_to_one_cpu() -> None:
    (cpus,) = kept_to(1)
    assert len(cpus) == 1
    assert cpus <= os.sched_getaffinity(0)


@binds
def test_processes_spread_over_the_cpus_there_are() -> None:
    available = len(os.sched_getaffinity(0))
    kept = [cpu for cpus in kept_to(min(available, 4)) for cpu in cpus]
    assert len(set(kept)) == len(kept)


def test_one_cpu_of_each_core_comes_before_the_second_of_any() -> None:
    cores = {0: "0,2", 2: "0,2", 1: "1,3", 3: "1,3", 4: "4"}
    first, second = [3, 4, 2, 0, 1], [0, 1, 2, 3, 4]
    assert spread(first, cores.__getitem__) == [1, 4, 0, 3, 2]
    assert spread(second, cores.__getitem__) == [0, 1, 4, 2, 3]
