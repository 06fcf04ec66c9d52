"""The area of a drill in Discord: a private thread, or a private channel. See `alerting.drills`."""

from __future__ import annotations

import asyncio
import io
import logging
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
from bot.ui.stage import DiscordStage, Place

log = logging.getLogger(__name__)

_MAX_TEXT = 1900
Room = discord.TextChannel | discord.Thread


class DiscordArea:
    """Implements `bot.alerting.drills.Area`.

    Colleagues speak through a webhook; where the bot may make none, it speaks for them.
    """

    def __init__(self, messenger: DiscordMessenger) -> None:
        self._messenger = messenger
        self._stages: dict[int, DiscordStage | None] = {}
        self._shown: set[int] = set()

    async def brief(self, drill: Drill, plan: DrillPlan) -> None:
        """As `Area.brief`."""
        content, embed, view = words.briefing(drill, plan)
        await self._send(drill, content, "brief", embed=embed, view=view, pings=drill.pings)

    async def say(self, drill: Drill, colleague: Colleague, text: str) -> None:
        """As `Area.say`."""
        text = plain.clip(plain.visible(text), _MAX_TEXT)
        stage = await self._stage(drill)
        user = colleague.user or colleague.name
        if stage is not None:
            try:
                await stage.say(stage.places[""], user, text, channel=colleague.service)
            except UpstreamError as error:
                if not error.permanent:
                    raise
                log.info("the bot speaks for its colleagues: %s", error)
                self._stages[drill.id] = None
            else:
                return
        speaker = f"**{plain.label(colleague.name, 60)}** ({plain.label(colleague.service, 60)})"
        await self._send(drill, f"🎭 {speaker}: {text}", "")

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
        content, embed = words.scorecard(drill, card)
        file = discord.File(io.BytesIO(picture), filename=words.picture_name(drill))
        await self._send(drill, content, "score", embed=embed, file=file)
        self._shown.add(drill.id)

    async def put_away(self, drill: Drill) -> None:
        """As `Area.put_away`; a thread is archived, a channel renamed: people may read it still."""
        room = await self._room(drill)
        await self._leave(drill)
        async with self._messenger.attempt(drill.area_id):
            if isinstance(room, discord.Thread):
                await room.edit(archived=True)
            else:
                await room.edit(
                    name=f"ended-drill-{drill.id}",
                    topic="This drill is over. The channel may be deleted.",
                )
        self._stages.pop(drill.id, None)

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

    async def _stage(self, drill: Drill) -> DiscordStage | None:
        """Where colleagues speak under their own names; None where the bot speaks for them."""
        client = self._messenger.client
        stage = self._stages.get(drill.id)
        if drill.id not in self._stages or (stage is not None and stage.client is not client):
            room = await self._room(drill)
            parent = room.parent if isinstance(room, discord.Thread) else room
            self._stages[drill.id] = None
            if isinstance(parent, discord.TextChannel) and client is not None:
                place = Place(parent, room.id if room is not parent else 0)
                self._stages[drill.id] = DiscordStage(client, {"": place}, mark="DRILL")
        return self._stages[drill.id]

    async def _leave(self, drill: Drill) -> None:
        """Remove the webhook, if there could be one."""
        stage = await self._stage(drill)
        if stage is None:
            return
        try:
            await stage.leave()
        except UpstreamError as error:
            if not error.permanent:
                raise
            log.info("no webhook of drill #%d is removed: %s", drill.id, error)


def _drawn(drill: Drill, card: Scorecard) -> bytes:
    from bot.simulation.drill.picture import scorecard_picture  # Pillow, only where one is drawn

    return scorecard_picture(card, drill.id, list(drill.people.values()))
