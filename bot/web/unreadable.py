"""What cannot be read is not lost: a proven body that does not parse becomes an alert."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bot.errors import BadPayload
from bot.models import Event, Severity
from bot.sources.request import Request, Source

MOST_A_MINUTE = 10  # of one source; one alert stands for all of them anyway
_READ = 16_384  # bytes; what lies beyond is not shown, so a secret cut in half there is not either
_SHOWN, _LINE = 2_000, 200  # characters


class UnreadableAlerts:
    """Makes the alerts, not too many of them; thread-safe.

    Args:
        redact: takes secrets out of a text; it sees the text before it is cut.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._lock = threading.Lock()
        self._made: dict[str, tuple[int, int]] = {}  # source -> (minute, how many in it)

    def event(self, source: Source, request: Request, error: BadPayload) -> Event | None:
        """The event that tells of this body; None if there were many this minute."""
        minute = int(request.received_at.timestamp()) // 60
        with self._lock:
            last, made = self._made.get(source.name, (minute, 0))
            made = made + 1 if last == minute else 1
            self._made[source.name] = (minute, made)
        if made > MOST_A_MINUTE:
            return None
        return Event(
            source=source.name,
            event_id=f"unreadable:{request.id}",
            service=source.name,
            title=f"Unreadable {source.name} payload",
            message=f"A delivery of {source.about} could not be read: {error.reason}",
            severity=Severity.WARNING,
            occurred_at=request.received_at,
            fingerprint_hint=f"unreadable:{source.name}",
            log_lines=self._excerpt(request.body),
        )

    def _excerpt(self, body: bytes) -> tuple[str, ...]:
        text = self._redact(body[:_READ].decode("utf-8", "replace").replace("\0", "\ufffd"))
        lines = [
            line[start : start + _LINE]
            for line in text[:_SHOWN].splitlines()
            for start in range(0, len(line), _LINE)
        ]
        size = f"{len(body):,} bytes" + (", the beginning of them:" if len(text) > _SHOWN else ":")
        return (size, *lines)
