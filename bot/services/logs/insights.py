"""CloudWatch Logs Insights: start a query, wait for it, read its rows, stop it when given up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.analysis.logs.query import LogLine
from bot.errors import UpstreamError
from bot.services.logs.cloudwatch import CloudWatchStore
from bot.services.logs.failures import SYSTEM

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 2.0  # seconds between two looks
_ENDED_BADLY: Mapping[str, str] = {
    "Failed": "Check the query's syntax and fields.",
    "Timeout": "Narrow the window or the groups: a query may take an hour at most.",
    "Cancelled": "Somebody stopped it.",
}


@dataclass(slots=True)
class InsightsProgress:
    """What is known of a running query; it changes while one waits."""

    query_id: str = ""
    status: str = "Scheduled"
    records_scanned: float = 0.0
    records_matched: float = 0.0
    bytes_scanned: float = 0.0


@dataclass(frozen=True, slots=True)
class InsightsResult:
    """The rows of an answer: field → text, in the query's order; `@ptr` is left out."""

    rows: tuple[Mapping[str, str], ...]
    records_scanned: float
    records_matched: float
    bytes_scanned: float


class Insights:
    """Runs queries with the client of a `CloudWatchStore`."""

    def __init__(self, store: CloudWatchStore) -> None:
        self._store = store

    async def run(
        self,
        query: str,
        groups: Sequence[str],
        start: datetime,
        end: datetime,
        progress: InsightsProgress | None = None,
    ) -> InsightsResult:
        """Ask and wait; giving up (cancelling the task) stops the query in AWS too.

        Args:
            start, end: inclusive, to the second.

        Raises:
            UpstreamError: it cannot be started, it failed, timed out or was stopped.
        """
        progress = progress if progress is not None else InsightsProgress()
        starting = asyncio.ensure_future(
            self._store.call(
                "start_query",
                **_named(groups),
                queryString=query,
                startTime=int(start.timestamp()),
                endTime=int(end.timestamp()),
            )
        )
        try:
            progress.query_id = (await asyncio.shield(starting))["queryId"]
            return await self._wait(progress)
        except asyncio.CancelledError:
            # It may be on its way to AWS just now, and would run there for nobody.
            started = await starting
            await asyncio.shield(self.stop(started["queryId"]))
            raise

    async def stop(self, query_id: str) -> None:
        """Stop a query; one that has ended already is left alone."""
        try:
            await self._store.call("stop_query", queryId=query_id)
        except UpstreamError as error:
            if "InvalidParameterException" not in error.detail:
                raise

    async def _wait(self, progress: InsightsProgress) -> InsightsResult:
        pause = _FIRST_PAUSE
        while True:
            answer = await self._store.call("get_query_results", queryId=progress.query_id)
            progress.status = answer.get("status", "Unknown")
            statistics = answer.get("statistics") or {}
            progress.records_scanned = statistics.get("recordsScanned", 0.0)
            progress.records_matched = statistics.get("recordsMatched", 0.0)
            progress.bytes_scanned = statistics.get("bytesScanned", 0.0)
            if progress.status == "Complete":
                return InsightsResult(
                    tuple(_row(each) for each in answer.get("results") or ()),
                    progress.records_scanned,
                    progress.records_matched,
                    progress.bytes_scanned,
                )
            if progress.status in _ENDED_BADLY:
                raise UpstreamError(
                    SYSTEM,
                    f"the Insights query ended as {progress.status}.",
                    permanent=True,
                    cure=_ENDED_BADLY[progress.status],
                )
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 1.5)


def lines_of(result: InsightsResult, group: str) -> tuple[LogLine, ...]:
    """Rows that have @timestamp and @message as log lines, in their order."""
    return tuple(
        LogLine(
            _milliseconds(row["@timestamp"]),
            row["@message"],
            row.get("@log", group).rpartition(":")[2] or group,
            row.get("@logStream", ""),
            f"insights-{number}",
        )
        for number, row in enumerate(result.rows)
        if "@timestamp" in row and "@message" in row
    )


def _named(groups: Sequence[str]) -> dict[str, Any]:
    if any(group.startswith("arn:") for group in groups):
        return {"logGroupIdentifiers": [group.removesuffix(":*") for group in groups]}
    return {"logGroupNames": list(groups)}


def _row(cells: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    return {cell["field"]: cell.get("value", "") for cell in cells if cell["field"] != "@ptr"}


def _milliseconds(text: str) -> int:
    """`2026-01-02 03:04:05.678` of Insights is UTC; local stand-ins write milliseconds."""
    if text.isdigit():
        return int(text)
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
