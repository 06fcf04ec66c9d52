"""Reading logs: `/logs`."""

from __future__ import annotations

from discord import app_commands
from discord.ext import commands

from bot.cogs.choices import log_groups, moments
from bot.models import Capability, Severity
from bot.ui.desk import Press
from bot.ui.logs.reading import LIMIT, MOST_LINES, Asked, ask

LEVELS = [app_commands.Choice(name=f"{each} or worse", value=each.value) for each in Severity]
ORDERS = [
    app_commands.Choice(name="newest first", value="newest"),
    app_commands.Choice(name="oldest first", value="oldest"),
]
Text = app_commands.Range[str, 1, 500]


class LogsCog(commands.Cog, name="Logs"):
    """Commands that read logs."""

    @app_commands.command(
        name="logs",
        description="Read a service's logs",
        extras={"capability": Capability.VIEW},
    )
    @app_commands.guild_only()
    @app_commands.describe(
        service="A service or log group; several with commas between",
        level="This bad or worse; a trace stays with its error",
        text="What a line must hold: plain text, or /a regular expression/",
        exclude="What it must not hold: plain text, or /a regular expression/",
        where="Conditions on fields: status>=500, path~^/api",
        since="From when: 15m, 2h ago, 10:30, yesterday 14:00 (default 1h)",
        until="Until when, or for how long: 11:00, +5m (default now)",
        trace="A request or trace id",
        limit=f"How many lines (default {LIMIT:,})",
        order="Newest first (default) or oldest first",
        pattern="A CloudWatch filter pattern, for those who speak it",
        stream="Only streams whose name begins so",
    )
    @app_commands.choices(level=LEVELS, order=ORDERS)
    @app_commands.autocomplete(service=log_groups, since=moments, until=moments)
    async def logs(
        self,
        interaction: Press,
        service: app_commands.Range[str, 1, 600],
        level: str = "",
        text: Text = "",
        exclude: Text = "",
        where: Text = "",
        since: app_commands.Range[str, 1, 60] = "1h",
        until: app_commands.Range[str, 1, 60] = "",
        trace: app_commands.Range[str, 1, 200] = "",
        limit: app_commands.Range[int, 1, MOST_LINES] = LIMIT,
        order: str = "newest",
        pattern: app_commands.Range[str, 1, 1_024] = "",
        stream: app_commands.Range[str, 1, 500] = "",
    ) -> None:
        """Answer with a page of lines, only to the person who asked."""
        asked = Asked(
            service=service,
            level=level,
            text=text,
            exclude=exclude,
            where=where,
            since=since,
            until=until,
            trace=trace,
            limit=limit,
            newest_first=order != "oldest",
            pattern=pattern,
            stream=stream,
        )
        await ask(interaction, asked)
