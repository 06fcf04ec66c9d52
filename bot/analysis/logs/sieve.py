"""Which lines fit a query, judged on our side: what no server can say, or says wrongly.

With a level asked for, the lines of a trace follow the line that began it: the sieve remembers,
for each stream, whether the last record was kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from bot.analysis.logs import patterns
from bot.analysis.logs.conditions import field_test
from bot.analysis.logs.expressions import searcher
from bot.analysis.logs.levels import level_of
from bot.analysis.logs.query import LogLine, LogQuery
from bot.models import Severity

Test = Callable[[str], bool]
Memory = dict[str, bool]

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


class Sieve:
    """Keeps the lines that fit.

    Raises:
        BadPayload: an expression or filter pattern cannot be read; the reason is for people.
    """

    def __init__(self, query: LogQuery) -> None:
        self._tests = _tests(query)
        self._level = query.level
        self.server_pattern = _server_pattern(query)

    @property
    def keeps_all(self) -> bool:
        """Whether every line fits."""
        return not self._tests and self._level is None

    def keep(self, lines: Iterable[LogLine], memory: Memory) -> list[LogLine]:
        """Those that fit, of lines in order of time.

        `memory` belongs to the caller: the same one for each further part of the same lines.
        """
        if self._level is not None:
            lines = self._bad_enough(lines, self._level, memory)
        if not self._tests:
            return lines if isinstance(lines, list) else list(lines)
        if len(self._tests) == 1:
            test = self._tests[0]
            return [line for line in lines if test(line[1])]
        tests = self._tests
        return [line for line in lines if all(test(line[1]) for test in tests)]

    def matches(self, message: str) -> bool:
        """Judge one line by itself."""
        return bool(self.keep([LogLine(0, message)], {}))

    @staticmethod
    def _bad_enough(lines: Iterable[LogLine], level: Severity, memory: Memory) -> list[LogLine]:
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


def _tests(query: LogQuery) -> list[Test]:
    """What every line must fulfil, the cheapest first."""
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


def _server_pattern(query: LogQuery) -> str:
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
