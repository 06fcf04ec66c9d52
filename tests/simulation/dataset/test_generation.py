from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from dataset_samples import START, bytes_of, elsewhere, job_in, made

from bot.simulation.dataset import files, generation
from bot.simulation.dataset.files import DatasetError, lines_of, read_json
from bot.simulation.dataset.generation import executor_of, generate
from bot.simulation.dataset.hour import Job, make_hour
from bot.simulation.dataset.validation import validate

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("workers", [2, 5])
def test_any_number_of_workers_makes_the_same_bytes(
    workers: int, short_set: Path, tmp_path: Path
) -> None:
    assert bytes_of(made(job_in(tmp_path / "set"), workers)) == bytes_of(short_set)


def test_any_executor_makes_the_same_bytes(short_set: Path, tmp_path: Path) -> None:
    job = job_in(tmp_path / "set")
    with ThreadPoolExecutor(2) as executor:
        assert generate(job, executor, workers=2, told=lambda *_: None)
    assert bytes_of(tmp_path / "set") == bytes_of(short_set)


@pytest.mark.slow
def test_a_dask_cluster_makes_the_same_bytes(short_set: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is an extra")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        executor_of(2, cluster.scheduler_address) as executor,
    ):
        job = job_in(tmp_path / "set")
        assert generate(job, executor, workers=2, told=lambda *_: None)
    assert bytes_of(tmp_path / "set") == bytes_of(short_set)


def test_another_process_with_another_hash_seed_makes_the_same_bytes(
    short_set: Path, tmp_path: Path
) -> None:
    code = (
        "import sys; sys.path[:0] = [sys.argv[1], sys.argv[2]]\n"
        "from pathlib import Path\n"
        "from dataset_samples import job_in, made\n"
        "made(job_in(Path(sys.argv[3])))\n"
    )
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", code, str(ROOT), here, str(tmp_path / "set")]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "12345"})
    assert bytes_of(tmp_path / "set") == bytes_of(short_set)


def test_the_bytes_of_a_seed_are_those_of_every_machine(short_set: Path) -> None:
    """A change of what a seed means must be meant: then write the new sums here."""
    sums = {file["path"]: file["crc32"] for file in read_json(short_set / "manifest.json")["files"]}
    first = {name: sums[f"{name}/2026-01-07T08.jsonl.gz"] for name in generation.SOURCES}
    assert first == GOLDEN


def test_another_seed_makes_another_set(short_set: Path, tmp_path: Path) -> None:
    other = made(job_in(tmp_path / "set", hours=1, seed=8))
    name = "sentry/2026-01-07T08.jsonl.gz"
    assert (other / name).read_bytes() != (short_set / name).read_bytes()


def test_a_compressor_changes_the_files_and_never_the_lines(
    short_set: Path, tmp_path: Path
) -> None:
    pytest.importorskip("isal", reason="isal is an extra")
    other = made(job_in(tmp_path / "set", compressor="isal-2"))
    for path in sorted(short_set.glob("*/*.jsonl.gz")):
        assert list(lines_of(path)) == list(lines_of(other / path.relative_to(short_set)))
    ours, theirs = read_json(short_set / "manifest.json"), read_json(other / "manifest.json")
    assert [one["crc32"] for one in ours["files"]] == [one["crc32"] for one in theirs["files"]]
    assert ours["job"]["compressor"] != theirs["job"]["compressor"]


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_other_formats_hold_the_same_lines(kind: str, short_set: Path, tmp_path: Path) -> None:
    if kind == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is an extra")
    other = made(job_in(tmp_path / "set", format=kind, compressor="none"))
    for path in sorted(short_set.glob("*/*.jsonl.gz")):
        name = path.name.replace("jsonl.gz", kind)
        assert list(lines_of(other / path.parent.name / name)) == list(lines_of(path))
    verdict = validate(other, told=lambda *_: None)
    assert not verdict.violations
    damaged = other / "grafana" / f"2026-01-07T09.{kind}"
    damaged.write_bytes(damaged.read_bytes()[:-3000])
    told = "\n".join(validate(other, told=lambda *_: None).violations)
    assert f"grafana/{damaged.name}:" in told


def test_an_interrupted_run_goes_on_and_ends_with_the_same_bytes(
    short_set: Path, tmp_path: Path
) -> None:
    job = job_in(tmp_path / "set")

    def stop(done: int, _total: int, _entries: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    assert not generate(job, None, workers=1, told=stop)
    manifest = read_json(tmp_path / "set" / "manifest.json")
    assert not manifest["complete"]
    assert len(manifest["files"]) == 4
    assert not list((tmp_path / "set").rglob("*.part"))
    assert bytes_of(made(job)) == bytes_of(short_set)


def begun_elsewhere(job: Job) -> subprocess.Popen[bytes]:
    """A process that makes `job` with two workers, and has made some hours."""
    code = (
        "import sys; sys.path[:0] = [sys.argv[1], sys.argv[2]]\n"
        "from pathlib import Path\n"
        "from dataset_samples import job_in, made\n"
        "made(job_in(Path(sys.argv[3]), hours=12, rate=80), 2)\n"
    )
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", code, str(ROOT), here, job.root]
    process = subprocess.Popen(command, start_new_session=True)
    notes = Path(job.root) / ".parts"
    until(lambda: len(list(notes.glob("*.ids.json"))) >= 2)
    return process


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("whom", ["all", "the parent"])
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(whom: str, tmp_path: Path) -> None:
    job = job_in(tmp_path / "killed", hours=12, rate=80)
    process = begun_elsewhere(job)
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.killpg(process.pid, signal.SIGKILL) if whom == "all" else process.kill()
    process.wait(10)
    assert not (Path(job.root) / "manifest.json").exists()
    resumed = bytes_of(made(job))  # at once: workers whose parent is gone may still be there
    assert resumed == bytes_of(made(elsewhere(job, tmp_path / "whole")))
    until(lambda: not any(is_running(int(pid)) for pid in workers))


def test_two_who_make_the_same_set_at_once_are_one_too_many(tmp_path: Path) -> None:
    job = job_in(tmp_path / "set", hours=12, rate=80)
    process = begun_elsewhere(job)
    os.killpg(process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(DatasetError, match="another process is making"):
            made(job)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def test_an_interrupted_pool_tells_every_hour_that_it_finished(tmp_path: Path) -> None:
    job = job_in(tmp_path / "set", hours=12)

    def stop(done: int, _total: int, _entries: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with executor_of(2) as executor:
        assert not generate(job, executor, workers=2, told=stop)
    root = Path(job.root)
    told = {file["path"] for file in read_json(root / "manifest.json")["files"]}
    assert told == {path.relative_to(root).as_posix() for path in root.glob("*/*.jsonl.gz")}
    assert len(told) >= 12


def test_a_file_that_was_cut_is_made_again(short_set: Path, tmp_path: Path) -> None:
    job = job_in(tmp_path / "set")

    def stop(done: int, _total: int, _entries: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    assert not generate(job, None, workers=1, told=stop)
    cut = tmp_path / "set" / "sentry" / "2026-01-07T08.jsonl.gz"
    cut.write_bytes(cut.read_bytes()[:1000])
    assert bytes_of(made(job)) == bytes_of(short_set)


def test_what_was_killed_while_it_cleared_up_is_whole(short_set: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(short_set, tmp_path / "set"))
    (copy / ".parts").mkdir()
    (copy / ".parts" / "491048.json").write_text("{}")
    assert bytes_of(made(elsewhere(job_in(short_set), copy))) == bytes_of(short_set)
    assert not (copy / ".parts").exists()


def test_what_ended_before_its_first_note_was_whole_is_begun_again(
    short_set: Path, tmp_path: Path
) -> None:
    parts = tmp_path / "set" / ".parts"
    parts.mkdir(parents=True)
    (parts / "job.json.1.part").write_text("{")
    assert bytes_of(made(job_in(tmp_path / "set"))) == bytes_of(short_set)


def test_a_worker_that_is_killed_is_told_and_the_same_command_goes_on(tmp_path: Path) -> None:
    job = job_in(tmp_path / "set", hours=6)

    def kill(done: int, _total: int, _entries: int) -> None:
        if done == 1:
            os.kill(next(iter(pool._processes)), signal.SIGKILL)

    with executor_of(2) as pool:
        assert isinstance(pool, ProcessPoolExecutor)
        with pytest.raises(DatasetError, match=r"ended from outside.*goes on"):
            generate(job, pool, workers=2, told=kill)
    assert bytes_of(made(job)) == bytes_of(made(elsewhere(job, tmp_path / "whole")))


def test_a_complete_set_is_not_made_again(short_set: Path) -> None:
    before = (short_set / "manifest.json").stat().st_mtime_ns
    made(elsewhere(job_in(short_set), short_set))
    assert (short_set / "manifest.json").stat().st_mtime_ns == before


def test_a_folder_with_another_set_is_refused(short_set: Path) -> None:
    with pytest.raises(DatasetError, match="holds another data set"):
        made(job_in(short_set, seed=99))


def test_a_folder_with_anything_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(DatasetError, match="is not empty"):
        made(job_in(tmp_path))


def test_a_full_disk_says_so_and_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/dev/full stands in for the disk: it takes nothing."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    real = files.LineFile.__init__

    def onto_full_disk(self: files.LineFile, root: Path, path: str, compressor: str) -> None:
        real(self, root, path, compressor)
        self._handle.close()
        self._handle = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115

    monkeypatch.setattr(files.LineFile, "__init__", onto_full_disk)
    with pytest.raises(DatasetError, match=r"is full; what is complete stays.*goes on"):
        made(job_in(tmp_path / "set", hours=1))
    assert not list((tmp_path / "set").rglob("*.jsonl.gz*"))


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="cannot be written"):
        made(job_in(tmp_path / "file" / "set"))


def test_one_hour_made_alone_is_that_hour_of_the_set(short_set: Path, tmp_path: Path) -> None:
    make_hour(replace(job_in(tmp_path)), START + 60)
    name = "kubernetes/2026-01-07T09.jsonl.gz"
    assert (tmp_path / name).read_bytes() == (short_set / name).read_bytes()


def test_the_same_minutes_are_in_a_set_of_another_length_where_the_plan_is_empty(
    tmp_path: Path,
) -> None:
    one = made(job_in(tmp_path / "one", hours=1, incidents=0))
    two = made(job_in(tmp_path / "two", hours=2, incidents=0))
    name = "cloudwatch/2026-01-07T08.jsonl.gz"
    ours, theirs = list(lines_of(one / name)), list(lines_of(two / name))
    same = sum(line in set(theirs) for line in ours)
    assert same > len(ours) * 0.9


GOLDEN = {
    "cloudwatch": "6833cd15",
    "grafana": "e2fabeb9",
    "kubernetes": "e343520a",
    "sentry": "7b9a1131",
}
