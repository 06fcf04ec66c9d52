"""The picture of a scorecard: five tiles, and a timeline of what happened. PNG, pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bot.simulation.drill.drawing import (
    BACK,
    COLOURS,
    FAINT,
    FAINT_LINE,
    PANEL,
    YELLOW,
    Sheet,
)
from bot.simulation.drill.scoring import NAMES, Aim, Beat, Mark, Scorecard, clock

_WIDTH, _EDGE = 760, 24
_RED, _WRONG = "#f0525c", "#ff7a7a"
_LANES = ("Alerts", "Noise", "Actions", "Questions", "Answers")
_LANE_OF = {
    "alert": "Alerts",
    "noise": "Noise",
    "ask": "Questions",
    "service": "Answers",
    "line": "Answers",
}
_COLOUR_OF = {
    "acknowledge": COLOURS[Aim.ACKNOWLEDGE],
    "resolve": COLOURS[Aim.RESOLVE],
    "silence": COLOURS[Aim.NOISE],
    "unsilence": COLOURS[Aim.NOISE],
    "service": COLOURS[Aim.SERVICE],
    "line": COLOURS[Aim.LINE],
    "ask": FAINT,
}
_SHORT = {
    "acknowledge": "acked",
    "resolve": "resolved",
    "silence": "silenced",
    "unsilence": "unsilenced",
    "create_issue": "issue",
    "create_pull_request": "pull request",
}
_MOST_WORDS = 40
_STEPS = (10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


def scorecard_picture(card: Scorecard, number: int, people: Sequence[str]) -> bytes:
    """The PNG of a scorecard of drill `number`."""
    sheet = Sheet(_WIDTH, 560)
    _head(sheet, card, number, people)
    width = (_WIDTH - 2 * _EDGE - 4 * 10) / 5
    for place, mark in enumerate(card.marks):
        _tile(sheet, mark, _EDGE + place * (width + 10), 126, width)
    _timeline(sheet, card, 262)
    told = f"{card.questions} questions · {card.wrong} wrong · {clock(card.length)} played"
    room = _WIDTH - 2 * _EDGE - sheet.width_of(told, 13) - 20
    sheet.text(_EDGE, 538, sheet.fitted(f"It was {card.answer}", 13, room), 13, FAINT)
    sheet.text(_WIDTH - _EDGE, 538, told, 13, FAINT, anchor="rm")
    return sheet.png()


def _head(sheet: Sheet, card: Scorecard, number: int, people: Sequence[str]) -> None:
    sheet.box(0, 0, _WIDTH, 6, YELLOW)
    sheet.box(_EDGE, 34, 92, 24, YELLOW)
    sheet.text(_EDGE + 46, 46, f"DRILL #{number}", 13, BACK, anchor="mm", bold=True)
    title = sheet.fitted(card.title, 20, _WIDTH - 300)
    sheet.text(_EDGE + 106, 46, title, 20, bold=True)
    names = ", ".join(people) or "nobody"
    sheet.text(_EDGE, 88, sheet.fitted(f"{card.scenario} · {names}", 15, _WIDTH - 220), 15, FAINT)
    colour = _colour_of_total(card.total)
    sheet.text(_WIDTH - _EDGE - 50, 56, str(card.total), 50, colour, anchor="rm", bold=True)
    sheet.text(_WIDTH - _EDGE, 68, "/ 100", 16, FAINT, anchor="rm")
    sheet.text(_WIDTH - _EDGE, 98, card.grade, 15, colour, anchor="rm")


def _colour_of_total(total: int) -> str:
    if total >= 75:
        return COLOURS[Aim.RESOLVE]
    return YELLOW if total >= 40 else _RED


def _tile(sheet: Sheet, mark: Mark, x: float, y: float, width: float) -> None:
    colour = COLOURS[mark.aim]
    sheet.box(x, y, width, 112, PANEL)
    sheet.text(x + 12, y + 22, NAMES[mark.aim], 14, FAINT)
    is_met = mark.points > 0
    size = 27 if len(mark.words) <= 6 else 17
    sheet.text(x + 12, y + 54, mark.words, size, colour if is_met else FAINT, bold=is_met)
    sheet.text(x + width - 12, y + 88, f"{mark.points} / {mark.of}", 13, FAINT, anchor="rm")
    sheet.box(x + 12, y + 84, width - 78, 8, FAINT_LINE)
    share = mark.points / mark.of if mark.of else 0
    if share:
        sheet.box(x + 12, y + 84, max(8, (width - 78) * share), 8, colour)


def _timeline(sheet: Sheet, card: Scorecard, top: float) -> None:
    sheet.box(_EDGE, top, _WIDTH - 2 * _EDGE, 250, PANEL)
    left, right = _EDGE + 92, _WIDTH - _EDGE - 24
    length = max(card.length, max((beat.at for beat in card.beats), default=0), 1)
    lanes = {name: top + 34 + place * 40 for place, name in enumerate(_LANES)}
    bottom = top + 216
    step = next((each for each in _STEPS if length / each <= 7), 7200)
    for tick in range(math.floor(length / step) + 1):
        x = left + (right - left) * tick * step / length
        sheet.line([(x, top + 18), (x, bottom)], FAINT_LINE)
        sheet.text(x, bottom + 16, clock(tick * step), 12, FAINT, anchor="mm")
    for name, y in lanes.items():
        sheet.text(_EDGE + 16, y, name, 13, FAINT)
        sheet.line([(left, y), (right, y)], FAINT_LINE)
    for name, y in lanes.items():
        beats = [beat for beat in card.beats if _LANE_OF.get(beat.kind, "Actions") == name]
        spots = [left + (right - left) * max(0, beat.at) / length for beat in beats]
        for beat, x in zip(beats, spots, strict=True):
            _beat(sheet, beat, x, y)
        for x, words, colour, anchor in _words(sheet, beats, spots, right):
            sheet.text(x, y - 15, words, 12, colour, anchor=anchor)


def _beat(sheet: Sheet, beat: Beat, x: float, y: float) -> None:
    if beat.kind == "alert":
        sheet.dot(x, y, 6, _RED, PANEL)
    elif beat.kind == "noise":
        sheet.dot(x, y, 5, FAINT, PANEL)
    elif beat.kind in ("service", "line"):
        if beat.is_right:
            sheet.diamond(x, y, 8, _COLOUR_OF[beat.kind])
        else:
            sheet.cross(x, y, 5, _WRONG)
    else:
        sheet.dot(x, y, 6, _COLOUR_OF.get(beat.kind, YELLOW), PANEL)


def _words(
    sheet: Sheet, beats: Sequence[Beat], spots: Sequence[float], right: float
) -> Iterator[tuple[float, str, str, str]]:
    """What stands above the marks, as far as there is room for it."""
    free = 0.0
    for beat, x in zip(beats, spots, strict=True):
        words = _told(beat)[:_MOST_WORDS]
        width = sheet.width_of(words, 12)
        start = min(x - 6, right + 20 - width)
        if start < free:
            continue
        free = start + width + 10
        wrong = beat.kind in ("service", "line") and not beat.is_right
        yield start, words, _WRONG if wrong else _COLOUR_OF.get(beat.kind, FAINT), "lm"


def _told(beat: Beat) -> str:
    if beat.kind in ("alert", "noise"):
        return beat.words
    if beat.kind == "ask":
        return f"{beat.person} > {beat.words}"
    if beat.kind in ("service", "line"):
        return f"{beat.person}: {beat.words}"
    return f"{beat.person} {_SHORT.get(beat.kind, beat.kind)} {beat.words}"
