"""What the messages about logs look like: Components V2, since a code block in plain text is as
wide as the window, and an embed's is not.

custom_id: `jinkies:log:<act>:<question>:<page>:<mode>`, so every button works after a restart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

import discord
from discord import ui

from bot.analysis.logs.insights import console_link, insights_query
from bot.analysis.logs.query import LogLine
from bot.analysis.logs.question import Question
from bot.services.logs.store import Progress
from bot.ui import plain
from bot.ui.logs.pages import Mode, Pages, choice_label

LOG_BUTTON = re.compile(
    r"jinkies:log:(?P<act>[a-z]+):(?P<number>\d{1,15}):(?P<page>\d{1,6}):(?P<mode>[a-z])"
)
LOG_LINES = re.compile(r"jinkies:log-line:(?P<number>\d{1,15}):(?P<page>\d{1,6})")
MOST_TEXT = 4_000  # units of all texts of a message
MAX_CHOICES = 25
LONG = 5.0  # seconds of reading, after which Insights is offered
_HEAD, _FOOT = 420, 500
_GREY = discord.ButtonStyle.secondary


def layout(*parts: ui.Item[Any]) -> ui.LayoutView:
    """A message that discord.py need not remember: `presses` answers by custom_id."""
    built = ui.LayoutView(timeout=None)
    for part in parts:
        built.add_item(part)
    built.stop()
    return built


def notice(text: str, *buttons: ui.Button[Any]) -> ui.LayoutView:
    """A few words, and what can be done now."""
    said: ui.TextDisplay[Any] = ui.TextDisplay(plain.clip(text, MOST_TEXT))
    return layout(said, ui.ActionRow(*buttons)) if buttons else layout(said)


def button(
    label: str,
    act: str,
    number: int,
    *,
    page: int = 1,
    mode: str = Mode.LINES,
    mark: str | None = None,
    style: discord.ButtonStyle = _GREY,
    disabled: bool = False,
) -> ui.Button[Any]:
    """A button that `presses` answers."""
    return ui.Button(
        label=label,
        custom_id=f"jinkies:log:{act}:{number}:{page}:{mode}",
        emoji=mark,
        style=style,
        disabled=disabled,
    )


def page_view(pages: Pages, number: int, page: int, mode: Mode) -> ui.LayoutView:
    """One page of an answer, for the person who asked."""
    page = min(max(page, 1), pages.count(mode))
    parts: list[ui.Item[Any]] = list(_texts(pages, page, mode))
    if (turning := _turning(pages, number, page, mode)) is not None:
        parts.append(turning)
    is_live = pages.found.question.centre is None and not pages.found.question.kept
    if mode is Mode.LINES and is_live and pages.size:
        parts.append(_choosing(pages, number, page))
    parts.append(_acting(pages, number, page, mode))
    if (more := _leading(pages, number)) is not None:
        parts.append(more)
    return layout(*parts)


def shared_view(pages: Pages, number: int, page: int, mode: Mode, by: str) -> ui.LayoutView:
    """One page of an answer, for everybody in the channel."""
    page = min(max(page, 1), pages.count(mode))
    parts: list[ui.Item[Any]] = list(_texts(pages, page, mode, by=by))
    parts.append(
        ui.ActionRow(
            button("Open", "open", number, page=page, mode=mode, mark="🔎"),
            button("Download", "download", number, mark="💾"),
        )
    )
    return layout(*parts)


def reading_view(
    number: int, question: Question, progress: Progress, seconds: float
) -> ui.LayoutView:
    """How far a read has come, with a button to give it up; if it takes long, Insights too."""
    buttons = [button("Cancel", "cancel", number, mark="✖️")]
    if seconds >= LONG and is_cloudwatch(question) and not question.insights:
        buttons.append(button("Ask Insights", "insights", number, mark="🔬"))
    told = f"⏳ Reading {name_of(question)}: {progress_words(progress, seconds)}"
    return notice(told, *buttons)


def progress_words(progress: Progress, seconds: float) -> str:
    """`45 % · 120,000 lines looked at, 312 found · 40 calls · 12 s`."""
    told = [f"{progress.fraction:.0%}"] if progress.fraction else []
    told.append(f"{progress.scanned:,} lines looked at, {progress.matched:,} found")
    if progress.calls:
        told.append(f"{progress.calls:,} calls")
    if progress.throttled:
        told.append(f"asked to slow down {progress.throttled:,}×, nothing is lost")
    return " · ".join([*told, f"{seconds:.0f} s"])


def name_of(question: Question) -> str:
    """What was asked about, in bold."""
    name = question.name or ", ".join(question.groups)
    return f"**{plain.label(name, 80)}**"


def _texts(pages: Pages, page: int, mode: Mode, *, by: str = "") -> tuple[ui.TextDisplay[Any], ...]:
    head, foot = _head(pages, mode, by), _foot(pages, page, mode)
    body = pages.block(mode, page) if pages.size else "Nothing fits. Widen the window, or ask less."
    texts = [head, pages.chart, body, foot]
    while sum(map(plain.units, texts)) > MOST_TEXT and texts[1]:
        texts[1] = ""  # the lines come first
    return tuple(ui.TextDisplay(text) for text in texts if text)


def _head(pages: Pages, mode: Mode, by: str) -> str:
    question = pages.found.question
    what = plain.code_span(question.words(), 200) if question.words() else ""
    line = " · ".join(part for part in (f"🔎 {name_of(question)}", what) if part)
    if question.centre is not None:
        line = f"🔎 {name_of(question)} · around the line marked ▶"
    groups = "" if question.groups == (question.name,) else _groups(question)
    second = " · ".join(
        part
        for part in (_count(pages, mode), _window(pages), groups, by and f"shared by {by}")
        if part
    )
    return f"{plain.clip(line, _HEAD // 2)}\n-# {plain.clip(second, _HEAD // 2)}"


def _count(pages: Pages, mode: Mode) -> str:
    question, progress = pages.found.question, pages.found.progress
    count = f"{pages.size:,} line{'' if pages.size == 1 else 's'}"
    if progress.more:
        count = (
            f"showing {pages.size:,} of at least {max(progress.matched, pages.size + 1):,} lines"
        )
    if mode is Mode.SHAPES:
        count += f" in {pages.shapes:,} shape{'' if pages.shapes == 1 else 's'}"
    elif pages.size > 1 and question.centre is None:
        count += ", newest first" if question.newest_first else ", oldest first"
    return count


def _window(pages: Pages) -> str:
    question, zone = pages.found.question, pages.zone
    if question.end is None or question.centre is not None:
        return f"times in {zone}"
    start, end = (
        datetime.fromtimestamp(each / 1000, UTC).astimezone(zone)
        for each in (question.start, question.end)
    )
    last = f"{end:%H:%M:%S}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M:%S}"
    return f"{start:%Y-%m-%d %H:%M:%S} – {last} {zone}"


def _groups(question: Question) -> str:
    shown = [plain.label(group, 60) for group in question.groups[:3]]
    more = len(question.groups) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _foot(pages: Pages, page: int, mode: Mode) -> str:
    progress = pages.found.progress
    told = [f"page {page:,} of {pages.count(mode):,}"] if pages.count(mode) > 1 else []
    if progress.more:
        told.append("there are more: narrow it, or Download")
    if pages.found.note:
        told.append(plain.label(pages.found.note, 300))
    if pages.found.searched_by:
        told.append(f"found by {pages.found.searched_by}")
    if progress.throttled:
        told.append(f"asked to slow down {progress.throttled:,}×, nothing is lost")
    if progress.calls:
        told.append(f"{progress.calls:,} call{'' if progress.calls == 1 else 's'}")
    return plain.clip(f"-# {' · '.join(told)}", _FOOT) if told else ""


def _turning(pages: Pages, number: int, page: int, mode: Mode) -> ui.ActionRow[Any] | None:
    last = pages.count(mode)
    if last == 1:
        return None
    back, on = "◀ Earlier", "Later ▶"
    if mode is Mode.SHAPES:
        back, on = "◀ More frequent", "Rarer ▶"
    elif pages.found.question.newest_first:
        back, on = "◀ Newer", "Older ▶"
    turns = (("⏮", "first", 1), (back, "back", page - 1), (on, "on", page + 1), ("⏭", "last", last))
    return ui.ActionRow(
        *(
            button(
                label, act, number, page=max(to, 1), mode=mode,
                disabled=to == page or not 1 <= to <= last,
            )
            for label, act, to in turns
        )
    )  # fmt: skip


def _choosing(pages: Pages, number: int, page: int) -> ui.ActionRow[Any]:
    """A menu of the page's lines, to see what stands around one."""
    found = {line_value(entry.line): entry for entry in pages.on_page(page)[:MAX_CHOICES]}
    options = [
        discord.SelectOption(label=choice_label(entry, pages.look), value=value)
        for value, entry in found.items()
    ]
    menu: ui.Select[Any] = ui.Select(
        custom_id=f"jinkies:log-line:{number}:{page}",
        placeholder="Show what stands around a line …",
        options=options,
    )
    return ui.ActionRow(menu)


def line_value(line: LogLine) -> str:
    """What tells a line from all others, in at most 100 characters."""
    return f"{crc32(f'{line.group} {line.stream}'.encode()):x}:{line.at}:{line.id}"[:100]


def _acting(pages: Pages, number: int, page: int, mode: Mode) -> ui.ActionRow[Any]:
    """What can be done with the lines."""
    is_lines = mode is Mode.LINES
    other = Mode.SHAPES if is_lines else Mode.LINES
    buttons = [
        button("Share", "share", number, page=page, mode=mode, mark="📣"),
        button("Download", "download", number, mark="💾"),
        button("Attach to alert", "attach", number, mark="📎"),
    ]
    if pages.found.question.centre is None:
        told = f"Collapse to {pages.shapes:,}" if is_lines else "All lines"
        toggle = button(
            told, "mode", number, mode=other, mark="🗜️" if is_lines else "📜",
            disabled=pages.shapes == len(pages.entries) and is_lines,
        )  # fmt: skip
        buttons.insert(0, toggle)
    return ui.ActionRow(*buttons)


def _leading(pages: Pages, number: int) -> ui.ActionRow[Any] | None:
    """How to go on: with what comes next, and with Insights where the groups are CloudWatch's."""
    question = pages.found.question
    if question.centre is not None or question.kept:
        return None
    buttons = [button("Follow", "follow", number, mark="📡")]
    if is_cloudwatch(question):
        buttons.append(button("Insights", "link", number, mark="🔗"))
        if pages.found.progress.more and not question.insights:
            buttons.append(button("Ask Insights", "insights", number, mark="🔬"))
    return ui.ActionRow(*buttons)


def insights_view(question: Question, number: int, region: str) -> ui.LayoutView:
    """The question in Insights' own language, to be copied, asked here, or asked there."""
    # Parentheses would end the link; the console reads `$28` as it reads `(`.
    link = console_link(question.query(), region).replace("(", "$28").replace(")", "$29")
    where = f"[Open it in the console]({link})" if link else "Set AWS_REGION for a link."
    told = plain.code_block(insights_query(question.query()), MOST_TEXT - len(where) - 100)
    return notice(
        f"The same question for CloudWatch Logs Insights. {where}\n{told}",
        button("Ask it here", "insights", number, mark="🔬"),
    )


def is_cloudwatch(question: Question) -> bool:
    """Whether all groups are CloudWatch's."""
    return not any(group.startswith(("file:", "loki:")) for group in question.groups)


def buttons_of(question: Question, number: int, *, is_there: bool) -> Sequence[ui.Button[Any]]:
    """What is offered where an answer did not come; `is_there`: its groups may well exist."""
    again = button("Run again", "again", number, mark="🔁")
    if question.insights or not is_there or not is_cloudwatch(question):
        return (again,)
    return (again, button("Ask Insights", "insights", number, mark="🔬"))
