"""A pool of database connections."""

import threading
from itertools import count

PATIENCE = 0.05  # seconds; 30 in production


class PoolExhausted(Exception):
    """All connections are in use, and none came back in time."""


class Pool:
    """So many connections, and no more."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._free = threading.BoundedSemaphore(size)
        self._numbers = count(1)

    def acquire(self) -> int:
        """A connection, as soon as one is free."""
        if not self._free.acquire(timeout=PATIENCE):
            raise PoolExhausted(f"all {self.size} connections are in use, and none came back")
        return next(self._numbers)

    def release(self, _connection: int) -> None:
        """Give it back."""
        self._free.release()
