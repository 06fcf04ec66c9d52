"""Making a data set: hours handed to any executor, and what makes a broken-off run go on.

Every finished hour leaves a note in `.parts`; the truth and the manifest are written from these
notes at the end. A run that was stopped, killed or out of disk starts again with the hours that
have no note, and ends with the same bytes.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import lru_cache
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

from bot.simulation.dataset.configuration import SOURCES
from bot.simulation.dataset.files import DatasetError, disk_named, read_json, write_json
from bot.simulation.dataset.hour import HourDone, Job, make_hour, world_of
from bot.simulation.dataset.traffic import HOUR, moment_of
from bot.simulation.dataset.truth import Part, days_of, write_day

VERSION = 1
MANIFEST = "manifest.json"
CONFIGURATION = "configuration.yaml"
_PARTS = ".parts"
_AT_ONCE = 2
"""Hours handed over per worker ahead of time: enough to keep it busy, too few to fill memory."""

Progress = Callable[[int, int, int], None]
"""Called with hours done, hours in all, and entries made by this run."""


@contextmanager
def executor_of(workers: int, scheduler: str = "") -> Iterator[Executor | None]:
    """Processes of this machine, a Dask cluster by its address, or None for this process."""
    if scheduler:
        with _dask(scheduler) as executor:
            yield executor
    elif workers == 1:
        yield None
    else:
        with ProcessPoolExecutor(workers, initializer=follow_parent) as pool:
            yield pool


@contextmanager
def _dask(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError:
        raise DatasetError(
            "--scheduler needs Dask: pip install -r requirements-dataset-extra.txt"
        ) from None
    try:
        client = Client(address, timeout=20)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise DatasetError(f"the Dask scheduler {address} does not answer: {error}") from None
    with client, client.get_executor(pure=False) as executor:  # type: ignore[no-untyped-call]
        yield executor


def follow_parent() -> None:
    """Ctrl-C reaches all processes: the parent decides, and workers finish their hour.

    One that is killed can tell them nothing more: then they end by themselves.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def generate(job: Job, executor: Executor | None, *, workers: int, told: Progress) -> bool:
    """Make what is missing of a data set; whether it is complete now.

    False means that it was interrupted (KeyboardInterrupt): whole hours are there, and the
    manifest says that it is not complete. Raises `DatasetError`.
    """
    root = Path(job.root)
    with disk_named(root):
        if _is_complete(job):
            return True
        _begin(job)
        with _alone(root):
            return _make(job, executor, workers, told)


def _make(job: Job, executor: Executor | None, workers: int, told: Progress) -> bool:
    """Make what is missing, now that nobody else does; whether it is complete."""
    _sweep(Path(job.root))
    hours = job.hours()
    missing = [hour for hour in hours if not _is_done(job, hour)]
    world_of(job)  # before there are workers: where they are forked, they inherit it
    made = [len(hours) - len(missing), 0]
    told(made[0], len(hours), 0)

    def done(result: HourDone) -> None:
        made[0] += 1
        made[1] += sum(file.entries for file in result.files)
        told(made[0], len(hours), made[1])

    try:
        _run(job, missing, executor, workers, done)
    except KeyboardInterrupt:
        _write_manifest(job, complete=False, truth={})
        return False
    _finish(job)
    return True


def make_and_note(job: Job, hour: int) -> HourDone:
    """Make one hour and note it; what a worker runs."""
    result = make_hour(job, hour)
    with disk_named(Path(job.root)):
        write_json(_ids_of(job, hour), result.ids, indent=None)
        files = {"files": [asdict(file) for file in result.files]}
        write_json(_part(job, hour), files, indent=None)  # the last: now the hour is done
    return replace(result, ids={})


def _run(
    job: Job,
    missing: Sequence[int],
    executor: Executor | None,
    workers: int,
    done: Callable[[HourDone], None],
) -> None:
    if executor is None:
        for hour in missing:
            done(make_and_note(job, hour))
        return
    waiting = iter(missing)
    running: set[Future[HourDone]] = set()
    try:
        while True:
            for hour in waiting:
                running.add(executor.submit(make_and_note, job, hour))
                if len(running) >= workers * _AT_ONCE:
                    break
            if not running:
                return
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                done(future.result())
    except BrokenExecutor:
        raise DatasetError(
            "a process that made an hour was ended from outside (out of memory?). What is complete "
            "stays; the same command goes on, with fewer --workers if need be."
        ) from None
    finally:
        for future in running:
            future.cancel()
        wait(running)  # an hour that is being made is finished, and told in the manifest


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Nobody else makes this set meanwhile. Whoever dies gives the lock back."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with (root / _PARTS / "lock").open("ab") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            raise DatasetError(f"another process is making {root} at this moment") from None
        yield


def _sweep(root: Path) -> None:
    """Remove what a run that was killed had begun."""
    for folder in (*SOURCES, "correlation", _PARTS):
        for path in (root / folder).glob("*.part"):
            path.unlink(missing_ok=True)


def _note_of(root: Path) -> Path:
    """Whose the folder is, from its beginning until it is whole."""
    return root / _PARTS / "job.json"


def _begin(job: Job) -> None:
    """Make the folder this job's, unless it is another's already."""
    root = Path(job.root)
    note = _note_of(root)
    told = _identity(job)
    if note.exists():
        if read_json(note) != told:
            raise DatasetError(
                f"{root} holds the beginning of another data set (other seed, span, rate, format "
                "or configuration). Choose another --output-dir, or remove it first."
            )
        return
    if root.exists() and any(path.name != _PARTS for path in root.iterdir()):
        raise DatasetError(f"{root} is not empty. Choose another --output-dir, or remove it first.")
    write_json(note, told)


def _is_complete(job: Job) -> bool:
    """Whether the folder holds this very set already; raises if it holds another."""
    path = Path(job.root) / MANIFEST
    if not path.exists() or _note_of(path.parent).exists():
        return False
    manifest = read_json(path)
    if manifest.get("job") != _identity(job):
        raise DatasetError(
            f"{job.root} holds another data set. Choose another --output-dir, or remove it first."
        )
    is_complete = bool(manifest.get("complete"))
    if is_complete:  # whoever was killed while clearing up left the rest
        shutil.rmtree(path.parent / _PARTS, ignore_errors=True)
    return is_complete


def _identity(job: Job) -> dict[str, Any]:
    """What decides the bytes, in words."""
    return {
        "version": VERSION,
        "seed": job.seed,
        "start": moment_of(job.start).isoformat(),
        "end": moment_of(job.end).isoformat(),
        "entries_per_minute": job.entries_per_minute,
        "incidents": job.incidents,
        "format": job.format,
        "compressor": job.compressor,
        "configuration": job.text,
    }


def _part(job: Job, hour: int) -> Path:
    return Path(job.root) / _PARTS / f"{hour // HOUR}.json"


def _ids_of(job: Job, hour: int) -> Path:
    return Path(job.root) / _PARTS / f"{hour // HOUR}.ids.json"


def _is_done(job: Job, hour: int) -> bool:
    """Whether an hour's note is there and its files are as long as it says."""
    path = _part(job, hour)
    if not path.exists():
        return False
    for file in read_json(path)["files"]:
        target = Path(job.root) / file["path"]
        if not target.exists() or target.stat().st_size != file["bytes"]:
            return False
    return True


def _finish(job: Job) -> None:
    world = world_of(job)
    root = Path(job.root)

    @lru_cache(4)  # incidents come in order of their beginning, and few last longer than two hours
    def part_of(hour: int) -> Part:
        path = _ids_of(job, hour * HOUR)
        ids: Part = read_json(path) if path.exists() else {}
        return ids

    truth = {}
    for name, begin, end in days_of(job.start, job.end):
        path = f"correlation/incidents_{name}.json"
        truth[path] = write_day(
            root / path, world.config, world.fleet, world.plan, (begin, end), part_of
        )
    _write_manifest(job, complete=True, truth=truth)
    _sweep(root)  # again: workers of a run that was killed may have begun a file before they ended
    _note_of(root).unlink()
    shutil.rmtree(root / _PARTS, ignore_errors=True)


def _write_manifest(job: Job, *, complete: bool, truth: Mapping[str, int]) -> None:
    """The manifest says nothing of clocks or workers: the same job has the same manifest."""
    root = Path(job.root)
    (root / CONFIGURATION).write_text(job.text, encoding="utf-8", newline="\n")
    notes = (_part(job, hour) for hour in job.hours())
    files = [file for note in notes if note.exists() for file in read_json(note)["files"]]
    counts = {
        source: sum(file["entries"] for file in files if file["path"].startswith(f"{source}/"))
        for source in SOURCES
    }
    write_json(
        root / MANIFEST,
        {
            "complete": complete,
            "job": _identity(job),
            "entries": counts,
            "incidents": sum(truth.values()),
            "truth": dict(truth),
            "files": files,
        },
    )
