"""Times and durations in words; Discord shows `<t:…>` in each reader's own time zone."""

from __future__ import annotations

from datetime import datetime, timedelta

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def relative(moment: datetime) -> str:
    """A timestamp that Discord keeps up to date by itself: "5 minutes ago"."""
    return f"<t:{int(moment.timestamp())}:R>"


def clock_time(moment: datetime) -> str:
    """A timestamp that Discord shows as a short time: "16:20"."""
    return f"<t:{int(moment.timestamp())}:t>"


def full(moment: datetime) -> str:
    """Date and time for a text file, in UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(length: timedelta) -> str:
    """The largest unit that fits, rounded down: "5 minutes", "1 hour", "a moment"."""
    seconds = int(length.total_seconds())
    for name, size in _UNITS:
        if seconds >= size:
            count = seconds // size
            return f"{count} {name}{'s' if count > 1 else ''}"
    return "a moment"


def exact(length: timedelta) -> str:
    """The largest unit that divides it: 90 minutes is "90 minutes", not "1 hour"."""
    minutes = int(length.total_seconds()) // 60
    for name, size in (("day", 1_440), ("hour", 60)):
        if minutes >= size and minutes % size == 0:
            return f"{minutes // size} {name}{'s' if minutes > size else ''}"
    return f"{minutes} minute{'s' if minutes != 1 else ''}"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in words: "5 minutes ago"."""
    return f"{duration(now - moment)} ago"
