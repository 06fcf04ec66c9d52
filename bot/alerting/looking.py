"""Reading logs for people: a question in, redacted lines out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from bot.alerting.redaction import Redactor
from bot.analysis.logs.insights import MOST_LINES, insights_query
from bot.analysis.logs.query import LogLine
from bot.analysis.logs.question import Question
from bot.analysis.logs.sieve import Sieve
from bot.errors import UpstreamError
from bot.services.logs.store import Lines, Progress
from bot.services.logs.stores import LogStores, collect

AROUND = 20  # lines to either side
_BATCH = 5_000  # lines that are redacted at once
_KEY_LINES = 120  # a private key that was logged line by line is no longer than this


@dataclass(frozen=True, slots=True)
class Found:
    """An answer: redacted lines in order of time, whatever the question's order.

    `progress` tells how they were come by, and whether there are more. `searched_by` is "" or
    "Insights". `note` is for people.
    """

    question: Question
    lines: tuple[LogLine, ...]
    progress: Progress = field(default_factory=Progress)
    searched_by: str = ""
    note: str = ""


async def look(
    logs: LogStores, redactor: Redactor, question: Question, progress: Progress | None = None
) -> Found:
    """Read all that is asked for, `question.limit` lines at most.

    Raises:
        BadPayload: a condition cannot be read. NotFound, UpstreamError: as the store does.
    """
    progress = progress if progress is not None else Progress()
    centre = question.line()
    lines: Sequence[LogLine]
    if centre is not None:
        lines = await logs.around(centre, before=AROUND, after=AROUND)
        progress.matched = len(lines)
    elif question.insights:
        lines = await _insights(logs, question, progress)
    else:
        lines = await collect(logs, question.query(), progress)
    if question.newest_first:
        lines = lines[::-1]
    redacted = await asyncio.to_thread(redacted_lines, redactor, lines)
    return Found(question, redacted, progress, "Insights" if question.insights else "")


async def stream(
    logs: LogStores, redactor: Redactor, question: Question, progress: Progress
) -> AsyncGenerator[Lines, None]:
    """All that is asked for, redacted, batch by batch in the question's order; never held whole.

    Raises:
        As `look`.
    """
    held: list[LogLine] = []
    batches = logs.read(question.query(), progress)
    async with aclosing(batches):
        async for lines in batches:
            held += lines
            if len(held) >= _BATCH:
                # A key whose end has not been read yet must not be torn.
                kept = (
                    _KEY_LINES if any("-----" in each.message for each in held[-_KEY_LINES:]) else 0
                )
                ready, held = held[: len(held) - kept], held[len(held) - kept :]
                yield await asyncio.to_thread(_in_order, redactor, ready, question.newest_first)
    if held:
        yield await asyncio.to_thread(_in_order, redactor, held, question.newest_first)


def redacted_lines(redactor: Redactor, lines: Sequence[LogLine]) -> tuple[LogLine, ...]:
    """Lines, in order of time, without their secrets."""
    found: list[LogLine] = []
    for first in range(0, len(lines), _BATCH):
        # A little of what was before, so that a key that began there is known as one.
        begin = max(0, first - _KEY_LINES)
        part = lines[begin : first + _BATCH]
        clean = redactor.each([line.message for line in part])
        pairs = list(zip(part, clean, strict=True))[first - begin :]
        found += [
            line if message is line.message else line._replace(message=message)
            for line, message in pairs
        ]
    return tuple(found)


def _in_order(redactor: Redactor, lines: Sequence[LogLine], newest_first: bool) -> Lines:
    if not newest_first:
        return redacted_lines(redactor, lines)
    return redacted_lines(redactor, lines[::-1])[::-1]


async def _insights(logs: LogStores, question: Question, progress: Progress) -> Sequence[LogLine]:
    """Let Insights search, and judge its answer by all but the level, which it knows as words."""
    from bot.services.logs.cloudwatch import CloudWatchStore  # boto3 takes long to load
    from bot.services.logs.insights import Insights, InsightsProgress, lines_of

    query = question.query()
    store = await logs.opened(question.groups[0])
    if not isinstance(store, CloudWatchStore) or query.end is None:
        raise UpstreamError("Insights", "only CloudWatch has it.", permanent=True)
    told = InsightsProgress()
    asking = asyncio.ensure_future(
        Insights(store).run(insights_query(query), query.groups, query.start, query.end, told)
    )
    try:
        while not asking.done():
            await asyncio.wait({asking}, timeout=0.3)
            progress.scanned = int(told.records_scanned)
            progress.matched = int(told.records_matched)
    finally:
        asking.cancel()
    result = await asking
    progress.scanned = int(result.records_scanned)
    progress.matched = max(int(result.records_matched), len(result.rows))
    progress.more = progress.matched > len(result.rows) or len(result.rows) >= MOST_LINES
    progress.fraction = 1.0
    sieve = Sieve(replace(query, level=None))
    return sieve.keep(lines_of(result, question.groups[0]), {})
