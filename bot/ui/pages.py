"""The list of alerts: one page as an embed, with buttons whose custom_id carries the filters.

custom_id: `jinkies:page:<number>:<filters>`; so old lists can be paged after a restart.
"""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

import discord

from bot.models import Alert, AlertState, Page, Severity
from bot.ui import plain, times
from bot.ui.answers import Answer
from bot.ui.buttons import OPEN_ALERT, view
from bot.ui.desk import Desk
from bot.ui.wording import STATE_WORDS, severity_mark

PAGE_BUTTON = re.compile(r"jinkies:page:(?P<number>\d{1,9}):(?P<filters>.*)", re.DOTALL)
PAGE_SIZE = 10
MAX_CUSTOM_ID = 100


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; an empty string means everything.

    `state` is a state's name or "" for all that are not resolved, or "any".
    """

    state: str = ""
    severity: str = ""
    service: str = ""
    environment: str = ""
    text: str = ""

    def encode(self) -> str:
        """One line that `decode` reads."""
        return "|".join(quote(part, safe=" /:.-_@") for part in astuple(self)).rstrip("|")

    @classmethod
    def decode(cls, line: str) -> Filters:
        """Read what `encode` wrote."""
        return cls(*(unquote(part) for part in line.split("|")[:5]))

    @property
    def states(self) -> tuple[AlertState, ...]:
        """The states to be listed."""
        if self.state == "any":
            return tuple(AlertState)
        if self.state:
            return (AlertState(self.state),)
        return (AlertState.OPEN, AlertState.ACKNOWLEDGED)


async def list_alerts(desk: Desk, filters: Filters, number: int) -> Answer:
    """Read one page from the store and lay it out."""
    page = await desk.store.alerts.page(
        states=filters.states,
        service=filters.service,
        environment=filters.environment,
        severity=Severity(filters.severity) if filters.severity else None,
        text=filters.text,
        number=number,
        size=PAGE_SIZE,
    )
    return Answer(embed=page_embed(page, filters, desk.clock()), view=page_view(page, filters))


def page_embed(page: Page[Alert], filters: Filters, now: datetime) -> discord.Embed:
    """The page as text: two short lines an alert."""
    lines = [line for alert in page.items for line in _lines(alert, now)]
    embed = discord.Embed(
        title=f"{page.total:,} alert{'' if page.total == 1 else 's'}",
        description="\n".join(lines) or "Nothing here. Enjoy the quiet. ☕",
        colour=0x5865F2,
    )
    narrowed = " · ".join(plain.clip(plain.one_line(part), 60) for part in astuple(filters) if part)
    where = f"page {page.number} of {page_count(page)}"
    embed.set_footer(text=f"{where} · {narrowed}" if narrowed else where)
    return embed


def page_view(page: Page[Alert], filters: Filters) -> discord.ui.View:
    """Back, on, and a menu that opens one of the alerts shown."""
    rows: list[list[discord.ui.Item[Any]]] = []
    if page.items:
        rows.append([_menu(page)])
    last = page_count(page)
    turns = (("◀ Newer", page.number - 1), ("Older ▶", page.number + 1))
    ids = [f"jinkies:page:{max(number, 0)}:{filters.encode()}" for _, number in turns]
    if last > 1 and all(plain.units(custom_id) <= MAX_CUSTOM_ID for custom_id in ids):
        rows.append(
            [
                discord.ui.Button(label=label, custom_id=own, disabled=not 1 <= number <= last)
                for (label, number), own in zip(turns, ids, strict=True)
            ]
        )
    return view(*rows)


def page_count(page: Page[Alert]) -> int:
    """How many pages there are; an empty list has one."""
    return max(1, -(-page.total // page.size))


def choice_name(alert: Alert) -> str:
    """An alert on one plain line of at most 100 units, for menus and autocomplete."""
    mark, _ = STATE_WORDS[alert.state]
    line = f"{alert.short_id} {mark} {plain.one_line(alert.service)}: {plain.one_line(alert.title)}"
    return plain.clip(line, 100)


def _menu(page: Page[Alert]) -> discord.ui.Select[Any]:
    options = [
        discord.SelectOption(label=choice_name(alert), value=str(alert.id)) for alert in page.items
    ]
    return discord.ui.Select(custom_id=OPEN_ALERT, placeholder="Open one …", options=options)


def _lines(alert: Alert, now: datetime) -> tuple[str, str]:
    mark = severity_mark(alert.severity) if alert.state is AlertState.OPEN else ""
    mark = "🔕" if alert.is_silenced(now) else mark or STATE_WORDS[alert.state][0]
    place = f"{plain.label(alert.service, 40)} · {plain.label(alert.environment, 20)}"
    return (
        f"{mark} **{alert.short_id}** {plain.label(alert.title, 110)}",
        f"-# {place} · {alert.occurrences:,}× · {times.relative(alert.last_seen)}",
    )
