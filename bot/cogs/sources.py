"""The doors: `/sources list` and `/sources test`, and the DSNs of SDKs: `/dsn …`."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.models import Capability
from bot.ui.answers import answer
from bot.ui.desk import JinkiesClient, Press
from bot.ui.doors import (
    create_key,
    door_page,
    list_keys,
    offered_doors,
    offered_keys,
    revoke_key,
    try_door,
)

Choices = list[app_commands.Choice[str]]


async def doors(interaction: discord.Interaction[JinkiesClient], typed: str) -> Choices:
    """Sources by the beginning of their name, those that are open first."""
    desk = interaction.client.desk
    return offered_doors(desk, desk.access.person(interaction), typed)


async def keys(interaction: discord.Interaction[JinkiesClient], typed: str) -> Choices:
    """Keys that are good, by project."""
    desk = interaction.client.desk
    return await offered_keys(desk, desk.access.person(interaction), typed)


@app_commands.guild_only()
class SourcesCog(
    commands.GroupCog, name="Sources", group_name="sources", group_description="Who may send here"
):
    """Commands about the doors."""

    @app_commands.command(
        name="list",
        description="Every door: its address, how it is secured, what it received",
        extras={"capability": Capability.ADMIN},
    )
    @app_commands.describe(page="Which page to show")
    async def list(self, interaction: Press, page: app_commands.Range[int, 1, 100] = 1) -> None:
        """Answer with one page, only to the person who asked."""
        desk = interaction.client.desk
        await answer(interaction, door_page(desk, desk.access.person(interaction), page))

    @app_commands.command(
        name="test",
        description="Send a sample through a door, as its system would",
        extras={"capability": Capability.ADMIN},
    )
    @app_commands.describe(source="The source, such as github")
    @app_commands.autocomplete(source=doors)
    async def test(self, interaction: Press, source: app_commands.Range[str, 1, 100]) -> None:
        """Answer with what the door said."""
        desk = interaction.client.desk
        await answer(interaction, try_door(desk, desk.access.person(interaction), source))


@app_commands.guild_only()
class DsnCog(
    commands.GroupCog, name="DSN", group_name="dsn", group_description="Keys for Sentry's SDKs"
):
    """Commands about the keys of DSNs."""

    @app_commands.command(
        name="create",
        description="Make a DSN, so that an application's Sentry SDK reports here",
        extras={"capability": Capability.ADMIN},
    )
    @app_commands.describe(project="The application; its errors carry this name as service")
    async def create(self, interaction: Press, project: app_commands.Range[str, 1, 100]) -> None:
        """Answer with the DSN and how to use it."""
        desk = interaction.client.desk
        await answer(interaction, create_key(desk, desk.access.person(interaction), project))

    @app_commands.command(
        name="list", description="The DSNs that are good", extras={"capability": Capability.ADMIN}
    )
    async def list(self, interaction: Press) -> None:
        """Answer with them, only to the person who asked."""
        desk = interaction.client.desk
        await answer(interaction, list_keys(desk, desk.access.person(interaction)))

    @app_commands.command(
        name="revoke",
        description="Refuse a DSN from now on",
        extras={"capability": Capability.ADMIN},
    )
    @app_commands.describe(key="The key, the part of the DSN before the @")
    @app_commands.autocomplete(key=keys)
    async def revoke(self, interaction: Press, key: app_commands.Range[str, 1, 100]) -> None:
        """Answer that it is done."""
        desk = interaction.client.desk
        await answer(interaction, revoke_key(desk, desk.access.person(interaction), key))


SOURCE_COGS: tuple[type[commands.GroupCog], ...] = (SourcesCog, DsnCog)
