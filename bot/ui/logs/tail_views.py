"""What a tail looks like: one message that keeps showing the newest lines, and its end.

custom_id: `jinkies:tail:<act>:<tail>`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import discord
from discord import ui

from bot.analysis.logs.query import LogLine
from bot.analysis.logs.question import Question
from bot.ui import plain, times
from bot.ui.logs.lines import Look, block, entries, entry_text
from bot.ui.logs.views import button, layout, name_of

TAIL_BUTTON = re.compile(r"jinkies:tail:(?P<act>[a-z]+):(?P<tail>\d{1,15})")
NOTE_UNITS = 300
TAIL_UNITS = 1_900  # of the lines: what moves should not fill the screen


@dataclass(frozen=True, slots=True, kw_only=True)
class TailState:
    """What is told above the lines.

    Attributes:
        number: the question's; `tail` the tail's own.
        count: how many lines have come in all.
        held: how many came since it was paused; None while it is not.
        notes: what is not as it should be.
    """

    number: int
    tail: int
    question: Question
    by: str
    began_at: datetime
    ends_at: datetime
    count: int = 0
    held: int | None = None
    notes: Sequence[str] = ()


def tail_view(state: TailState, body: str) -> ui.LayoutView:
    """A tail that runs; `body` is a code block, or words while there are no lines."""
    is_paused = state.held is not None
    second = [
        f"following since {times.clock_time(state.began_at)}",
        _lines(state.count),
        f"ends {times.relative(state.ends_at)}",
        f"by {plain.label(state.by, 60)}",
    ]
    if is_paused:
        second.insert(0, f"⏸️ paused, {_lines(state.held or 0)} waiting")
    turn = (
        _button("Resume", "resume", state, "▶️")
        if is_paused
        else _button("Pause", "pause", state, "⏸️")
    )
    return layout(
        ui.TextDisplay(_head("📡", state.question, second, state.notes)),
        ui.TextDisplay(body),
        ui.ActionRow(
            turn,
            _button("Stop", "stop", state, "⏹️", discord.ButtonStyle.danger),
            button("Download", "download", state.number, mark="💾"),
        ),
    )


def ended_view(state: TailState, why: str, body: str, *, number: int) -> ui.LayoutView:
    """A tail that is over; `number` asks for all lines that it may have shown."""
    second = [
        f"followed from {times.clock_time(state.began_at)}",
        _lines(state.count) if state.count else "",
        f"by {plain.label(state.by, 60)}",
    ]
    parts: list[ui.Item[Any]] = [
        ui.TextDisplay(_head("⏹️", state.question, second, (f"**Ended:** {why}",)))
    ]
    if body:
        parts.append(ui.TextDisplay(body))
    parts.append(
        ui.ActionRow(
            button("Follow again", "follow", state.number, mark="📡"),
            button("Open", "open", number, mark="🔎"),
            button("Download", "download", number, mark="💾"),
        )
    )
    return layout(*parts)


def newest_block(
    lines: Sequence[LogLine], look: Look, fresh: int, limit: int = TAIL_UNITS
) -> tuple[str, int]:
    """The newest lines that fit, in a code block, and how many of the `fresh` ones are not shown.

    Args:
        fresh: so many of the last lines have not been shown before.
    """
    texts = [(entry_text(each, look), each.lines) for each in entries(lines)]
    left, kept, shown = limit - 100, list[str](), 0
    for text, count in reversed(texts):
        left -= plain.units(text) + 1
        if left < 0 and kept:
            break
        kept.append(text)
        shown += count
    hidden = max(0, fresh - shown)
    if hidden:
        kept.append(
            f"\x1b[30m… {hidden:,} more line{'s' if hidden > 1 else ''}: Download has them\x1b[0m"
        )
    return block(kept[::-1], limit)[0], hidden


def _head(mark: str, question: Question, second: Sequence[str], notes: Sequence[str]) -> str:
    what = f" · {plain.code_span(question.words(), 200)}" if question.words() else ""
    told = [f"{mark} {name_of(question)}{what}", f"-# {' · '.join(filter(None, second))}"]
    told += [plain.clip(note, NOTE_UNITS) for note in notes]
    return "\n".join(told)


def _lines(count: int) -> str:
    return f"{count:,} line{'' if count == 1 else 's'}"


def _button(
    label: str,
    act: str,
    state: TailState,
    mark: str,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
) -> ui.Button[Any]:
    return ui.Button(
        label=label, custom_id=f"jinkies:tail:{act}:{state.tail}", emoji=mark, style=style
    )
