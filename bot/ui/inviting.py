"""What brings the bot to where its cards go: the invitation, and which channels it does not see."""

from __future__ import annotations

from collections.abc import Iterable

import discord

from bot.errors import NotFound, UpstreamError
from bot.ui.attempt import attempt

NEEDED = discord.Permissions(
    view_channel=True,
    send_messages=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
    create_public_threads=True,
    send_messages_in_threads=True,
)


def invitation(application_id: int | None) -> str:
    """To be opened by somebody who may manage the server."""
    return (
        f"https://discord.com/oauth2/authorize?client_id={application_id}"
        f"&scope=bot+applications.commands&permissions={NEEDED.value}"
    )


async def unseen(client: discord.Client, channel_ids: Iterable[int]) -> list[int]:
    """Those of the channels that Discord does not show to the bot."""
    found = []
    for each in sorted(set(channel_ids)):
        if client.get_channel(each) is not None:
            continue
        try:
            async with attempt(f"channel {each}"):
                await client.fetch_channel(each)
        except NotFound:
            found.append(each)
        except UpstreamError as error:
            if error.permanent:  # forbidden; else nobody knows
                found.append(each)
    return found
