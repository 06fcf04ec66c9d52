"""Small data sets that several tests share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.simulation.dataset.configuration import DEFAULT_PATH
from bot.simulation.dataset.generation import executor_of, generate
from bot.simulation.dataset.hour import Job
from bot.simulation.dataset.traffic import minute_of
from bot.simulation.dataset.truth import moment

START = minute_of(moment("2026-01-07T08:00:00+00:00"))
COMPANY = DEFAULT_PATH.read_text(encoding="utf-8")


def job_in(
    root: Path,
    *,
    hours: float = 2,
    start: int = START,
    rate: float = 150,
    incidents: int | None = None,
    seed: int = 7,
    format: str = "jsonl.gz",
    compressor: str = "zlib-4",
) -> Job:
    return Job(
        text=COMPANY,
        seed=seed,
        start=start,
        end=start + round(hours * 60),
        entries_per_minute=rate,
        incidents=incidents,
        format=format,
        compressor=compressor,
        root=str(root),
    )


def made(job: Job, workers: int = 1) -> Path:
    with executor_of(workers) as executor:
        assert generate(job, executor, workers=workers, told=lambda *_: None)
    return Path(job.root)


def elsewhere(job: Job, root: Path) -> Job:
    return replace(job, root=str(root))


def bytes_of(root: Path) -> dict[str, bytes]:
    """Every file of a data set, whole."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
