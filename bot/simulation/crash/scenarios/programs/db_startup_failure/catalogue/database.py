"""A small client of the database, and a server whose connections are all taken."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PROTOCOL = 196_608  # 3.0
FULL = "FATAL: sorry, too many clients already (SQLSTATE 53300)"


class DatabaseError(Exception):
    """The database refused."""


class Database:
    """One connection; made when this is."""

    def __init__(self, address: tuple[str, int], *, user: str, name: str) -> None:
        self._socket = socket.socket()
        self._socket.connect(address)
        self._greet(user, name)

    def _greet(self, user: str, name: str) -> None:
        told = f"user\0{user}\0database\0{name}\0\0".encode()
        self._socket.sendall(struct.pack("!ii", len(told) + 8, _PROTOCOL) + told)
        kind, text = self._read()
        if kind == b"E":
            self._socket.close()
            raise DatabaseError(text)

    def _read(self) -> tuple[bytes, str]:
        kind, length = struct.unpack("!ci", self._socket.recv(5))
        return kind, self._socket.recv(length).decode()


@contextmanager
def full_server() -> Iterator[tuple[str, int]]:
    """A database that says to everybody that it has no room."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        threading.Thread(target=_refuse, args=(listening,), daemon=True).start()
        yield listening.getsockname()


def _refuse(listening: socket.socket) -> None:
    with suppress(OSError):  # nobody asks any more
        while True:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1_024)
                connection.sendall(struct.pack("!ci", b"E", len(FULL)) + FULL.encode())
