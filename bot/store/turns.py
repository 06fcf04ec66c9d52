"""Several processes that write one SQLite file take turns.

SQLite has whoever must wait look again every few milliseconds, later and later; who waits for
a lock of the system is woken when it becomes free. Where there is none (Windows), SQLite's own
way is all there is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

Turn = Callable[[], AbstractContextManager[None]]
ENDING = "-turn"  # of the lock file's name, after the database's


def at_any_time() -> AbstractContextManager[None]:
    """A turn that nobody has to wait for."""
    return nullcontext()


def turns(database: Path) -> Turn:
    """The turns of one writer at an SQLite file; a process that dies gives its turn back."""
    if sys.platform == "win32":
        return at_any_time

    import fcntl

    lock = database.with_name(database.name + ENDING).open("ab")

    @contextmanager
    def turn() -> Iterator[None]:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)

    return turn
