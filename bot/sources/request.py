"""What a source is handed: one delivery, the secrets of its door, and what a source is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.sources.heard import Heard


@dataclass(frozen=True, slots=True)
class Request:
    """One delivery, independent of any web framework.

    `headers` has lower-case names. `body` holds the bytes as they came over the wire while a
    source verifies (signatures cover them), and the decompressed bytes while it parses.
    `id` is ours and unique; events without an id of their own take it.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: datetime
    id: str = ""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secret of a door and, while it is being rotated, the one before it.

    An unset or blank `current` shuts the door, whatever `previous` says.
    """

    current: str = field(default="", repr=False)
    previous: str = field(default="", repr=False)

    @property
    def accepted(self) -> tuple[bytes, ...]:
        """The secrets that open the door, newest first; empty if it is shut."""
        if not self.current.strip():
            return ()
        both = (self.current, self.previous)
        return tuple(secret.encode("utf-8", "surrogateescape") for secret in both if secret.strip())


@dataclass(frozen=True, slots=True)
class Source:
    """A system that sends to us: one row of the table.

    Attributes:
        verify: raises `BadSignature` or `DoorShut` unless the sender proved who it is.
        parse: raises `BadPayload` or `TooLarge`; what was heard may hold no event.
    """

    name: str
    verify: Callable[[Request, Secrets], None]
    parse: Callable[[Request], Heard]
