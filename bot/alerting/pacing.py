"""Pacing: never more writes to a channel than Discord takes, and room kept for people."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable

WRITES = 5  # posts and edits of one channel …
PERIOD = 5.0  # … in this many seconds
KEPT_FOR_PEOPLE = 1  # of them, so that an act shows at once in a storm


class Pace:
    """Counts the writes to each channel. Seconds are those of `monotonic`."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._written: dict[int, deque[float]] = defaultdict(deque)
        self._held: dict[int, float] = {}

    def take(self, channel_id: int, urgency: int) -> bool:
        """Count a write, if there is room for one of that urgency (0 is a person's act)."""
        if any(channel == channel_id and urgency >= least for channel, least in self.blocked()):
            return False
        self._written[channel_id].append(self._monotonic())
        return True

    def hold(self, channel_id: int, seconds: float) -> None:
        """Discord asked for a pause."""
        self._held[channel_id] = self._monotonic() + seconds

    def blocked(self) -> list[tuple[int, int]]:
        """Channels without room: (channel, the least urgency number that must wait)."""
        self._forget()
        full = dict.fromkeys(self._held, 0)
        for channel, written in self._written.items():
            if len(written) >= WRITES:
                full[channel] = 0
            elif len(written) >= WRITES - KEPT_FOR_PEOPLE:
                full.setdefault(channel, 1)
        return list(full.items())

    def wait(self) -> float | None:
        """Seconds until some blocked channel has room; None if none is blocked."""
        frees = [self._frees_at(channel) for channel, _ in self.blocked()]
        return max(min(frees) - self._monotonic(), 0.0) if frees else None

    def _frees_at(self, channel_id: int) -> float:
        if channel_id in self._held:
            return self._held[channel_id]
        return self._written[channel_id][0] + PERIOD

    def _forget(self) -> None:
        now = self._monotonic()
        self._held = {channel: until for channel, until in self._held.items() if until > now}
        for channel, written in list(self._written.items()):
            while written and written[0] + PERIOD <= now:
                written.popleft()
            if not written:
                del self._written[channel]
