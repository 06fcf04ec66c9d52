"""The picture of progress: how the drills went, oldest to newest. PNG, pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.simulation.drill.drawing import COLOURS, FAINT, FAINT_LINE, PANEL, YELLOW, Sheet
from bot.simulation.drill.scoring import NAMES, Aim, Scorecard, clock

_WIDTH, _EDGE = 760, 24
_TIMED = (Aim.ACKNOWLEDGE, Aim.SERVICE, Aim.LINE, Aim.RESOLVE)
_MOST = 16


@dataclass(frozen=True, slots=True)
class Past:
    """A drill that was scored."""

    number: int
    day: str
    card: Scorecard


def progress_picture(past: Sequence[Past], whose: str) -> bytes:
    """The newest sixteen drills, the oldest of them first: totals as bars, times as lines."""
    past = past[-_MOST:]
    sheet = Sheet(_WIDTH, 470)
    sheet.box(0, 0, _WIDTH, 6, YELLOW)
    title = sheet.fitted(f"Drills of {whose}", 22, 520)
    sheet.text(_EDGE, 44, title, 22, bold=True)
    best = max((each.card.total for each in past), default=0)
    sheet.text(_WIDTH - _EDGE, 44, f"best {best} / 100", 16, FAINT, anchor="rm")
    _totals(sheet, past, 76)
    width = (_WIDTH - 2 * _EDGE - 3 * 10) / 4
    for place, aim in enumerate(_TIMED):
        _times(sheet, past, aim, _EDGE + place * (width + 10), 322, width)
    return sheet.png()


def _totals(sheet: Sheet, past: Sequence[Past], top: float) -> None:
    sheet.box(_EDGE, top, _WIDTH - 2 * _EDGE, 230, PANEL)
    left, right, floor, height = _EDGE + 56, _WIDTH - _EDGE - 20, top + 186, 150
    for share in (0, 50, 100):
        y = floor - height * share / 100
        sheet.line([(left, y), (right, y)], FAINT_LINE)
        sheet.text(left - 12, y, str(share), 12, FAINT, anchor="rm")
    room = (right - left) / max(len(past), 6)
    for place, each in enumerate(past):
        x, bar = left + (place + 0.5) * room, min(46.0, room * 0.6)
        tall = max(3.0, height * each.card.total / 100)
        sheet.box(x - bar / 2, floor - tall, bar, tall, _colour(each.card.total))
        sheet.text(x, floor - tall - 12, str(each.card.total), 14, anchor="mm", bold=True)
        sheet.text(x, floor + 14, f"#{each.number}", 12, FAINT, anchor="mm")
        sheet.text(x, floor + 30, each.day, 11, FAINT, anchor="mm")


def _colour(total: int) -> str:
    if total >= 75:
        return COLOURS[Aim.RESOLVE]
    return YELLOW if total >= 40 else "#f0525c"


def _times(sheet: Sheet, past: Sequence[Past], aim: Aim, x: float, y: float, width: float) -> None:
    """How long one aim took, from drill to drill; a gap where it was not reached."""
    sheet.box(x, y, width, 116, PANEL)
    sheet.text(x + 14, y + 20, NAMES[aim], 13, FAINT)
    seconds = [
        next((mark.seconds for mark in each.card.marks if mark.aim is aim), None) for each in past
    ]
    known = [each for each in seconds if each is not None]
    told = clock(known[-1]) if known else "never"
    sheet.text(x + width - 14, y + 20, told, 14, COLOURS[aim], anchor="rm", bold=True)
    most = max(known, default=1) or 1
    step = (width - 36) / max(len(past) - 1, 1)
    spots = [
        (x + 18 + place * step, y + 98 - 52 * each / most)
        for place, each in enumerate(seconds)
        if each is not None
    ]
    if len(spots) > 1:
        sheet.line(spots, COLOURS[aim], 2)
    for spot_x, spot_y in spots:
        sheet.dot(spot_x, spot_y, 4, COLOURS[aim], PANEL)
