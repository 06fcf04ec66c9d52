"""Faults on demand: what can go wrong between a bot and Discord, by route, so many times."""

import re
from dataclasses import dataclass, field
from typing import Protocol


class BreakableGateway(Protocol):
    """What faults can do to the gateway."""

    async def drop(self, code: int | None = 4000) -> None:
        """Close every connection with `code`; None cuts them without a word."""
        ...

    def ask_to_reconnect(self) -> None:
        """Send op 7 to every client."""
        ...

    def invalidate(self, *, resumable: bool = False) -> None:
        """Send op 9 to every client; not resumable, the sessions are forgotten."""
        ...


@dataclass
class Fault:
    """One thing that will go wrong.

    `method` is an HTTP method or `*`, `route` a regular expression searched in the path below
    `/api/v10`. With `status` the answer has that status; `delay` (seconds) comes first; `cut`
    aborts the connection instead of answering. With `after` the work is done before it goes
    wrong: the answer is lost. `times` counts down; None never ends.
    """

    method: str = "*"
    route: str = ""
    status: int | None = None
    times: int | None = 1
    delay: float = 0.0
    cut: bool = False
    after: bool = False
    retry_after: float = 0.3
    hits: int = field(default=0, init=False)

    def strikes(self, method: str, path: str) -> bool:
        """Whether this fault is for this request."""
        spent = self.times is not None and self.hits >= self.times
        same = self.method in ("*", method)
        return not spent and same and re.search(self.route, path) is not None


class Faults:
    """The REST faults in force, and the doors to break the gateway.

    A fault on the route `^/gateway$` with a status refuses new gateway connections.
    """

    gateway: BreakableGateway  # set once, by the server that owns both

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force; its `hits` tells how often it struck."""
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """End all faults."""
        self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that strikes this request, counted, or None."""
        for fault in self._faults:
            if fault.strikes(method, path):
                fault.hits += 1
                return fault
        return None

    async def drop_gateway(self, code: int | None = 4000) -> None:
        """Close every gateway connection with `code`; None cuts them without a word."""
        await self.gateway.drop(code)

    def ask_to_reconnect(self) -> None:
        """Ask every client to reconnect and resume (op 7)."""
        self.gateway.ask_to_reconnect()

    def invalidate_sessions(self, *, resumable: bool = False) -> None:
        """Tell every client that its session is invalid (op 9)."""
        self.gateway.invalidate(resumable=resumable)
