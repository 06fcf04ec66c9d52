"""How many calls are on their way at once, and limits that tell when there is more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from bot.analysis.logs.query import LogLine
from bot.errors import UpstreamError
from bot.services.logs.failures import Refusal
from bot.services.logs.limiting import limited
from bot.services.logs.pace import Pace
from bot.services.logs.store import Lines, Progress


def refusal(code: str, status: int = 400) -> Refusal:
    return Refusal(code, "because", "FilterLogEvents", status)


class Aws:
    """Answers 7 after the refusals it was given."""

    def __init__(self, *refusals: Refusal) -> None:
        self.refusals = list(refusals)
        self.active = self.most = 0
        self.gate: asyncio.Event | None = None
        self.begun = asyncio.Semaphore(0)

    async def ask(self) -> int:
        self.active += 1
        self.begun.release()
        self.most = max(self.most, self.active)
        try:
            if self.gate is not None:
                await self.gate.wait()
            if self.refusals:
                raise self.refusals.pop(0)
            return 7
        finally:
            self.active -= 1


async def test_no_more_calls_are_on_their_way_than_allowed() -> None:
    pace, aws = Pace(3), Aws()
    aws.gate = asyncio.Event()
    calls = [asyncio.create_task(pace.call(aws.ask, Progress())) for _ in range(10)]
    for _ in range(3):
        await aws.begun.acquire()
    aws.gate.set()
    assert await asyncio.gather(*calls) == [7] * 10
    assert aws.most == 3


async def test_throttling_halves_the_pace_and_nobody_but_progress_hears_of_it() -> None:
    pace, aws, progress = Pace(8), Aws(refusal("ThrottlingException")), Progress()
    assert await pace.call(aws.ask, progress) == 7
    assert (progress.calls, progress.throttled) == (2, 1)
    assert pace.workers == 4


async def test_success_earns_the_pace_back() -> None:
    pace, aws, progress = Pace(4), Aws(refusal("ThrottlingException")), Progress()
    for _ in range(40):
        await pace.call(aws.ask, progress)
    assert pace.workers == 4


async def test_what_passes_by_itself_is_tried_again_and_what_does_not_is_raised() -> None:
    progress = Progress()
    assert await Pace().call(Aws(refusal("ServiceUnavailable", 503)).ask, progress) == 7
    assert progress.throttled == 0
    with pytest.raises(Refusal, match="AccessDenied"):
        await Pace().call(Aws(refusal("AccessDeniedException")).ask, progress)


async def test_a_call_that_is_given_up_frees_its_place() -> None:
    pace, aws = Pace(1), Aws()
    aws.gate = asyncio.Event()
    stuck = asyncio.create_task(pace.call(aws.ask, Progress()))
    await aws.begun.acquire()
    stuck.cancel()
    await asyncio.gather(stuck, return_exceptions=True)
    aws.gate.set()
    async with asyncio.timeout(2):
        assert await pace.call(aws.ask, Progress()) == 7


async def test_a_failure_that_stays_is_told_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.services.logs.pace._FIRST_WAIT", 0.001)
    aws = Aws(*[refusal("InternalFailure", 500)] * 9)
    with pytest.raises(UpstreamError, match="InternalFailure"):
        await Pace().call(aws.ask, Progress())
    assert len(aws.refusals) == 4


async def batches(*sizes: int) -> AsyncGenerator[Lines, None]:
    for size in sizes:
        yield [LogLine(n, "x") for n in range(size)]


@pytest.mark.parametrize(
    ("sizes", "limit", "unread", "taken", "more"),
    [
        ((3, 3), 0, True, 6, False),
        ((3, 3), 4, False, 4, True),
        ((3, 3), 3, True, 3, True),
        ((3,), 3, False, 3, False),
        ((3, 3), 6, False, 6, False),
        ((3, 3), 9, True, 6, False),
    ],
)
async def test_a_limit_never_keeps_secret_that_there_is_more(
    sizes: tuple[int, ...], limit: int, unread: bool, taken: int, more: bool
) -> None:
    progress = Progress()
    found = [
        line
        async for lines in limited(batches(*sizes), limit, progress, lambda: unread)
        for line in lines
    ]
    assert len(found) == taken
    assert progress.more is more
