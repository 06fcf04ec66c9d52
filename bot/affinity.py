"""CPU affinity: a process that takes deliveries keeps to one CPU.

Python lets one thread of a process work at a time, and a delivery is handed from thread to thread
a dozen times. On one CPU the next thread finds what it needs in the cache; on another it does
not, and that CPU must be woken first. Kept to one, a process takes about a quarter more errors in
the same time. Programs that are not bound to a CPU are moved out of its way by the kernel.
"""

from __future__ import annotations

import os
import random
import socket
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import chain, zip_longest
from pathlib import Path

_signs: list[socket.socket] = []  # that tell other processes which CPUs are taken


def keep_to_one_cpu() -> None:
    """Bind this process, with whatever it starts from now on, to one of the CPUs it may use.

    It is one that no other process keeps to by this function. If none is left, if the system
    refuses, or does not know of such a thing (all but Linux), nothing happens.
    """
    if sys.platform != "linux":
        return
    allowed = list(os.sched_getaffinity(0))
    if len(allowed) == 1:
        return
    random.shuffle(allowed)  # in another container they do not see what we take
    chosen = next((cpu for cpu in spread(allowed, _core_of) if _take(cpu)), None)
    if chosen is None:
        return
    for thread in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # the thread has just ended, or we may not
            os.sched_setaffinity(int(thread.name), {chosen})


def spread(cpus: Iterable[int], core_of: Callable[[int], str]) -> list[int]:
    """The CPUs, one of each core first: two of one core share what it can do."""
    cores: dict[str, list[int]] = defaultdict(list)
    for cpu in cpus:
        cores[core_of(cpu)].append(cpu)
    turns = zip_longest(*map(sorted, cores.values()))
    return [cpu for cpu in chain.from_iterable(turns) if cpu is not None]


def _core_of(cpu: int) -> str:
    """What names the core of a CPU; without a word of the system's, it is one by itself."""
    told = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    try:
        return told.read_text(encoding="ascii")
    except OSError:
        return f"of {cpu}"


def _take(cpu: int) -> bool:
    """Take a CPU for as long as this process lives; False if another has it."""
    sign = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        sign.bind(f"\0jinkies keeps to CPU {cpu}")  # not a file: the kernel forgets it with us
    except OSError:
        sign.close()
        return False
    _signs.append(sign)
    return True
