"""The time that a line of a plain file tells."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

_HEAD = 80  # characters in which a time may stand
_MONTHS = {name: number for number, name in enumerate(
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
)}  # fmt: skip
_ISO = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    r" ?(Z|UTC|GMT|[+-]\d\d:?\d\d)?"
)
_ACCESS = re.compile(r"\[(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})\]")
_SYSLOG = re.compile(r"(?:<\d{1,3}>)?([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) ")
_EPOCH = re.compile(
    r"[\"']?(?:@timestamp|timestamp|time|ts|t)[\"']?\s*[=:]\s*[\"']?(\d{10,13})(\.\d+)?"
)


class Stamper:
    """Reads times; remembers the last one, since neighbours often share it.

    Args:
        zone: of times that name none.
        year: of syslog's times, which name none; a time ahead of `now` is last year's.
    """

    def __init__(self, *, now: datetime, zone: tzinfo = UTC) -> None:
        self._now = now.astimezone(zone)
        self._zone = zone
        self._last: tuple[str, int] = ("", 0)

    def __call__(self, line: str) -> int | None:
        """Milliseconds since 1970; None if the line tells no time in its head."""
        head = line[:_HEAD] if line[:1] != "{" else line[:2_000]
        if found := _ISO.search(head):
            if found[0] == self._last[0]:
                return self._last[1]
            at = self._of_iso(found)
        elif found := _ACCESS.search(head):
            at = self._of_access(found)
        elif found := _SYSLOG.match(head):
            at = self._of_syslog(found)
        elif found := _EPOCH.search(head):
            number = float(found[1] + (found[2] or ""))
            return int(number if number > 1e11 else number * 1000)
        else:
            return None
        if at is not None:
            self._last = (found[0], at)
        return at

    def _of_iso(self, found: re.Match[str]) -> int | None:
        year, month, day, hour, minute, second, fraction, zone = found.groups()
        numbers = [int(each) for each in (year, month, day, hour, minute, second)]
        microsecond = int((fraction or "0").ljust(6, "0")[:6])
        return self._milliseconds(numbers, microsecond, _zone(zone) if zone else self._zone)

    def _of_access(self, found: re.Match[str]) -> int | None:
        day, month, year, hour, minute, second, zone = found.groups()
        numbers = [int(year), _MONTHS.get(month, 0), *map(int, (day, hour, minute, second))]
        return self._milliseconds(numbers, 0, _zone(zone))

    def _of_syslog(self, found: re.Match[str]) -> int | None:
        month, day, hour, minute, second = found.groups()
        numbers = [self._now.year, _MONTHS.get(month, 0), *map(int, (day, hour, minute, second))]
        at = self._milliseconds(numbers, 0, self._zone)
        if at is not None and at > self._now.timestamp() * 1000 + 86_400_000:
            numbers[0] -= 1
            return self._milliseconds(numbers, 0, self._zone)
        return at

    @staticmethod
    def _milliseconds(numbers: list[int], microsecond: int, zone: tzinfo) -> int | None:
        year, month, day, hour, minute, second = numbers
        try:
            moment = datetime(year, month, day, hour, minute, min(second, 59), microsecond, zone)
        except ValueError:
            return None
        return int(moment.timestamp() * 1000)


def _zone(text: str) -> tzinfo:
    if text in ("Z", "UTC", "GMT"):
        return UTC
    parsed = datetime.strptime(text.replace(":", ""), "%z").tzinfo
    assert parsed is not None, "strptime read a zone"
    return parsed
