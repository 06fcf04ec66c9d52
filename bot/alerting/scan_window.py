"""The lines of a scan that have been read and not yet been taken in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bot.analysis.logs.query import LogLine
from bot.sources.text import TRACE_LENGTH, middle_cut

_LEAD_MS = 5_000  # no trace takes longer from its first line to its last
_BEFORE = 40  # lines of a stream: what stood before an error is shown with it
_FULL = 10_000  # lines


class Window:
    """Lines by stream, in order. Errors that began before `start` have been dealt with."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self._lines: dict[str, list[LogLine]] = {}
        self._fresh = 0
        self._newest = 0

    @property
    def is_full(self) -> bool:
        """Whether some should be taken in before more are read."""
        return self._fresh >= _FULL

    @property
    def newest(self) -> datetime:
        """The time of the newest line."""
        return datetime.fromtimestamp(self._newest / 1000, UTC)

    def add(self, lines: Sequence[LogLine]) -> None:
        """Add lines in order of time."""
        for line in lines:
            cut = line._replace(message=middle_cut(line.message, TRACE_LENGTH))
            self._lines.setdefault(line.stream, []).append(cut)
        self._fresh += len(lines)
        if lines:
            self._newest = max(self._newest, lines[-1].at)

    def streams(self) -> Iterator[tuple[str, tuple[LogLine, ...]]]:
        """Each stream and its lines."""
        for stream, lines in self._lines.items():
            yield stream, tuple(lines)

    def forget(self, to: datetime) -> int:
        """Errors before `to` have been taken in; keeps what may stand around later ones.

        Returns how many lines are done with for the first time.
        """
        border = int(to.timestamp() * 1000)
        since = int(self.start.timestamp() * 1000)
        done = 0
        for stream, lines in list(self._lines.items()):
            done += sum(since <= line.at < border for line in lines)
            first = next(
                (place for place, line in enumerate(lines) if line.at >= border - _LEAD_MS),
                len(lines),
            )
            self._lines[stream] = lines[max(0, first - _BEFORE) :]
        self.start = to
        self._fresh = 0
        return done
