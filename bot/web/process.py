"""`run.py web`: the intake as a process of its own, under granian."""

from __future__ import annotations

import os
import sys

THREADS = 8
# Two interpreters do more than one, since each does one thing at a time; more than two would
# wait for the database, which has one writer at a time.
MOST_WORKERS = 2
_END_WITHIN = 15  # seconds a worker has to finish after SIGTERM


def serve(factory: str, *, host: str, port: int, threads: int = THREADS) -> None:
    """Serve until SIGINT or SIGTERM; requests that have begun are answered.

    Args:
        factory: where the worker finds a function that makes the app, e.g. "bot.main:web_app".
        host: the address to listen on.
        port: the port to listen on.
        threads: requests of a worker that wait for their commit at the same time.
    """
    workers = min(MOST_WORKERS, _cpus())
    # Only this process needs it; the bot with its own web intake does not pay for it.
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    Server(
        factory,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=workers,
        blocking_threads=threads,
        backpressure=max(2 * threads, 64),
        respawn_failed_workers=True,
        workers_kill_timeout=_END_WITHIN,
        websockets=False,
        log_level=LogLevels.error,
    ).serve()


def _cpus() -> int:
    """How many CPUs this process may use; a container may have fewer than its machine."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
