"""A group of the local CloudWatch, and short ways to ask for its lines."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import boto3

from bot.analysis.logs.query import LogLine, LogQuery
from bot.services.logs.store import LogStore, Progress

START = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)
BASE = int(START.timestamp() * 1000)
GROUP = "/aws/lambda/checkout"


def session() -> boto3.Session:
    return boto3.Session("key", "secret", region_name="eu-central-1")


def query(
    *groups: str, minutes: float = 60, limit: int = 0, newest_first: bool = False, **more: object
) -> LogQuery:
    end = START + timedelta(minutes=minutes)
    return LogQuery(
        groups or (GROUP,),
        START,
        end,
        limit=limit,
        newest_first=newest_first,
        **more,  # type: ignore[arg-type]
    )


async def lines_of(
    store: LogStore, asked: LogQuery, progress: Progress | None = None
) -> list[LogLine]:
    found: list[LogLine] = []
    async with aclosing(store.read(asked, progress)) as batches:
        async for lines in batches:
            found += lines
    return found


async def messages(store: LogStore, asked: LogQuery) -> list[str]:
    return [line.message for line in await lines_of(store, asked)]
