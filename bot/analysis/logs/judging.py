"""The conditions of a query as tests of lines, and what of them a server can judge.

Only a `Sieve` uses it, and only for a query that has conditions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from bot.analysis.logs import patterns
from bot.analysis.logs.conditions import field_test
from bot.analysis.logs.expressions import searcher
from bot.analysis.logs.levels import level_of
from bot.analysis.logs.query import LogLine, LogQuery
from bot.analysis.logs.sieve import Memory
from bot.models import Severity

Test = Callable[[str], bool]

# Belongs to the line above, whatever that was.
_CONTINUES = re.compile(
    r"[ \t\u00a0]|Caused by: |Suppressed: |\.\.\. \d+ more|During handling of the above"
    r"|The above exception was|created by |$"
)
# The first or last line of a trace: an error, even where no line above announced it.
_TRACE = re.compile(
    r"Traceback \(most recent call last\):|goroutine \d+ \["
    r"|[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Http404)(?:: |:?$)"
)


def tests_of(query: LogQuery) -> list[Test]:
    """What every line must fulfil but for its level, the cheapest first.

    Raises:
        BadPayload: an expression or filter pattern cannot be read; the reason is for people.
    """
    tests: list[Test] = []
    if query.trace_id:
        tests.append(_holding(query.trace_id))
    tests += [_including(text) for text in query.include if text]
    tests += [_excluding(text) for text in query.exclude if text]
    if query.pattern.strip():
        tests.append(patterns.parse(query.pattern).matches)
    if query.regex:
        tests.append(_finding(query.regex, "the regular expression"))
    if query.exclude_regex:
        found = _finding(query.exclude_regex, "the regular expression to exclude")
        tests.append(lambda message: not found(message))
    tests += [field_test(condition) for condition in query.fields]
    return tests


def bad_enough(level: Severity, lines: Iterable[LogLine], memory: Memory) -> list[LogLine]:
    """The lines of records of `level` or worse; `memory`: whether a stream's last one was kept."""
    least, kept = level.rank, []
    for line in lines:
        stream, message = line.stream, line.message
        if _CONTINUES.match(message):
            fits = memory.get(stream, True)  # its head may stand before what we have read
        else:
            found = level_of(message)
            if found is None and _TRACE.match(message):
                found = Severity.ERROR
            # A line without a level is information, as far as anybody knows.
            fits = memory[stream] = (found.rank if found is not None else 0) >= least
        if fits:
            kept.append(line)
    return kept


def _holding(text: str) -> Test:
    return lambda message: text in message


def _including(text: str) -> Test:
    wanted = text.casefold()
    if text.isascii():
        wanted = text.lower()
        return lambda message: wanted in message.lower()
    return lambda message: wanted in message.casefold()


def _excluding(text: str) -> Test:
    including = _including(text)
    return lambda message: not including(message)


def _finding(expression: str, what: str) -> Test:
    search = searcher(expression, any_case=True, what=what)
    return lambda message: search(message) is not None


def server_pattern_of(query: LogQuery) -> str:
    """What CloudWatch can leave out already: a pattern that finds all we want, and more.

    Nothing where a level is asked for: a trace's lines would be torn off the line above them.
    """
    if query.pattern.strip():
        return query.pattern.strip()
    if query.level is not None:
        return ""
    if query.trace_id:
        return patterns.quoted(query.trace_id)
    longest = max(query.include, key=len, default="")
    return patterns.any_case(longest) if len(longest) > 1 else ""
