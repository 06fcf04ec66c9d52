"""Acting on alerts: the card's buttons as commands, and shipping to GitHub."""

from __future__ import annotations

from discord import app_commands
from discord.ext import commands

from bot.cogs.choices import AlertId
from bot.models import Act, AlertState, Capability
from bot.ui.acting import perform
from bot.ui.answers import answer
from bot.ui.desk import Press
from bot.ui.wording import SILENCE_MINUTES

OPEN = (AlertState.OPEN,)
LIVE = (AlertState.OPEN, AlertState.ACKNOWLEDGED)
DURATIONS = [app_commands.Choice(name=words, value=each) for each, words in SILENCE_MINUTES.items()]


async def act(interaction: Press, what: Act, alert_id: int, minutes: int = 0) -> None:
    """Do one act as the person who typed, and tell them what came of it."""
    desk = interaction.client.desk
    person = desk.access.person(interaction)
    await answer(interaction, perform(desk, person, what, alert_id, minutes))


class RespondCog(commands.Cog, name="Respond"):
    """Commands that change an alert."""

    @app_commands.command(
        name="ack",
        description="Acknowledge an alert: you look after it",
        extras={"capability": Capability.RESPOND},
    )
    @app_commands.guild_only()
    @app_commands.describe(alert="The alert, such as J-42")
    async def acknowledge(
        self, interaction: Press, alert: app_commands.Transform[int, AlertId(OPEN)]
    ) -> None:
        """As the button Acknowledge."""
        await act(interaction, Act.ACKNOWLEDGE, alert)

    @app_commands.command(
        name="resolve",
        description="Resolve an alert: it is over",
        extras={"capability": Capability.RESPOND},
    )
    @app_commands.guild_only()
    @app_commands.describe(alert="The alert, such as J-42")
    async def resolve(
        self, interaction: Press, alert: app_commands.Transform[int, AlertId(LIVE)]
    ) -> None:
        """As the button Resolve."""
        await act(interaction, Act.RESOLVE, alert)

    @app_commands.command(
        name="silence",
        description="Hold an alert's notifications back for a while; it is still counted",
        extras={"capability": Capability.RESPOND},
    )
    @app_commands.guild_only()
    @app_commands.describe(alert="The alert, such as J-42", duration="For how long")
    @app_commands.choices(duration=DURATIONS)
    async def silence(
        self,
        interaction: Press,
        alert: app_commands.Transform[int, AlertId(LIVE)],
        duration: int,
    ) -> None:
        """As the button Silence."""
        await act(interaction, Act.SILENCE, alert, duration)

    @app_commands.command(
        name="unsilence",
        description="End an alert's silence now",
        extras={"capability": Capability.RESPOND},
    )
    @app_commands.guild_only()
    @app_commands.describe(alert="The alert, such as J-42")
    async def unsilence(
        self, interaction: Press, alert: app_commands.Transform[int, AlertId()]
    ) -> None:
        """As the button Unsilence."""
        await act(interaction, Act.UNSILENCE, alert)


class ShipCog(commands.Cog, name="Ship"):
    """Commands that write to GitHub."""

    @app_commands.command(
        name="create-issue",
        description="Create the alert's GitHub issue, once",
        extras={"capability": Capability.SHIP},
    )
    @app_commands.guild_only()
    @app_commands.describe(alert="The alert, such as J-42")
    async def create_issue(
        self, interaction: Press, alert: app_commands.Transform[int, AlertId()]
    ) -> None:
        """As the button Create issue."""
        await act(interaction, Act.CREATE_ISSUE, alert)

    @app_commands.command(
        name="create-pr",
        description="Create the alert's draft pull request on GitHub, once",
        extras={"capability": Capability.SHIP},
    )
    @app_commands.guild_only()
    @app_commands.describe(alert="The alert, such as J-42")
    async def create_pull_request(
        self, interaction: Press, alert: app_commands.Transform[int, AlertId()]
    ) -> None:
        """As the button Create PR."""
        await act(interaction, Act.CREATE_PULL_REQUEST, alert)
