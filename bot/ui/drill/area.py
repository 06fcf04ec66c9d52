"""The area of a drill in Discord: a private thread, or a private channel. See `alerting.drills`."""

from __future__ import annotations

import asyncio
import io
import secrets

import discord

from bot.errors import UpstreamError
from bot.models import Alert
from bot.simulation.drill.plan import Colleague, DrillPlan
from bot.simulation.drill.scoring import Scorecard
from bot.store.drills import Drill
from bot.ui import plain
from bot.ui.drill import words
from bot.ui.messenger import DiscordMessenger

_MAX_NAME, _MAX_TEXT = 80, 1900
Room = discord.TextChannel | discord.Thread


class DiscordArea:
    """Implements `bot.alerting.drills.Area`.

    Colleagues speak through a webhook that is made for the drill; where the bot may make none, it
    speaks for them.
    """

    def __init__(self, messenger: DiscordMessenger) -> None:
        self._messenger = messenger
        self._webhooks: dict[int, discord.Webhook | None] = {}
        self._shown: set[int] = set()

    async def brief(self, drill: Drill, plan: DrillPlan) -> None:
        """As `Area.brief`."""
        content, embed, view = words.briefing(drill, plan)
        await self._send(drill, content, "brief", embed=embed, view=view, pings=drill.pings)

    async def say(self, drill: Drill, colleague: Colleague, text: str) -> None:
        """As `Area.say`."""
        text = plain.clip(plain.visible(text), _MAX_TEXT)
        webhook = await self._webhook(drill)
        if webhook is None:
            speaker = (
                f"**{plain.label(colleague.name, 60)}** ({plain.label(colleague.service, 60)})"
            )
            await self._send(drill, f"🎭 {speaker}: {text}", "")
            return
        room = await self._room(drill)
        thread = room if isinstance(room, discord.Thread) else discord.utils.MISSING
        async with self._messenger.attempt(drill.area_id):
            await webhook.send(
                text,
                username=plain.clip(f"{colleague.name} ({colleague.service}) · DRILL", _MAX_NAME),
                thread=thread,
                allowed_mentions=discord.AllowedMentions.none(),
                wait=True,
            )

    async def tell(self, drill: Drill, text: str) -> None:
        """As `Area.tell`."""
        await self._send(drill, f"{words.mark_of(drill)} · {text}", "")

    async def tell_named(self, drill: Drill, person: str, service: str) -> None:
        """As `Area.tell_named`."""
        await self._send(drill, words.named(drill, person, service), "named")

    async def interrupt(self, drill: Drill, alert: Alert, url: str) -> None:
        """As `Area.interrupt`; the only message of a drill that pings whether asked or not."""
        content, embed = words.interruption(drill, alert, url)
        await self._send(drill, content, "real", embed=embed, pings=True)

    async def show_score(self, drill: Drill, card: Scorecard) -> None:
        """As `Area.show_score`."""
        if drill.id in self._shown:
            return
        picture = await asyncio.to_thread(_drawn, drill, card)
        content, embed = words.scorecard(drill, "", card)
        file = discord.File(io.BytesIO(picture), filename=words.picture_name(drill))
        await self._send(drill, content, "score", embed=embed, file=file)
        self._shown.add(drill.id)

    async def put_away(self, drill: Drill) -> None:
        """As `Area.put_away`; a thread is archived, a channel renamed: people may read it still."""
        room = await self._room(drill)
        async with self._messenger.attempt(drill.area_id):
            await self._remove_webhooks(drill, room)
            if isinstance(room, discord.Thread):
                await room.edit(archived=True)
            else:
                await room.edit(
                    name=f"ended-drill-{drill.id}",
                    topic="This drill is over. The channel may be deleted.",
                )
        self._webhooks.pop(drill.id, None)

    async def _send(
        self,
        drill: Drill,
        content: str,
        name: str,
        *,
        embed: discord.Embed | None = None,
        view: discord.ui.View | None = None,
        file: discord.File | None = None,
        pings: bool = False,
    ) -> None:
        """Write a message; one with a name is written once, even if an answer is lost."""
        people = [discord.Object(each) for each in drill.people] if pings else False
        channel = self._messenger.channel(drill.area_id)
        async with self._messenger.attempt(drill.area_id):
            await channel.send(
                content,
                embed=embed or discord.utils.MISSING,
                view=view or discord.utils.MISSING,
                file=file or discord.utils.MISSING,
                nonce=f"drill-{drill.id}-{name}" if name else secrets.token_hex(12),
                allowed_mentions=discord.AllowedMentions(
                    everyone=False, roles=False, users=people, replied_user=False
                ),
            )

    async def _room(self, drill: Drill) -> Room:
        """The thread or channel; raises `UpstreamError` if it is gone."""
        client = self._messenger.client
        self._messenger.channel(drill.area_id)  # or there is no connection
        assert client is not None, "there is a connection"
        room = client.get_channel(drill.area_id)
        if room is None:
            async with self._messenger.attempt(drill.area_id):
                room = await client.fetch_channel(drill.area_id)
        if not isinstance(room, Room):
            raise UpstreamError(
                "Discord", f"{drill.area_id} is no place for a drill.", permanent=True
            )
        return room

    async def _webhook(self, drill: Drill) -> discord.Webhook | None:
        """The drill's webhook, made when it is first needed; None if the bot may not."""
        if drill.id in self._webhooks:
            return self._webhooks[drill.id]
        room = await self._room(drill)
        parent = room.parent if isinstance(room, discord.Thread) else room
        found: discord.Webhook | None = None
        if isinstance(parent, discord.TextChannel):
            async with self._messenger.attempt(parent.id):
                try:
                    ours = [each for each in await parent.webhooks() if each.name == _name(drill)]
                    found = ours[0] if ours else await parent.create_webhook(name=_name(drill))
                except discord.Forbidden:
                    found = None
        self._webhooks[drill.id] = found
        return found

    async def _remove_webhooks(self, drill: Drill, room: Room) -> None:
        parent = room.parent if isinstance(room, discord.Thread) else room
        if not isinstance(parent, discord.TextChannel):
            return
        try:
            for each in await parent.webhooks():
                if each.name == _name(drill):
                    await each.delete()
        except discord.Forbidden:
            return  # none could be made either


def _name(drill: Drill) -> str:
    return f"Jinkies drill #{drill.id}"


def _drawn(drill: Drill, card: Scorecard) -> bytes:
    from bot.simulation.drill.picture import scorecard_picture  # Pillow, only where one is drawn

    return scorecard_picture(card, drill.id, list(drill.people.values()))
