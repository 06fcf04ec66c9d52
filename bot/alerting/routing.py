"""Route: which receiver an alert's notifications go to."""

from __future__ import annotations

from collections.abc import Mapping

from bot.errors import NotFound
from bot.models import Alert, Receiver


class Routing:
    """Gives the receiver of an alert's service, else the default one.

    Service names are compared without regard to case. `drills` are the receivers of drills by
    their numbers: whoever runs them adds to it, and nothing of a drill ever goes anywhere else.
    """

    def __init__(
        self,
        default: Receiver,
        by_service: Mapping[str, Receiver] | None = None,
        *,
        drills: Mapping[int, Receiver] | None = None,
    ) -> None:
        self._default = default
        self._drills = {} if drills is None else drills
        self._by_service = {
            service.casefold(): receiver for service, receiver in (by_service or {}).items()
        }

    def __call__(self, alert: Alert) -> Receiver:
        """The receiver of an alert.

        Raises:
            NotFound: it belongs to a drill that is over, so that nobody looks at it any more.
        """
        if alert.drill:
            if alert.drill not in self._drills:
                raise NotFound(f"{alert.short_id} belongs to drill #{alert.drill}, which is over.")
            return self._drills[alert.drill]
        return self._by_service.get(alert.service.casefold(), self._default)
