"""A whole data set checked: files against the manifest, lines, pods, curve, effects, truth."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.errors import SettingsError
from bot.simulation.dataset.checking import MINUTE, Claim, Facts, check_file
from bot.simulation.dataset.configuration import SOURCES, Config, read
from bot.simulation.dataset.files import DatasetError, read_json
from bot.simulation.dataset.generation import CONFIGURATION, MANIFEST
from bot.simulation.dataset.traffic import HOUR, Traffic, minute_of
from bot.simulation.dataset.truth import moment, window_of

_COUNTS = frozenset({"kubernetes", "sentry"})  # measured by how many, not by how high
_TWICE = 1.8
_WIDE = (0.4, 2.6)  # an hour's requests against the curve: bursts and spikes lie between


@dataclass(slots=True)
class Verdict:
    """What `validate` found. Empty `violations` mean a sound set."""

    entries: dict[str, int]
    incidents: int
    violations: list[str] = field(default_factory=list)
    untold: int = 0


class DataSet:
    """The manifest and the truth of a data set; raises `DatasetError` where there is none."""

    def __init__(self, root: Path) -> None:
        self.root = root
        if not (root / MANIFEST).is_file():
            raise DatasetError(f"{root} is no data set: it has no {MANIFEST}")
        self.manifest = read_json(root / MANIFEST)
        self.seed = int(self.manifest["job"]["seed"])
        self.start = minute_of(moment(self.manifest["job"]["start"]))
        self.end = minute_of(moment(self.manifest["job"]["end"]))
        self.files: list[Mapping[str, Any]] = list(self.manifest["files"])

    def config(self) -> Config:
        """The configuration it was made from; raises `DatasetError`."""
        path = self.root / CONFIGURATION
        try:
            return read(path.read_text(encoding="utf-8"), CONFIGURATION)
        except (OSError, SettingsError) as error:
            raise DatasetError(f"{path}: {error}") from None

    def incidents(self) -> Iterator[Mapping[str, Any]]:
        """The truth, incident by incident."""
        for path in sorted((self.root / "correlation").glob("incidents_*.json")):
            yield from read_json(path)["incidents"]

    @staticmethod
    def place_of(file: Mapping[str, Any]) -> tuple[str, int]:
        """The source and the hour (counted from 1970) of a file of the manifest."""
        source, _, name = str(file["path"]).partition("/")
        return source, minute_of(moment(f"{name.partition('.')[0]}:00+00:00")) // HOUR


def validate(root: Path, *, workers: int = 1, told: Callable[[int, int], None]) -> Verdict:
    """Check everything. `told` hears files done and files in all. Raises `DatasetError`."""
    dataset = DataSet(root)
    incidents = list(dataset.incidents())
    verdict = Verdict(dict.fromkeys(SOURCES, 0), len(incidents))
    if not dataset.manifest.get("complete"):
        verdict.violations.append(f"{MANIFEST}:1: the set is not complete; make it again to go on")
    verdict.violations += _files_off_the_list(dataset)
    claims = _claims(incidents)
    effects: dict[str, dict[tuple[str, int], tuple[float, int]]] = {one: {} for one in SOURCES}
    pods: dict[str, tuple[str, str, str]] = {}
    natural: list[tuple[str, array[int]]] = []
    hours: dict[int, int] = {}
    for place, (file, facts) in enumerate(_read_all(dataset, claims, workers)):
        told(place + 1, len(dataset.files))
        source, hour = dataset.place_of(file)
        verdict.entries[source] += facts.entries
        verdict.violations += facts.violations
        verdict.untold += facts.untold
        verdict.violations += _against_the_list(file, facts)
        verdict.violations += _against_others(facts, pods)
        natural.append((facts.path, facts.natural_ids))
        effects[source].update(facts.effects)
        if source == "kubernetes":
            hours[hour] = facts.requests
    verdict.violations += _twice(natural)
    if dataset.manifest.get("complete"):
        verdict.violations += _curve(dataset, hours)
        verdict.violations += _effects(incidents, effects)
    return verdict


def _files_off_the_list(dataset: DataSet) -> Iterator[str]:
    listed = {str(file["path"]) for file in dataset.files}
    for source in SOURCES:
        for path in sorted((dataset.root / source).glob("*")):
            name = f"{source}/{path.name}"
            if name not in listed:
                yield f"{name}:1: the manifest does not know this file"
    for path_name in dataset.manifest.get("truth", {}):
        if not (dataset.root / path_name).is_file():
            yield f"{path_name}:1: the manifest names this file, and it is not there"


def _claims(incidents: list[Mapping[str, Any]]) -> dict[tuple[str, int], list[Claim]]:
    """By source and hour, what the truth says of a file's entries."""
    found: dict[tuple[str, int], list[Claim]] = {}
    for incident in incidents:
        start, end = window_of(incident)
        services = frozenset(one["service"] for one in incident["affected"])
        for source, ids in incident["entries"].items():
            places: dict[int, list[int]] = {}
            for name in ids:
                _, hour, place = name.split("-")
                places.setdefault(int(hour), []).append(int(place))
            for hour, numbers in places.items():
                claim = Claim(
                    incident["id"],
                    services,
                    int(start.timestamp() * 1000),
                    int(end.timestamp() * 1000),
                    numbers,
                )
                found.setdefault((source, hour), []).append(claim)
    return found


def _read_all(
    dataset: DataSet, claims: Mapping[tuple[str, int], list[Claim]], workers: int
) -> Iterator[tuple[Mapping[str, Any], Facts]]:
    """Every file of the manifest, in its order; few at a time, so that memory stays flat."""
    files = dataset.files
    tasks = [
        (dataset.root, str(file["path"]), source, hour, claims.get((source, hour), []))
        for file in files
        for source, hour in (dataset.place_of(file),)
    ]
    if workers == 1:
        for file, task in zip(files, tasks, strict=True):
            yield file, check_file(*task)
        return
    step = workers * 4
    with ProcessPoolExecutor(workers) as pool:
        for begin in range(0, len(tasks), step):
            waiting = [pool.submit(check_file, *task) for task in tasks[begin : begin + step]]
            for file, future in zip(files[begin : begin + step], waiting, strict=True):
                yield file, future.result()


def _against_the_list(file: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    if facts.entries != file["entries"]:
        yield (
            f"{facts.path}:{facts.entries}: {facts.entries} entries, "
            f"the manifest says {file['entries']}"
        )
    elif f"{facts.crc32:08x}" != file["crc32"]:
        yield f"{facts.path}:1: the checksum of its lines is not the manifest's"


def _against_others(facts: Facts, pods: dict[str, tuple[str, str, str]]) -> Iterator[str]:
    for name, told in facts.pods.items():
        known = pods.setdefault(name, told)
        if known != told:
            yield f"{facts.path}:1: pod {name} was {known} in an earlier file and is {told}"


def _twice(natural: list[tuple[str, array[int]]]) -> Iterator[str]:
    """Ids that an earlier file or line has, a sixteenth of them at a time to spare memory."""
    found = dict.fromkeys((path for path, _ in natural), 0)
    for part in range(16):
        known: set[int] = set()
        for path, numbers in natural:
            own = [number for number in numbers if number & 15 == part]
            before = len(known)
            known.update(own)
            found[path] += before + len(own) - len(known)
    for path, count in found.items():
        if count:
            yield f"{path}:1: {count} ids of the source's own are there twice"


def _curve(dataset: DataSet, hours: Mapping[int, int]) -> Iterator[str]:
    """Requests of an hour against those that the curve expects, as shares of the whole."""
    traffic = Traffic(dataset.config().generation, dataset.seed)
    expected = {
        hour: sum(
            traffic.curve(minute)
            for minute in range(
                max(dataset.start, hour * HOUR), min(dataset.end, (hour + 1) * HOUR)
            )
        )
        for hour in hours
    }
    whole, all_expected = sum(hours.values()), sum(expected.values())
    if not whole:
        yield f"{MANIFEST}:1: there are no requests at all"
        return
    for hour, count in hours.items():
        share = count / whole / (expected[hour] / all_expected)
        if count > 200 and not _WIDE[0] <= share <= _WIDE[1]:
            path = f"kubernetes, hour {hour}"
            yield f"{path}:1: {share:.2f} times the requests that the traffic curve expects"


def _effects(
    incidents: list[Mapping[str, Any]],
    effects: Mapping[str, Mapping[tuple[str, int], tuple[float, int]]],
) -> Iterator[str]:
    """Each affected service must stand out in each source while its incident lasts."""
    troubled: dict[str, set[int]] = {}
    spans = {}
    for incident in incidents:
        start, end = window_of(incident)
        first = minute_of(moment(incident["first_errors"]))
        spans[incident["id"]] = (first, minute_of(moment(incident["window"]["end"])))
        for one in incident["affected"]:
            minutes = range(minute_of(start), minute_of(end))
            troubled.setdefault(one["service"], set()).update(minutes)
    for source, measures in effects.items():
        quiet = quiet_level(source, measures, troubled)
        for incident in incidents:
            begin, end_minute = spans[incident["id"]]
            for one in incident["affected"]:
                name = one["service"]
                level = level_of(source, measures, name, range(begin, end_minute))
                if level < max(quiet.get(name, 0.0) * _TWICE, 1e-9):
                    yield (
                        f"correlation:1: {incident['id']} does not show in {source} for {name}: "
                        f"{level:.3f}, and {quiet.get(name, 0.0):.3f} without an incident"
                    )


def quiet_level(
    source: str,
    measures: Mapping[tuple[str, int], tuple[float, int]],
    troubled: Mapping[str, set[int]],
) -> dict[str, float]:
    """The mean of each service's measure in the minutes in which nothing happens to it."""
    every = {minute for _, minute in measures}
    services = {service for service, _ in measures}
    return {
        name: level_of(source, measures, name, every - troubled.get(name, set()))
        for name in services
    }


def level_of(
    source: str,
    measures: Mapping[tuple[str, int], tuple[float, int]],
    service: str,
    minutes: range | set[int],
) -> float:
    """The mean of a measure over some minutes: per minute where it counts, else per sample."""
    found = [measures[service, minute] for minute in minutes if (service, minute) in measures]
    total, count = sum(one[0] for one in found), sum(one[1] for one in found)
    if source in _COUNTS:
        return total / max(1, len(minutes))
    return total / count if count else 0.0


__all__ = ["MINUTE", "DataSet", "Verdict", "level_of", "quiet_level", "validate"]
