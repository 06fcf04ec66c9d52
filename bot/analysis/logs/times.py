"""Times as people write them: `15m`, `2h ago`, `10:30`, `yesterday 14:00`, ISO, Unix seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

from bot.errors import BadPayload

EXAMPLES = "15m, 2h ago, 10:30, yesterday 14:00, mon 9am, 2026-01-31 14:00, 2026-01-31T14:00Z"
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 604_800),
}
_AGO = re.compile(r"(?:(?:last|past) )?((?:\d{1,6}(?:\.\d{1,3})? ?[a-z]+,? ?(?:and )?)+?)(?: ago)?")
_PART = re.compile(r"(\d+(?:\.\d+)?) ?([a-z]+)")
_CLOCK = re.compile(r"(\d{1,2})(?::(\d\d))?(?::(\d\d)(?:[.,](\d{1,6}))?)? ?(am|pm)?")
_NUMBER = re.compile(r"\d{10}(?:\.\d+)?|\d{13}")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)? ?(?:z|utc|[+-]\d\d:?\d\d)?"
)
_BEYOND_MICROSECONDS = re.compile(r"([.,]\d{6})\d+")
_LONGEST = 100
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def parse_time(text: str, *, now: datetime, zone: tzinfo = UTC) -> datetime:
    """Read a moment; the answer is in UTC.

    Clock times and dates are those of `zone` unless they name their own. A clock time without
    a day is the last one that has passed.

    Raises:
        BadPayload: it is none of these; the reason shows examples.
    """
    words = " ".join(text.lower().split())[:_LONGEST]
    try:
        found = _moment(words, now.astimezone(zone))
    except (ValueError, OverflowError):
        found = None
    if found is None or found < _EARLIEST:
        raise BadPayload(f"{text.strip()[:_LONGEST]!r} is no time; write one such as {EXAMPLES}")
    return found.astimezone(UTC)


def parse_window(
    since: str, until: str = "", *, now: datetime, zone: tzinfo = UTC
) -> tuple[datetime, datetime]:
    """Read a window; no `until` means now. `until` may be a length: `since 10:30 until +5m`.

    Raises:
        BadPayload: a time cannot be read, or the window ends before it begins.
    """
    start = parse_time(since, now=now, zone=zone)
    later = until.strip()
    if later.startswith("+"):
        end = start + _length(later[1:].strip().lower())
    elif later:
        end = parse_time(later, now=now, zone=zone)
    else:
        end = now.astimezone(UTC)
    if end <= start:
        raise BadPayload(f"the window ends ({end:%F %T} UTC) before it begins ({start:%F %T} UTC)")
    return start, end


def _moment(words: str, now: datetime) -> datetime | None:
    if words in ("now", ""):
        return now if words else None
    if _NUMBER.fullmatch(words):
        number = float(words)
        return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
    if _ISO.fullmatch(words):
        return _iso(words, now)
    if _AGO.fullmatch(words) and not _CLOCK.fullmatch(words):
        return now - _length(words.removesuffix(" ago"))
    return _named_day(words, now)


def _iso(words: str, now: datetime) -> datetime:
    text = _BEYOND_MICROSECONDS.sub(r"\1", words).replace(",", ".")
    text = text.replace(" utc", "z").replace("utc", "z")
    day, rest = text[:10], text[10:].lstrip("t ")
    moment = datetime.fromisoformat(f"{day}T{rest.replace(' ', '').upper()}" if rest else day)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=now.tzinfo)


def _length(words: str) -> timedelta:
    parts = _PART.findall(words.replace("last ", "").replace("past ", ""))
    seconds = 0.0
    for number, unit in parts:
        if unit not in _UNITS:
            raise BadPayload(f"{number} {unit}: a unit is one of s, m, h, d, w")
        seconds += float(number) * _UNITS[unit]
    if not parts:
        raise BadPayload(f"{words!r} is no length of time; write one such as 5m, 1h30m, 2 days")
    return timedelta(seconds=seconds)


def _named_day(words: str, now: datetime) -> datetime | None:
    """`yesterday 14:00`, `monday at 9am`, `midnight`, `10:30`."""
    first, _, rest = words.partition(" ")
    day = _day(first, now)
    clock_words = (rest if day is not None else words).removeprefix("at ")
    clock = _clock(clock_words) if clock_words else time(0)
    if clock is None:
        return None
    wanted = datetime.combine(day if day is not None else now.date(), clock, now.tzinfo)
    return wanted - timedelta(days=1) if day is None and wanted > now else wanted


def _day(word: str, now: datetime) -> datetime | None:
    if word == "today":
        return now
    if word == "yesterday":
        return now - timedelta(days=1)
    for number, name in enumerate(_DAYS):
        if len(word) >= 3 and name.startswith(word):
            return now - timedelta(days=(now.weekday() - number) % 7 or 7)
    return None


def _clock(words: str) -> time | None:
    if words in ("midnight", "noon"):
        return time(12 if words == "noon" else 0)
    found = _CLOCK.fullmatch(words)
    if not found or (found[2] is None and found[5] is None):
        return None
    hour = int(found[1])
    if found[5]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[5] == "pm" else 0)
    fraction = int((found[4] or "0").ljust(6, "0"))
    return time(hour, int(found[2] or 0), int(found[3] or 0), fraction)
