"""A finished data set as it lies on disk: its manifest, its configuration, its truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from bot.errors import SettingsError
from bot.simulation.dataset.configuration import SOURCES, Config, read
from bot.simulation.dataset.files import DatasetError, read_json
from bot.simulation.dataset.generation import CONFIGURATION, MANIFEST
from bot.simulation.dataset.schemas import faults
from bot.simulation.dataset.traffic import HOUR, minute_of
from bot.simulation.dataset.truth import moment

_TOLD = 3
"""Mistakes that are told of one file that cannot be used."""


class DataSet:
    """The manifest and the truth of a data set; raises `DatasetError` where there is none."""

    def __init__(self, root: Path) -> None:
        self.root = root
        if not (root / MANIFEST).is_file():
            raise DatasetError(f"{root} is no data set: it has no {MANIFEST}")
        self.manifest = _judged(root / MANIFEST, "manifest")
        try:
            self.seed = int(self.manifest["job"]["seed"])
            self.start = minute_of(moment(self.manifest["job"]["start"]))
            self.end = minute_of(moment(self.manifest["job"]["end"]))
            self.files: list[Mapping[str, Any]] = list(self.manifest["files"])
            for file in self.files:
                self.place_of(file)
        except (ValueError, TypeError) as error:
            raise DatasetError(f"{root / MANIFEST}: {error}") from None

    def config(self) -> Config:
        """The configuration it was made from; raises `DatasetError`."""
        path = self.root / CONFIGURATION
        try:
            return read(path.read_text(encoding="utf-8"), CONFIGURATION)
        except (OSError, SettingsError) as error:
            raise DatasetError(f"{path}: {error}") from None

    def truths(self) -> list[Path]:
        """The files of the truth, one for each day, in order."""
        return sorted((self.root / "correlation").glob("incidents_*.json"))

    def incidents(self) -> Iterator[Mapping[str, Any]]:
        """The truth, incident by incident; raises `DatasetError` where it has another shape."""
        for path in self.truths():
            yield from _judged(path, "incidents")["incidents"]

    @staticmethod
    def place_of(file: Mapping[str, Any]) -> tuple[str, int]:
        """The source and the hour (counted from 1970) of a file of the manifest."""
        source, _, name = str(file["path"]).partition("/")
        if source not in SOURCES:
            raise ValueError(f"{file['path']!r} is of no source")
        return source, minute_of(moment(f"{name.partition('.')[0]}:00+00:00")) // HOUR


def _judged(path: Path, schema: str) -> Mapping[str, Any]:
    value = read_json(path)
    wrong = list(islice(faults(schema, value), _TOLD))
    if wrong:
        raise DatasetError(f"{path}: {'; '.join(wrong)}")
    return value
