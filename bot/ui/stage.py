"""Discord as a stage: personas speak through the webhooks of channels, in real threads.

Nobody is mentioned unless the stage is told to; every name, thread and alert carries a mark, so
that a rehearsal is never taken for the real thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

import discord

from bot.errors import NotFound, UpstreamError
from bot.simulation.incident.emoji import character, with_characters
from bot.simulation.incident.personas import display_name
from bot.simulation.incident.playing import Posted, Step
from bot.simulation.incident.scenario import Action, Alert, AnyEvent, Resolution, Scenario
from bot.ui import clearing, plain
from bot.ui.attempt import ThreadThere, attempt

MARK = "SIMULATION"
WEBHOOK_NAME = "Jinkies rehearsal"
MONITORING, ANNOUNCER = "Monitoring", "Jinkies"
MAX_TEXT, MAX_NAME, MAX_THREAD_NAME = 2_000, 80, 100
_PICTURES = 6  # those that Discord has for people without one
_COLOURS = {"critical": 0xE74C3C, "warning": 0xF1C40F, "info": 0x3498DB}
_HANDLE = re.compile(r"(?<![\w<@])@([A-Za-z0-9][A-Za-z0-9._-]{0,79})")
_FORBIDDEN_NAMES = re.compile(r"(?i)(?<=d)i(?=scord)|(?<=cl)y(?=de)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a channel of a scenario is played: a channel of the server, or a thread of one."""

    room: discord.TextChannel
    thread: int = 0


@dataclass
class DiscordStage:
    """Says what a scenario's people say.

    Attributes:
        client: logged in; it needs no gateway.
        places: by the scenario's channel names (`#payment-oncall`).
        mark: stands beside every name: SIMULATION, DRILL.
        title: of a thread whose beginning is not known any more.
        roles: ids of roles by the handles of on-call groups (`@payment-oncall`).
        ping: whether those roles are really called.
    """

    client: discord.Client
    places: Mapping[str, Place]
    mark: str = MARK
    title: str = "discussion"
    roles: Mapping[str, int] = field(default_factory=dict)
    ping: bool = False
    _webhooks: dict[int, discord.Webhook] = field(default_factory=dict)
    _titles: dict[str, str] = field(default_factory=dict)
    _begun: set[str] = field(default_factory=set)

    def place(self, channel: str) -> str:
        """The server's channel whose budget is used."""
        return str(self.places[channel].room.id)

    async def banner(self, scenario: Scenario, channel: str) -> Posted:
        """Say in a place what is about to be played there.

        Raises:
            UpstreamError: `permanent` where a person must change something first.
        """
        text = (
            f"🎭 **{self.mark}**: {plain.escape(scenario.title)}. "
            "Everything that follows is made up; nothing is broken, and nobody needs to act."
        )
        return await self.say(self.places[channel], ANNOUNCER, text)

    def lacks_thread(self, channel: str, parent: Posted) -> bool:
        """Whether a thread must be begun; what is played in a thread is answered beside it."""
        place = self.places[channel]
        begins = self._thread(place, parent) == int(parent.message) != place.thread
        return begins and parent.message not in self._begun

    async def begin_thread(self, channel: str, parent: Posted) -> None:
        """Begin the thread of a message; raises UpstreamError as `banner`."""
        room = self.places[channel].room
        title = plain.one_line(self._titles.get(parent.message, self.title))
        room_left = MAX_THREAD_NAME - len(self.mark) - 5
        name = f"🎭 {plain.clip(title, room_left)} · {self.mark}"  # lists show the beginning
        try:
            async with attempt(room):
                await room.get_partial_message(int(parent.message)).create_thread(
                    name=name,
                    auto_archive_duration=1440,  # minutes
                )
        except ThreadThere:
            pass  # from before a restart
        self._begun.add(parent.message)

    async def post(self, event: AnyEvent, parent: Posted | None) -> Posted:
        """Say it, in the thread of `parent`; raises UpstreamError as `banner`."""
        place = self.places[event.channel]
        thread = self._thread(place, parent) if parent is not None else place.thread
        user = MONITORING if isinstance(event, Alert) else event.user
        embed = self._alert(event) if isinstance(event, Alert) else None
        channel = event.channel if self._is_shared(place) else ""
        posted = await self.say(
            place, user, self._text(event), thread=thread, embed=embed, channel=channel
        )
        self._titles[posted.message] = _title(event)
        return posted

    async def say(
        self,
        place: Place,
        user: str,
        text: str,
        *,
        thread: int = 0,
        embed: discord.Embed | None = None,
        channel: str = "",
    ) -> Posted:
        """A persona writes into a place, or into a thread of its channel.

        Args:
            user: a persona's user name, or any other name.
            channel: shown beside the name, where several channels are played in one place.

        Raises:
            UpstreamError: as `banner`.
        """
        where = thread or place.thread
        for is_last in (False, True):
            webhook = await self.webhook(place.room)
            try:
                async with attempt(place.room):
                    message = await webhook.send(
                        plain.clip(text, MAX_TEXT),
                        username=self._name(user, channel),
                        avatar_url=avatar_url(user),
                        embed=embed or discord.utils.MISSING,
                        thread=discord.Object(where) if where else discord.utils.MISSING,
                        allowed_mentions=self._allowed(),
                        wait=True,
                    )
            except NotFound as gone:
                if is_last:
                    raise UpstreamError("Discord", str(gone), permanent=True) from gone
                self._webhooks.pop(place.room.id, None)  # somebody removed it; make another one
                continue
            return Posted(str(place.room.id), str(message.id), str(where) if where else "")
        raise AssertionError("both attempts return or raise")

    async def react(self, posted: Posted, emoji: str) -> None:
        """Put an emoji under a message; one that Discord has not is left out.

        Raises:
            UpstreamError: as `banner`.
        """
        shown = character(emoji)
        if shown is None:
            return
        where = self.client.get_partial_messageable(int(posted.thread or posted.channel))
        async with attempt(where):
            await where.get_partial_message(int(posted.message)).add_reaction(shown)

    def removals(self, everything: Sequence[Posted]) -> Iterator[Step]:
        """What takes it away again, a request each; they raise UpstreamError as `banner`."""
        return clearing.steps(self, everything)

    async def leave(self) -> None:
        """Remove our webhooks from the channels; raises UpstreamError as `banner`."""
        for room in {place.room.id: place.room for place in self.places.values()}.values():
            async with attempt(room):
                for webhook in await room.webhooks():
                    if webhook.name == WEBHOOK_NAME and webhook.token:
                        await webhook.delete()
        self._webhooks.clear()

    # --- parts ---------------------------------------------------------------------------------

    def _is_shared(self, place: Place) -> bool:
        return sum(each == place for each in self.places.values()) > 1

    def room(self, channel: str) -> discord.TextChannel:
        """One of the places' rooms, by its id; raises NotFound if it is none of them."""
        for each in self.places.values():
            if str(each.room.id) == channel:
                return each.room
        raise NotFound(f"It was played in another channel ({channel}).")

    async def webhook(self, room: discord.TextChannel) -> discord.Webhook:
        """Ours in a channel: one that is there from the last time, or a new one."""
        if room.id not in self._webhooks:
            async with attempt(room):
                there = [
                    webhook
                    for webhook in await room.webhooks()
                    if webhook.name == WEBHOOK_NAME and webhook.token
                ]
                found = there[0] if there else await room.create_webhook(name=WEBHOOK_NAME)
            self._webhooks[room.id] = found
        return self._webhooks[room.id]

    def _thread(self, place: Place, parent: Posted) -> int:
        """The thread in which something is answered; it has the id of where it begins."""
        if place.thread or parent.channel != str(place.room.id):
            return place.thread
        return int(parent.thread or parent.message)

    def _allowed(self) -> discord.AllowedMentions:
        if not self.ping:
            return discord.AllowedMentions.none()
        roles = [discord.Object(role) for role in self.roles.values()]
        return discord.AllowedMentions(everyone=False, users=False, roles=roles)

    def _name(self, user: str, channel: str) -> str:
        """What stands over a message; Discord refuses its own name in it."""
        more = f" · {plain.clip(channel, MAX_NAME // 2)}" if channel else ""
        more = f"{more} · {self.mark}"
        shown = plain.clip(plain.one_line(display_name(user)), MAX_NAME - len(more))
        return _FORBIDDEN_NAMES.sub("1", f"{shown}{more}")

    def _text(self, event: AnyEvent) -> str:
        if isinstance(event, Alert):
            return ""
        if isinstance(event, Action):
            text = f"🛠️ **{event.action_details}**\n{event.content or ''}".strip()
        elif isinstance(event, Resolution) and not event.content.startswith(("✅", "✔", "✓")):
            text = f"✅ {event.content}"
        else:
            text = event.content
        return _HANDLE.sub(self._mention, with_characters(text))

    def _mention(self, match: re.Match[str]) -> str:
        """The role of an on-call group, where the server has one; pings only if allowed."""
        role = self.roles.get(match[0].lower())
        return f"<@&{role}>" if role else match[0]

    def _alert(self, event: Alert) -> discord.Embed:
        embed = discord.Embed(
            title=plain.clip(event.title, 256),
            description=plain.clip(event.details, 4_000),
            colour=_COLOURS[event.severity],
        )
        links = {"Runbook": event.runbook, "Dashboard": event.dashboard}
        shown = [plain.link(name, url) for name, url in links.items() if url]
        if any(shown):
            embed.add_field(name="Links", value=" · ".join(filter(None, shown)), inline=False)
        return embed.set_footer(text=f"🎭 {self.mark}: nothing of this is real")


def avatar_url(user: str) -> str:
    """A picture for a name; the same one every time."""
    return f"{discord.Asset.BASE}/embed/avatars/{crc32(user.encode()) % _PICTURES}.png"


def _title(event: AnyEvent) -> str:
    if isinstance(event, Alert):
        return event.title
    return event.action_details if isinstance(event, Action) else event.content
