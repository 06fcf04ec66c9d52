"""What a human can do in Discord, with Discord's own checks: used by tests and by the page."""

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.discord import commands, messages, objects, reactions
from sandbox.discord.components import BUTTON, LINK_STYLE, SELECTS, STRING_SELECT, walk
from sandbox.discord.errors import ApiError, CannotDo
from sandbox.discord.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Interaction,
    Interactions,
    Reply,
)
from sandbox.discord.limits import check_message
from sandbox.discord.messages import Draft, Upload
from sandbox.discord.permissions import Permission
from sandbox.discord.world import World

__all__ = ["PersonDoor", "Reply"]

Json = dict[str, Any]


class PersonDoor:
    """One person at the keyboard; `channel` is a name (`"alerts"`), an id or None (the first).

    Every method raises CannotDo, with the reason, for what Discord's client would not offer.
    """

    def __init__(self, world: World, interactions: Interactions, user: Json) -> None:
        self._world = world
        self._interactions = interactions
        self.user = user
        self.id: str = user["id"]

    # --- looking -----------------------------------------------------------------------------

    def channels(self) -> list[Json]:
        """Return the channels and threads this person can see."""
        return [row for row in self._world.channels.rows() if self._rights(row) & _VIEW]

    def messages(self, channel: str | None = None) -> list[Json]:
        """Return what this person sees in a channel, oldest first, own ephemeral ones included."""
        place = self._place(channel)
        rows = list(self._world.messages.rows(place["id"]))
        rows += [
            row
            for viewer, row in self._world.whispers.values()
            if viewer == self.id and row["channel_id"] == place["id"]
        ]
        rows.sort(key=lambda row: int(row["id"]))
        return [messages.shown(self._world, row, self.id) for row in rows]

    def commands(self, channel: str | None = None, *, kind: int = 1) -> list[Json]:
        """Return the commands this person is offered in a channel (`kind` 1: slash)."""
        return commands.offered(self._world, self.id, self._place(channel), kind)

    # --- interactions ------------------------------------------------------------------------

    async def command(self, name: str, /, channel: str | None = None, **options: Any) -> Reply:
        """Send a slash command (`"alert show"` for a subcommand) and wait for the first answer.

        An option that is itself called `channel` is given as `channel_`.
        """
        place, found = self._command(name.split()[0], channel, kind=1)
        data = commands.invocation(self._world, found, name, options, place)
        return await self._send(COMMAND, found["application_id"], place, data)

    async def menu(self, name: str, target: Json, channel: str | None = None) -> Reply:
        """Use an entry of a context menu on a message or a user object."""
        kind = 3 if "channel_id" in target else 2
        place, found = self._command(name, target.get("channel_id", channel), kind=kind)
        data = commands.menu_data(self._world, found, target, place)
        return await self._send(COMMAND, found["application_id"], place, data)

    async def autocomplete(
        self, name: str, option: str, typed: str, /, channel: str | None = None, **options: Any
    ) -> list[Json]:
        """Return the choices a bot suggests after `typed`; [] if it does not answer in time."""
        place, found = self._command(name.split()[0], channel, kind=1)
        data = commands.typing(self._world, found, name, option, typed, options, place)
        reply = await self._send(AUTOCOMPLETE, found["application_id"], place, data)
        return reply.choices

    async def press(self, message: Json, label_or_custom_id: str) -> Reply:
        """Press a button of a message."""
        row, button = self._component(message, label_or_custom_id, {BUTTON})
        if button["style"] == LINK_STYLE:
            raise CannotDo(f"{label_or_custom_id!r} is a link to {button['url']}")
        data = {"component_type": BUTTON, "custom_id": button["custom_id"], "id": button["id"]}
        return await self._use(row, data)

    async def select(self, message: Json, custom_id: str, values: Iterable[str]) -> Reply:
        """Choose values (of options, or ids of users, roles, channels) in a select."""
        row, select = self._component(message, custom_id, SELECTS)
        chosen = list(values)
        if not select["min_values"] <= len(chosen) <= select["max_values"]:
            raise CannotDo(f"{len(chosen)} values chosen of {select['min_values']} or more")
        data: Json = {
            "component_type": select["type"],
            "custom_id": custom_id,
            "id": select["id"],
            "values": chosen,
        }
        if select["type"] == STRING_SELECT:
            offered = {option["value"] for option in select["options"]}
            if strange := [each for each in chosen if each not in offered]:
                raise CannotDo(f"{strange} is not among the options {sorted(offered)}")
        else:
            place = self._world.channels[row["channel_id"]]
            data["resolved"] = commands.resolved(self._world, chosen, place)
        return await self._use(row, data)

    async def submit(self, modal: Json | Reply, values: Mapping[str, Any]) -> Reply:
        """Fill in a form by custom_id and send it; what is not named keeps its prefilled value."""
        form = modal.modal if isinstance(modal, Reply) else modal
        if form is None:
            raise CannotDo("no form is open")
        opener = self._interactions.opener(self.id, form["custom_id"])
        place = self._world.channels[opener.channel_id]
        data = {
            "custom_id": form["custom_id"],
            "components": commands.filled(form["components"], dict(values)),
            "resolved": {},
        }
        return await self._send(
            MODAL_SUBMIT, opener.application_id, place, data, source=opener.source
        )

    # --- the rest ----------------------------------------------------------------------------

    async def write(
        self,
        channel: str | None,
        content: str,
        *,
        files: Mapping[str, bytes] | None = None,
        reply_to: Json | None = None,
    ) -> Json:
        """Write a message, perhaps with files by name, and return it."""
        place = self._place(channel)
        in_thread = place["type"] in objects.THREADS
        self._need(
            place,
            Permission.SEND_MESSAGES_IN_THREADS if in_thread else Permission.SEND_MESSAGES,
            "write here",
        )
        uploads = tuple(
            Upload(number, name, "application/octet-stream", data)
            for number, (name, data) in enumerate((files or {}).items())
        )
        body: Json = {"content": content}
        if reply_to:
            body["message_reference"] = {"message_id": reply_to["id"]}
        try:
            check_message(body, uploads)
        except ApiError as error:
            raise CannotDo(str(error)) from error
        return messages.post(self._world, Draft(place, self.user, body, uploads))

    async def react(self, message: Json, emoji: str) -> None:
        """Add a reaction."""
        row = self._visible(message)
        self._need(self._world.channels[row["channel_id"]], Permission.ADD_REACTIONS, "react here")
        reactions.add(self._world, row, emoji, self.id)

    async def unreact(self, message: Json, emoji: str) -> None:
        """Take back one's own reaction."""
        reactions.remove(self._world, self._visible(message), emoji, self.id)

    # --- inner parts -------------------------------------------------------------------------

    async def _send(
        self, kind: int, application_id: str, place: Json, data: Json, source: Json | None = None
    ) -> Reply:
        interaction: Interaction = self._interactions.begin(
            kind, application_id, self.id, place["id"], data, source=source
        )
        return await interaction.reply.answered()

    async def _use(self, row: Json, data: Json) -> Reply:
        place = self._world.channels[row["channel_id"]]
        owner = row.get("application_id") or row["author"]["id"]
        if owner not in self._world.applications:
            raise CannotDo("nobody listens to this component: its message is not an application's")
        return await self._send(COMPONENT, owner, place, data, source=row)

    def _place(self, channel: str | None) -> Json:
        if channel is None:
            return next(row for row in self.channels() if row["type"] == objects.TEXT)
        row = self._world.channel(channel)
        self._need(row, Permission.VIEW_CHANNEL, f"see #{row.get('name')}")
        return row

    def _rights(self, place: Json) -> Permission:
        return self._world.rights(self.id, place["id"])

    def _need(self, place: Json, right: Permission, act: str) -> None:
        if right not in self._rights(place):
            raise CannotDo(f"{self.user['username']} may not {act}")

    def _command(self, name: str, channel: str | None, *, kind: int) -> tuple[Json, Json]:
        place = self._place(channel)
        offered = commands.offered(self._world, self.id, place, kind)
        for each in offered:
            if each["name"] == name:
                return place, each
        known = ", ".join(each["name"] for each in offered) or "none"
        raise CannotDo(f"{self.user['username']} is not offered /{name} here; offered: {known}")

    def _visible(self, message: Json) -> Json:
        viewer = self._world.whispers.get(message["id"], (self.id,))[0]
        if viewer != self.id:
            raise CannotDo("this message is for someone else only")
        try:
            row = messages.find(self._world, message["id"])
        except ApiError as error:
            raise CannotDo("this message is gone") from error
        self._place(row["channel_id"])
        return row

    def _component(self, message: Json, wanted: str, kinds: Iterable[int]) -> tuple[Json, Json]:
        row = self._visible(message)
        found = [each for _, each in walk(row["components"]) if each["type"] in kinds]
        for key in ("custom_id", "label"):
            for each in found:
                if each.get(key) == wanted:
                    if each.get("disabled"):
                        raise CannotDo(f"{wanted!r} is disabled")
                    return row, each
        there = [each.get("label") or each.get("custom_id") for each in found]
        raise CannotDo(f"no {wanted!r} on this message; there are {there}")


_VIEW = Permission.VIEW_CHANNEL
