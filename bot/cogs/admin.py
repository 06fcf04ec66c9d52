"""Asking after Jinkies itself: `/status` and `/help`."""

from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Iterator
from importlib.metadata import version

import discord
from discord import app_commands
from discord.ext import commands

from bot.models import Capability, Person, short_id
from bot.ui import plain, times
from bot.ui.answers import Answer, answer
from bot.ui.desk import Desk, JinkiesClient, Press
from bot.ui.wording import STATE_WORDS

DEAD_LETTERS_SHOWN = 5
_MEANS = {
    Capability.VIEW: "Look",
    Capability.RESPOND: "Respond",
    Capability.SHIP: "Ship to GitHub",
    Capability.ADMIN: "Administer",
}


class AdminCog(commands.Cog, name="Admin"):
    """Commands about the bot."""

    @app_commands.command(
        name="status",
        description="How Jinkies itself is doing",
        extras={"capability": Capability.VIEW},
    )
    @app_commands.guild_only()
    async def status(self, interaction: Press) -> None:
        """Store, outbox, Discord, versions."""
        person = interaction.client.desk.access.person(interaction)
        await answer(interaction, status(interaction.client, person))

    @app_commands.command(
        name="help",
        description="What Jinkies can do, and what of it you may",
        extras={"capability": Capability.VIEW},
    )
    @app_commands.guild_only()
    async def help(self, interaction: Press) -> None:
        """Every command by the capability it needs."""
        client = interaction.client
        await answer(interaction, help_text(client, client.desk.access.person(interaction)))


async def status(client: JinkiesClient, person: Person) -> Answer:
    """The figures, with a red or green edge; dead letters in full only for administrators."""
    desk = client.desk
    desk.access.require(person, Capability.VIEW)
    database = await _database(desk)
    outbox = await desk.store.outbox.counts()
    counts = await desk.store.alerts.counts()
    embed = discord.Embed(
        title="Jinkies is well" if not outbox.dead else "Jinkies needs you",
        colour=0x3BA55D if not outbox.dead else 0xDD2E44,
    )
    alerts = " · ".join(
        f"{STATE_WORDS[state][0]} {count:,} {state}" for state, count in counts.items()
    )
    embed.add_field(name="Alerts", value=alerts, inline=False)
    embed.add_field(name="Database", value=database)
    embed.add_field(name="Outbox", value=_outbox_words(outbox.pending, outbox.dead))
    if outbox.pending:
        embed.add_field(name="Longest overdue", value=times.duration(outbox.oldest_age))
    embed.add_field(name="Discord", value=f"{client.latency * 1000:.0f} ms away")
    embed.add_field(name="Up since", value=times.relative(desk.started_at))
    if outbox.dead and Capability.ADMIN in person.capabilities:
        embed.add_field(name="Not delivered", value=await _dead_letters(desk), inline=False)
    embed.set_footer(text=_versions())
    return Answer(embed=embed)


async def help_text(client: JinkiesClient, person: Person) -> Answer:
    """All commands; those the person may not use are marked, with the roles that may."""
    embed = discord.Embed(
        title="Jinkies",
        description="One living card per problem. Press its buttons, or type:",
        colour=0x5865F2,
    )
    for capability, means in _MEANS.items():
        lines = list(_commands(client, capability))
        if not lines:
            continue
        if capability not in person.capabilities:
            roles = ", ".join(client.desk.access.roles_for(capability))
            lines.append(f"-# 🔒 Not for you: it needs {roles}")
        embed.add_field(name=means, value="\n".join(lines), inline=False)
    return Answer(embed=embed)


def _commands(client: JinkiesClient, capability: Capability) -> Iterator[str]:
    for command in sorted(client.tree.walk_commands(), key=lambda each: each.qualified_name):
        if isinstance(command, app_commands.Command) and (
            command.extras["capability"] is capability
        ):
            options = " ".join(
                option.display_name if option.required else f"[{option.display_name}]"
                for option in command.parameters
            )
            yield f"`/{command.qualified_name} {options}".rstrip() + f"` {command.description}"


async def _database(desk: Desk) -> str:
    """Raises UpstreamError, with a cure, if the database does not answer."""
    started = time.monotonic()
    await asyncio.to_thread(desk.store.ready)
    return f"answers in {(time.monotonic() - started) * 1000:.0f} ms"


def _outbox_words(pending: int, dead: int) -> str:
    if not pending and not dead:
        return "empty: everything is delivered"
    return f"{pending:,} to deliver · {dead:,} given up"


async def _dead_letters(desk: Desk) -> str:
    letters = await desk.store.outbox.dead_letters(DEAD_LETTERS_SHOWN)
    lines = [
        f"{short_id(each.alert_id)} in <#{each.channel_id}> after {each.attempts} attempts: "
        f"{plain.label(each.problem, 140)}"
        for each in letters
    ]
    return plain.clip("\n".join(lines) or "–", 1024)


def _versions() -> str:
    return f"Python {platform.python_version()} · discord.py {version('discord.py')}"
