"""ASKING: thin slash commands. `COGS` is the explicit table of them."""

from discord.ext import commands

from bot.cogs.admin import AdminCog
from bot.cogs.alerts import AlertsCog
from bot.cogs.drill import DrillCog
from bot.cogs.logs import LogsCog
from bot.cogs.respond import RespondCog, ShipCog
from bot.cogs.simulate import SimulateCog
from bot.cogs.sources import SOURCE_COGS

COGS: tuple[type[commands.Cog], ...] = (
    AlertsCog,
    RespondCog,
    ShipCog,
    LogsCog,
    SimulateCog,
    DrillCog,
    AdminCog,
    *SOURCE_COGS,
)
