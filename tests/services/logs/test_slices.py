"""Slices and tails against every arrangement of times and pages, without a network between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from hypothesis import given, settings
from hypothesis import strategies as st
from log_groups import BASE, GROUP

from bot.analysis.logs.query import LogLine
from bot.services.logs.limiting import limited
from bot.services.logs.slices import SlicedRead
from bot.services.logs.store import Lines, Progress
from bot.services.logs.tailing import TailRhythm, followed
from bot.services.logs.wire import Page, read_page
from sandbox.cloudwatch import CloudWatchStandIn


def sliced(
    aws: CloudWatchStandIn,
    first: int,
    last: int,
    *,
    newest_first: bool = False,
    limit: int = 0,
    progress: Progress | None = None,
    noted: int | None = None,
) -> SlicedRead:
    async def fetch(first: int, last: int, token: str | None, memory: dict[str, bool]) -> Page:
        await asyncio.sleep(0)
        asked = {"logGroupName": GROUP, "startTime": first, "endTime": last}
        body = aws.answer("FilterLogEvents", asked | ({"nextToken": token} if token else {}))
        return read_page(body, GROUP, lambda lines: list(lines))

    async def newest() -> int | None:
        return noted or None

    return SlicedRead(
        fetch, first, last, newest_first=newest_first, limit=limit, workers=lambda: 4,
        progress=progress or Progress(),
        newest=newest if newest_first and limit and noted is not None else None,
    )  # fmt: skip


@given(
    gaps=st.lists(st.sampled_from((0, 0, 1, 7, 500, 90_000, 4_000_000)), min_size=1, max_size=120),
    page=st.integers(2, 40),
    empty_every=st.sampled_from((0, 0, 2, 3)),
    newest_first=st.booleans(),
    limit=st.sampled_from((0, 0, 1, 10, 50)),
    silence=st.sampled_from((0, 70_000, 50_000_000)),
    noted_late_by=st.sampled_from((None, 0, 1, 3_600_000, -80_000, 10**13)),
)
@settings(max_examples=150, deadline=None)
def test_no_line_is_lost_or_doubled_whatever_the_times_and_pages_and_what_is_noted(
    gaps: list[int], page: int, empty_every: int, newest_first: bool, limit: int, silence: int,
    noted_late_by: int | None,
) -> None:  # fmt: skip
    aws = CloudWatchStandIn()
    aws.manners.page_events, aws.manners.empty_every = page, empty_every
    at = BASE
    for number, gap in enumerate(gaps):
        at += gap
        aws.add(GROUP, f"s{number % 2}", [(at, f"{number}")])
    progress = Progress()

    async def run() -> list[int]:
        noted = None if noted_late_by is None else max(0, at - noted_late_by)
        read = sliced(
            aws, BASE, at + silence, newest_first=newest_first, limit=limit, progress=progress,
            noted=noted,
        )  # fmt: skip
        batches = limited(read.batches(), limit, progress, lambda: read.is_unread)
        async with aclosing(batches) as kept:
            return [int(line.message) async for lines in kept for line in lines]

    found = asyncio.run(run())
    wanted = list(range(len(gaps)))
    wanted = wanted[::-1] if newest_first else wanted
    assert found == (wanted[:limit] if limit else wanted)
    if limit and len(gaps) > limit:
        assert progress.more
        assert progress.matched >= limit
    if not limit:
        assert progress.matched == len(gaps)


@given(
    arrivals=st.lists(st.lists(st.integers(0, 4_000), max_size=12), min_size=1, max_size=6),
    page=st.integers(2, 10),
)
@settings(max_examples=30, deadline=None)
def test_every_line_that_is_late_by_less_than_the_overlap_is_told_once(
    arrivals: list[list[int]], page: int
) -> None:
    aws = CloudWatchStandIn()
    aws.manners.page_events = page
    aws.add(GROUP, "s", [])
    wanted: list[str] = []

    def arrive(turn: int) -> None:
        lines = [(BASE + at, f"{turn}-{number}") for number, at in enumerate(arrivals[turn])]
        aws.add(GROUP, "s", lines)
        wanted.extend(line for _, line in lines)

    async def run() -> list[str]:
        def look(since: int, progress: Progress) -> AsyncGenerator[Lines, None]:
            return sliced(aws, since, BASE + 3_600_000, progress=progress).batches()

        told: list[LogLine] = []
        turn = 0
        arrive(0)
        batches = followed(look, BASE, Progress(), TailRhythm(pause=0, overlap=5))
        async with aclosing(batches) as kept:
            async for lines in kept:
                told += lines
                if not lines:
                    turn += 1
                    if turn == len(arrivals):
                        break
                    arrive(turn)
        return [line.message for line in told]

    assert sorted(asyncio.run(run())) == sorted(wanted)
