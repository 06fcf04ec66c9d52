"""Reading what other systems send: JSON whose shape is known and whose fields cannot be trusted.

A `Reader` never raises: what is absent or of another type reads as empty, so a sender that
changes one field loses that field and not the alert. What must be there, a source demands
itself, with `BadPayload` naming it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from bot.errors import BadPayload
from bot.models import Link, Severity
from bot.sources.text import MESSAGE_LENGTH, clean, shortened

LABEL_LENGTH = 1_000
MAX_LABELS = 50
_NAME_LENGTH = 100
_URL_LENGTH = 2_048
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# Python reads at most microseconds; Go's senders write nanoseconds.
_BEYOND_MICROSECONDS = re.compile(r"(\.\d{6})\d+")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # .NET writes it before its JSON
_WEB_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)

_SEVERITIES: Mapping[str, Severity] = {
    word: severity
    for severity, words in {
        Severity.CRITICAL: "critical crit fatal emergency emerg alert panic disaster p1 sev1 s1",
        Severity.ERROR: "error err high major p2 sev2 s2 alerting average failure failed",
        Severity.WARNING: "warning warn minor medium low p3 sev3 s3 nodata no_data degraded",
        Severity.INFO: "info information informational notice none debug trace ok p4 p5 sev4 sev5",
    }.items()
    for word in words.split()
}


class Reader:
    """One value of a JSON document and the ways to look into it."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return bool(self.value)

    def at(self, *path: str) -> Reader:
        """The value below; an empty reader where the path ends early."""
        value = self.value
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return Reader(value)

    def text(self, *path: str, length: int = MESSAGE_LENGTH) -> str:
        """A string, number or boolean as clean text of at most `length`; else ""."""
        value = self.at(*path).value if path else self.value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return shortened(str(value).strip(), length)
        return ""

    def name(self, *path: str) -> str:
        """Like `text`, on one line and short enough for a service's or a label's name."""
        return " ".join(self.text(*path, length=_NAME_LENGTH).split())

    def number(self, *path: str) -> float | None:
        """A number, also when it was sent as a string."""
        value = self.at(*path).value
        if isinstance(value, bool):
            return None
        try:
            return float(value) if isinstance(value, int | float | str) else None
        except (ValueError, OverflowError):
            return None

    def items(self, *path: str) -> Iterator[Reader]:
        """The elements of a list; nothing if it is none."""
        value = self.at(*path).value
        return (Reader(item) for item in value) if isinstance(value, list) else iter(())

    def pairs(self, *path: str) -> dict[str, str]:
        """A mapping's plain values as labels, at most `MAX_LABELS`."""
        value = self.at(*path).value
        if not isinstance(value, dict):
            return {}
        read = {
            shortened(str(key), _NAME_LENGTH): Reader(item).text(length=LABEL_LENGTH)
            for key, item in list(value.items())[:MAX_LABELS]
        }
        return {key: text for key, text in read.items() if text}

    def moment(self, *path: str) -> datetime | None:
        """A time as ISO 8601 (to nanoseconds) or Unix seconds or milliseconds; UTC."""
        return moment_of(self.at(*path).value)


def json_object(body: bytes) -> Reader:
    """Read a body that must be a JSON object; raises `BadPayload`."""
    reader = json_value(body)
    if not isinstance(reader.value, dict):
        raise BadPayload("the body must be a JSON object")
    return reader


def json_value(body: bytes) -> Reader:
    """Read a body that must be JSON; raises `BadPayload`."""
    try:
        return Reader(orjson.loads(body.removeprefix(_BYTE_ORDER_MARK)))
    except orjson.JSONDecodeError as error:
        raise BadPayload(f"the body is not valid JSON: {error.msg}") from None


def moment_of(value: object) -> datetime | None:
    """Read a time; None for what is none, or lies before 2000 as Go's zero time does."""
    try:
        if isinstance(value, str) and value.strip():
            moment = _moment_of_text(value.strip())
        elif isinstance(value, int | float) and not isinstance(value, bool):
            moment = _moment_of_number(value)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment >= _EARLIEST else None


def _moment_of_text(text: str) -> datetime:
    if text.replace(".", "", 1).isdigit():
        return _moment_of_number(float(text))
    moment = datetime.fromisoformat(_BEYOND_MICROSECONDS.sub(r"\1", text).removesuffix(" UTC"))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _moment_of_number(number: float) -> datetime:
    seconds = number / 1000 if number > 1e11 else number
    return datetime.fromtimestamp(seconds, UTC)


def not_after(moment: datetime | None, received_at: datetime) -> datetime:
    """The sender's time; ours where it is unknown or ahead of our clock."""
    return received_at if moment is None or moment > received_at else moment


def severity_of(word: str, otherwise: Severity) -> Severity:
    """Read a severity in the words of any of the senders: P1, sev2, crit, warn …"""
    return _SEVERITIES.get(word.strip().lower().replace("-", "").replace(" ", ""), otherwise)


def links_of(*titled: tuple[str, str]) -> tuple[Link, ...]:
    """Links of (title, URL) pairs; what is not a web address is left out."""
    return tuple(
        Link(title, clean(url))
        for title, url in titled
        if len(url) <= _URL_LENGTH and _WEB_URL.fullmatch(url)
    )


def first(*candidates: str) -> str:
    """The first that is not empty."""
    return next((candidate for candidate in candidates if candidate), "")


def lines(*candidates: str) -> str:
    """Those that are not empty, each once, below one another."""
    return "\n".join(dict.fromkeys(candidate for candidate in candidates if candidate))
