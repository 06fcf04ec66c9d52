from __future__ import annotations

import gzip
import json
import shutil
import tracemalloc
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.simulation.dataset.distinct import Distinct
from bot.simulation.dataset.effects import Effects
from bot.simulation.dataset.files import DatasetError
from bot.simulation.dataset.validation import Verdict, validate


def judged(root: Path) -> Verdict:
    return validate(root, told=lambda *_: None)


@pytest.fixture
def copied(short_set: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(short_set, tmp_path / "copy"))


def rewrite(path: Path, change: Callable[[list[str]], None]) -> None:
    lines = gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
    change(lines)
    path.write_bytes(gzip.compress("".join(lines).encode()))


def edit(path: Path, number: int, change: Callable[[dict[str, Any]], None]) -> None:
    def one(lines: list[str]) -> None:
        line = json.loads(lines[number - 1])
        change(line)
        lines[number - 1] = json.dumps(line, separators=(",", ":")) + "\n"

    rewrite(path, one)


def first(path: Path, kind: str) -> int:
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    return 1 + next(at for at, line in enumerate(lines) if f'"@kind":"{kind}"' in line)


def test_a_day_is_sound(day_set: Path) -> None:
    verdict = judged(day_set)
    assert not verdict.violations
    assert verdict.incidents == 38
    assert all(verdict.entries.values())


def test_processes_judge_alike(short_set: Path) -> None:
    both = [validate(short_set, workers=workers, told=lambda *_: None) for workers in (1, 2)]
    assert both[0] == both[1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda line: line.pop("log"), "log: a text is expected"),
        (lambda line: line.update({"@id": "k-1-0000001"}), "@id is 'k-1-0000001'"),
        (lambda line: line.update(time="2026-01-07T07:00:00.000Z"), "before the line above"),
        (lambda line: line.update(time="2026-01-07T10:00:00.000Z"), "after the file's hour"),
        (lambda line: line.update(time="2026-99-99T00:00:00Z"), "its time cannot be read"),
        (lambda line: line["kubernetes"].update(host="ip-1-2-3-4"), "was ("),
        (lambda line: line.update({"@kind": "rumour"}), "@kind 'rumour' is not known"),
        (lambda line: line.update({"@kind": {}}), "@kind {} is not known"),
    ],
)
def test_a_wrong_line_is_named_by_file_and_line(
    copied: Path, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    path = copied / "kubernetes" / "2026-01-07T08.jsonl.gz"
    edit(path, 400, change)
    violations = judged(copied).violations
    assert any(told in one and "kubernetes/2026-01-07T08.jsonl.gz:" in one for one in violations)
    assert any("checksum" in one for one in violations)


def test_a_figure_that_cannot_be_read_is_told(copied: Path) -> None:
    path = copied / "cloudwatch" / "2026-01-07T08.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    place = next(at for at, line in enumerate(lines) if '"metric_name":"ErrorRate"' in line)
    edit(path, place + 1, lambda line: line["value"].update(count=0))
    told = f"cloudwatch/{path.name}:{place + 1}: its figures cannot be read"
    assert told in judged(copied).violations


def test_an_alarm_that_names_no_metric_is_of_no_service(copied: Path) -> None:
    truth = next((copied / "correlation").glob("*.json"))
    told = json.loads(truth.read_text())
    named = [
        place
        for incident in told["incidents"]
        for place in incident["entries"].get("cloudwatch", ())
    ]
    changed = set()
    for path in (copied / "cloudwatch").glob("*.gz"):

        def unnamed(lines: list[str]) -> None:
            for at, text in enumerate(lines):
                line = json.loads(text)
                if line["@kind"] == "alarm" and line["@id"] in named:
                    line["detail"]["configuration"]["metrics"] = []
                    lines[at] = json.dumps(line) + "\n"
                    changed.add(line["@id"])

        rewrite(path, unnamed)
    assert changed
    assert not any("is not affected" in one for one in judged(copied).violations)


def test_a_line_that_is_gone_is_missed(copied: Path) -> None:
    rewrite(copied / "sentry" / "2026-01-07T08.jsonl.gz", lambda lines: lines.pop(50))
    told = "\n".join(judged(copied).violations)
    assert "sentry/2026-01-07T08.jsonl.gz:51: @id is" in told
    assert "the manifest says" in told


def test_the_same_event_id_twice_is_a_violation(copied: Path) -> None:
    path = copied / "sentry" / "2026-01-07T08.jsonl.gz"
    number = first(path, "event")
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    events = [at for at, line in enumerate(lines) if '"@kind":"event"' in line]
    other = json.loads(lines[events[1]])["event_id"]
    edit(path, number, lambda line: line.update(event_id=other))
    assert any(
        "1 ids of the source's own are there twice" in one for one in judged(copied).violations
    )


def test_a_damaged_file_is_told_and_the_others_are_read(copied: Path) -> None:
    path = copied / "grafana" / "2026-01-07T09.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-2000])
    verdict = judged(copied)
    assert any("grafana/2026-01-07T09.jsonl.gz" in one and "damaged" in one
               for one in verdict.violations)  # fmt: skip
    assert verdict.entries["kubernetes"]


def test_files_that_are_missing_or_unknown_are_told(copied: Path) -> None:
    (copied / "sentry" / "2026-01-07T09.jsonl.gz").unlink()
    shutil.copy(copied / "manifest.json", copied / "sentry" / "stray.jsonl.gz")
    told = "\n".join(judged(copied).violations)
    assert "sentry/2026-01-07T09.jsonl.gz" in told
    assert "sentry/stray.jsonl.gz:1: the manifest does not know this file" in told


def truth_of(root: Path) -> tuple[Path, dict[str, Any]]:
    (path,) = (root / "correlation").glob("*.json")
    return path, json.loads(path.read_text())


def test_a_truth_that_names_what_is_not_there_is_told(copied: Path) -> None:
    path, truth = truth_of(copied)
    truth["incidents"][0]["entries"]["sentry"].append("s-491048-0999999")
    path.write_text(json.dumps(truth))
    assert any(
        "names entry 0999999, which is not there" in one for one in judged(copied).violations
    )


def test_a_truth_that_names_a_stranger_is_told(copied: Path) -> None:
    path, truth = truth_of(copied)
    incident = truth["incidents"][0]
    incident["affected"] = [
        {"service": "nobody", "hops": 0, "first_felt": incident["window"]["start"]}
    ]
    path.write_text(json.dumps(truth))
    told = "\n".join(judged(copied).violations)
    assert "is not affected by it" in told
    assert "does not show in sentry for nobody" in told


def test_a_window_without_its_effect_is_told(copied: Path) -> None:
    path, truth = truth_of(copied)
    for incident in truth["incidents"]:
        incident["entries"] = {name: [] for name in incident["entries"]}
        incident["window"] = {"start": "2026-01-07T08:01:00Z", "end": "2026-01-07T08:03:00Z"}
        incident["first_errors"] = "2026-01-07T08:01:00Z"
    path.write_text(json.dumps(truth))
    named = f"correlation/{path.name}:1: {truth['incidents'][0]['id']} does not show in"
    assert any(one.startswith(named) for one in judged(copied).violations)


def test_an_incident_is_named_by_its_line(copied: Path) -> None:
    path, truth = truth_of(copied)
    second = truth["incidents"][1]["id"]
    path.write_text(
        path.read_text().replace('"entries": {"', '"entries": {"rumours": ["x-1-1"], "')
    )
    number = 1 + next(at for at, line in enumerate(path.read_text().splitlines()) if second in line)
    assert number > 2
    assert any(
        one.startswith(f"correlation/{path.name}:{number}: {second}: 'rumours'")
        for one in judged(copied).violations
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda one: one["entries"]["sentry"].append("rubbish"), "'rubbish' is no id of sentry"),
        (lambda one: one["entries"]["sentry"].append("k-491048-1"), "is no id of sentry"),
        (lambda one: one["entries"]["sentry"].append("s-491000-1"), "lies outside its window"),
        (lambda one: one["entries"].update(rumours=["r-491048-1"]), "'rumours' is no source"),
        (lambda one: one.pop("window"), "window: an object is expected"),
        (lambda one: one.update(affected="all"), "a list is expected, a text is there"),
        (lambda one: one.update(first_errors="2026-99-01T00:00:00Z"), "month must be in 1..12"),
    ],
)
def test_a_truth_of_another_shape_is_told(
    copied: Path, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    path, truth = truth_of(copied)
    change(truth["incidents"][0])
    path.write_text(json.dumps(truth))
    assert any(
        told in one and one.startswith(f"correlation/{path.name}:1:")  # json.dump: one line
        for one in judged(copied).violations
    )


def test_a_truth_that_is_no_json_is_told(copied: Path) -> None:
    path, _ = truth_of(copied)
    path.write_text(path.read_text()[:-100])
    assert any(one.startswith(f"correlation/{path.name}:1:") for one in judged(copied).violations)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.pop("job"),
        lambda manifest: manifest.update(files={}),
        lambda manifest: manifest["job"].update(start="soon"),
        lambda manifest: manifest["files"][0].update(path="sentry/nowhere.jsonl.gz"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_an_error_with_its_name(
    copied: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    path = copied / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(DatasetError, match=r"manifest\.json: "):
        judged(copied)


def test_the_effects_of_ten_days_are_judged_in_the_memory_of_one() -> None:
    def peak(days: int) -> int:
        effects, before = Effects([]), tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for hour in range(days * 24):
            minutes = range(hour * 60, hour * 60 + 60)
            effects.add("sentry", {(name, at): (1.0, 1) for name in "abcd" for at in minutes})
        assert effects.quiet("sentry", "a") == 1.0
        return tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        day, ten = peak(1), peak(10)
    finally:
        tracemalloc.stop()
    assert ten < 1.5 * day


def test_ids_are_told_twice_across_files_and_parts() -> None:
    with Distinct(1_000_000) as distinct:
        distinct.add("one", array("Q", [1, 2, 3, 2**64 - 1]))
        distinct.add("two", array("Q", [4, 5, 5]))
        distinct.add("three", array("Q", [2**64 - 1, 1, 6]))
        assert list(distinct.twice()) == [("two", 1), ("three", 2)]


def test_something_else_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is no data set"):
        judged(tmp_path)
