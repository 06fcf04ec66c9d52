"""The API over HTTP: from a request to GitHub's JSON, its headers, pages and ETags."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.github import (
    routes_contents,
    routes_git,
    routes_graphql,
    routes_issues,
    routes_pulls,
    routes_search,
)
from sandbox.github.call import Answer, Call, Route
from sandbox.github.faults import Fault
from sandbox.github.gate import authenticated, check_permission, resource_of
from sandbox.github.present import Presenter
from sandbox.github.refusal import DOCS, Refusal

if TYPE_CHECKING:
    from sandbox.github.server import GitHubStandIn

ROOT = "/api/v3"
MAX_PER_PAGE = 100
ROUTES: tuple[Route, ...] = (
    *routes_git.ROUTES,
    *routes_contents.ROUTES,
    *routes_issues.ROUTES,
    *routes_pulls.ROUTES,
    *routes_search.ROUTES,
)
Door = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Reply:
    """What goes back over the wire."""

    status: int
    body: bytes
    headers: dict[str, str]

    def response(self) -> web.Response:
        """As aiohttp wants it."""
        return web.Response(status=self.status, body=self.body, headers=self.headers)


class Api:
    """The doors of the API."""

    def __init__(self, standin: GitHubStandIn) -> None:
        self._standin = standin

    def add_to(self, app: web.Application) -> None:
        """Register every route; anything else below /api is refused and recorded."""
        for route in ROUTES:
            app.router.add_route(route.method, ROOT + route.path, self._door(route))
        for route in routes_graphql.ROUTES:
            app.router.add_route(route.method, "/api" + route.path, self._door(route))
        app.router.add_get(ROOT + "/rate_limit", self._rate_limit)
        app.router.add_route("*", "/api/{rest:.*}", self._unknown)

    def _door(self, route: Route) -> Door:
        async def door(request: web.Request) -> web.StreamResponse:
            data = await request.read()
            path = request.path.removeprefix(ROOT).removeprefix("/api")
            fault = self._standin.faults.take(request.method, path)
            if fault and (early := await self._suffer(fault, request)):
                return early
            reply = self._reply(route, request, path, data)
            if fault and fault.after:
                return self._lost(fault, request)
            return reply.response()

        return door

    async def _suffer(self, fault: Fault, request: web.Request) -> web.StreamResponse | None:
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.after or not (fault.cut or fault.status):
            return None
        return self._lost(fault, request)

    def _lost(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault.cut and request.transport:
            request.transport.abort()
        headers = self._headers("core", None) | fault.headers
        return Reply(fault.status or 500, fault.body(), headers).response()

    async def _rate_limit(self, request: web.Request) -> web.StreamResponse:
        fault = self._standin.faults.take(request.method, "/rate_limit")
        if fault and (early := await self._suffer(fault, request)):
            return early
        try:
            token = authenticated(self._standin.world, request.headers)
        except Refusal as refusal:
            return self._refused(refusal, "core", None).response()
        body = json.dumps(self._standin.rate_limits.shown()).encode()
        return Reply(200, body, self._headers("core", token.scopes)).response()

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        self._standin.violations.append(f"unknown route: {request.method} {request.path}")
        return self._refused(Refusal(404, "Not Found"), "core", None).response()

    def _reply(self, route: Route, request: web.Request, path: str, data: bytes) -> Reply:
        """Authenticate, count, check, act."""
        standin, resource = self._standin, resource_of(path)
        scopes: tuple[str, ...] | None = None
        try:
            token = authenticated(standin.world, request.headers)
            scopes = token.scopes
            standin.rate_limits.spend(resource, standin.world.user(token.login).id)
            call = self._call(request, _object(data, path))
            check_permission(route, call)
            route.refuse_unknown(call.query, call.body)
            answer = route.act(call)
        except Refusal as refusal:
            if refusal.violation:
                standin.violations.append(refusal.message)
            return self._refused(refusal, resource, scopes)
        except routes_graphql.GraphQLError as error:
            told = {"type": error.kind, "message": str(error)}
            answer = Answer({"data": None, "errors": [told]})
        if request.method not in {"GET", "HEAD"}:
            standin.save()
        return self._succeeded(request, answer, resource, scopes)

    def _call(self, request: web.Request, body: dict[str, Any]) -> Call:
        standin = self._standin
        token = authenticated(standin.world, request.headers)
        return Call(
            world=standin.world,
            show=Presenter(standin.world, f"http://{request.host}"),
            user=standin.world.user(token.login),
            token=token,
            args=dict(request.match_info),
            query=dict(request.query),
            body=body,
            now=standin.clock(),
            announce=standin.announcer(token.login),
            searchable=standin.is_indexed,
        )

    def _succeeded(
        self, request: web.Request, answer: Answer, resource: str, scopes: tuple[str, ...] | None
    ) -> Reply:
        headers: dict[str, str] = {}
        body = answer.body
        if answer.whole_list is not None:
            items, headers = paged(request, answer.whole_list)
            body = answer.wrap(items) if answer.wrap else items
        data = b"" if answer.status == 204 else json.dumps(body, ensure_ascii=False).encode()
        if request.method == "GET" and answer.status == 200:
            headers["ETag"] = f'W/"{hashlib.sha256(data).hexdigest()}"'
            if request.headers.get("If-None-Match") == headers["ETag"]:
                self._standin.rate_limits.refund(resource)
                return Reply(304, b"", headers | self._headers(resource, scopes))
        return Reply(answer.status, data, self._headers(resource, scopes) | headers)

    def _refused(self, refusal: Refusal, resource: str, scopes: tuple[str, ...] | None) -> Reply:
        body = json.dumps(refusal.body()).encode()
        headers = self._headers(resource, scopes) | refusal.headers
        return Reply(refusal.status, body, headers)

    def _headers(self, resource: str, scopes: tuple[str, ...] | None) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-GitHub-Request-Id": uuid.uuid4().hex[:16].upper(),
            "X-GitHub-Media-Type": "github.v3; format=json",
            **self._standin.rate_limits.headers(resource),
        }
        if scopes is not None:
            headers["X-OAuth-Scopes"] = ", ".join(scopes)
        return headers


def _object(data: bytes, path: str) -> dict[str, Any]:
    if not data:
        return {}
    try:
        body = json.loads(data)
    except ValueError as error:
        raise Refusal(400, "Problems parsing JSON") from error
    if isinstance(body, list) and path.endswith("/labels"):
        return {"labels": body}  # the one route that also takes a bare list
    if not isinstance(body, dict):
        raise Refusal(400, "Body should be a JSON object")
    return body


def paged(request: web.Request, items: list[Any]) -> tuple[list[Any], dict[str, str]]:
    """One page of a list, and the Link header that leads to the others."""
    try:
        page = max(1, int(request.query.get("page", "1")))
        size = min(MAX_PER_PAGE, max(1, int(request.query.get("per_page", "30"))))
    except ValueError as error:
        raise Refusal(422, f"page and per_page must be numbers, see {DOCS}") from error
    last = max(1, -(-len(items) // size))
    to = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    shown = [
        f'<{request.url.update_query(page=number)}>; rel="{name}"'
        for name, number in to.items()
        if (name in {"prev", "first"} and page > 1) or (name in {"next", "last"} and page < last)
    ]
    window = items[(page - 1) * size : page * size]
    return window, {"Link": ", ".join(shown)} if shown else {}
