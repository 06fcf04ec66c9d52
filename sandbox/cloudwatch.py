"""A local CloudWatch Logs that serves pages as AWS documents them; it refuses all else.

Beside moto, which answers at once, with everything, and judges filter patterns wrongly: here a
call takes its time, a page holds 1 MB or 10,000 events, a page may be empty and have a token all
the same, `endTime` is inclusive, and whoever calls too often hears ThrottlingException.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from bot.analysis.logs import patterns
from bot.errors import BadPayload
from sandbox import cloudwatch_insights, cloudwatch_live

PAGE_BYTES = 1_048_576
PAGE_EVENTS = 10_000
OVERHEAD = 26  # bytes of an event beside its message
_AT_END = (1 << 62, 0)
_TARGET = "Logs_20140328."
_ARN = "arn:aws:logs:eu-central-1:123456789012:log-group:"
_FILTER = {
    "logGroupName", "logGroupIdentifier", "logStreamNames", "logStreamNamePrefix", "startTime",
    "endTime", "filterPattern", "nextToken", "limit", "interleaved", "unmask", "startFromHead",
}  # fmt: skip


class Refused(Exception):  # noqa: N818
    """An error as AWS sends it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(slots=True)
class Stored:
    """One event; `json` is what FilterLogEvents says of it."""

    at: int
    number: int
    message: str
    stream: str
    json: bytes
    size: int


@dataclass(slots=True)
class Group:
    """A log group: its events in the order in which AWS gives them out."""

    name: str
    events: list[Stored] = field(default_factory=list)
    streams: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class Manners:
    """How the server behaves.

    Attributes:
        latency: seconds that every call takes.
        calls_per_second: beyond it, ThrottlingException; as many may come at once. 0: any.
        page_bytes, page_events: the limits of a page.
        scan_bytes: so much is looked through for one page of a filtered read; then it ends,
            empty or not, with a token.
        empty_every: every so manieth page is empty and has a token; 0: none.
        refusals: errors that the next calls meet, in their order.
        denied: errors that calls of an operation always meet, by its name.
        streams_noted_until: DescribeLogStreams knows of no later event: AWS notes them late.
        query_looks: so often an Insights query is still running when it is looked at.
        query_ends: the status that it ends with.
    """

    latency: float = 0.0
    calls_per_second: float = 0.0
    page_bytes: int = PAGE_BYTES
    page_events: int = PAGE_EVENTS
    scan_bytes: int = 50 * PAGE_BYTES
    empty_every: int = 0
    refusals: list[Refused] = field(default_factory=list)
    denied: dict[str, Refused] = field(default_factory=dict)
    streams_noted_until: int = 1 << 62
    query_looks: int = 1
    query_ends: str = "Complete"
    live: cloudwatch_live.LiveManners = field(default_factory=cloudwatch_live.LiveManners)


class CloudWatchStandIn:
    """The server on loopback; `calls` counts what was asked, by operation."""

    def __init__(self, manners: Manners | None = None) -> None:
        self.manners = manners or Manners()
        self.groups: dict[str, Group] = {}
        self.calls: Counter[str] = Counter()
        self.throttled = 0
        self.live_sessions = 0
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._numbers = 0
        self._tokens: dict[str, tuple[str, tuple[int, int]]] = {}
        self._allowance = 0.0
        self._counted_at = time.monotonic()
        self._pages = 0
        self._queries: dict[str, cloudwatch_insights.RunningQuery] = {}

    async def start(self, port: int = 0) -> None:
        """Serve on loopback; the address is `url`."""
        app = web.Application(client_max_size=16 * PAGE_BYTES)
        app.router.add_post("/", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        host, actual = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{actual}"
        self._allowance = self.manners.calls_per_second

    async def stop(self) -> None:
        """Stop serving."""
        if self._runner is not None:
            await self._runner.cleanup()

    def add(self, group: str, stream: str, lines: Sequence[tuple[int, str]]) -> list[str]:
        """Ingest lines (milliseconds, message) now; gives their event ids."""
        kept = self.groups.setdefault(group, Group(group))
        kept.streams[stream] = None
        ids = []
        for at, message in lines:
            self._numbers += 1
            ids.append(f"{at:017d}{self._numbers:039d}")
            told = {
                "eventId": ids[-1],
                "ingestionTime": at + self._numbers % 1000,
                "logStreamName": stream,
                "message": message,
                "timestamp": at,
            }
            event = Stored(
                at, self._numbers, message, stream, orjson.dumps(told), len(message) + OVERHEAD
            )
            kept.events.append(event)
        kept.events.sort(key=_place)
        return ids

    def answer(self, operation: str, asked: Mapping[str, Any]) -> bytes:
        """What the server says to a well-signed call, at once.

        Raises:
            Refused: as AWS would.
        """
        return self._operation(operation)(dict(asked))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        operation = request.headers.get("X-Amz-Target", "").removeprefix(_TARGET)
        self.calls[operation] += 1
        body = await request.read()
        if self.manners.latency:
            await asyncio.sleep(self.manners.latency)
        try:
            self._admit(request)
            if operation in self.manners.denied:
                raise self.manners.denied[operation]
            if operation == "StartLiveTail":
                return await self._live(request, orjson.loads(body))
            answer = self.answer(operation, orjson.loads(body))
        except Refused as refusal:
            told = {"__type": refusal.kind, "message": str(refusal)}
            return _response(400, orjson.dumps(told))
        return _response(200, answer)

    def _admit(self, request: web.Request) -> None:
        if not request.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 "):
            raise Refused("MissingAuthenticationTokenException", "Missing Authentication Token")
        if self.manners.refusals:
            raise self.manners.refusals.pop(0)
        rate = self.manners.calls_per_second
        if not rate:
            return
        now = time.monotonic()
        self._allowance = min(rate, self._allowance + (now - self._counted_at) * rate)
        self._counted_at = now
        if self._allowance < 1:
            self.throttled += 1
            raise Refused("ThrottlingException", "Rate exceeded")
        self._allowance -= 1

    async def _live(self, request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        arns = {
            arn: self._group({"logGroupIdentifier": arn}) for arn in asked["logGroupIdentifiers"]
        }
        matches = patterns.parse(asked.get("logEventFilterPattern", "")).matches

        def newer(seen: int) -> list[tuple[str, cloudwatch_live.Event]]:
            pairs = [(arn, event) for arn, group in arns.items() for event in group.events]
            return [each for each in pairs if each[1].number > seen and matches(each[1].message)]

        manners = self.manners.live
        self.live_sessions += 1
        return await cloudwatch_live.serve(request, asked, newer, self._numbers, manners)

    def _operation(self, name: str) -> Callable[[dict[str, Any]], bytes]:
        known: Mapping[str, Callable[[dict[str, Any]], bytes]] = {
            "FilterLogEvents": self._filter,
            "DescribeLogGroups": self._describe_groups,
            "DescribeLogStreams": self._describe_streams,
            "StartQuery": self._start_query,
            "GetQueryResults": self._query_results,
            "StopQuery": self._stop_query,
        }
        if name not in known:
            raise Refused("UnknownOperationException", name)
        return known[name]

    def _group(self, asked: Mapping[str, Any]) -> Group:
        named = str(asked.get("logGroupName") or asked.get("logGroupIdentifier") or "")
        name = named.rpartition(":log-group:")[2].removesuffix(":*")
        if name not in self.groups:
            raise Refused("ResourceNotFoundException", "The specified log group does not exist.")
        return self.groups[name]

    def _describe_groups(self, asked: dict[str, Any]) -> bytes:
        prefix = asked.get("logGroupNamePrefix", "")
        within = asked.get("logGroupNamePattern", "").lower()
        names = sorted(
            name for name in self.groups if name.startswith(prefix) and within in name.lower()
        )
        first = int(asked.get("nextToken", "0"))
        most = asked.get("limit", 50)
        if not 1 <= most <= 50:
            raise Refused("InvalidParameterException", "limit: must be between 1 and 50")
        page = names[first : first + most]
        answer: dict[str, Any] = {
            "logGroups": [{"logGroupName": name, "logGroupArn": f"{_ARN}{name}"} for name in page]
        }
        if first + most < len(names):
            answer["nextToken"] = str(first + most)
        return orjson.dumps(answer)

    def _describe_streams(self, asked: dict[str, Any]) -> bytes:
        prefix = asked.get("logStreamNamePrefix", "")
        group = self._group(asked)
        names = sorted(name for name in group.streams if name.startswith(prefix))
        streams = [_stream(group, name, self.manners.streams_noted_until) for name in names]
        if asked.get("orderBy") == "LastEventTime":
            if prefix:
                raise Refused("InvalidParameterException", "no prefix with LastEventTime")
            streams.sort(key=lambda each: each["lastEventTimestamp"])
        streams = streams[::-1] if asked.get("descending") else streams
        return orjson.dumps({"logStreams": streams[: asked.get("limit", len(streams))]})

    def _start_query(self, asked: dict[str, Any]) -> bytes:
        names = asked.get("logGroupNames") or asked.get("logGroupIdentifiers") or ()
        first, last = asked["startTime"] * 1000, asked["endTime"] * 1000 + 999
        try:
            query = cloudwatch_insights.parse(asked["queryString"])
        except cloudwatch_insights.Malformed as error:
            raise Refused("MalformedQueryException", str(error)) from None
        events = [
            (event, name)
            for name in names
            for event in self._group({"logGroupName": name}).events
            if first <= event.at <= last
        ]
        events.sort(key=lambda pair: _place(pair[0]))
        rows = [
            cloudwatch_insights.row_of(event.at, event.message, event.stream, name, event.number)
            for event, name in events
        ]
        query_id = f"query-{len(self._queries)}"
        self._queries[query_id] = query.begin(rows, self.manners.query_looks)
        return orjson.dumps({"queryId": query_id})

    def _query_results(self, asked: dict[str, Any]) -> bytes:
        return self._query(asked).look(self.manners.query_ends)

    def _stop_query(self, asked: dict[str, Any]) -> bytes:
        query = self._query(asked)
        if query.status != "Running":
            raise Refused("InvalidParameterException", "The query has ended.")
        query.status = "Cancelled"
        return orjson.dumps({"success": True})

    def _query(self, asked: Mapping[str, Any]) -> cloudwatch_insights.RunningQuery:
        if asked.get("queryId") not in self._queries:
            raise Refused("ResourceNotFoundException", "The specified query does not exist.")
        return self._queries[asked["queryId"]]

    def _filter(self, asked: dict[str, Any]) -> bytes:
        unknown = asked.keys() - _FILTER
        if unknown:
            raise Refused("InvalidParameterException", f"unknown: {', '.join(unknown)}")
        if asked.get("logStreamNames") and asked.get("logStreamNamePrefix"):
            raise Refused("InvalidParameterException", "logStreamNames and logStreamNamePrefix")
        group = self._group(asked)
        asker = _fingerprint(asked)
        first = bisect_left(group.events, asked.get("startTime", 0), key=_at)
        if "nextToken" in asked:
            known = self._tokens.get(asked["nextToken"])
            if known is None or known[0] != asker:
                raise Refused("InvalidParameterException", "The specified nextToken is invalid.")
            first = bisect_left(group.events, known[1], key=_place)
        end = asked.get("endTime")
        last = len(group.events) if end is None else bisect_right(group.events, end, key=_at)
        return self._page(group, asked, asker, first, last)

    def _page(
        self, group: Group, asked: Mapping[str, Any], asker: str, first: int, last: int
    ) -> bytes:
        """Events from `first` on as far as a page goes, and where the next one begins."""
        manners = self.manners
        self._pages += 1
        is_empty = bool(manners.empty_every) and self._pages % manners.empty_every == 0
        wanted = _wanted(asked)
        most = min(asked.get("limit") or manners.page_events, manners.page_events)
        room, scan = manners.page_bytes, manners.scan_bytes
        found: list[bytes] = []
        place = first
        while place < last and len(found) < most and scan > 0 and not is_empty:
            event = group.events[place]
            scan -= event.size
            if wanted is None or wanted(event):
                room -= event.size
                if room < 0 and found:
                    break
                found.append(event.json)
            place += 1
        answer = b'{"events":[' + b",".join(found) + b'],"searchedLogStreams":[]'
        if place < last or is_empty:
            ended = place >= len(group.events)
            token = hashlib.sha256(f"{asker} {place}".encode()).hexdigest()
            self._tokens[token] = (asker, _AT_END if ended else _place(group.events[place]))
            answer += b',"nextToken":"' + token.encode() + b'"'
        return answer + b"}"


def _response(status: int, body: bytes) -> web.Response:
    return web.Response(
        status=status,
        body=body,
        content_type="application/x-amz-json-1.1",
        headers={"x-amzn-RequestId": "00000000-0000-4000-8000-000000000000"},
    )


def _at(event: Stored) -> int:
    return event.at


def _place(event: Stored) -> tuple[int, int]:
    return event.at, event.number


def _fingerprint(asked: Mapping[str, Any]) -> str:
    same = {name: value for name, value in asked.items() if name != "nextToken"}
    return hashlib.sha256(orjson.dumps(same, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _wanted(asked: Mapping[str, Any]) -> Callable[[Stored], bool] | None:
    names, prefix = asked.get("logStreamNames"), asked.get("logStreamNamePrefix", "")
    text = asked.get("filterPattern", "")
    if not (names or prefix or text.strip()):
        return None
    try:
        matches = patterns.parse(text).matches
    except BadPayload as error:
        raise Refused("InvalidParameterException", str(error)) from None
    streams = frozenset(names or ())
    return lambda event: (
        (not streams or event.stream in streams)
        and event.stream.startswith(prefix)
        and matches(event.message)
    )


def _stream(group: Group, name: str, noted_until: int) -> dict[str, Any]:
    events = (each for each in group.events if each.stream == name)
    times = [event.at for event in events if event.at <= noted_until]
    return {
        "logStreamName": name,
        "firstEventTimestamp": min(times, default=0),
        "lastEventTimestamp": max(times, default=0),
        "lastIngestionTime": max(times, default=0),
        "arn": f"{_ARN}{group.name}:log-stream:{name}",
    }
