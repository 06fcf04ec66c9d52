"""Reading logs: `/logs`, `/logs-tail` and `/logs-stop`."""

from __future__ import annotations

from discord import app_commands
from discord.ext import commands

from bot.cogs.choices import AlertId, log_groups, moments, running_tails
from bot.models import Capability, Severity
from bot.ui.desk import Press
from bot.ui.logs.following import MOST_MINUTES, stop, tail
from bot.ui.logs.reading import LIMIT, MOST_LINES, Asked, ask

LEVELS = [app_commands.Choice(name=f"{each} or worse", value=each.value) for each in Severity]
ORDERS = [
    app_commands.Choice(name="newest first", value="newest"),
    app_commands.Choice(name="oldest first", value="oldest"),
]
PLACES = [
    app_commands.Choice(name="one message", value="message"),
    app_commands.Choice(name="a thread", value="thread"),
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

    @app_commands.command(
        name="logs-tail",
        description="Follow a service's logs in this channel for a while",
        extras={"capability": Capability.RESPOND},
    )
    @app_commands.guild_only()
    @app_commands.describe(
        service="A service or log group; several with commas between",
        alert="Instead: an alert, whose service is followed from its last error on",
        level="This bad or worse; a trace stays with its error",
        text="What a line must hold: plain text, or /a regular expression/",
        exclude="What it must not hold: plain text, or /a regular expression/",
        where="Conditions on fields: status>=500, path~^/api",
        trace="A request or trace id",
        since="From when (default now): 5m, 10:30",
        minutes="It ends after so many (default: as set, usually 15)",
        place="One message that is edited (default), or a thread that keeps all lines",
        live="By CloudWatch's Live Tail: at once, billed by the minute, sampled if much comes",
    )
    @app_commands.choices(level=LEVELS, place=PLACES)
    @app_commands.autocomplete(service=log_groups, since=moments)
    async def tail(
        self,
        interaction: Press,
        service: app_commands.Range[str, 1, 600] = "",
        alert: app_commands.Transform[int, AlertId()] | None = None,
        level: str = "",
        text: Text = "",
        exclude: Text = "",
        where: Text = "",
        trace: app_commands.Range[str, 1, 200] = "",
        since: app_commands.Range[str, 1, 60] = "1s",
        minutes: app_commands.Range[int, 1, MOST_MINUTES] | None = None,
        place: str = "message",
        live: bool = False,
    ) -> None:
        """Post the message that shows the tail."""
        asked = Asked(
            service=service,
            level=level,
            text=text,
            exclude=exclude,
            where=where,
            trace=trace,
            since=since,
            live=live,
        )
        await tail(interaction, asked, alert_id=alert, minutes=minutes, in_thread=place == "thread")

    @app_commands.command(
        name="logs-stop",
        description="End a tail",
        extras={"capability": Capability.RESPOND},
    )
    @app_commands.guild_only()
    @app_commands.describe(tail="The tail; pick one as you type")
    @app_commands.autocomplete(tail=running_tails)
    async def stop(
        self, interaction: Press, tail: app_commands.Range[int, 1, 1_000_000_000]
    ) -> None:
        """As the button Stop."""
        await stop(interaction, tail)
