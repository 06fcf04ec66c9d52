"""The page of the local Discord: static files, the page's own API and its stream of events.

Mount it on a stand-in: `DiscordStandIn(mounts=[page.mount])`. Every call names the person it
acts for (`?as=sam`); the page trusts whoever reaches it, see page_guard for who that is.
"""

import base64
import binascii
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import orjson
from aiohttp import web

from sandbox.discord import page_guard, page_view
from sandbox.discord.errors import ApiError, CannotDo
from sandbox.discord.page_feed import Feed
from sandbox.discord.people import PersonDoor, Reply
from sandbox.discord.world import Dispatch, World, only

if TYPE_CHECKING:
    from sandbox.discord.server import DiscordStandIn

Json = dict[str, Any]

STATIC = Path(__file__).parent / "static"
PAGE_SIZE = 50
BEAT_S = 15.0


def mount(app: web.Application, standin: "DiscordStandIn") -> None:
    """Add the page to the stand-in's server."""
    Page(standin).add_to(app)


class Page:
    """The page of one stand-in."""

    def __init__(self, standin: "DiscordStandIn") -> None:
        self._standin = standin
        self._world = standin.world
        self._feed = Feed(standin.world)
        self._dismissed: set[str] = set()

    def add_to(self, app: web.Application) -> None:
        """Add routes, guard and headers."""
        app.middlewares.extend([page_guard.guard, _explain])
        app.on_response_prepare.append(page_guard.add_headers)
        app.on_shutdown.append(self._close)
        add = app.router.add_route
        for path in ("/", "/channels/{guild}/{channel}", "/channels/{guild}/{channel}/{message}"):
            add("GET", path, _index)
        add("GET", "/favicon.ico", _favicon)
        app.router.add_static("/page/static", STATIC)
        at = "/page/api"
        add("GET", f"{at}/state", self.state)
        add("GET", f"{at}/events", self.events)
        add("GET", f"{at}/channels/{{channel}}/messages", self.messages)
        add("POST", f"{at}/channels/{{channel}}/messages", self.write)
        add("GET", f"{at}/channels/{{channel}}/commands", self.commands)
        reaction = f"{at}/channels/{{channel}}/messages/{{message}}/reactions/{{emoji}}"
        add("PUT", reaction, self.react)
        add("DELETE", reaction, self.unreact)
        add("DELETE", f"{at}/whispers/{{message}}", self.dismiss)
        add("POST", f"{at}/interactions", self.interact)
        add("POST", f"{at}/autocomplete", self.autocomplete)
        add("GET", f"{at}/panels", self.panels)
        add("POST", f"{at}/panels/{{panel}}/{{button}}", self.press_panel)

    async def _close(self, _app: web.Application) -> None:
        self._feed.close()

    # --- looking -----------------------------------------------------------------------------

    async def state(self, request: web.Request) -> web.Response:
        """Return what a person sees; an unknown person is answered with the first one."""
        known = {each["username"] for each in page_view.people(self._world)}
        name = request.query.get("as", "")
        door = self._standin.person(name if name in known else _first_person(self._world))
        # The cursor is taken first: an event in between is seen twice rather than never.
        cursor = self._feed.cursor
        return _json({**page_view.state(self._world, door), "cursor": cursor})

    async def messages(self, request: web.Request) -> web.Response:
        """Return a page of a channel, oldest first; `before` is a message id."""
        before = request.query.get("before", "")
        if before and not (before.isascii() and before.isdigit()):
            raise CannotDo("before: expected a message id")
        rows = self._door(request).messages(request.match_info["channel"])
        rows = [row for row in rows if row["id"] not in self._dismissed]
        if before:
            rows = [row for row in rows if int(row["id"]) < int(before)]
        return _json(rows[-PAGE_SIZE:])

    async def commands(self, request: web.Request) -> web.Response:
        """Return the slash commands a person is offered in a channel."""
        return _json(self._door(request).commands(request.match_info["channel"]))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Stream the gateway's dispatches this person may see, as Server-Sent Events."""
        user_id = self._door(request).id
        cursor = request.headers.get("Last-Event-ID") or request.query.get("cursor", "")
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        await response.write(b"retry: 1000\n\n")
        with contextlib.suppress(ConnectionResetError):  # the page was closed
            async for news in self._feed.after(cursor, BEAT_S):
                if text := self._event(user_id, news):
                    await response.write(text)
        return response

    def _event(self, user_id: str, news: tuple[str, Dispatch | None] | None) -> bytes:
        if news is None:
            return b": still here\n\n"
        cursor, dispatch = news
        if dispatch is None:
            return f"id: {cursor}\nevent: resync\ndata: {{}}\n\n".encode()
        if not self._world.hears(user_id, dispatch.audience):
            return b""
        body = orjson.dumps({"t": dispatch.type, "d": dispatch.data})
        return b"id: %b\nevent: dispatch\ndata: %b\n\n" % (cursor.encode(), body)

    # --- acting ------------------------------------------------------------------------------

    async def write(self, request: web.Request) -> web.Response:
        """Write a message: `content`, and `reply_to` (a message id) or null."""
        body = await _body(request)
        channel = request.match_info["channel"]
        answered = body.get("reply_to")
        reply_to = self._world.message(channel, str(answered)) if answered else None
        door = self._door(request)
        return _json(await door.write(channel, _text(body, "content"), reply_to=reply_to))

    async def react(self, request: web.Request) -> web.Response:
        """Add this person's reaction."""
        await self._door(request).react(self._message(request), request.match_info["emoji"])
        return web.Response(status=204)

    async def unreact(self, request: web.Request) -> web.Response:
        """Take back this person's reaction."""
        await self._door(request).unreact(self._message(request), request.match_info["emoji"])
        return web.Response(status=204)

    async def dismiss(self, request: web.Request) -> web.Response:
        """Hide an ephemeral message from its reader; the bot may go on editing it, unseen."""
        door, message_id = self._door(request), request.match_info["message"]
        viewer, row = self._world.whispers.get(message_id, ("", {}))
        if viewer != door.id:
            raise CannotDo("this message cannot be dismissed")
        self._dismissed.add(message_id)
        gone = {"id": message_id, "channel_id": row["channel_id"]}
        self._feed.push(Dispatch("MESSAGE_DELETE", gone, only(door.id)))
        return web.Response(status=204)

    async def interact(self, request: web.Request) -> web.Response:
        """Use a command, button, menu or form; answer when the bot has, or after 3 seconds.

        `kind` is command (`name`, `options`), press (`message_id`, `custom_id`), select (the
        same and `values`) or submit (`custom_id`, `values`); each with `channel_id`.
        """
        body = await _body(request)
        kind = _INTERACTIONS.get(_text(body, "kind"))
        if kind is None:
            raise CannotDo(f"kind: expected one of {', '.join(_INTERACTIONS)}")
        reply = await kind(self, self._door(request), body)
        return _json(reply.as_json())

    async def _command(self, door: PersonDoor, body: Json) -> Reply:
        options = {name: _value(value) for name, value in _mapping(body, "options").items()}
        return await door.command(_text(body, "name"), _text(body, "channel_id"), **options)

    async def _press(self, door: PersonDoor, body: Json) -> Reply:
        return await door.press({"id": _text(body, "message_id")}, _text(body, "custom_id"))

    async def _select(self, door: PersonDoor, body: Json) -> Reply:
        values = body.get("values")
        if not isinstance(values, list):
            raise CannotDo("values: expected a list")
        message = {"id": _text(body, "message_id")}
        return await door.select(message, _text(body, "custom_id"), [str(each) for each in values])

    async def _submit(self, door: PersonDoor, body: Json) -> Reply:
        opener = self._standin.interactions.opener(door.id, _text(body, "custom_id"))
        return await door.submit(opener.reply, _mapping(body, "values"))

    async def autocomplete(self, request: web.Request) -> web.Response:
        """Return what the bot suggests for an option being typed, as `choices`."""
        body = await _body(request)
        choices = await self._door(request).autocomplete(
            _text(body, "name"),
            _text(body, "option"),
            _text(body, "typed"),
            _text(body, "channel_id"),
            **_mapping(body, "options"),
        )
        return _json({"choices": choices})

    # --- panels ------------------------------------------------------------------------------

    async def panels(self, _request: web.Request) -> web.Response:
        """Return the panels beside the page."""
        return _json([panel.as_json() for panel in self._standin.panels])

    async def press_panel(self, request: web.Request) -> web.Response:
        """Run a panel button's action; `said` is its line to show, or null."""
        for panel in self._standin.panels:
            button = panel.button(request.match_info["button"])
            if panel.key == request.match_info["panel"] and button:
                return _json({"said": await button.action()})
        raise CannotDo("this button is gone")

    # --- inner parts -------------------------------------------------------------------------

    def _door(self, request: web.Request) -> PersonDoor:
        door = self._standin.person(request.query.get("as", ""))
        if door.user.get("bot"):
            raise CannotDo("a bot does not use the page")
        return door

    def _message(self, request: web.Request) -> Json:
        return self._world.message(request.match_info["channel"], request.match_info["message"])


_INTERACTIONS: dict[str, Callable[[Page, PersonDoor, Json], Awaitable[Reply]]] = {
    "command": Page._command,
    "press": Page._press,
    "select": Page._select,
    "submit": Page._submit,
}


@web.middleware
async def _explain(request: web.Request, handler: page_guard.Answer) -> web.StreamResponse:
    """Turn what Discord would refuse into an answer with a reason."""
    if not request.path.startswith("/page/api/"):
        return await handler(request)
    try:
        return await handler(request)
    except CannotDo as error:
        return _json({"message": str(error)}, 409)
    except ApiError as error:
        return _json(error.body(), error.status)


async def _index(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(STATIC / "index.html")


async def _favicon(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(STATIC / "favicon.svg")


def _first_person(world: World) -> str:
    return str(page_view.people(world)[0]["username"])


def _json(value: Any, status: int = 200) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(
        body=orjson.dumps(value), status=status, content_type="application/json", headers=headers
    )


async def _body(request: web.Request) -> Json:
    # A form of another site can only send a few types without being asked first; this is not one.
    if request.content_type != "application/json":
        raise CannotDo("expected application/json")
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise CannotDo(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise CannotDo("expected a JSON object")
    return body


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise CannotDo(f"{name}: expected text")
    return value


def _mapping(body: Json, name: str) -> Json:
    value = body.get(name)
    if not isinstance(value, dict):
        raise CannotDo(f"{name}: expected an object")
    return cast("Json", value)


def _value(value: Any) -> Any:
    """Return an option's value; a file arrives as {filename, base64}."""
    if not isinstance(value, dict):
        return value
    try:
        return _text(value, "filename"), base64.b64decode(_text(value, "base64"), validate=True)
    except binascii.Error as error:
        raise CannotDo("the file is not base64") from error
