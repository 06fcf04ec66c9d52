"""`/simulate crash`: a rehearsal through the real road, with its logs attached."""

from __future__ import annotations

import asyncio
import gzip
import io
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta

import discord
from discord import app_commands

from bot.alerting.rehearsing import Rehearsal, event_of, start_for
from bot.analysis.crash import CrashReport
from bot.errors import JinkiesError
from bot.models import Capability, Person, Receipt
from bot.simulation.crash.playing import Play
from bot.ui import plain, times
from bot.ui.answers import Answer
from bot.ui.desk import Desk

MAX_CHOICES = 25
MAX_LIVE = timedelta(minutes=10)  # Discord lets us edit an answer for 15
MAX_ENTRIES = 200_000
PROGRESS_EVERY = 2.0  # seconds
_LARGEST_FILE = 7_500_000  # bytes; Discord takes 10 MB
_BAR = 20
_BLUE = 0x5865F2
_SIGN_MARKS = {"warning": "🟠", "error": "🔴", "change": "🔧"}

Progress = Callable[[str], Awaitable[None]]


class TooLong(JinkiesError):  # noqa: N818 - told to a person, who reads it as a sentence
    """The rehearsal would outlast what Discord allows."""


async def simulate_crash(
    desk: Desk, person: Person, name: str, *, seed: int | None, speed: int, progress: Progress
) -> Answer:
    """Play a scenario, and tell what its logs told.

    Args:
        seed: None for a new one.
        speed: times as fast as it happened; 0 for at once.
        progress: shows a text while it plays.
    """
    desk.access.require(person, Capability.RESPOND)
    found = await asyncio.to_thread(desk.crashes.get, name.strip())
    begins = found.scenario.begins
    if speed and timedelta(seconds=-begins) / speed > MAX_LIVE:
        least = -begins / MAX_LIVE.total_seconds()
        raise TooLong(f"It would take too long: choose a speed of {least:.0f} or more.")
    seed = secrets.randbelow(2**31) if seed is None else seed
    play = Play(found.scenario, seed, start_for(begins, desk.clock(), speed=speed))
    if play.expected > MAX_ENTRIES:
        raise TooLong(f"{name} writes {play.expected:,} lines; here at most {MAX_ENTRIES:,} fit.")
    rehearsal = await asyncio.to_thread(Rehearsal, found, play)
    if speed:
        text = await _live(rehearsal, speed, progress)
    else:
        text = await asyncio.to_thread(_at_once, rehearsal)
    report = await asyncio.to_thread(rehearsal.report)
    (receipt,) = await desk.intake.ingest([event_of(report, play)])
    return Answer(
        _words(receipt, play), embed=_embed(report, play), files=(_log_file(text, play.id),)
    )


async def offered_crashes(desk: Desk, person: Person, typed: str) -> list[app_commands.Choice[str]]:
    """Scenarios whose name or title holds what is typed."""
    if Capability.RESPOND not in person.capabilities:
        return []
    known, _ = await asyncio.to_thread(desk.crashes.sound)  # it reads files
    wanted = typed.strip().lower()
    return [
        app_commands.Choice(name=plain.clip(f"{name}: {each.scenario.title}", 100), value=name)
        for name, each in known.items()
        if wanted in name or wanted in each.scenario.title.lower()
    ][:MAX_CHOICES]


def _at_once(rehearsal: Rehearsal) -> str:
    return "".join(f"{each.text}\n" for each in rehearsal.written())


async def _live(rehearsal: Rehearsal, speed: int, progress: Progress) -> str:
    """As time goes by, `speed` times as fast."""
    loop = asyncio.get_running_loop()
    begun, shown = loop.time(), 0.0
    first = rehearsal.play.start.timestamp() * 1000
    texts, warnings, latest = [], 0, ""
    for each in rehearsal.written():
        ahead = (each.entry.at - first) / 1000 / speed - (loop.time() - begun)
        if ahead > 0.01:
            await asyncio.sleep(ahead)
        texts.append(f"{each.text}\n")
        if each.entry.level not in ("debug", "info"):
            warnings, latest = warnings + 1, f"{each.entry.service}: {each.entry.message}"
        if loop.time() - begun - shown > PROGRESS_EVERY:
            shown = loop.time() - begun
            await progress(_progress(rehearsal.play, each.entry.at, warnings, latest))
    return "".join(texts)


def _progress(play: Play, at: int, warnings: int, latest: str) -> str:
    lasts = -play.scenario.begins
    gone = at / 1000 - play.start.timestamp()
    filled = min(_BAR, int(gone / lasts * _BAR))
    left = timedelta(seconds=max(0, round(lasts - gone)))
    when = f"{times.exact(left)} before the crash" if left else "after the crash"
    return (
        f"🧪 **{plain.label(play.scenario.scenario, 64)}** `{'█' * filled}{'░' * (_BAR - filled)}` "
        f"{when} · {warnings} warning{'s' * (warnings != 1)}\n-# {plain.label(latest, 200)}"
    )


def _words(receipt: Receipt, play: Play) -> str:
    what = "" if receipt.is_new_alert else ", which is known already"
    return (
        f"🧪 **{plain.label(play.scenario.scenario, 64)}** crashed, on purpose. It is "
        f"{receipt.short_id}{what}; its card is marked SIMULATED. The same again: "
        f"`seed:{play.seed}`."
    )


def _embed(report: CrashReport, play: Play) -> discord.Embed:
    embed = discord.Embed(
        title=plain.label(f"SIMULATED · {report.title}", 250),
        description=plain.code_block(report.description, 1_500),
        colour=_BLUE,
    )
    at = report.culprit
    embed.add_field(name="Component", value=plain.code_span(report.component, 200))
    embed.add_field(
        name="Severity", value=f"{report.severity.capitalize()}\n-# {'; '.join(report.reasons)}"
    )
    embed.add_field(name="Users impacted", value=f"{report.users_impacted:,}")
    if at is not None:
        place = f"{at.file}:{at.line} in {at.function}\n    {at.code.strip()}"
        embed.add_field(name="Where", value=plain.code_block(place, 500), inline=False)
    if report.signs:
        embed.add_field(name="Warning signs", value=_timeline(report), inline=False)
    embed.set_footer(text=f"{play.id} · {report.lines:,} lines of log attached")
    return embed


def _timeline(report: CrashReport) -> str:
    lines = []
    for sign in report.signs:
        before = round((report.at - sign.first_at).total_seconds())
        count = f" {sign.count:,}×" if sign.count > 1 else ""
        growth = f" · {plain.escape(sign.rising)}" if sign.rising else ""
        lines.append(
            f"{_SIGN_MARKS[sign.kind]} `-{before // 60}:{before % 60:02}` "
            f"**{plain.label(sign.service, 40)}** {plain.label(sign.text, 90)}{count}{growth}"
        )
    while plain.units("\n".join(lines)) > 1024:
        lines.pop()
    return "\n".join(lines)


def _log_file(text: str, name: str) -> discord.File:
    data = text.encode()
    if len(data) <= _LARGEST_FILE:
        return discord.File(io.BytesIO(data), filename=f"{name}.log")
    return discord.File(io.BytesIO(gzip.compress(data)), filename=f"{name}.log.gz")
