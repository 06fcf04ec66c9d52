"""Discord: the token, the server, its roles, and what the bot may do in each channel."""

from __future__ import annotations

import discord

from bot.config import Settings
from bot.doctor.finding import Finding, Verdict, unset
from bot.errors import NotFound
from bot.ui.access import role_key
from bot.ui.connection import MESSAGE_CONTENT_CURE, TOKEN_CURE
from bot.ui.inviting import NEEDED, invitation

MOST_ROLES = 20  # that are told


async def check_discord(settings: Settings) -> list[Finding]:
    """Token, intents, server, commands, and the permissions in every channel."""
    token = settings.discord_token.get_secret_value()
    if not token:
        missing = [Finding("Discord token", Verdict.WRONG, unset("DISCORD_TOKEN"))]
        if settings.alert_channel_id is None:  # told at once: one visit to Discord for both
            missing.append(Finding("Alert channel", Verdict.WRONG, unset("ALERT_CHANNEL_ID")))
        return missing
    async with discord.Client(intents=discord.Intents(guilds=True)) as client:
        try:
            await client.login(token)
        except discord.LoginFailure:
            text = f"Discord does not know it. To cure it, {TOKEN_CURE}."
            return [Finding("Discord token", Verdict.WRONG, text)]
        assert client.user is not None
        found = [
            Finding("Discord token", Verdict.FINE, f"logged in as {client.user}"),
            _check_intents(client, settings),
        ]
        return found + await _check_server(client, settings)


def _check_intents(client: discord.Client, settings: Settings) -> Finding:
    if not settings.message_content:
        return Finding("Discord intents", Verdict.FINE, "none of the privileged ones is needed")
    flags = client.application_flags
    if flags.gateway_message_content or flags.gateway_message_content_limited:
        return Finding("Discord intents", Verdict.FINE, "Message Content is on, as is wanted")
    text = f"Message Content is off. To cure it, {MESSAGE_CONTENT_CURE}."
    return Finding("Discord intents", Verdict.WRONG, text)


async def _check_server(client: discord.Client, settings: Settings) -> list[Finding]:
    invite = f"invite the bot with {invitation(client.application_id)}"
    name = "DISCORD_GUILD_ID" if settings.discord_guild_id else "ALERT_CHANNEL_ID"
    missing = [Finding("Alert channel", Verdict.WRONG, unset("ALERT_CHANNEL_ID"))]
    if not settings.discord_guild_id and not settings.alert_channel_id:
        return missing
    try:
        guild_id = settings.discord_guild_id or await _guild_of(client, settings.alert_channel_id)
        guild = await client.fetch_guild(guild_id)
        channels = {channel.id: channel for channel in await guild.fetch_channels()}
        me = await guild.fetch_member(client.user.id if client.user else 0)
    except (discord.NotFound, discord.Forbidden) as error:
        text = f"Discord does not show it to the bot ({error.text}). Check {name}, or {invite}"
        return [Finding("Discord server", Verdict.WRONG, text)]
    found = [Finding("Discord server", Verdict.FINE, guild.name), *_check_roles(guild, settings)]
    try:
        await client.http.get_guild_commands(client.application_id or 0, guild_id)
        found.append(Finding("Slash commands", Verdict.FINE, "may be registered"))
    except discord.Forbidden:
        text = f"may not be registered. To cure it, {invite}"
        found.append(Finding("Slash commands", Verdict.WRONG, text))
    if not settings.alert_channel_id:
        found += missing
    wanted = {settings.alert_channel_id or 0, *settings.channel_by_service.values()} - {0}
    return found + [_check_channel(channels.get(each), each, me) for each in sorted(wanted)]


async def _guild_of(client: discord.Client, channel_id: int | None) -> int:
    channel = await client.fetch_channel(channel_id or 0)
    if isinstance(channel, discord.abc.GuildChannel):
        return channel.guild.id
    raise NotFound("ALERT_CHANNEL_ID is not a channel of a server.")


def _check_roles(guild: discord.Guild, settings: Settings) -> list[Finding]:
    """A role that nobody can have lets nobody do anything."""
    there = {key for role in guild.roles for key in (str(role.id), role_key(role.name))}
    named = {
        "ROLES_VIEW": settings.roles_view,
        "ROLES_RESPOND": settings.roles_respond,
        "ROLES_SHIP": settings.roles_ship,
        "ROLES_ADMIN": settings.roles_admin,
    }
    shown = ", ".join(role.name for role in guild.roles[1:MOST_ROLES]) or "none"
    return [
        Finding(
            "Roles",
            Verdict.WRONG,
            f"{name} names {role}, which this server does not have. Check its spelling; "
            f"there are {shown}.",
        )
        for name, roles in named.items()
        for role in roles
        if role_key(role) not in there
    ]


def _check_channel(
    channel: discord.abc.GuildChannel | None, channel_id: int, me: discord.Member
) -> Finding:
    if channel is None:
        text = "not found in this server. Check ALERT_CHANNEL_ID and CHANNEL_BY_SERVICE."
        return Finding(f"Channel {channel_id}", Verdict.WRONG, text)
    if not isinstance(channel, discord.abc.Messageable):
        text = f"is a {channel.type.name}, where no card can be posted. Name a text channel."
        return Finding(f"Channel {channel.name}", Verdict.WRONG, text)
    allowed = channel.permissions_for(me)
    missing = [
        name.replace("_", " ") for name, needed in NEEDED if needed and not getattr(allowed, name)
    ]
    if missing:
        cure = f"Give the role of {me.display_name} these there: channel → Edit → Permissions."
        text = f"the bot may not {', '.join(missing)}. {cure}"
        return Finding(f"Channel #{channel.name}", Verdict.WRONG, text)
    return Finding(f"Channel #{channel.name}", Verdict.FINE, "all permissions are there")
