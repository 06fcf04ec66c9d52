"""What a data set holds, how it differs from real logs, and a picture of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bot.simulation.dataset.configuration import SOURCES
from bot.simulation.dataset.files import DatasetError, lines_of
from bot.simulation.dataset.folder import DataSet
from bot.simulation.dataset.message_figures import SAMPLE, Figures, Sample, figures_of, read_loghub
from bot.simulation.dataset.picture import draw
from bot.simulation.dataset.shapes import milliseconds

_HEADINGS = (
    "templates", "top share", "template bits", "length", "± length", "char bits", "zlib 9",
    "burstiness",
)  # fmt: skip


@dataclass(slots=True)
class Seen:
    """What a look at the pod logs of one hour gathers."""

    messages: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, list[int]] = field(default_factory=dict)

    def samples(self) -> list[Sample]:
        """One of each service that said enough."""
        return [
            Sample(name, lines, self.seconds[name])
            for name, lines in sorted(self.messages.items())
            if len(lines) >= SAMPLE // 4
        ]


def describe(root: Path, *, against: Path | None, picture: Path) -> Iterator[str]:
    """The lines of a report; writes the picture. Raises `DatasetError`."""
    dataset = DataSet(root)
    incidents = list(dataset.incidents())
    yield from _contents(dataset, incidents)
    ours = [figures_of(sample) for sample in _look(dataset).samples()]
    real = _real(against)
    yield ""
    yield f"Messages of pods, {SAMPLE:,} lines of a service at most, in the busiest hour:"
    if ours:
        yield from _table(ours)
    else:
        yield f"  none: no service wrote {SAMPLE // 4} lines in that hour, too few to judge by"
    if real:
        yield ""
        yield f"Real logs ({against}; see its licence):"
        yield from _table(real)
    if ours and real:
        yield ""
        yield from _differences(ours, real)
    drawn = draw(dataset, incidents, ours, real)
    try:
        picture.write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"{picture} cannot be written: {error.strerror or error}") from None
    yield ""
    yield f"Picture: {picture}"


def _real(against: Path | None) -> list[Figures]:
    if against is None:
        return []
    samples = read_loghub(against) if against.is_dir() else []
    if not samples:
        raise DatasetError(f"{against}: no CSV file with a Content column is there")
    return [figures_of(sample) for sample in samples]


def _contents(dataset: DataSet, incidents: list[Mapping[str, Any]]) -> Iterator[str]:
    job = dataset.manifest["job"]
    state = "complete" if dataset.manifest["complete"] else "NOT COMPLETE"
    yield f"{dataset.root}: {job['start']} to {job['end']}, seed {job['seed']}, {state}"
    for source in SOURCES:
        files = [file for file in dataset.files if str(file["path"]).startswith(f"{source}/")]
        entries = sum(file["entries"] for file in files)
        size, content = (sum(file[key] for file in files) for key in ("bytes", "content_bytes"))
        if entries:
            yield (
                f"  {source:<11}{entries:>10,} entries {size / 1e6:>8.1f} MB, "
                f"{content / entries:>6.0f} bytes each, {content / size:.1f} times compressed"
            )
    types = Counter(incident["type"] for incident in incidents)
    grades = Counter(incident["severity"] for incident in incidents)
    yield f"  {len(incidents)} incidents of {len(types)} types: " + ", ".join(
        f"{count} {grade}" for grade, count in grades.most_common()
    )


def _look(dataset: DataSet) -> Seen:
    """The first lines of every service in the hour with the most entries."""
    seen = Seen()
    files = [file for file in dataset.files if str(file["path"]).startswith("kubernetes/")]
    if not files:
        raise DatasetError(f"{dataset.root}: no kubernetes file is there to look at")
    busiest = max(files, key=lambda file: int(file["entries"]))
    for raw in lines_of(dataset.root / str(busiest["path"])):
        line = orjson.loads(raw)
        if line["@kind"] != "log":
            continue
        name = line["kubernetes"]["labels"]["app"]
        messages = seen.messages.setdefault(name, [])
        if len(messages) < SAMPLE:
            messages.append(line["log"].rstrip("\n"))
            when = milliseconds("kubernetes", line) or 0
            seen.seconds.setdefault(name, []).append(when // 1000)
    return seen


def _table(rows: list[Figures]) -> Iterator[str]:
    yield "  " + f"{'':<16}" + "".join(f"{name:>14}" for name in _HEADINGS)
    for row in rows:
        burst = "unknown" if row.burstiness is None else f"{row.burstiness:.2f}"
        cells = (
            f"{row.templates}", f"{row.top_share:.2f}", f"{row.template_bits:.2f}",
            f"{row.length:.0f}", f"{row.length_deviation:.0f}", f"{row.character_bits:.2f}",
            f"{row.ratio:.1f}", burst,
        )  # fmt: skip
        yield "  " + f"{row.name:<16}" + "".join(f"{cell:>14}" for cell in cells)


def _differences(ours: list[Figures], real: list[Figures]) -> Iterator[str]:
    """Where a simple statistic alone tells made messages from real ones, it is said."""
    measures: dict[str, Callable[[Figures], float | None]] = {
        "templates": lambda row: row.templates,
        "top share": lambda row: row.top_share,
        "template bits": lambda row: row.template_bits,
        "length": lambda row: row.length,
        "char bits": lambda row: row.character_bits,
        "zlib 9": lambda row: row.ratio,
        "burstiness": lambda row: row.burstiness,
    }
    yield "What tells them apart (real: least to most of the systems above):"
    for name, measure in measures.items():
        theirs = sorted(value for row in real if (value := measure(row)) is not None)
        own = sorted(value for row in ours if (value := measure(row)) is not None)
        if not theirs or not own:
            continue
        inside = sum(theirs[0] <= value <= theirs[-1] for value in own)
        verdict = (
            "cannot tell" if inside == len(own) else f"tells {len(own) - inside} of {len(own)}"
        )
        yield (
            f"  {name:<14} ours {own[0]:.2f} to {own[-1]:.2f}, "
            f"real {theirs[0]:.2f} to {theirs[-1]:.2f}: {verdict}"
        )
