"""An address to listen on, or why not: web servers say so each in their own way, or at length."""

from __future__ import annotations

import errno
import os
import socket

from bot.errors import SettingsError


def address_to_listen_on(host: str, port: int) -> str:
    """The number of `host`, once it is seen that `port` can be listened on there.

    Raises:
        SettingsError: if it cannot, naming WEB_HOST or WEB_PORT.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, _protocol, _name, where = found[0]
        with socket.socket(family, kind) as probe:
            if os.name != "nt":  # there it would allow what is taken
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        raise cannot_listen(host, port, error) from error
    return str(where[0])


def cannot_listen(host: str, port: int, error: OSError) -> SettingsError:
    """Why nothing can listen there, and the cure."""
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        cure = "write an address of this computer: 127.0.0.1, or 0.0.0.0 for all of them"
        return SettingsError([f"WEB_HOST: {host!r} cannot be listened on. To cure it, {cure}."])
    problem = f"WEB_PORT: cannot listen on {host}:{port} ({error.strerror})."
    return SettingsError([f"{problem} To cure it, end the program that does, or set another port."])
