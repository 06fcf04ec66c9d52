"""What the pictures of drills have in common: a dark sheet, its colours, and text that fits."""

from __future__ import annotations

import io
from bisect import bisect_right
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from bot.simulation.drill.scoring import Aim

_LONGEST = 300  # characters
SCALE = 2  # drawn so much larger than it is meant to be seen, for sharp screens
BACK = "#1e1f22"
PANEL = "#2b2d31"
FAINT_LINE = "#3f4147"
TEXT = "#f2f3f5"
FAINT = "#a3a6ad"
YELLOW = "#fee75c"
COLOURS = {
    Aim.ACKNOWLEDGE: "#a57ee0",
    Aim.SERVICE: "#5aa9ff",
    Aim.LINE: "#35c9c0",
    Aim.RESOLVE: "#4fc477",
    Aim.NOISE: "#c9a26a",
}


class Sheet:
    """A picture in the making; all measures are those it is seen at."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._image = Image.new("RGB", (width * SCALE, height * SCALE), BACK)
        self._draw = ImageDraw.Draw(self._image)

    def box(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        """A panel with round corners."""
        radius = min(10, width / 2, height / 2) * SCALE
        self._draw.rounded_rectangle(_scaled(x, y, x + width, y + height), radius, fill=fill)

    def line(self, points: list[tuple[float, float]], colour: str, width: float = 1) -> None:
        """Straight from point to point."""
        flat = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw.line(flat, fill=colour, width=round(width * SCALE), joint="curve")

    def dot(self, x: float, y: float, radius: float, fill: str, ring: str = "") -> None:
        """A circle, perhaps with a ring around it."""
        area = _scaled(x - radius, y - radius, x + radius, y + radius)
        self._draw.ellipse(area, fill=fill, outline=ring or None, width=2 * SCALE if ring else 0)

    def diamond(self, x: float, y: float, radius: float, fill: str) -> None:
        """A square on its corner."""
        corners = [(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)]
        self._draw.polygon([(left * SCALE, top * SCALE) for left, top in corners], fill=fill)

    def cross(self, x: float, y: float, radius: float, colour: str) -> None:
        """An x."""
        for slope in (1, -1):
            ends = [(x - radius, y - slope * radius), (x + radius, y + slope * radius)]
            self.line(ends, colour, 2.5)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: int = 14,
        fill: str = TEXT,
        *,
        anchor: str = "lm",
        bold: bool = False,
    ) -> None:
        """Words at a point; `anchor` as Pillow's: left, middle or right, and top, middle, base."""
        self._draw.text(
            (x * SCALE, y * SCALE),
            words,
            font=_font(size),
            fill=fill,
            anchor=anchor,
            stroke_width=0.6 * SCALE if bold else 0,
            stroke_fill=fill,
        )

    def fitted(self, words: str, size: int, width: float) -> str:
        """The words, cut to a width."""
        words = words[:_LONGEST]  # measuring takes time, and no sheet is that wide
        if self.width_of(words, size) <= width:
            return words
        room = range(len(words))
        kept = bisect_right(room, width, key=lambda end: self.width_of(f"{words[:end]}…", size))
        return words[: max(0, kept - 1)].rstrip() + "…"

    def width_of(self, words: str, size: int) -> float:
        """How wide words are."""
        return _font(size).getlength(words) / SCALE

    def png(self) -> bytes:
        """The picture as a file."""
        data = io.BytesIO()
        self._image.save(data, "PNG", optimize=True)
        return data.getvalue()


def _scaled(*measures: float) -> tuple[float, float, float, float]:
    left, top, right, bottom = (measure * SCALE for measure in measures)
    return left, top, right, bottom


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size * SCALE)  # Aileron, which Pillow brings along
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    return font
