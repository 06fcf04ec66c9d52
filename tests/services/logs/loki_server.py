"""A small Loki: speaks the part of its HTTP API that the store uses, and refuses all else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_SELECTOR = re.compile(rf'\{{((?:[^"}}]|{_QUOTED})*)\}}((?: (?:\|~|!~|\|=) {_QUOTED})*)')
_MATCHER = re.compile(r'([\w]+)="((?:[^"\\]|\\.)*)"')
_FILTER = re.compile(r'(\|~|!~|\|=) "((?:[^"\\]|\\.)*)"')


@dataclass
class LokiServer:
    """Streams by their labels; entries are (nanoseconds, text)."""

    streams: list[tuple[dict[str, str], list[tuple[int, str]]]] = field(default_factory=list)
    refusals: list[tuple[int, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    calls: int = 0
    url: str = ""

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/loki/api/v1/query_range", self._query)
        app.router.add_get("/loki/api/v1/labels", self._labels)
        app.router.add_get("/loki/api/v1/label/{name}/values", self._values)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    def add(self, labels: dict[str, str], entries: Sequence[tuple[int, str]]) -> None:
        self.streams.append((labels, list(entries)))

    def _refused(self, request: web.Request) -> web.Response | None:
        self.calls += 1
        self.headers.append(dict(request.headers))
        if not self.refusals:
            return None
        status, text = self.refusals.pop(0)
        return web.Response(status=status, text=text)

    async def _labels(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        start, end = int(request.query["start"]), int(request.query["end"])
        lately = [
            labels
            for labels, entries in self.streams
            if any(start <= at <= end for at, _ in entries)
        ]
        names = sorted({name for labels in lately for name in labels})
        # As Loki does: no names at all where there are none.
        return web.json_response({"status": "success"} | ({"data": names} if names else {}))

    async def _values(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        name = request.match_info["name"]
        values = sorted({labels[name] for labels, _ in self.streams if name in labels})
        return web.json_response({"status": "success", "data": values})

    async def _query(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        asked = request.query
        parsed = _SELECTOR.fullmatch(asked["query"])
        if parsed is None or set(asked) != {"query", "start", "end", "limit", "direction"}:
            return web.Response(status=400, text="parse error: " + asked["query"])
        wanted = {name: _plain(value) for name, value in _MATCHER.findall(parsed[1])}
        filters = [(sign, _plain(value)) for sign, value in _FILTER.findall(parsed[2])]
        start, end = int(asked["start"]), int(asked["end"])
        found = [
            (at, text, place)
            for place, (labels, entries) in enumerate(self.streams)
            if wanted.items() <= labels.items()
            for at, text in entries
            if start <= at < end and all(_fits(sign, value, text) for sign, value in filters)
        ]
        found.sort(key=lambda each: each[0], reverse=asked["direction"] == "backward")
        found = found[: int(asked["limit"])]
        result = [
            {
                "stream": self.streams[place][0],
                "values": [[str(at), text] for at, text, of in found if of == place],
            }
            for place in sorted({place for _, _, place in found})
        ]
        return web.json_response(
            {"status": "success", "data": {"resultType": "streams", "result": result}}
        )


def _plain(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted)


def _fits(sign: str, value: str, text: str) -> bool:
    if sign == "|=":
        return value in text
    return (re.search(value, text) is not None) is (sign == "|~")
