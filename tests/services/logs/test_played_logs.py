"""The logs of a drill as a log store."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from bot.analysis.logs.query import LogLine, LogQuery
from bot.errors import NotFound, UpstreamError
from bot.models import Severity
from bot.services.logs.played import PREFIX, PlayedLogs
from bot.services.logs.store import Progress
from bot.services.logs.stores import LogStores, collect

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def line(number: int, service: str = "payments", text: str = "INFO ok") -> LogLine:
    at = round((NOW - timedelta(seconds=100 - number)).timestamp() * 1000)
    return LogLine(at, f"{text} n={number}", f"{PREFIX}{service}", f"{service}-1", str(number))


LINES = [
    *(line(number) for number in range(10)),
    line(10, text="ERROR charge failed\nTraceback (most recent call last):\n  boom"),
    *(line(number, "checkout") for number in range(11, 20)),
]


@pytest.fixture
def logs() -> PlayedLogs:
    return PlayedLogs(lambda: LINES, clock=lambda: NOW, pause=0.001)


def query(*services: str, **more: object) -> LogQuery:
    groups = tuple(f"{PREFIX}{service}" for service in services)
    return LogQuery(groups, start=NOW - timedelta(hours=1), **more)  # type: ignore[arg-type]


async def test_lines_are_read_in_order_up_to_the_limit_in_both_directions(
    logs: PlayedLogs,
) -> None:
    everything = await collect(logs, query("payments", "checkout"))
    assert [each.id for each in everything] == [each.id for each in LINES]
    progress = Progress()
    newest = await collect(logs, query("payments", limit=3, newest_first=True), progress)
    assert [each.id for each in newest] == ["10", "9", "8"]
    assert progress.more
    assert progress.matched == 11


async def test_lines_are_sieved(logs: PlayedLogs) -> None:
    (error,) = await collect(logs, query("payments", level=Severity.ERROR))
    assert "Traceback" in error.message
    assert await collect(logs, query("checkout", include=("n=15",))) == (LINES[15],)
    assert await collect(logs, query("payments", stream="another")) == ()


async def test_only_what_is_played_is_there() -> None:
    played: list[LogLine] = []
    logs = PlayedLogs(lambda: played, clock=lambda: NOW, pause=0.001)
    with pytest.raises(NotFound, match="none; no drill is under way"):
        await collect(logs, query("payments"))
    played += LINES[:5]
    async with aclosing(logs.tail(query("payments"))) as batches:
        assert len(await anext(batches)) == 5
        played += LINES[5:8]
        assert [each.id for each in await anext(batches)] == ["5", "6", "7"]
        assert await anext(batches) == []


async def test_a_line_stands_among_those_of_its_stream(logs: PlayedLogs) -> None:
    around = await logs.around(LINES[5], before=2, after=1)
    assert [each.id for each in around] == ["3", "4", "5", "6"]
    stranger = LogLine(0, "?", f"{PREFIX}payments", "payments-1", "unknown")
    assert await logs.around(stranger) == (stranger,)


async def test_log_stores_lead_to_it_by_its_prefix(logs: PlayedLogs) -> None:
    stores = LogStores({})
    with pytest.raises(UpstreamError, match=r"Begin one with /drill start"):
        await collect(stores, query("payments"))
    stores.add(PREFIX, lambda: logs)
    assert len(await collect(stores, query("payments"))) == 11
    assert await stores.resolve(f"{PREFIX}payments") == (f"{PREFIX}payments",)
    assert await stores.groups("pay") == (f"{PREFIX}payments",)
    assert await stores.resolve("payments") == (f"{PREFIX}payments",)
