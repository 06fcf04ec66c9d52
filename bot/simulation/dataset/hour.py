"""One hour of all four sources: the piece of work that any process can do alone."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, compress
from operator import itemgetter
from pathlib import Path

from bot.simulation.dataset.cloudwatch import CloudWatch
from bot.simulation.dataset.configuration import SOURCES, Config, read
from bot.simulation.dataset.draws import words
from bot.simulation.dataset.entries import THOUSAND, Entry, count_of
from bot.simulation.dataset.files import LineFile, Written, disk_named
from bot.simulation.dataset.fleet import Fleet
from bot.simulation.dataset.grafana import Grafana
from bot.simulation.dataset.kubernetes import Kubernetes
from bot.simulation.dataset.load import LOOK_BACK, Load
from bot.simulation.dataset.parquet import ParquetFile
from bot.simulation.dataset.plan import Plan, make_plan
from bot.simulation.dataset.reports import Reporter
from bot.simulation.dataset.requests import Minute, RequestMaker
from bot.simulation.dataset.sentry import EVERYDAY_SHARE, Sentry
from bot.simulation.dataset.traffic import HOUR, Traffic, hour_name, stamp

Ids = dict[str, dict[str, list[int]]]
_NUMBERS = tuple(f'{high}{low}",' for high in map("{:04d}".format, range(64)) for low in THOUSAND)
_AT = itemgetter(0)
_POD_LOG_SHARE = 0.72
"""Of Kubernetes' entries, those that requests leave."""


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that decides the bytes of a data set, and where they go.

    `start` and `end` are minutes since 1970, `end` the first one after it.
    """

    text: str
    seed: int
    start: int
    end: int
    entries_per_minute: float
    incidents: int | None
    format: str
    compressor: str
    root: str

    def hours(self) -> list[int]:
        """The first minute of every hour, the first one perhaps in its middle."""
        first = self.start // HOUR * HOUR
        return [max(self.start, begin) for begin in range(first, self.end, HOUR)]


@dataclass(frozen=True, slots=True)
class HourDone:
    """What became of an hour. `ids`: incident -> source -> places within the hour's file."""

    hour: int
    files: tuple[Written, ...]
    ids: Ids


class World:
    """The parts of a job that do not change from hour to hour."""

    def __init__(self, job: Job) -> None:
        config = read(job.text)
        self.config: Config = config
        self.plan: Plan = make_plan(config, job.seed, job.start, job.end, job.incidents)
        self.seed = job.seed
        self.traffic = Traffic(config.generation, job.seed)
        self.fleet = Fleet(config, job.seed, self.plan)
        shares = config.generation.shares
        total = sum(shares.values())
        self.rates = {name: job.entries_per_minute * shares[name] / total for name in SOURCES}
        self.requests = RequestMaker(config, job.seed)
        self.reporter = Reporter(config, job.seed)
        decoys = self.plan.decoys
        self.crawled = [(one.start, one.end) for one in decoys if one.kind == "crawler"]
        self.kubernetes = Kubernetes(config, job.seed, self.rates["kubernetes"])
        self.sentry = Sentry(config, job.seed, self.rates["sentry"])
        self.cloudwatch = CloudWatch(config, job.seed, self.rates["cloudwatch"], decoys)
        self.grafana = Grafana(config, job.seed, self.rates["grafana"], decoys)

    def minute(self, load: Load, number: int) -> Iterator[tuple[str, list[Entry]]]:
        """The entries of one minute, source by source, in order of time."""
        index = number - load.start + LOOK_BACK
        factor = load.traffic[index]
        word = words(1, self.seed, "volume", number)[0]
        expected = self.rates["kubernetes"] * _POD_LOG_SHARE * factor / self.requests.mean_hops
        surge = load.surge(index)
        pods = {one.name: self.fleet.pods(one.name, number) for one in self.config.services}
        requests = self.requests.make(load, pods, number, count_of(expected * surge, word))
        if any(start <= number < end for start, end in self.crawled):
            requests = sorted([*requests, *self.requests.crawl(load, pods, number)])
        minute = Minute(
            number,
            index,
            stamp(number),
            stamp(number - 1),
            number * 60_000,
            load,
            pods,
            requests,
            factor,
        )
        everyday = self.rates["sentry"] * EVERYDAY_SHARE * factor
        reports = self.reporter.make(minute, count_of(everyday, word >> 12))
        # One source after the other: what is made is written while it is in the processor's cache.
        yield "kubernetes", _sorted(self.kubernetes.minute(minute, reports))
        yield "sentry", _sorted(self.sentry.minute(minute, reports))
        yield "cloudwatch", _sorted(self.cloudwatch.minute(minute))
        yield "grafana", _sorted(self.grafana.minute(minute))


def _sorted(entries: list[Entry]) -> list[Entry]:
    entries.sort(key=_AT)
    return entries


class _Kept(threading.local):
    """A world of each thread's own: it remembers things of the hour that it is making."""

    job: Job | None = None
    world: World


_KEPT = _Kept()


def world_of(job: Job) -> World:
    """A worker keeps the world of its job between two hours."""
    if job != _KEPT.job:
        _KEPT.world = World(job)
        _KEPT.job = job
    return _KEPT.world


def make_hour(job: Job, begin: int) -> HourDone:
    """Write the four files of the hour that starts at minute `begin`; raises `DatasetError`."""
    world = world_of(job)
    start = begin // HOUR * HOUR
    load = Load(world.config, world.seed, world.traffic, world.plan, start)
    root = Path(job.root)
    gc.disable()  # the entries hold no circles, and looking for some takes a tenth of the time
    with disk_named(root):
        files = {
            source: _open(job, f"{source}/{hour_name(begin)}.{job.format}") for source in SOURCES
        }
        try:
            ids = _fill(world, load, range(begin, min(start + HOUR, job.end)), files)
            return HourDone(begin, tuple(file.close() for file in files.values()), ids)
        finally:
            for file in files.values():
                file.abandon()
            gc.enable()


def _open(job: Job, path: str) -> LineFile | ParquetFile:
    if job.format == "parquet":
        return ParquetFile(Path(job.root), path)
    return LineFile(Path(job.root), path, job.compressor)


def _fill(
    world: World, load: Load, minutes: Sequence[int], files: Mapping[str, LineFile | ParquetFile]
) -> Ids:
    hour = load.start // HOUR
    places = dict.fromkeys(SOURCES, 0)
    marked: dict[str, dict[int, list[int]]] = {source: {} for source in SOURCES}
    for number in minutes:
        for source, entries in world.minute(load, number):
            if not entries:
                continue
            place = places[source]
            head = f'\n{{"@id":"{source[0]}-{hour}-'
            count = len(entries)
            _, lines, blames = zip(*entries, strict=True)
            pieces = [head, "", ""] * count
            pieces[1::3] = _numbers(place, count)
            pieces[2::3] = lines
            pieces[0] = head[1:]
            pieces.append("\n")
            files[source].write("".join(pieces).encode("ascii"), count)
            for at in compress(range(count), blames):
                marked[source].setdefault(blames[at], []).append(place + at)
            places[source] = place + count
    return _named(load, marked)


def _numbers(first: int, count: int) -> Sequence[str]:
    """`count` places within an hour's file, as ids end."""
    if first + count > len(_NUMBERS):
        return list(map('%07d",'.__mod__, range(first, first + count)))
    return _NUMBERS[first : first + count]


def _named(load: Load, marked: Mapping[str, Mapping[int, list[int]]]) -> Ids:
    """The places of each incident, from the places of each set of bits."""
    ids: dict[str, dict[str, list[int]]] = {}
    for bit, incident in enumerate(load.incidents):
        for source, by_blame in marked.items():
            rows = [row for blame, row in by_blame.items() if blame >> bit & 1]
            if rows:
                ids.setdefault(incident.id, {})[source] = sorted(chain.from_iterable(rows))
    return ids
