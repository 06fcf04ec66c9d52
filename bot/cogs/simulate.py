"""Trouble on purpose: `/simulate …`."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import JinkiesError
from bot.models import Capability
from bot.ui.answers import answer, explain
from bot.ui.desk import JinkiesClient, Press
from bot.ui.playing import offered_incidents, play_incident
from bot.ui.simulating import offered_crashes, simulate_crash

Choices = list[app_commands.Choice[str]]


async def crashes(interaction: discord.Interaction[JinkiesClient], typed: str) -> Choices:
    """Crash scenarios by name or title."""
    desk = interaction.client.desk
    return await offered_crashes(desk, desk.access.person(interaction), typed)


async def incidents(interaction: discord.Interaction[JinkiesClient], typed: str) -> Choices:
    """Incidents by name, for those who may play them."""
    person = interaction.client.desk.access.person(interaction)
    return offered_incidents(typed) if Capability.RESPOND in person.capabilities else []


@app_commands.guild_only()
class SimulateCog(
    commands.GroupCog,
    name="Simulate",
    group_name="simulate",
    group_description="Trouble on purpose",
):
    """Commands that rehearse."""

    @app_commands.command(
        name="crash",
        description="Play a crash with its logs; its card is marked SIMULATED",
        extras={"capability": Capability.RESPOND},
    )
    @app_commands.describe(
        scenario="Which crash",
        seed="The same seed plays the same crash (default: a new one)",
        speed="Times as fast as it happened, e.g. 60 (default: at once)",
    )
    @app_commands.autocomplete(scenario=crashes)
    async def crash(
        self,
        interaction: Press,
        scenario: app_commands.Range[str, 1, 100],
        seed: app_commands.Range[int, 0, 2_147_483_647] | None = None,
        speed: app_commands.Range[int, 1, 10_000] | None = None,
    ) -> None:
        """Answer with what the logs told, and the logs."""
        desk = interaction.client.desk

        async def progress(text: str) -> None:
            if interaction.response.is_done():
                await interaction.edit_original_response(content=text)

        person = desk.access.person(interaction)
        work = simulate_crash(
            desk, person, scenario, seed=seed, speed=speed or 0, progress=progress
        )
        await answer(interaction, work)

    @app_commands.command(
        name="incident",
        description="Play an incident's conversation into this channel; everybody speaks marked",
        extras={"capability": Capability.RESPOND},
    )
    @app_commands.describe(
        scenario="Which incident",
        seed="The same seed plays the same conversation (default 1)",
        speed="Times as fast as it happened, e.g. 30 (default: as fast as Discord allows)",
    )
    @app_commands.autocomplete(scenario=incidents)
    async def incident(
        self,
        interaction: Press,
        scenario: app_commands.Range[str, 1, 100],
        seed: app_commands.Range[int, 0, 2_147_483_647] = 1,
        speed: app_commands.Range[int, 1, 10_000] | None = None,
    ) -> None:
        """Say that it begins; the rest happens in the channel."""
        try:
            await play_incident(interaction, scenario, seed=seed, speed=speed or 0)
        except JinkiesError as error:
            await interaction.response.send_message(explain(interaction, error), ephemeral=True)
