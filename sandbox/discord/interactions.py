"""Interactions: a command, press, choice or form on its way to a bot, and the bot's answer.

A bot has 3 seconds for its first answer and 15 minutes for the rest. `Reply` is what the person
who acted gets to see.
"""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sandbox.discord import messages, objects
from sandbox.discord.errors import ApiError, CannotDo, unknown
from sandbox.discord.messages import Draft, Upload
from sandbox.discord.snowflake import moment
from sandbox.discord.world import World, only

Json = dict[str, Any]

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
TOKEN_LIFE = timedelta(minutes=15)
FILE_LIMIT = 10 * 1024 * 1024


@dataclass
class Reply:
    """What a person sees of a bot's answer; it goes on changing until the bot is done.

    `message` is the answer (as REST shows it, `None` if there is none), `updated` the message
    whose button was pressed after the bot edited it, `modal` the form the bot opened, `choices`
    the suggestions for an option, `failed` that the bot did not answer in time.
    """

    interaction_id: str
    message: Json | None = None
    updated: Json | None = None
    modal: Json | None = None
    choices: list[Json] = field(default_factory=list)
    followups: list[Json] = field(default_factory=list)
    deferred: bool = False
    ephemeral: bool = False
    failed: bool = False

    def __post_init__(self) -> None:
        self._answered = asyncio.Event()
        self._done = asyncio.Event()

    async def answered(self) -> "Reply":
        """Wait for the first answer, or for the 3 seconds to pass."""
        await self._answered.wait()
        return self

    async def finished(self, timeout: float = 5.0) -> "Reply":  # noqa: ASYNC109 — a door for tests
        """Wait until a deferred answer has come (`timeout` in seconds; TimeoutError)."""
        async with asyncio.timeout(timeout):
            await self._done.wait()
        return self

    @property
    def content(self) -> str:
        """The text of the answer; empty without one."""
        shown = self.message or self.updated
        return shown["content"] if shown else ""

    def as_json(self) -> Json:
        """Return the reply for the page."""
        return {
            "interaction_id": self.interaction_id,
            "message": self.message,
            "updated": self.updated,
            "modal": self.modal,
            "choices": self.choices,
            "followups": self.followups,
            "deferred": self.deferred,
            "ephemeral": self.ephemeral,
            "failed": self.failed,
        }

    def note_answer(self, *, deferred: bool = False) -> None:
        """The bot has answered, perhaps only to say that it is thinking."""
        self.deferred = deferred
        self._answered.set()
        if not deferred:
            self._done.set()

    def note_failure(self) -> None:
        """The 3 seconds have passed."""
        self.failed = True
        self._answered.set()
        self._done.set()


@dataclass
class Interaction:
    """One interaction and where it stands."""

    id: str
    token: str
    kind: int
    application_id: str
    user_id: str
    channel_id: str
    data: Json
    reply: Reply
    source: Json | None = None  # the message whose component was used
    trigger: "Interaction | None" = None  # what opened the modal that is submitted
    answered: bool = False
    expired: bool = False
    ephemeral: bool = False
    original_id: str | None = None
    timer: asyncio.TimerHandle | None = None


class Interactions:
    """All interactions of the last 15 minutes, by token.

    `late` names every one that was not answered in time.
    """

    def __init__(self, world: World, answer_within: float = 3.0) -> None:
        self._world = world
        self.late: list[str] = []
        self._answer_within = answer_within
        self._by_token: dict[str, Interaction] = {}
        self._modals: dict[tuple[str, str], Interaction] = {}  # (user, custom_id) -> opener

    def begin(
        self,
        kind: int,
        application_id: str,
        user_id: str,
        channel_id: str,
        data: Json,
        *,
        source: Json | None = None,
    ) -> Interaction:
        """Send an interaction to the application's bot and start the clock."""
        interaction = Interaction(
            id=self._world.snowflakes.next(),
            token=secrets.token_urlsafe(90),
            kind=kind,
            application_id=application_id,
            user_id=user_id,
            channel_id=channel_id,
            data=data,
            reply=Reply(""),
            source=source,
        )
        interaction.reply.interaction_id = interaction.id
        if kind == MODAL_SUBMIT:
            interaction.trigger = self._modals.get((user_id, data["custom_id"]))
            if interaction.trigger and interaction.source is None:
                interaction.source = interaction.trigger.source
        self._by_token[interaction.token] = interaction
        loop = asyncio.get_running_loop()
        interaction.timer = loop.call_later(self._answer_within, self._expire, interaction)
        bot_id = self._world.applications[application_id]["bot"]["id"]
        self._world.publish("INTERACTION_CREATE", self.payload(interaction), only(bot_id))
        return interaction

    def close(self) -> None:
        """Cancel every running clock."""
        for each in self._by_token.values():
            if each.timer:
                each.timer.cancel()

    def payload(self, interaction: Interaction) -> Json:
        """Return the event the bot gets."""
        world, user_id = self._world, interaction.user_id
        channel = world.channels[interaction.channel_id]
        rights = str(int(world.rights(user_id, channel["id"])))
        bot_id = world.applications[interaction.application_id]["bot"]["id"]
        data: Json = {
            "id": interaction.id,
            "application_id": interaction.application_id,
            "type": interaction.kind,
            "token": interaction.token,
            "version": 1,
            "channel_id": channel["id"],
            "channel": {**channel, "permissions": rights},
            "locale": "en-US",
            "app_permissions": str(int(world.rights(bot_id, channel["id"]))),
            "entitlements": [],
            "attachment_size_limit": FILE_LIMIT,
            "authorizing_integration_owners": {"0": channel.get("guild_id", "0")},
            "context": 0 if "guild_id" in channel else 1,
            "data": interaction.data,
        }
        if "guild_id" in channel:
            guild = world.guilds[channel["guild_id"]]
            member = world.member(guild["id"], user_id)
            member = {key: value for key, value in member.items() if key != "guild_id"}
            data |= {
                "guild_id": guild["id"],
                "guild_locale": "en-US",
                "guild": {"id": guild["id"], "locale": "en-US", "features": []},
                "member": {**member, "permissions": rights},
            }
        else:
            data["user"] = world.users[user_id]
        if interaction.source:
            data["message"] = messages.shown(world, interaction.source)
        return data

    def find(self, token: str, application_id: str | None = None) -> Interaction:
        """Return an interaction by token; ApiError 10015 if unknown, 50027 after 15 minutes."""
        interaction = self._by_token.get(token)
        if interaction is None or application_id not in (None, interaction.application_id):
            raise unknown("Webhook")
        made = moment(interaction.id)
        if self._world.clock() - made > TOKEN_LIFE:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return interaction

    def to_answer(self, interaction_id: str, token: str) -> Interaction:
        """Return an interaction that awaits its first answer; ApiError 10062 or 40060 if not."""
        interaction = self._by_token.get(token)
        if interaction is None or interaction.id != interaction_id or interaction.expired:
            raise unknown("interaction")
        if interaction.answered:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        return interaction

    def acknowledge(self, interaction: Interaction, *, deferred: bool = False) -> None:
        """Stop the 3-second clock and tell the person."""
        interaction.answered = True
        if interaction.timer:
            interaction.timer.cancel()
        interaction.reply.note_answer(deferred=deferred)
        self._tell(interaction, "INTERACTION_SUCCESS")

    def open_modal(self, interaction: Interaction, modal: Json) -> None:
        """Show a form to the person."""
        self._modals[interaction.user_id, modal["custom_id"]] = interaction
        interaction.reply.modal = modal
        self.acknowledge(interaction)
        data = {"id": interaction.id, "channel_id": interaction.channel_id, **modal}
        self._world.publish("INTERACTION_MODAL_CREATE", data, only(interaction.user_id))

    def opener(self, user_id: str, custom_id: str) -> Interaction:
        """Return the interaction that opened a form for a user; CannotDo if none did."""
        if (user_id, custom_id) not in self._modals:
            raise CannotDo(f"no form {custom_id!r} is open")
        return self._modals[user_id, custom_id]

    def say(
        self, interaction: Interaction, body: Json, uploads: tuple[Upload, ...], *, first: bool
    ) -> Json:
        """Post the first answer or a followup, as the bot, and return the message."""
        flags = int(body.get("flags") or 0)
        hidden = bool(flags & objects.EPHEMERAL)
        extra: Json = {
            "application_id": interaction.application_id,
            "webhook_id": interaction.application_id,
            "type": self._type_of(interaction, first=first),
            "interaction_metadata": self._metadata(interaction),
        }
        if interaction.kind == COMMAND and first:
            extra["interaction"] = {
                "id": interaction.id,
                "type": COMMAND,
                "name": interaction.data["name"],
                "user": self._world.users[interaction.user_id],
            }
        draft = Draft(
            channel=self._world.channels[interaction.channel_id],
            author=self._world.applications[interaction.application_id]["bot"],
            body=body,
            uploads=uploads,
            extra=extra,
            viewer=interaction.user_id if hidden else None,
        )
        row = messages.post(self._world, draft)
        if first:
            interaction.original_id = row["id"]
            interaction.ephemeral = interaction.reply.ephemeral = hidden
            interaction.reply.message = messages.shown(self._world, row, interaction.user_id)
        else:
            self.note_followup(interaction, row)
        return row

    def original(self, interaction: Interaction) -> Json:
        """Return the message that `@original` names; ApiError 10008 if there is none (yet)."""
        if interaction.original_id is None:
            raise unknown("Message")
        return messages.find(self._world, interaction.original_id)

    def awaiting(self, interaction: Interaction) -> Json | None:
        """Return the "is thinking" message that a followup would replace, or None."""
        if interaction.original_id is None or not interaction.reply.deferred:
            return None
        row = messages.find(self._world, interaction.original_id)
        return row if row["flags"] & objects.LOADING else None

    def note_edit(self, interaction: Interaction, row: Json) -> None:
        """The bot has edited a message with the interaction's token."""
        reply, view = interaction.reply, messages.shown(self._world, row, interaction.user_id)
        if interaction.source and row["id"] == interaction.source["id"]:
            reply.updated = view
        elif row["id"] == interaction.original_id:
            reply.message = view
        self._settled(reply)

    def note_followup(self, interaction: Interaction, row: Json) -> None:
        """The bot has sent another message."""
        reply = interaction.reply
        reply.followups.append(messages.shown(self._world, row, interaction.user_id))
        self._settled(reply)

    def note_delete(self, interaction: Interaction, message_id: str) -> None:
        """The bot has deleted one of its answers."""
        if message_id == interaction.original_id:
            interaction.reply.message = None
        self._settled(interaction.reply)

    @staticmethod
    def _settled(reply: Reply) -> None:
        if reply.deferred:
            reply.note_answer()
            reply.deferred = False

    def _expire(self, interaction: Interaction) -> None:
        interaction.expired = True
        named = interaction.data.get("custom_id") or interaction.data.get("name")
        self.late.append(f"{named} of {self._world.users[interaction.user_id]['username']}")
        interaction.reply.note_failure()
        self._tell(interaction, "INTERACTION_FAILURE")

    def _tell(self, interaction: Interaction, kind: str) -> None:
        self._world.publish(kind, {"id": interaction.id}, only(interaction.user_id))

    @staticmethod
    def _type_of(interaction: Interaction, *, first: bool) -> int:
        if not first:
            return 19 if interaction.original_id else 0
        context_menu = interaction.data.get("type", 1) != 1
        return (23 if context_menu else 20) if interaction.kind == COMMAND else 0

    def _metadata(self, interaction: Interaction) -> Json:
        channel = self._world.channels[interaction.channel_id]
        row: Json = {
            "id": interaction.id,
            "type": interaction.kind,
            "user": self._world.users[interaction.user_id],
            "authorizing_integration_owners": {"0": channel.get("guild_id", "0")},
        }
        if interaction.kind == COMPONENT and interaction.source:
            row["interacted_message_id"] = interaction.source["id"]
        if interaction.kind == MODAL_SUBMIT and interaction.trigger:
            row["triggering_interaction_metadata"] = self._metadata(interaction.trigger)
        return row
