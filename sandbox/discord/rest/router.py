"""REST v10: from an HTTP request to its route and back, with limits, faults and checks between."""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from aiohttp import web

from sandbox.discord.errors import ApiError
from sandbox.discord.faults import Fault, Faults
from sandbox.discord.interactions import Interactions
from sandbox.discord.observer import Observer
from sandbox.discord.rates import Rates
from sandbox.discord.rest import (
    channels,
    commands,
    guilds,
    interactions,
    members,
    messages,
    reactions,
    threads,
    users,
    webhooks,
)
from sandbox.discord.rest.bodies import check_fields, read_body
from sandbox.discord.rest.call import Answer, Call, Route
from sandbox.discord.world import World

Json = dict[str, Any]

logger = logging.getLogger(__name__)

_TOPICS = (
    users,
    commands,
    interactions,
    channels,
    messages,
    reactions,
    threads,
    webhooks,
    guilds,
    members,
)


class Rest:
    """All routes, by method and number of path segments, literal segments first."""

    def __init__(
        self,
        world: World,
        pending: Interactions,
        faults: Faults,
        rates: Rates,
        report: Callable[[str], None],
        observer: Observer | None = None,
    ) -> None:
        self._world = world
        self._interactions = pending
        self._faults = faults
        self._rates = rates
        self._report = report
        self._observer = observer
        self._routes: dict[tuple[str, int], list[tuple[re.Pattern[str], Route]]] = {}
        for route in sorted((r for topic in _TOPICS for r in topic.routes.all), key=_literal_first):
            key = (route.method, route.template.count("/"))
            self._routes.setdefault(key, []).append((_pattern(route.template), route))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer any request below /api."""
        version, _, path = request.match_info["tail"].partition("/")
        path = "/" + path
        if version != "v10":
            return _json(400, {"message": "Invalid API version", "code": 50041})
        fault = self._faults.take(request.method, path)
        if fault and not fault.after:
            return await _strike(request, fault)
        response = await self._answer(request, path)
        return await _strike(request, fault) if fault else response

    async def _answer(self, request: web.Request, path: str) -> web.Response:
        found = self._find(request.method, path)
        if found is None:
            self._report(f"{request.method} {path}: Discord has no such route (or we do not)")
            return _json(404, {"message": "404: Not Found", "code": 0})
        route, params = found
        who = request.headers.get("Authorization", "")
        verdict = self._rates.take(request.method, route.template, params, who)
        if verdict.wait:
            return _too_many(verdict.wait, verdict.headers, everywhere=verdict.everywhere)
        try:
            status, body = 200, await self._run(request, route, params, who)
            if isinstance(body, Answer):
                status, body = body.status, body.body
            elif body is None:
                status = 204
        except ApiError as error:
            status, body = error.status, error.body()
        self._observe_answer(route, status, body)
        return _json(status, body, verdict.headers)

    async def _run(
        self, request: web.Request, route: Route, params: Mapping[str, str], who: str
    ) -> Any:
        bot = None if route.open else self._bot(who)
        body, uploads = await read_body(request)
        where = f"{route.method} {route.template}"
        for violation in check_fields(route.fields, body):
            self._report(f"{where}: {violation}")
        if self._observer:
            query = dict(request.query)
            seen = self._observer.request(route.method, route.template, params, query, body)
            for violation in seen:
                self._report(f"{where}: {violation}")
        if body is None:
            body = {}
        call = Call(self._world, self._interactions, params, request.query, body, uploads, bot)
        try:
            return route.run(call)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # A body of a shape that no check foresaw: refused, and never passed over in silence.
            logger.exception("%s", where)
            self._report(f"{where}: malformed body: {error!r}")
            raise ApiError(400, 50035, "Invalid Form Body") from error

    def _observe_answer(self, route: Route, status: int, body: Any) -> None:
        if self._observer:
            for violation in self._observer.answer(route.method, route.template, status, body):
                self._report(f"answer of {route.method} {route.template}: {violation}")

    def _find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        for pattern, route in self._routes.get((method, path.count("/")), ()):
            if match := pattern.fullmatch(path):
                return route, match.groupdict()
        return None

    def _bot(self, who: str) -> Json:
        row = self._world.tokens.get(who.removeprefix("Bot ")) if who.startswith("Bot ") else None
        if row is None:
            raise ApiError(401, 0, "401: Unauthorized")
        bot: Json = self._world.applications[row["application_id"]]["bot"]
        return bot


async def _strike(request: web.Request, fault: Fault) -> web.Response:
    if fault.delay:
        await asyncio.sleep(fault.delay)
    if fault.status == 429:
        return _too_many(fault.retry_after, {}, everywhere=False)
    if fault.status is not None:
        return _json(fault.status, {"message": f"{fault.status}: on demand", "code": 0})
    if request.transport:
        request.transport.abort()
    return web.Response(status=500)


def _literal_first(route: Route) -> list[bool]:
    return [segment.startswith("{") for segment in route.template.split("/")]


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))


def _json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    if status == 204:
        return web.Response(status=204, headers=headers)
    # Clients compare the content type as a whole: no charset may follow it.
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json", headers=headers
    )


def _too_many(wait: float, headers: Mapping[str, str], *, everywhere: bool) -> web.Response:
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(wait, 3),
        "global": everywhere,
        "code": 0,
    }
    # Without Via, clients take a 429 for Cloudflare's.
    return _json(429, body, {**headers, "Via": "1.1 google", "Retry-After": str(int(wait) + 1)})
