"""The living card: what one alert looks like in Discord. Pure; no input or output.

The longest each part may become adds up to less than Discord's 6,000 for a whole embed, so a
card is inside the limits by construction.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime, timedelta

import discord

from bot.models import (
    Act,
    ActRecord,
    Alert,
    AlertDetail,
    AlertState,
    ExceptionInfo,
    Frame,
    Severity,
)
from bot.ui import plain, times
from bot.ui.buttons import card_buttons
from bot.ui.details import details_text
from bot.ui.sparkline import sparkline
from bot.ui.wording import STATE_WORDS, act_line, severity_mark, shipment_name

MAX_CONTENT = 300
MAX_TITLE = 250
MAX_AUTHOR = 200
MAX_MESSAGE = 900
MAX_WHERE = 1000
MAX_CONTEXT = 500
MAX_PEOPLE = 900
MAX_LINKS = 1000
MAX_FOOTER = 100
MAX_FRAMES = 4
MAX_ACTS = 3
MAX_FILE_BYTES = 1_000_000

_COLOURS = {
    Severity.INFO: 0x3B88C3,
    Severity.WARNING: 0xF4900C,
    Severity.ERROR: 0xDD2E44,
    Severity.CRITICAL: 0x8B0F2E,
}
_ACKNOWLEDGED = 0x9266CC
_RESOLVED = 0x3BA55D
_SILENCED = 0x747F8D
DRILL_COLOUR = 0xFEE75C  # of no state and no severity: a drill is told by its edge alone
DRILL_MARK = "🎭 DRILL"


@dataclass(frozen=True, slots=True)
class Card:
    """One message: `content` is what a phone's notification shows; `view` holds the buttons."""

    content: str
    embed: discord.Embed
    files: tuple[discord.File, ...]
    view: discord.ui.View


def card(detail: AlertDetail, now: datetime, *, mention: str = "") -> Card:
    """Build the card of an alert as it stands at `now`.

    `mention` is written as it is ("<@&123>"); the sender decides whether it may ping. A file
    comes along when the event holds more than the card can show. Needs a running event loop
    (discord.py's views do).
    """
    embed, is_cut = _embed(detail, now)
    return Card(
        content=_content(detail.alert, now, mention),
        embed=embed,
        files=(details_file(detail),) if is_cut else (),
        view=card_buttons(detail, now),
    )


def details_file(detail: AlertDetail) -> discord.File:
    """Everything we know of the alert as a text file."""
    data = details_text(detail).encode("utf-8", "replace")[:MAX_FILE_BYTES]
    return discord.File(io.BytesIO(data), filename=f"{detail.alert.short_id}-details.txt")


def colour(alert: Alert, now: datetime) -> int:
    """The state's colour, and for an open alert the severity's; a drill has one of its own."""
    if alert.drill:
        return DRILL_COLOUR
    if alert.state is AlertState.RESOLVED:
        return _RESOLVED
    if alert.is_silenced(now):
        return _SILENCED
    return _ACKNOWLEDGED if alert.state is AlertState.ACKNOWLEDGED else _COLOURS[alert.severity]


def headline(alert: Alert, now: datetime) -> str:
    """State, severity, service and environment on one line, by sign and by word."""
    mark, word = STATE_WORDS[alert.state]
    if alert.state is AlertState.OPEN:
        mark = severity_mark(alert.severity)
    silenced = " · 🔕 Silenced" if alert.is_silenced(now) else ""
    place = f"{plain.one_line(alert.service)} · {plain.one_line(alert.environment)}"
    drill = f"{DRILL_MARK} · " if alert.drill else ""
    return plain.clip(
        f"{drill}{mark} {word} · {alert.severity.capitalize()}{silenced} · {place}", MAX_AUTHOR
    )


def _content(alert: Alert, now: datetime, mention: str) -> str:
    mark, word = STATE_WORDS[alert.state]
    if alert.state is AlertState.OPEN:
        mark, word = severity_mark(alert.severity), "New" if alert.occurrences == 1 else "Open"
    line = (
        f"{mark} {word}: **{plain.label(alert.service, 60)}** {plain.label(alert.title, 120)}"
        f" ({alert.short_id})"
    )
    if alert.is_silenced(now):
        line = f"🔕 {line}"
    if alert.drill:
        line = f"{DRILL_MARK} · {line}"
    return plain.clip(f"{mention} {line}".strip(), MAX_CONTENT)


def _embed(detail: AlertDetail, now: datetime) -> tuple[discord.Embed, bool]:
    alert, event = detail.alert, detail.event
    message = "" if plain.one_line(alert.message) in plain.one_line(alert.title) else alert.message
    where = where_text(event.exceptions)
    embed = discord.Embed(
        title=_title(alert),
        description=_description(detail, message),
        colour=colour(alert, now),
    )
    embed.set_author(name=headline(alert, now))
    if where:
        embed.add_field(name="Where", value=plain.code_block(where, MAX_WHERE), inline=False)
    for name, text in (
        ("Context", _context(detail)),
        ("People", _people(detail, now)),
        ("Links", _links(detail)),
    ):
        if text:
            embed.add_field(name=name, value=text, inline=False)
    is_cut = _is_cut(message, where)
    embed.set_footer(text=_footer(detail, is_cut))
    return embed, is_cut


def _title(alert: Alert) -> str:
    mark = "[DRILL] " if alert.drill else ""
    return mark + plain.label(alert.title, MAX_TITLE - len(mark), "An error without words")


def _description(detail: AlertDetail, message: str) -> str:
    alert = detail.alert
    lines = []
    if message:
        lines.append(plain.code_block(message, MAX_MESSAGE))
    counts = f"**{alert.occurrences:,}×**"
    if alert.occurrences > 1 and any(detail.activity):
        span = timedelta(seconds=detail.activity_step * len(detail.activity))
        counts += f" `{sparkline(detail.activity)}` last {times.exact(span)}"
    lines.append(counts)
    seen = f"Last seen {times.relative(alert.last_seen)}"
    if alert.first_seen != alert.last_seen:
        seen += f" · first {times.relative(alert.first_seen)}"
    lines.append(seen)
    return "\n".join(lines)


def where_text(exceptions: tuple[ExceptionInfo, ...]) -> str:
    """The frames that matter, the crash first, each with its line of code."""
    blocks = []
    for position, exception in enumerate(reversed(exceptions)):
        frames = _frames_that_matter(exception)
        if position:
            blocks.append(f"caused by {exception.type}: {plain.one_line(exception.message)}")
        blocks.extend(_frame_text(frame) for frame in frames)
    return "\n".join(blocks)


def _frames_that_matter(exception: ExceptionInfo) -> list[Frame]:
    """Our own newest frames; those nobody judged where none is ours; else the newest two."""
    newest_first = exception.frames[::-1]
    for wanted in (True, None):
        chosen = [frame for frame in newest_first if frame.in_app is wanted]
        if chosen:
            return chosen[:MAX_FRAMES]
    return list(newest_first[:2])


def _frame_text(frame: Frame) -> str:
    # The last folders name a file well enough on a phone; Details has the whole path.
    file = "/".join(plain.one_line(frame.file).replace("\\", "/").split("/")[-3:])
    place = f"…{file[-59:]}" if len(file) > 60 else file
    if frame.line is not None:
        place += f":{frame.line}"
    if frame.function:
        place += f" in {plain.clip(plain.one_line(frame.function), 60)}"
    code = plain.clip(plain.one_line(frame.code), 120)
    return f"{place}\n    {code}" if code else place


def _context(detail: AlertDetail) -> str:
    event = detail.event
    parts = []
    if event.request and (event.request.method or event.request.url):
        asked = f"{event.request.method} {event.request.url}".strip()
        parts.append(plain.code_span(asked, 160))
    release = "" if event.commit else event.labels.get("release", "")
    for name, value in (
        ("user", event.user),
        ("commit", event.commit[:12]),
        ("release", release),
    ):
        if plain.one_line(value):
            parts.append(f"{name} {plain.code_span(value, 60)}")
    return plain.clip(" · ".join(parts), MAX_CONTEXT)


def _people(detail: AlertDetail, now: datetime) -> str:
    alert = detail.alert
    lines = []
    if alert.state is not AlertState.OPEN:
        mark, word = STATE_WORDS[alert.state]
        by = f" by **{plain.label(alert.state_changed_by, 60)}**" if alert.state_changed_by else ""
        lines.append(f"{mark} {word}{by} {times.relative(alert.state_changed_at)}")
    if alert.silenced_until is not None and alert.is_silenced(now):
        until = f"{times.clock_time(alert.silenced_until)} ({times.relative(alert.silenced_until)})"
        lines.append(f"🔕 Silenced until {until} by **{plain.label(alert.silenced_by, 60)}**")
    others = [record for record in detail.acts if not _is_told(record, alert, now)]
    lines.extend(f"-# {act_line(record)}" for record in others[-MAX_ACTS:])
    return plain.clip("\n".join(lines), MAX_PEOPLE)


def _is_told(record: ActRecord, alert: Alert, now: datetime) -> bool:
    """Whether the lines for the present state and silence already say it."""
    if record.act is Act.SILENCE:
        return alert.is_silenced(now) and record.person_name == alert.silenced_by
    return record.at == alert.state_changed_at and alert.state is not AlertState.OPEN


def _links(detail: AlertDetail) -> str:
    shipped = (
        plain.link(f"{shipment_name(item)} ({item.state})", item.url) for item in detail.shipments
    )
    sent = (plain.link(entry.title, entry.url) for entry in detail.event.links)
    text = ""
    for entry in (*shipped, *sent):
        longer = f"{text} · {entry}" if text else entry
        if entry and longer and plain.units(longer) <= MAX_LINKS:
            text = longer
    return text


def _is_cut(message: str, where: str) -> bool:
    """Whether the event says more than the card can."""
    shown = ((message, MAX_MESSAGE), (where, MAX_WHERE))
    return any(plain.ELLIPSIS in plain.code_block(text, limit)[-5:] for text, limit in shown)


def _footer(detail: AlertDetail, is_cut: bool) -> str:
    more = " · press Details for the rest" if is_cut else ""
    if detail.alert.drill:
        return f"{detail.alert.short_id} · drill #{detail.alert.drill}: none of this is real{more}"
    return (
        f"{detail.alert.short_id} · via {plain.clip(plain.one_line(detail.event.source), 40)}{more}"
    )
