"""A connection that gives up after a while."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

PATIENCE = 0.05  # seconds; 30 in production
Address = tuple[str, int]


@contextmanager
def gateway() -> Iterator[Address]:
    """A gateway as it was that day: it takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()


class Connection:
    """One TCP connection."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.socket()
        self._socket.settimeout(PATIENCE)
        self._socket.connect(address)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, body: bytes) -> None:
        """Send all of it."""
        self._socket.sendall(body)

    def receive(self) -> bytes:
        """The next bytes of the answer."""
        return self._socket.recv(65_536)
