"""A log line, and what may be asked of log lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bot.models import Severity


class LogLine(NamedTuple):
    """One line as a log store keeps it; `at` is in milliseconds since 1970.

    `id` is unique in its group and the same whenever the line is read again. `group` is
    spelt as people name it, e.g. "/aws/lambda/checkout" or "file:/var/log/app/*.log". Order
    is by time first. A tuple, because a big read makes hundreds of thousands of them.
    """

    at: int
    message: str
    group: str = ""
    stream: str = ""
    id: str = ""

    @property
    def timestamp(self) -> datetime:
        """When it was logged, in UTC."""
        return datetime.fromtimestamp(self.at / 1000, UTC)


@dataclass(frozen=True, slots=True)
class FieldCondition:
    """A condition on a field of JSON (or logfmt) lines.

    `path` is dotted, e.g. "request.status". `operator` is one of = != > >= < <= ~ (a regular
    expression) and "exists"; = and != understand `*` and compare numbers as numbers.
    """

    path: str
    operator: str = "exists"
    value: str = ""


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which lines of which log groups; every condition that is set must hold.

    Attributes:
        groups: names as people write them; "file:" and "loki:" lead to other stores.
        start, end: both inclusive, to the millisecond; no `end` means now, or for ever in a tail.
        include, exclude: plain text, any letter case.
        regex, exclude_regex: regular expressions, searched for; any letter case.
        level: this bad or worse; the lines of a trace follow the line that began it.
        fields: conditions on JSON or logfmt fields.
        trace_id: of a request or trace; it must stand somewhere in the line.
        pattern: CloudWatch's own filter-pattern language, for those who speak it.
        stream: a prefix of the streams' names.
        limit: how many lines at most, the first in the wanted order; 0 for all.
    """

    groups: tuple[str, ...]
    start: datetime
    end: datetime | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    regex: str = ""
    exclude_regex: str = ""
    level: Severity | None = None
    fields: tuple[FieldCondition, ...] = ()
    trace_id: str = ""
    pattern: str = ""
    stream: str = ""
    limit: int = 0
    newest_first: bool = False

    @property
    def has_conditions(self) -> bool:
        """Whether a line is judged by more than its time and stream."""
        texts = (*self.include, *self.exclude, self.regex, self.exclude_regex, self.trace_id)
        return any(texts) or bool(self.fields or self.pattern.strip()) or self.level is not None
