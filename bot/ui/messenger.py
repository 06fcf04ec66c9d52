"""Cards on their way to Discord: the `Messenger` of alerting/delivery."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import aiohttp
import discord

from bot.errors import NotFound, UpstreamError
from bot.models import AlertDetail, Notification
from bot.ui.buttons import ALERT_BUTTON
from bot.ui.embeds import card

UNKNOWN_CHANNEL, UNKNOWN_MESSAGE = 10003, 10008
CLOCK_SKEW = timedelta(minutes=2)
SEARCHED_MESSAGES = 1000  # ten calls; a busy channel after a long outage
_MENTION = re.compile(r"<@(&?)!?(\d{1,20})>|@(everyone|here)\b")


class DiscordMessenger:
    """Posts, edits and finds cards.

    `client` is replaced when the Discord client is restarted. One attempt takes at most
    `timeout` seconds: discord.py itself would wait for ever, and on Linux it does not retry a
    lost connection.
    """

    def __init__(
        self,
        client: discord.Client | None,
        clock: Callable[[], datetime],
        *,
        timeout: float = 18.0,
    ) -> None:
        self.client = client
        self._clock = clock
        self._timeout = timeout

    async def post(self, detail: AlertDetail, notification: Notification) -> int:
        """Post the card and return its message id.

        The nonce makes Discord drop a second copy when an answer was lost (within minutes; later
        `find` does).

        Raises:
            NotFound: the card of this nonce was posted, and deleted since.
            UpstreamError: `permanent` where a person must change something first.
        """
        shown = card(detail, self._clock(), mention=notification.mention)
        channel = self.channel(notification.channel_id)
        async with self.attempt(notification.channel_id):
            message = await channel.send(
                shown.content,
                embed=shown.embed,
                files=shown.files,
                view=shown.view,
                nonce=notification.nonce,
                allowed_mentions=allowed_mentions(notification.mention),
            )
        return message.id

    async def edit(self, detail: AlertDetail, notification: Notification, message_id: int) -> None:
        """Bring the card up to date. Files stay as they were posted.

        Raises:
            NotFound: somebody deleted the card.
            UpstreamError: as `post`.
        """
        shown = card(detail, self._clock(), mention=notification.mention)
        channel = self.channel(notification.channel_id)
        async with self.attempt(notification.channel_id):
            await channel.get_partial_message(message_id).edit(
                content=shown.content,
                embed=shown.embed,
                view=shown.view,
                allowed_mentions=discord.AllowedMentions.none(),
            )

    async def find(self, alert_id: int, channel_id: int, since: datetime) -> int | None:
        """The id of our newest card of the alert posted at or after `since`, if there is one.

        Raises:
            UpstreamError: as `post`.
        """
        history = self.channel(channel_id).history(
            limit=SEARCHED_MESSAGES, after=since - CLOCK_SKEW, oldest_first=False
        )
        async with self.attempt(channel_id):
            async for message in history:
                if self._is_card(message, alert_id):
                    return message.id
        return None

    def url(self, channel_id: int, message_id: int) -> str:
        """The link that opens a card; "" while the channel's server is not known."""
        channel = self.client.get_channel(channel_id) if self.client else None
        if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
            return ""
        return f"https://discord.com/channels/{channel.guild.id}/{channel_id}/{message_id}"

    def channel(self, channel_id: int) -> discord.PartialMessageable:
        """A channel to write to; raises `UpstreamError` while there is no connection."""
        client = self.client
        if client is None or client.user is None or client.is_closed():
            raise UpstreamError("Discord", "not connected at the moment.", retry_after=1.0)
        return client.get_partial_messageable(channel_id)

    def _is_card(self, message: discord.Message, alert_id: int) -> bool:
        """Whether it is a card we posted, not a copy shown in answer to a command."""
        me = self.client.user if self.client else None
        if me is None or message.author.id != me.id or message.interaction_metadata is not None:
            return False
        return alert_id in _alerts_of(message)

    @asynccontextmanager
    async def attempt(self, channel_id: int) -> AsyncIterator[None]:
        """Turn everything Discord or the network can do into our errors."""
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except discord.HTTPException as error:
            raise _translated(error, channel_id) from error
        except discord.RateLimited as error:
            raise UpstreamError(
                "Discord", "rate limit reached.", retry_after=error.retry_after
            ) from error
        except TimeoutError as error:
            raise UpstreamError(
                "Discord", f"no answer within {self._timeout:.0f} seconds."
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamError("Discord", f"connection lost ({type(error).__name__}).") from error


def allowed_mentions(mention: str) -> discord.AllowedMentions:
    """Exactly whom the text of a notification may ping; nobody if it is empty."""
    found = _MENTION.findall(mention)
    return discord.AllowedMentions(
        everyone=any(broadcast for _, _, broadcast in found),
        roles=[discord.Object(int(digits)) for role, digits, _ in found if digits and role],
        users=[discord.Object(int(digits)) for role, digits, _ in found if digits and not role],
        replied_user=False,
    )


def _alerts_of(message: discord.Message) -> set[int]:
    """The alerts that the message's buttons act on."""
    ids = [
        getattr(item, "custom_id", None) or ""
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for item in row.children
    ]
    return {int(match["alert"]) for own in ids if (match := ALERT_BUTTON.fullmatch(own))}


def _translated(error: discord.HTTPException, channel_id: int) -> NotFound | UpstreamError:
    """Discord's refusal in our words."""
    if error.code == UNKNOWN_MESSAGE:
        return NotFound("The card was deleted.")
    if error.code == UNKNOWN_CHANNEL:
        return _permanent(
            f"there is no channel {channel_id}.",
            "Set ALERT_CHANNEL_ID and CHANNEL_BY_SERVICE to channels that exist.",
        )
    if isinstance(error, discord.Forbidden):
        return _permanent(
            f"the bot may not post in channel {channel_id} ({error.text}).",
            f"Give it View Channel, Send Messages, Embed Links, Attach Files and Read Message "
            f"History in <#{channel_id}>.",
        )
    detail = f"{error.status} {error.text}".strip()
    is_temporary = error.status >= 500 or error.status in {408, 429}
    return UpstreamError("Discord", detail, permanent=not is_temporary)


def _permanent(detail: str, cure: str) -> UpstreamError:
    return UpstreamError("Discord", detail, permanent=True, cure=cure)
