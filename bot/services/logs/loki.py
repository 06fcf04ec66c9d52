"""Grafana Loki as a log store, over its HTTP API: `loki:{app="shop"}`, or `loki:shop`.

`loki:shop` means {app="shop"}, or whatever label the settings name instead. Loki answers at most
`limit` lines of a window, oldest or newest first; the next page begins at the last line's time,
and lines that were had already are known by stream and text.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import orjson

from bot.analysis.logs.query import LogLine, LogQuery
from bot.analysis.logs.sieve import Memory, Sieve
from bot.errors import NotFound, UpstreamError
from bot.services.logs.limiting import limited
from bot.services.logs.merging import merged
from bot.services.logs.store import Lines, Progress
from bot.services.logs.tailing import TailRhythm, followed

PREFIX = "loki:"
_SYSTEM = "Loki"
_PAGE = 5_000  # lines; Loki's own default maximum
_TRIES = 5
_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=5)
_NANO = 1_000_000
_AHEAD = timedelta(minutes=10)
_NO_TENANT = "no org id"  # what Loki answers where it serves several and none is named
_HOUR_MS = 3_600_000
_AROUND_MS = _HOUR_MS


@dataclass(frozen=True, slots=True)
class LokiAccess:
    """How to reach Loki.

    Attributes:
        url: e.g. "http://loki:3100".
        token: sent as a bearer token, or "user:password" for basic authentication.
        tenant: X-Scope-OrgID, where Loki serves several.
        label: what `loki:NAME` selects by.
    """

    url: str
    token: str = ""
    tenant: str = ""
    label: str = "app"


class LokiStore:
    """A `LogStore`. Opens its connections at the first call; `close` ends them.

    Args:
        tries: how often a call is made that fails in passing.
    """

    def __init__(
        self,
        access: LokiAccess,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        rhythm: TailRhythm | None = None,
        page: int = _PAGE,
        tries: int = _TRIES,
    ) -> None:
        self._access = access
        self._clock = clock
        self._rhythm = rhythm or TailRhythm()
        self._page = page
        self._tries = tries
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """As `LogStore.close`."""
        if self._session is not None:
            await self._session.close()

    async def groups(self, typed: str = "", *, limit: int = 25) -> tuple[str, ...]:
        """As `LogStore.groups`: the values of the label."""
        answer = await self._get(f"/loki/api/v1/label/{self._access.label}/values", {}, Progress())
        wanted = typed.removeprefix(PREFIX).lower()
        names = [str(name) for name in answer.get("data") or () if wanted in str(name).lower()]
        names.sort(key=lambda name: (not name.lower().startswith(wanted), name))
        return tuple(f"{PREFIX}{name}" for name in names[:limit])

    async def labels(self, *, hours: int) -> tuple[str, ...]:
        """The labels of what was logged in the last hours, in alphabetical order.

        Raises:
            UpstreamError: Loki refuses, or cannot be reached; NotFound: it is not at this address.
        """
        end = _milliseconds(self._clock())
        asked = {"start": str((end - hours * _HOUR_MS) * _NANO), "end": str(end * _NANO)}
        answer = await self._get("/loki/api/v1/labels", asked, Progress())
        return tuple(sorted(str(name) for name in answer.get("data") or ()))

    async def read(
        self, query: LogQuery, progress: Progress | None = None
    ) -> AsyncGenerator[Lines, None]:
        """As `LogStore.read`."""
        progress = progress if progress is not None else Progress()
        first = _milliseconds(query.start)
        last = _milliseconds(query.end or self._clock())
        readers = [self._pages(query, each, first, last, progress) for each in query.groups]
        batches = merged(readers, newest_first=query.newest_first)

        def is_unread() -> bool:
            return progress.fraction < 1.0

        async with aclosing(limited(batches, query.limit, progress, is_unread)) as kept:
            async for lines in kept:
                yield lines

    async def tail(
        self, query: LogQuery, progress: Progress | None = None
    ) -> AsyncGenerator[Lines, None]:
        """As `LogStore.tail`, by polling."""
        progress = progress if progress is not None else Progress()
        endless = replace(query, limit=0, newest_first=False)

        def look(since: int, progress: Progress) -> AsyncGenerator[Lines, None]:
            last = _milliseconds(self._clock() + _AHEAD)
            readers = [self._pages(endless, each, since, last, progress) for each in query.groups]
            return merged(readers, newest_first=False)

        start = _milliseconds(query.start)
        async with aclosing(followed(look, start, progress, self._rhythm)) as batches:
            async for lines in batches:
                yield lines

    async def around(
        self, line: LogLine, *, before: int = 20, after: int = 20
    ) -> tuple[LogLine, ...]:
        """As `LogStore.around`; looks an hour to either side."""
        asked = LogQuery((f"{PREFIX}{line.stream}",), start=line.timestamp)
        older = await self._beyond(
            replace(asked, newest_first=True), line, (line.at - _AROUND_MS, line.at), before
        )
        newer = await self._beyond(asked, line, (line.at, line.at + _AROUND_MS), after)
        return (*reversed(older), line, *newer)

    async def _beyond(
        self, query: LogQuery, line: LogLine, window: tuple[int, int], count: int
    ) -> list[LogLine]:
        query = replace(query, limit=count + 100)
        seen: list[LogLine] = []
        async with aclosing(self._pages(query, query.groups[0], *window, Progress())) as pages:
            async for lines in pages:
                seen += [replace_group(each, line.group) for each in lines]
                if len(seen) > count + 100:
                    break
        place = next((at for at, one in enumerate(seen) if one.id == line.id), -1)
        return seen[place + 1 : place + 1 + count]

    async def _pages(
        self, query: LogQuery, group: str, first: int, last: int, progress: Progress
    ) -> AsyncGenerator[Lines, None]:
        """The lines of [first, last] (milliseconds) that fit, page by page."""
        sieve, memory = Sieve(query), dict[str, bool]()
        selector = self._logql(query, group)
        start, end = first * _NANO, (last + 1) * _NANO  # Loki's end is exclusive
        page = min(self._page, 2 * query.limit + 100) if query.limit else self._page
        had = frozenset[str]()
        while start < end:
            asked = {
                "query": selector,
                "start": str(start),
                "end": str(end),
                "limit": str(page),
                "direction": "backward" if query.newest_first else "forward",
            }
            answer = await self._get("/loki/api/v1/query_range", asked, progress)
            entries = await asyncio.to_thread(_entries, answer, group, query.newest_first)
            fresh = [entry for entry in entries if entry.line.id not in had]
            progress.scanned += len(fresh)
            kept = _sieved(sieve, [each.line for each in fresh], memory, query)
            progress.matched += len(kept)
            if kept:
                yield kept
            if len(entries) < page:
                break
            if not fresh:
                page = min(page * 2, 1_000_000)  # a whole page of one nanosecond
                continue
            border = entries[-1].nanoseconds
            had = frozenset(each.line.id for each in entries if each.nanoseconds == border)
            start, end = (start, border + 1) if query.newest_first else (border, end)
        progress.fraction = 1.0

    def _logql(self, query: LogQuery, group: str) -> str:
        """A selector, and as line filters what Loki can leave out already."""
        name = group.removeprefix(PREFIX).strip()
        selector = name if name.startswith("{") else f"{{{self._access.label}={_quoted(name)}}}"
        if query.level is not None:
            return selector  # a trace's lines must not be torn off the line above them
        filters = [f"|~ {_quoted('(?i)' + re.escape(text))}" for text in query.include if text]
        filters += [f"!~ {_quoted('(?i)' + re.escape(text))}" for text in query.exclude if text]
        if query.trace_id:
            filters.append(f"|= {_quoted(query.trace_id)}")
        return " ".join((selector, *filters))

    async def _get(self, path: str, asked: Mapping[str, str], progress: Progress) -> dict[str, Any]:
        session = self._opened()
        for attempt in range(1, self._tries + 1):
            progress.calls += 1
            try:
                async with session.get(self._access.url.rstrip("/") + path, params=asked) as answer:
                    body = await answer.read()
                    status = answer.status
            except ValueError as error:  # no address, or a login in it beside LOKI_TOKEN
                raise _unreachable(error, permanent=True) from error
            except (aiohttp.ClientError, TimeoutError) as error:
                if attempt == self._tries:
                    raise _unreachable(error) from error
            else:
                if status == 200:
                    return await asyncio.to_thread(_object, body)
                if (status != 429 and status < 500) or attempt == self._tries:
                    raise _refused(status, body, asked)
                progress.throttled += status == 429
            await asyncio.sleep(0.2 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            access = self._access
            headers = {"X-Scope-OrgID": access.tenant} if access.tenant else {}
            if ":" in access.token:
                coded = base64.b64encode(access.token.encode()).decode()
                headers["Authorization"] = f"Basic {coded}"
            elif access.token:
                headers["Authorization"] = f"Bearer {access.token}"
            self._session = aiohttp.ClientSession(headers=headers, timeout=_TIMEOUT)
        return self._session


@dataclass(frozen=True, slots=True)
class _Entry:
    nanoseconds: int
    line: LogLine


def replace_group(line: LogLine, group: str) -> LogLine:
    """The line as one of another group."""
    return line._replace(group=group)


def _entries(answer: Mapping[str, Any], group: str, newest_first: bool) -> list[_Entry]:
    """The lines of an answer in the wanted order; its streams come one after the other."""
    data = answer.get("data") or {}
    if data.get("resultType") != "streams":
        raise UpstreamError(
            _SYSTEM, "the query gives no log lines.", permanent=True, cure="Write a log selector."
        )
    entries: list[_Entry] = []
    for stream in data.get("result") or ():
        name = _stream_name(stream.get("stream") or {})
        copies: Counter[tuple[str, str]] = Counter()
        for value in stream.get("values") or ():
            nanoseconds, text = str(value[0]), str(value[1])
            copies[nanoseconds, text] += 1
            told = f"{name}\n{nanoseconds}\n{text}\n{copies[nanoseconds, text]}"
            line_id = hashlib.blake2b(told.encode(errors="replace"), digest_size=12).hexdigest()
            at = int(nanoseconds)
            entries.append(_Entry(at, LogLine(at // _NANO, text, group, name, line_id)))
    entries.sort(key=lambda each: each.nanoseconds, reverse=newest_first)
    return entries


def _sieved(sieve: Sieve, lines: list[LogLine], memory: Memory, query: LogQuery) -> list[LogLine]:
    """Judged in order of time, handed out in the wanted order."""
    if not query.newest_first:
        return sieve.keep(lines, memory)
    return sieve.keep(lines[::-1], {})[::-1]


def _stream_name(labels: Mapping[str, str]) -> str:
    """The labels as a selector, so that `around` can ask for this very stream."""
    return "{" + ", ".join(f"{key}={_quoted(str(labels[key]))}" for key in sorted(labels)) + "}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UpstreamError(_SYSTEM, f"no JSON: {error.msg}", cure="Check LOKI_URL.") from None
    if not isinstance(given, dict):
        raise UpstreamError(_SYSTEM, "no JSON object", cure="Check LOKI_URL.")
    return given


def _unreachable(error: Exception, *, permanent: bool = False) -> UpstreamError:
    said = str(error) or "no answer"
    return UpstreamError(_SYSTEM, said, permanent=permanent, cure="Check LOKI_URL.")


def _refused(status: int, body: bytes, asked: Mapping[str, str]) -> Exception:
    told = " ".join(body[:300].decode("utf-8", "replace").split())
    if status == 404:
        return NotFound(f"Loki does not know this address ({told or status}). Check LOKI_URL.")
    cures = {
        400: "Check the selector." if "query" in asked else "Check LOKI_URL and LOKI_TENANT.",
        401: "Set LOKI_TENANT." if _NO_TENANT in told else "Check LOKI_TOKEN.",
        403: "Check LOKI_TOKEN and LOKI_TENANT.",
    }
    lasting = "If it lasts, look into Loki's own log." if status >= 500 else ""
    said = f"HTTP {status}: {told}" if told else f"HTTP {status}"
    return UpstreamError(_SYSTEM, said, permanent=status < 500, cure=cures.get(status, lasting))


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
