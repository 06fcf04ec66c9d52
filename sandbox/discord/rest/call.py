"""One REST request on its way to its route, and what a route gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.discord.errors import ApiError, missing_access, missing_permissions, unknown
from sandbox.discord.interactions import Interactions
from sandbox.discord.messages import Upload
from sandbox.discord.objects import DM
from sandbox.discord.permissions import NONE, Permission
from sandbox.discord.world import World

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose status is neither 200 nor 204."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Call:
    """A request: `bot` is the user behind the token, None on routes with a token in the path."""

    world: World
    interactions: Interactions
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    uploads: tuple[Upload, ...]
    bot: Json | None

    @property
    def me(self) -> str:
        """The id of the bot that calls."""
        assert self.bot is not None, "this route is open: it has no caller"
        return str(self.bot["id"])

    def number(self, name: str, default: int, most: int) -> int:
        """Return a whole number of the query, between 1 and `most`."""
        text = self.query.get(name, str(default))
        if not text.isdigit() or not 1 <= int(text) <= most:
            raise ApiError(400, 50035, "Invalid Form Body", _bad_number(name, most))
        return int(text)

    def flag(self, name: str) -> bool:
        """Return a boolean of the query."""
        return self.query.get(name, "").lower() in ("1", "true")

    def channel(self, right: Permission = Permission.VIEW_CHANNEL) -> Json:
        """Return the channel of the path, if the bot can see it and has this right in it."""
        row = self.world.channels.get(self.params["channel_id"])
        if row is None:
            raise unknown("Channel")
        rights = self.world.rights(self.me, row["id"])
        if Permission.VIEW_CHANNEL not in rights:
            raise missing_access()
        if right not in rights:
            raise missing_permissions()
        return row

    def message(self) -> Json:
        """Return the message of the path."""
        return self.world.message(self.params["channel_id"], self.params["message_id"])

    def guild(self, right: Permission = NONE) -> Json:
        """Return the guild of the path, if the bot is in it and has this right."""
        row = self.world.guilds.get(self.params["guild_id"])
        if row is None or f"{row['id']}/{self.me}" not in self.world.members:
            raise unknown("Guild")
        if right not in self.world.guild_rights(self.me, row["id"]):
            raise missing_permissions()
        return row

    def shown_channel(self, row: Json) -> Json:
        """Return a channel as this bot sees it: a direct message has only the other side."""
        if row["type"] != DM:
            return row
        return {**row, "recipients": [e for e in row["recipients"] if e["id"] != self.me]}


def _bad_number(name: str, most: int) -> Json:
    reason = {"code": "NUMBER_TYPE_COERCE", "message": f"Value must be 1 to {most}."}
    return {name: {"_errors": [reason]}}


Run = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and path as Discord's description spells it, and the function that serves it.

    `fields` are the body's known fields (None: any). `open` routes need no bot token.
    """

    method: str
    template: str
    run: Run
    fields: frozenset[str] | None
    open: bool


class Routes:
    """Collects the routes of one topic."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def add(
        self, method: str, template: str, fields: str | None = "", *, open: bool = False
    ) -> Callable[[Run], Run]:
        """Register the decorated function; `fields` are the known body fields, by spaces."""
        known = None if fields is None else frozenset(fields.split())

        def register(run: Run) -> Run:
            self.all.append(Route(method, template, run, known, open))
            return run

        return register
