"""What an option offers while a person types: alerts, services, environments."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands

from bot.analysis.logs.times import parse_time
from bot.errors import BadPayload, JinkiesError, NotFound
from bot.models import AlertState, Capability, parse_short_id
from bot.ui import plain
from bot.ui.desk import Desk, JinkiesClient, Press
from bot.ui.logs.following import offered_tails
from bot.ui.pages import choice_name

MAX_CHOICES = 25
MAX_LENGTH = 100
MOMENTS = ("15m", "1h", "3h", "24h", "10:30", "today", "yesterday 14:00", "mon 9am")
PATIENCE = 2.0  # seconds; Discord shows nothing after 3
_log = logging.getLogger(__name__)

Choices = list[app_commands.Choice[str]]


class AlertId(app_commands.Transformer):
    """An option that names an alert: "J-42", "42", or picked from the list.

    `states` narrows what is suggested, not what may be typed.
    """

    def __init__(self, states: Sequence[AlertState] = tuple(AlertState)) -> None:
        super().__init__()
        self.states = states

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> int:  # noqa: ARG002
        """The alert's number.

        Raises:
            NotFound: it is no alert's id.
        """
        number = parse_short_id(str(value))
        if number is None:
            raise NotFound(f"“{value}” is no alert id. They look like J-42; pick one as you type.")
        return number

    async def autocomplete(  # type: ignore[override]
        self, interaction: Press, value: str, /
    ) -> Choices:
        """Alerts that match what is typed so far, newest first."""
        desk = interaction.client.desk
        if not _may_see(desk, interaction):
            return []
        async with asyncio.timeout(PATIENCE):
            found = await desk.store.alerts.suggest(
                value,
                MAX_CHOICES,
                states=self.states,
                environment=desk.drills.environment_at(interaction.channel_id),
            )
        return [
            app_commands.Choice(name=choice_name(alert), value=alert.short_id) for alert in found
        ]


async def services(interaction: discord.Interaction[JinkiesClient], typed: str) -> Choices:
    """Services that have alerts."""
    desk = interaction.client.desk
    if not _may_see(desk, interaction):
        return []
    async with asyncio.timeout(PATIENCE):
        return _named(await desk.store.alerts.services(typed, MAX_CHOICES))


async def environments(interaction: discord.Interaction[JinkiesClient], typed: str) -> Choices:
    """Environments that have alerts."""
    desk = interaction.client.desk
    if not _may_see(desk, interaction):
        return []
    async with asyncio.timeout(PATIENCE):
        return _named(await desk.store.alerts.environments(typed, MAX_CHOICES))


async def log_groups(interaction: discord.Interaction[JinkiesClient], typed: str) -> Choices:
    """Services and log groups; behind a comma, a further one."""
    desk = interaction.client.desk
    if not _may_see(desk, interaction):
        return []
    before, comma, last = typed.rpartition(",")
    found = list(desk.logs.stores.services(last.strip()))
    try:
        async with asyncio.timeout(PATIENCE):
            found += await desk.logs.stores.groups(last.strip())
    except (JinkiesError, TimeoutError) as error:
        _log.info("no log groups are suggested: %s", error)  # the services still are
    kept = f"{before}, " if comma else ""
    return _named([f"{kept}{name}" for name in dict.fromkeys(found)])[:MAX_CHOICES]


async def moments(interaction: discord.Interaction[JinkiesClient], typed: str) -> Choices:
    """What a time that is typed means, so that nobody has to guess; examples before that."""
    logs = interaction.client.desk.logs
    if not typed.strip():
        return _named(MOMENTS)
    try:
        meant = parse_time(typed, now=logs.clock(), zone=logs.zone).astimezone(logs.zone)
    except BadPayload:
        wanted = typed.strip().lower()
        return _named([each for each in MOMENTS if each.startswith(wanted)])
    name = f"{typed.strip()} = {meant:%a %Y-%m-%d %H:%M:%S} {logs.zone}"
    return [app_commands.Choice(name=name[:MAX_LENGTH], value=typed.strip()[:MAX_LENGTH])]


async def running_tails(
    interaction: discord.Interaction[JinkiesClient], typed: int | str
) -> list[app_commands.Choice[int]]:
    """The tails of this server."""
    desk = interaction.client.desk
    person = desk.access.person(interaction)
    return offered_tails(desk, person, interaction.guild_id or 0, str(typed))


def _may_see(desk: Desk, interaction: Press) -> bool:
    return Capability.VIEW in desk.access.person(interaction).capabilities


def _named(names: Sequence[str]) -> Choices:
    """A name is its own value, so one that Discord could not carry whole is left out."""
    return [
        app_commands.Choice(name=plain.clip(plain.one_line(name), MAX_LENGTH), value=name)
        for name in names
        if name.strip() and plain.units(name) <= MAX_LENGTH
    ]
