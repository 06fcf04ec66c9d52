"""Route: which receiver an alert's notifications go to."""

from __future__ import annotations

from collections.abc import Mapping

from bot.models import Alert, Receiver


class Routing:
    """Gives the receiver of an alert's service, else the default one.

    Service names are compared without regard to case.
    """

    def __init__(self, default: Receiver, by_service: Mapping[str, Receiver] | None = None) -> None:
        self._default = default
        self._by_service = {
            service.casefold(): receiver for service, receiver in (by_service or {}).items()
        }

    def __call__(self, alert: Alert) -> Receiver:
        """The receiver of an alert."""
        return self._by_service.get(alert.service.casefold(), self._default)
