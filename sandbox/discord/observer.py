"""What may watch the stand-in's traffic."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

Json = dict[str, Any]


class Observer(Protocol):
    """Sees all traffic; each method returns what is wrong with it, in words."""

    def request(
        self,
        method: str,
        template: str,
        params: Mapping[str, str],
        query: Mapping[str, str],
        body: Any,
    ) -> Iterable[str]:
        """Check a REST request; `template` is the path as Discord's description spells it."""
        ...

    def answer(self, method: str, template: str, status: int, body: Any) -> Iterable[str]:
        """Check a REST answer."""
        ...

    def sent(self, payload: Json) -> Iterable[str]:
        """Check a message from the gateway to a client."""
        ...

    def received(self, payload: Json) -> Iterable[str]:
        """Check a message from a client to the gateway."""
        ...
