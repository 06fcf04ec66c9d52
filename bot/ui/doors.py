"""The doors and the keys of DSNs, as administrators see them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands

from bot.alerting.knocking import DoorView
from bot.models import Capability, Person, SdkKey
from bot.ui import plain, times
from bot.ui.answers import Answer
from bot.ui.buttons import view
from bot.ui.desk import Desk

DOOR_PAGE = re.compile(r"jinkies:doors:page-(?P<number>\d{1,4})")
PAGE_SIZE = 6
KEYS_SHOWN = 15
MAX_CHOICES = 25
_BLUE = 0x5865F2


async def door_page(desk: Desk, person: Person, number: int) -> Answer:
    """One page of all doors, those that are open first."""
    desk.access.require(person, Capability.ADMIN)
    views = await desk.doors.views()
    last = max(1, -(-len(views) // PAGE_SIZE))
    number = min(number, last)
    shown = views[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    opened = sum(each.is_open for each in views)
    embed = discord.Embed(title=f"{opened} of {len(views)} doors are open", colour=_BLUE)
    for each in shown:
        mark = "🟢" if each.is_open else "🔒"
        embed.add_field(name=f"{mark} {each.source.name}", value=_door(each), inline=False)
    embed.set_footer(text=f"page {number} of {last} · how to set each up: docs/sources.md")
    turns = (("◀ Back", number - 1), ("On ▶", number + 1))
    buttons: list[discord.ui.Item[Any]] = [
        discord.ui.Button(
            label=label,
            custom_id=f"jinkies:doors:page-{to}",
            disabled=not 1 <= to <= last,
        )
        for label, to in turns
    ]
    return Answer(embed=embed, view=view(buttons))


def _door(each: DoorView) -> str:
    source, counts = each.source, each.counts
    lines = [plain.label(source.about, 150), plain.code_span(each.url, 300)]
    if each.is_open:
        lines.append(f"Secured by {plain.label(source.proof.words, 150)}")
    else:
        lines.append(f"Shut: set {plain.code_span(source.setting, 100)}")
    if counts.last_at is not None:
        lines.append(
            f"-# Last {times.relative(counts.last_at)} · {counts.accepted:,} accepted · "
            f"{counts.refused:,} refused · {counts.unreadable:,} unreadable · "
            f"{counts.left_aside:,} left aside"
        )
    elif each.is_open:
        lines.append("-# Nobody has knocked yet")
    return plain.clip("\n".join(lines), 1024)


async def try_door(desk: Desk, person: Person, name: str) -> Answer:
    """Knock with a sample, and tell what was answered."""
    desk.access.require(person, Capability.ADMIN)
    status, said = await desk.doors.knock(name)
    is_fine = status < 300
    mark, what = ("✅", "took the sample") if is_fine else ("⚠️", "refused the sample")
    return Answer(
        f"{mark} The door of **{plain.label(name, 100)}** {what}: {status}\n"
        f"{plain.code_block(said, 900)}"
        + ("\nIts card comes in a moment, if its kind of news makes one." if is_fine else "")
    )


async def create_key(desk: Desk, person: Person, project: str) -> Answer:
    """Make a key and show its DSN."""
    key = await desk.keys.create(project, person)
    return Answer(
        f"🔑 A DSN for **{plain.label(key.service, 100)}**:\n"
        f"{plain.code_block(desk.doors.dsn(key), 500)}\n"
        "Give it to the application's Sentry SDK, e.g. in the environment as `SENTRY_DSN`. "
        "It may lie in a web page: it only allows to report."
    )


async def list_keys(desk: Desk, person: Person) -> Answer:
    """The keys that are good."""
    keys = await desk.keys.keys(person)
    lines = [_key(desk, key) for key in keys[:KEYS_SHOWN]]
    if len(keys) > KEYS_SHOWN:
        lines.append(f"-# and {len(keys) - KEYS_SHOWN} more; `run.py dsn list` shows all")
    embed = discord.Embed(
        title=f"{len(keys)} DSN{'' if len(keys) == 1 else 's'}",
        description=plain.clip("\n".join(lines), 4096) or "None yet: /dsn create makes one.",
        colour=_BLUE,
    )
    return Answer(embed=embed)


async def revoke_key(desk: Desk, person: Person, key: str) -> Answer:
    """Refuse a key from now on."""
    await desk.keys.revoke(key.strip(), person)
    return Answer(f"🔒 {plain.code_span(key.strip(), 100)} is refused from now on.")


def offered_doors(desk: Desk, person: Person, typed: str) -> list[app_commands.Choice[str]]:
    """Sources whose name holds what is typed."""
    if Capability.ADMIN not in person.capabilities:
        return []
    return _choices([(name, name) for name in desk.doors.names], typed)


async def offered_keys(desk: Desk, person: Person, typed: str) -> list[app_commands.Choice[str]]:
    """Keys whose project or beginning holds what is typed."""
    if Capability.ADMIN not in person.capabilities:
        return []
    keys = await desk.keys.keys(person)
    return _choices([(f"{key.service} · {key.key[:8]}…", key.key) for key in keys], typed)


def _choices(pairs: Sequence[tuple[str, str]], typed: str) -> list[app_commands.Choice[str]]:
    wanted = typed.strip().lower()
    found = [
        app_commands.Choice(name=plain.clip(plain.one_line(name), 100), value=value)
        for name, value in pairs
        if wanted in name.lower() or wanted in value
    ]
    return found[:MAX_CHOICES]


def _key(desk: Desk, key: SdkKey) -> str:
    by = plain.label(key.created_by, 60)
    return (
        f"**{plain.label(key.service, 100)}** {plain.code_span(desk.doors.dsn(key), 200)}\n"
        f"-# by {by} {times.relative(key.created_at)}"
    )
