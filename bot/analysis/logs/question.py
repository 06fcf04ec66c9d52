"""What a person asks of logs, as they wrote it: kept, told in words, asked again later.

Its times are absolute, so that the same question has the same answer after a restart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from bot.analysis.logs.conditions import parse_condition
from bot.analysis.logs.query import FieldCondition, LogLine, LogQuery
from bot.errors import BadPayload, NotFound
from bot.models import Severity, short_id

_BETWEEN = re.compile(r'\s*(?:,|;|&&)\s*(?=(?:[^"]*"[^"]*")*[^"]*$)')
MOST_CONDITIONS = 10


class Centre(NamedTuple):
    """The line whose surroundings are asked for; its message is kept redacted."""

    at: int
    id: str
    stream: str
    message: str


@dataclass(frozen=True, slots=True)
class Question:
    """Which lines of which groups.

    Attributes:
        name: what the person called the groups.
        start, end: milliseconds since 1970, both inclusive; no `end` for a tail.
        text, exclude: plain text, or a regular expression between slashes: /time(d )?out/.
        where: conditions on fields, with commas between: `status>=500, path~^/api`.
        level: a severity's name: this bad or worse.
        centre: ask for the lines around this one, and nothing else counts.
        insights: let CloudWatch Logs Insights search.
        alert: the number of the alert around whose error the lines stand; 0 for none.
        occurred: when that error happened, in milliseconds.
        live: follow by CloudWatch's Live Tail.
        kept: ask for what is kept with the alert, and nothing else counts.
    """

    groups: tuple[str, ...]
    start: int = 0
    end: int | None = None
    name: str = ""
    level: str = ""
    text: str = ""
    exclude: str = ""
    where: str = ""
    trace: str = ""
    pattern: str = ""
    stream: str = ""
    limit: int = 0
    newest_first: bool = False
    insights: bool = False
    centre: Centre | None = None
    alert: int = 0
    occurred: int = 0
    kept: bool = False
    live: bool = False

    def query(self) -> LogQuery:
        """The same for a log store.

        Raises:
            BadPayload: a condition cannot be read.
        """
        regex, include = _meant(self.text)
        exclude_regex, exclude = _meant(self.exclude)
        return LogQuery(
            self.groups,
            _moment(self.start),
            _moment(self.end) if self.end is not None else None,
            include=include,
            exclude=exclude,
            regex=regex,
            exclude_regex=exclude_regex,
            level=Severity(self.level) if self.level else None,
            fields=conditions(self.where),
            trace_id=self.trace.strip(),
            pattern=self.pattern.strip(),
            stream=self.stream.strip(),
            limit=self.limit,
            newest_first=self.newest_first,
        )

    def line(self) -> LogLine | None:
        """The line whose surroundings are asked for."""
        if self.centre is None:
            return None
        at, line_id, stream, message = self.centre
        return LogLine(at, message, self.groups[0], stream, line_id)

    def around(self, line: LogLine) -> Question:
        """Ask for what stands around a line of the answer."""
        centre = Centre(line.at, line.id, line.stream, line.message[:2_000])
        return Question((line.group,), line.at, line.at, self.name, centre=centre)

    def words(self) -> str:
        """What narrows it, in one line; "" if nothing does."""
        told = [f"around {short_id(self.alert)}"] if self.alert else []
        told += [f"{self.level} or worse"] if self.level else []
        told += [self.text] if self.text else []
        told += [f"not {self.exclude}"] if self.exclude else []
        told += [each for each in (self.where, self.pattern) if each]
        told += [f"trace {self.trace}"] if self.trace else []
        told += [f"stream {self.stream}…"] if self.stream else []
        return " · ".join(told)

    def to_json(self) -> str:
        """What `from_json` reads; what is not set is left out."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        given["centre"] = tuple(self.centre or ())
        return orjson.dumps({name: value for name, value in given.items() if value}).decode()

    @classmethod
    def from_json(cls, text: str) -> Question:
        """Read what `to_json` wrote; what a later version added is passed over.

        Raises:
            NotFound: it is of a version that is gone.
        """
        given: Mapping[str, Any] = orjson.loads(text)
        known = {each.name for each in fields(cls)}
        try:
            made = cls(**{name: value for name, value in given.items() if name in known})
        except TypeError:
            raise NotFound("This question is of a version of Jinkies that is gone.") from None
        centre = Centre(*made.centre) if made.centre else None
        return replace(made, groups=tuple(made.groups), centre=centre)


def conditions(text: str) -> tuple[FieldCondition, ...]:
    """Conditions with commas (or &&) between; quoted ones may hold a comma.

    Raises:
        BadPayload: one cannot be read, or there are too many.
    """
    parts = [part for part in _BETWEEN.split(text.strip()) if part]
    if len(parts) > MOST_CONDITIONS:
        raise BadPayload(f"at most {MOST_CONDITIONS} conditions on fields")
    return tuple(parse_condition(part) for part in parts)


def _meant(text: str) -> tuple[str, tuple[str, ...]]:
    """A regular expression, or plain text."""
    bare = text.strip()
    if len(bare) > 2 and bare[0] == bare[-1] == "/":
        return bare[1:-1], ()
    return "", ((text,) if bare else ())


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
