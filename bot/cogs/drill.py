"""Drills: `/drill …`."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.alerting.drills import Start
from bot.models import Capability
from bot.ui.answers import answer
from bot.ui.desk import JinkiesClient, Press
from bot.ui.drill import opening, taking_part

Choices = list[app_commands.Choice[str]]
Name = app_commands.Range[str, 1, 100]


async def scenarios(interaction: discord.Interaction[JinkiesClient], typed: str) -> Choices:
    """Scenarios by name."""
    desk = interaction.client.desk
    return await taking_part.offered_scenarios(desk, desk.access.person(interaction), typed)


async def colleagues(interaction: discord.Interaction[JinkiesClient], typed: str) -> Choices:
    """Who can be asked."""
    desk = interaction.client.desk
    return taking_part.offered_colleagues(desk, desk.access.person(interaction), typed)


async def services(interaction: discord.Interaction[JinkiesClient], typed: str) -> Choices:
    """The drill's services."""
    desk = interaction.client.desk
    return taking_part.offered_services(desk, desk.access.person(interaction), typed)


async def files(interaction: discord.Interaction[JinkiesClient], typed: str) -> Choices:
    """The files of the drill's stack traces."""
    desk = interaction.client.desk
    return taking_part.offered_files(desk, desk.access.person(interaction), typed)


@app_commands.guild_only()
class DrillCog(
    commands.GroupCog,
    name="Drill",
    group_name="drill",
    group_description="Practise an incident, with a scorecard",
):
    """Commands of drills."""

    @app_commands.command(
        name="start",
        description="Play an incident in a private area; nothing of it is real",
        extras={"capability": Capability.RESPOND},
    )
    @app_commands.describe(
        scenario="Which one (default: a surprise)",
        participants="Who takes part besides you: @sam @kim",
        minutes="When it ends at the latest (default 30)",
        seed="The same seed plays the same drill (default: a new one)",
        github="Really write to GitHub, marked [DRILL] (default: no)",
        pings="Really ping those who take part (default: no)",
    )
    @app_commands.autocomplete(scenario=scenarios)
    async def start(
        self,
        interaction: Press,
        scenario: app_commands.Range[str, 0, 100] = "",
        participants: app_commands.Range[str, 0, 500] = "",
        minutes: app_commands.Range[int, 1, 180] = 30,
        seed: app_commands.Range[int, 0, 2_147_483_647] | None = None,
        github: bool = False,
        pings: bool = False,
    ) -> None:
        """Answer with a link to its area."""
        person = interaction.client.desk.access.person(interaction)
        asked = Start(
            guild_id=interaction.guild_id or 0,
            origin_id=interaction.channel_id or 0,
            people={},
            scenario=scenario,
            seed=seed,
            minutes=minutes,
            ships=github,
            pings=pings,
        )
        await answer(interaction, opening.start(interaction, person, asked, participants))

    @app_commands.command(
        name="answer",
        description="Name the cause: the service, the line of code, or both",
        extras={"capability": Capability.VIEW},
    )
    @app_commands.describe(
        service="Where it comes from",
        file="The file of our own code, or the end of its path",
        line="The line in it",
    )
    @app_commands.autocomplete(service=services, file=files)
    async def answer(
        self,
        interaction: Press,
        service: app_commands.Range[str, 0, 100] = "",
        file: app_commands.Range[str, 0, 200] = "",
        line: app_commands.Range[int, 1, 1_000_000] | None = None,
    ) -> None:
        """Answer whether it is right, only to the person who tried."""
        desk = interaction.client.desk
        person = desk.access.person(interaction)
        work = taking_part.name_cause(desk, person, service=service, file=file, line=line)
        await answer(interaction, work)

    @app_commands.command(
        name="ask",
        description="Ask a colleague; everybody in the drill reads the answer",
        extras={"capability": Capability.VIEW},
    )
    @app_commands.describe(colleague="Whom", question="What: errors, latency, deploys, traces …")
    @app_commands.autocomplete(colleague=colleagues)
    async def ask(
        self, interaction: Press, colleague: Name, question: app_commands.Range[str, 1, 500]
    ) -> None:
        """Show the question; the colleague answers after it."""
        desk = interaction.client.desk
        await taking_part.ask(interaction, desk.access.person(interaction), colleague, question)

    @app_commands.command(
        name="status",
        description="How the drill stands",
        extras={"capability": Capability.VIEW},
    )
    async def status(self, interaction: Press) -> None:
        """Answer only to the person who asked."""
        desk = interaction.client.desk
        await answer(interaction, taking_part.status(desk, desk.access.person(interaction)))

    @app_commands.command(
        name="stop",
        description="End the drill now, with its scorecard",
        extras={"capability": Capability.RESPOND},
    )
    async def stop(self, interaction: Press) -> None:
        """Answer with the total."""
        desk = interaction.client.desk
        await answer(interaction, taking_part.stop(desk, desk.access.person(interaction)))

    @app_commands.command(
        name="history",
        description="How the drills went, and whether they get better",
        extras={"capability": Capability.VIEW},
    )
    @app_commands.describe(person="Only drills that this person took part in")
    async def history(self, interaction: Press, person: discord.Member | None = None) -> None:
        """Answer with the list and its picture."""
        desk = interaction.client.desk
        whose = None if person is None else person.id
        name = "everybody" if person is None else person.display_name
        me = desk.access.person(interaction)
        await answer(interaction, taking_part.history(desk, me, whose, name))
