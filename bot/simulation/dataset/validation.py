"""A whole data set checked: files against the manifest, lines, pods, curve, effects, truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.simulation.dataset.checking import Facts, check_file
from bot.simulation.dataset.claims import Claim, Truth
from bot.simulation.dataset.configuration import SOURCES
from bot.simulation.dataset.distinct import Distinct
from bot.simulation.dataset.effects import Effects
from bot.simulation.dataset.files import DatasetError
from bot.simulation.dataset.folder import DataSet
from bot.simulation.dataset.generation import MANIFEST, follow_parent
from bot.simulation.dataset.traffic import HOUR, Traffic

_WIDE = (0.4, 2.6)  # an hour's requests against the curve: bursts and spikes lie between


@dataclass(slots=True)
class Verdict:
    """What `validate` found. Empty `violations` mean a sound set."""

    entries: dict[str, int]
    incidents: int
    violations: list[str] = field(default_factory=list)
    untold: int = 0


def validate(root: Path, *, workers: int = 1, told: Callable[[int, int], None]) -> Verdict:
    """Check everything. `told` hears files done and files in all. Raises `DatasetError`."""
    dataset = DataSet(root)
    truth = Truth(dataset.truths())
    verdict = Verdict(dict.fromkeys(SOURCES, 0), len(truth.spans))
    if not dataset.manifest.get("complete"):
        verdict.violations.append(f"{MANIFEST}:1: the set is not complete; make it again to go on")
    verdict.violations += _files_off_the_list(dataset)
    verdict.violations += truth.violations
    verdict.untold += truth.untold
    effects = Effects(truth.spans)
    pods: dict[str, tuple[str, str, str]] = {}
    hours: dict[int, int] = {}
    with Distinct(sum(file["entries"] for file in dataset.files) // 3) as distinct:
        for place, (file, facts) in enumerate(_read_all(dataset, truth, workers)):
            told(place + 1, len(dataset.files))
            source, hour = dataset.place_of(file)
            verdict.entries[source] += facts.entries
            verdict.violations += facts.violations
            verdict.untold += facts.untold
            verdict.violations += _against_the_list(file, facts)
            verdict.violations += _against_others(facts, pods)
            distinct.add(facts.path, facts.natural_ids)
            effects.add(source, facts.effects)
            if source == "kubernetes":
                hours[hour] = facts.requests
        for path, count in distinct.twice():
            verdict.violations.append(f"{path}:1: {count} ids of the source's own are there twice")
    if dataset.manifest.get("complete"):
        verdict.violations += _curve(dataset, hours)
        verdict.violations += effects.missing()
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


def _read_all(
    dataset: DataSet, truth: Truth, workers: int
) -> Iterator[tuple[Mapping[str, Any], Facts]]:
    """Every file of the manifest, in order of time; few at a time, so that memory stays flat."""

    def task(file: Mapping[str, Any]) -> tuple[Path, str, str, int, list[Claim]]:
        source, hour = dataset.place_of(file)
        return dataset.root, str(file["path"]), source, hour, truth.claims(source, hour)

    files = sorted(dataset.files, key=lambda file: dataset.place_of(file)[1])
    if workers == 1:
        for file in files:
            yield file, check_file(*task(file))
        return
    step = workers * 4
    with ProcessPoolExecutor(workers, initializer=follow_parent) as pool:
        try:
            for begin in range(0, len(files), step):
                some = files[begin : begin + step]
                waiting = [pool.submit(check_file, *task(file)) for file in some]
                for file, future in zip(some, waiting, strict=True):
                    yield file, future.result()
        except BrokenExecutor:
            raise DatasetError(
                "a process that read a file was ended from outside (out of memory?); try again "
                "with fewer --workers"
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _against_the_list(file: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    if facts.entries != file["entries"]:
        yield (
            f"{facts.path}:{max(1, facts.entries)}: {facts.entries} entries, "
            f"the manifest says {file['entries']}"
        )
    elif f"{facts.crc32:08x}" != file["crc32"]:
        yield f"{facts.path}:1: the checksum of its lines is not the manifest's"


def _against_others(facts: Facts, pods: dict[str, tuple[str, str, str]]) -> Iterator[str]:
    for name, told in facts.pods.items():
        known = pods.setdefault(name, told)
        if known != told:
            yield f"{facts.path}:1: pod {name} was {known} in an earlier file and is {told}"


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
