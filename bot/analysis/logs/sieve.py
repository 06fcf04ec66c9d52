"""Which lines fit a query, judged on our side: what no server can say, or says wrongly.

With a level asked for, the lines of a trace follow the line that began it: the sieve remembers,
for each stream, whether the last record was kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from bot.analysis.logs.query import LogLine, LogQuery

Memory = dict[str, bool]


class Sieve:
    """Keeps the lines that fit.

    Raises:
        BadPayload: an expression or filter pattern cannot be read; the reason is for people.
    """

    def __init__(self, query: LogQuery) -> None:
        self.server_pattern = ""
        self._bad_enough: Callable[[Iterable[LogLine], Memory], list[LogLine]] | None = None
        self._tests: list[Callable[[str], bool]] = []
        if query.has_conditions:
            # RE2 and the pattern language load slowly; a log read whole does not wait for them.
            from bot.analysis.logs import judging

            self.server_pattern = judging.server_pattern_of(query)
            self._tests = judging.tests_of(query)
            if query.level is not None:
                self._bad_enough = partial(judging.bad_enough, query.level)

    @property
    def keeps_all(self) -> bool:
        """Whether every line fits."""
        return not self._tests and self._bad_enough is None

    def keep(self, lines: Iterable[LogLine], memory: Memory) -> list[LogLine]:
        """Those that fit, of lines in order of time.

        `memory` belongs to the caller: the same one for each further part of the same lines.
        """
        if self._bad_enough is not None:
            lines = self._bad_enough(lines, memory)
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
