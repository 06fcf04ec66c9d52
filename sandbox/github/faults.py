"""Faults on demand: a status, a delay, a cut connection, or an answer lost after the write."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

SECONDARY = (
    "You have exceeded a secondary rate limit and have been temporarily blocked from content "
    "creation. Please retry your request again later."
)


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next `times` requests that match; None never ends.

    Args:
        method: "POST", or "*" for any.
        route: a regular expression searched in the path below the API root.
        status: answer with this status; 0 leaves the answer alone.
        delay: seconds to wait before answering.
        cut: drop the connection instead of answering.
        after: let the request do its work first, so only the answer is lost.
        message: GitHub's `message`; headers: sent along.
    """

    method: str
    route: str
    status: int = 0
    times: int | None = 1
    delay: float = 0.0
    cut: bool = False
    after: bool = False
    message: str = "Server Error"
    headers: dict[str, str] = field(default_factory=dict)

    def matches(self, method: str, path: str) -> bool:
        """Whether this request is hit."""
        return self.method in {"*", method} and bool(re.search(self.route, path))

    def body(self) -> bytes:
        """The body that goes with `status`."""
        return json.dumps({"message": self.message}).encode()


@dataclass(slots=True)
class Faults:
    """The faults that wait for their request."""

    waiting: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Let something go wrong."""
        self.waiting.append(fault)

    def lose_answer(self, method: str, route: str, times: int | None = 1) -> None:
        """Do the work, then cut the connection before the answer."""
        self.add(Fault(method, route, times=times, cut=True, after=True))

    def secondary_limit(
        self, method: str = "*", route: str = "", *, status: int = 403, retry_after: int = 60
    ) -> None:
        """GitHub's second, unannounced rate limit (403 or 429)."""
        headers = {"Retry-After": str(retry_after)}
        self.add(Fault(method, route, status=status, message=SECONDARY, headers=headers))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.waiting.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The first fault for this request; it counts as used."""
        for fault in self.waiting:
            if fault.matches(method, path):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.waiting.remove(fault)
                return fault
        return None
