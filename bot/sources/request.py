"""What a source is handed: one delivery, the secrets of its door, and what a source is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum

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
class Proof:
    """How a sender proves who it is: in words, and the headers it sends with a body."""

    words: str
    headers: Callable[[str, bytes, datetime], Mapping[str, str]]


class PathForm(StrEnum):
    """The address of a door."""

    PLAIN = "/webhook/{name}"
    ENDING = "/webhook/{name}/{ending}"  # the secret
    SDK = "/api/{project}/envelope/"


class Unreadable(Enum):
    """What a sender hears whose body is proven to be its own but cannot be read.

    `ACCEPTED` for those that punish a refusal by switching the webhook off, or that would
    only send the same again; `REFUSED` for those that show it to somebody and then let go.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Source:
    """A system that sends to us: one row of the table.

    Attributes:
        name: of the door, in the URL.
        about: the system, for people.
        verify: raises `BadSignature` or `DoorShut` unless the sender proved who it is.
        parse: raises `BadPayload` or `TooLarge`; what was heard may hold no event.
        proof: how the sender proves who it is, in words, and as a sender would do it.
        setting: what opens the door; named while it is shut.
        keyed_by: the setting of its secret, where that is another one.
        is_open: whether it is open even without that secret.
        unreadable: what is answered to a body that is proven but cannot be read.
        delivery_header: names the header with the sender's id of the delivery, which is the
            same when it is sent again.
        patience: seconds after which the sender hangs up and counts the delivery as failed.
    """

    name: str
    about: str
    verify: Callable[[Request, Secrets], None]
    parse: Callable[[Request], Heard]
    proof: Proof
    setting: str
    unreadable: Unreadable = Unreadable.REFUSED
    delivery_header: str = "idempotency-key"
    keyed_by: str = ""
    is_open: bool = False
    path: PathForm = PathForm.PLAIN
    patience: float = 10.0

    @property
    def secret_setting(self) -> str:
        """The setting that holds the door's secret."""
        return self.keyed_by or self.setting
