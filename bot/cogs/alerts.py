"""Looking at alerts: `/alerts` lists them, `/alert` opens one."""

from __future__ import annotations

from discord import app_commands
from discord.ext import commands

from bot.cogs.choices import AlertId, environments, services
from bot.models import AlertState, Capability, Severity
from bot.ui.answers import answer
from bot.ui.desk import Press
from bot.ui.pages import Filters
from bot.ui.presses import show_alert, turn_page

STATES = [
    app_commands.Choice(name="not resolved", value=""),
    *(app_commands.Choice(name=state.value, value=state.value) for state in AlertState),
    app_commands.Choice(name="any", value="any"),
]
SEVERITIES = [app_commands.Choice(name=each.value, value=each.value) for each in Severity]


@app_commands.guild_only()
class AlertsCog(commands.Cog, name="Alerts"):
    """Commands that only look."""

    @app_commands.command(
        name="alerts",
        description="List the alerts, newest first",
        extras={"capability": Capability.VIEW},
    )
    @app_commands.guild_only()
    @app_commands.describe(
        state="Only alerts in this state (default: all that are not resolved)",
        severity="Only this severity",
        service="Only this service",
        environment="Only this environment",
        text="Words of the title, message or place",
        page="Which page to show",
    )
    @app_commands.choices(state=[each for each in STATES if each.value], severity=SEVERITIES)
    @app_commands.autocomplete(service=services, environment=environments)
    async def alerts(
        self,
        interaction: Press,
        state: str = "",
        severity: str = "",
        service: app_commands.Range[str, 1, 100] = "",
        environment: app_commands.Range[str, 1, 100] = "",
        text: app_commands.Range[str, 1, 100] = "",
        page: app_commands.Range[int, 1, 1_000_000] = 1,
    ) -> None:
        """Answer with one page, only to the person who asked."""
        desk = interaction.client.desk
        environment = environment or desk.drills.environment_at(interaction.channel_id)
        filters = Filters(state, severity, service, environment, text)
        await answer(interaction, turn_page(desk, desk.access.person(interaction), filters, page))

    @app_commands.command(
        name="alert",
        description="Show one alert with everything that is known",
        extras={"capability": Capability.VIEW},
    )
    @app_commands.guild_only()
    @app_commands.describe(
        alert="The alert, such as J-42", share="Show it to everybody in this channel"
    )
    async def alert(
        self,
        interaction: Press,
        alert: app_commands.Transform[int, AlertId()],
        share: bool = False,
    ) -> None:
        """Answer with the card as it stands, and the details as a file."""
        desk = interaction.client.desk
        work = show_alert(desk, desk.access.person(interaction), alert)
        await answer(interaction, work, share=share)
