"""How bad a log line says it is, in whatever format it says so.

JSON keys (also pino's and bunyan's numbers), logfmt, `[error]`, Python, Java, Go (klog, zap),
nginx, Apache, PostgreSQL, Lambda's own lines, syslog's priorities. Only what may stand before
a level is passed over: times, ids, brackets, dotted names. So the ERROR in "Received ERROR from
upstream" is no level.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from bot.models import Severity

LEVEL_KEYS = ("level", "severity", "levelname", "log.level", "lvl", "log_level", "loglevel")
_LEVELS: Mapping[str, Severity] = {
    **dict.fromkeys(("TRACE", "DEBUG", "INFO", "NOTICE", "INFORMATION"), Severity.INFO),
    **dict.fromkeys(("LOG", "STATEMENT", "DETAIL", "HINT", "VERBOSE", "FINE"), Severity.INFO),
    **dict.fromkeys(("WARN", "WARNING"), Severity.WARNING),
    **dict.fromkeys(("ERR", "ERROR", "SEVERE"), Severity.ERROR),
    **dict.fromkeys(("CRIT", "CRITICAL", "FATAL", "ALERT"), Severity.CRITICAL),
    **dict.fromkeys(("EMERG", "EMERGENCY", "PANIC"), Severity.CRITICAL),
}
_KLOG = {"I": "INFO", "W": "WARNING", "E": "ERROR", "F": "FATAL"}
_PINO = {40: Severity.WARNING, 50: Severity.ERROR, 60: Severity.CRITICAL}
_LEVEL_FIELD = re.compile(
    r"\b(?:level|lvl|severity|levelname|log\.level)[\"']?\s*[=:]\s*[\"']?([A-Za-z]{3,11})\b"
)
_UNLEVELLED_ERROR = re.compile(
    r"panic: |fatal error: |Exception in thread |Uncaught |Unhandled |Unable to import module"
    r"|Traceback \(most recent call last\):|thread '[^'\n]*' panicked at "
    r"|Task timed out after |Error: Runtime exited|.{0,80}Runtime\.ExitError"
)
# <PRI>, then RFC 5424's version or RFC 3164's date, host and program.
_SYSLOG = re.compile(
    r"(?:<(\d{1,3})>(?:\d )?)?"
    r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S{1,255} [\w./-]{1,64}(?:\[\d{1,10}\])?: )?"
)
# Apache's date, which has spaces in its brackets.
_DATED = re.compile(r"\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})? \d{4}\] ")
_SYSLOG_LEVELS = (
    *(Severity.CRITICAL,) * 3, Severity.ERROR, Severity.WARNING, *(Severity.INFO,) * 3
)  # fmt: skip
_ZONES = frozenset(("UTC", "GMT", "CET", "CEST", "EST", "EDT", "CST", "CDT", "PST", "PDT", "Z"))
_WORDS_READ = 9
_HEAD = 400  # characters in which a level may stand


def level_of(message: str) -> Severity | None:
    """The level of a line by itself; None where it tells none."""
    if message[:1] == "{":
        try:
            given = orjson.loads(message)
        except orjson.JSONDecodeError:
            given = None
        if isinstance(given, dict):
            return level_in(given)
    severity, message_at = text_level(message)
    if severity is None and _UNLEVELLED_ERROR.match(message, message_at):
        return Severity.ERROR
    return severity


def level_in(fields: Mapping[str, Any]) -> Severity | None:
    """The level that a JSON line's fields tell."""
    for key in LEVEL_KEYS:
        value = fields.get(key)
        if isinstance(value, str | int) and (found := named_level(str(value))) is not None:
            return found
    log = fields.get("log")
    return level_in({"level": log.get("level")}) if isinstance(log, dict) else None


def named_level(level: str) -> Severity | None:
    """A level by its name, or by pino's and bunyan's number: 10 trace … 60 fatal."""
    if level.isascii() and level.isdigit():
        return _PINO.get(int(level[:3]), Severity.INFO)
    return _LEVELS.get(level.upper())


def is_error_without_level(text: str, message_at: int = 0) -> bool:
    """Whether a line is an error although it tells no level: a panic, a Lambda time-out."""
    return _UNLEVELLED_ERROR.match(text, message_at) is not None


def text_level(text: str) -> tuple[Severity | None, int]:
    """The level in the head of a plain line, and where the message begins."""
    head = text[:_HEAD].partition("\n")[0]
    found = _SYSLOG.match(head)
    dated = _DATED.match(head)
    position = start = dated.end() if dated else found.end() if found else 0
    for word in head[start:].split(None, _WORDS_READ)[:_WORDS_READ]:
        at = head.index(word, position)
        severity = _word_level(word, is_first=at == start)
        if severity is not None:
            return severity, at + _after_level(word)
        if not _may_precede_level(word):
            break
        position = at + len(word)
    field = _LEVEL_FIELD.search(head)
    if field and (severity := _LEVELS.get(field[1].upper())) is not None:
        return severity, 0
    message_at = _skip_space(text, position)
    if found and found[1]:
        return _SYSLOG_LEVELS[int(found[1]) % 8], message_at
    return None, message_at


def _word_level(word: str, *, is_first: bool) -> Severity | None:
    if is_first and len(word) == 5 and word[0] in _KLOG and word[1:].isdigit():
        return _LEVELS[_KLOG[word[0]]]
    bare = word.strip("[]()<>|,*").partition(":")[0]
    if word[0] == "[":  # Apache writes [core:error]
        return _LEVELS.get(bare.upper()) or _LEVELS.get(word.strip("[]").rpartition(":")[2].upper())
    if bare.isupper() or (is_first and word.endswith(":")):
        return _LEVELS.get(bare.upper())
    return None


def _after_level(word: str) -> int:
    """Behind `ERROR`; behind `ERROR:root:` too, the logger's name being no message."""
    name_at = word.find(":")
    if 0 < name_at < len(word) - 1:
        return word.rfind(":") + 1 if ":" in word[name_at + 1 :] else name_at + 1
    return len(word)


def _may_precede_level(word: str) -> bool:
    if word in ("RequestId:", "|", "-") or word in _ZONES:
        return True
    return not word.rstrip(":,;").isalpha() and any(one in "0123456789[(.:|/_-" for one in word)


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position
