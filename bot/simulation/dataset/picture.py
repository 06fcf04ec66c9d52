"""The picture of a data set, as SVG that any browser shows in light and in dark."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from bot.simulation.dataset.configuration import SOURCES
from bot.simulation.dataset.folder import DataSet
from bot.simulation.dataset.message_figures import Figures
from bot.simulation.dataset.traffic import HOUR, minute_of, moment_of
from bot.simulation.dataset.truth import moment

_WIDTH, _LEFT, _RIGHT = 1000, 70, 20
_COLOURS = {
    "kubernetes": "#3b7dd8",
    "sentry": "#8a4fd3",
    "cloudwatch": "#e07b1a",
    "grafana": "#2f9e6e",
}
_GRADES = {"warning": "#d9a400", "error": "#e07b1a", "critical": "#d23f3f"}
_STYLE = (
    "<style>svg{background:#fff;color:#222;font:13px system-ui,sans-serif}"
    "@media(prefers-color-scheme:dark){svg{background:#16181d;color:#ddd}}"
    "text{fill:currentColor}.axis{stroke:currentColor;opacity:.35}.faint{opacity:.65}</style>"
)


def draw(
    dataset: DataSet,
    incidents: Sequence[Mapping[str, Any]],
    ours: Sequence[Figures],
    real: Sequence[Figures],
) -> str:
    """Entries an hour, incidents in time, and how often each template is said."""
    parts = [*_volumes(dataset, 40, 180), *_timeline(dataset, incidents, 290, 180)]
    parts += _ranks(ours, real, 540, 240)
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} 830" role="img" '
        f'aria-label="Entries, incidents and message templates of a data set">'
        f"{_STYLE}\n{body}\n</svg>\n"
    )


def _title(text: str, y: float) -> str:
    return f'<text x="{_LEFT}" y="{y - 14}" font-weight="600">{escape(text)}</text>'


def _line(points: Sequence[tuple[float, float]], colour: str, width: float = 2) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _axis(y: float, height: float) -> str:
    return f'<path class="axis" fill="none" d="M{_LEFT} {y}V{y + height}H{_WIDTH - _RIGHT}"/>'


def _volumes(dataset: DataSet, y: float, height: float) -> Iterator[str]:
    counts: dict[str, dict[int, int]] = {source: {} for source in SOURCES}
    for file in dataset.files:
        source, hour = dataset.place_of(file)
        counts[source][hour] = int(file["entries"])
    most = max((count for hours in counts.values() for count in hours.values()), default=1)
    yield _title("Entries per hour", y)
    yield _axis(y, height)
    yield f'<text x="{_LEFT - 8}" y="{y + 10}" text-anchor="end">{most:,}</text>'
    for place, (source, hours) in enumerate(counts.items()):
        points = [
            (_x(dataset, (hour + 0.5) * HOUR), y + height - count / most * height)
            for hour, count in sorted(hours.items())
        ]
        yield _line(points, _COLOURS[source])
        x = _LEFT + 190 + place * 130
        yield f'<rect x="{x}" y="{y - 24}" width="12" height="12" fill="{_COLOURS[source]}"/>'
        yield f'<text x="{x + 18}" y="{y - 14}">{source}</text>'
    yield from _clock(dataset, y + height + 18)


def _clock(dataset: DataSet, y: float) -> Iterator[str]:
    span = dataset.end - dataset.start
    step = next(
        step for step in (10, 60, 180, 1440, 1440 * 7, 1440 * 28, 1440 * 365) if span / step <= 13
    )
    for minute in range(-(-dataset.start // step) * step, dataset.end + 1, step):
        text = _when(minute, step)
        x = _x(dataset, minute)
        yield f'<text class="faint" x="{x:.1f}" y="{y}" text-anchor="middle">{text}</text>'


def _when(minute: int, step: int) -> str:
    return moment_of(minute).strftime("%H:%M" if step < 1440 else "%d %b")


def _x(dataset: DataSet, minute: float) -> float:
    share = (minute - dataset.start) / max(1, dataset.end - dataset.start)
    return _LEFT + min(1.0, max(0.0, share)) * (_WIDTH - _LEFT - _RIGHT)


def _timeline(
    dataset: DataSet, incidents: Sequence[Mapping[str, Any]], y: float, height: float
) -> Iterator[str]:
    """Every incident as a bar on the line of its root's service."""
    yield _title(f"{len(incidents)} incidents, by the service of their root cause", y)
    names = sorted({incident["root_cause"]["service"] for incident in incidents})
    row = min(16.0, (height + 20) / max(1, len(names)))
    for place, name in enumerate(names):
        line = y + place * row
        size = min(12.0, row)
        yield (
            f'<text x="{_LEFT - 6}" y="{line + row * 0.75:.1f}" text-anchor="end" '
            f'font-size="{size * 0.8:.1f}">{escape(name[:11])}</text>'
        )
        for incident in incidents:
            if incident["root_cause"]["service"] != name:
                continue
            begin, end = (
                _x(dataset, minute_of(moment(incident["window"][key]))) for key in ("start", "end")
            )
            told = f"{incident['id']}: {incident['title']} ({incident['severity']})"
            yield (
                f'<rect x="{begin:.1f}" y="{line + 1:.1f}" width="{max(2.0, end - begin):.1f}" '
                f'height="{row - 3:.1f}" rx="2" fill="{_GRADES[incident["severity"]]}">'
                f"<title>{escape(told)}</title></rect>"
            )


def _ranks(
    ours: Sequence[Figures], real: Sequence[Figures], y: float, height: float
) -> Iterator[str]:
    """Rank against share, both logarithmic: how often the most frequent templates are said."""
    what = "made (blue) and real (grey)" if real else "made"
    yield _title(f"Message templates by rank, {what}; both axes logarithmic", y)
    yield _axis(y, height)
    most = max((len(row.ranked) for row in [*ours, *real]), default=2)
    for rows, colour, width in ((real, "#999999", 1.2), (ours, _COLOURS["kubernetes"], 1.6)):
        for row in rows:
            points = [
                (
                    _LEFT + math.log(rank) / math.log(max(2, most)) * (_WIDTH - _LEFT - _RIGHT),
                    y - math.log10(share) / 4 * height,
                )
                for rank, share in enumerate(row.ranked, 1)
            ]
            yield f"<g><title>{escape(row.name)}</title>{_line(points, colour, width)}</g>"
    for power in range(4):
        line = y + power / 4 * height + 4
        x = _LEFT - 8
        yield (
            f'<text class="faint" x="{x}" y="{line:.0f}" text-anchor="end">{10.0**-power:g}</text>'
        )
