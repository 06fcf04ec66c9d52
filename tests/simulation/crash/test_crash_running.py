"""The programs really run and really raise; their traces read as if they were deployed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from crash_samples import PROGRAM, found, shipped, small, written

from bot.analysis import stacktrace
from bot.simulation.crash import running
from bot.simulation.crash.library import Library
from bot.simulation.crash.running import DidNotCrash, run
from bot.simulation.crash.scenario import Program


def program(**changes: object) -> Program:
    return Program.model_validate({"folder": "program", "deployed_at": "/srv/web", **changes})


@pytest.mark.parametrize("name", Library().all())
def test_a_program_crashes_with_the_facts_of_its_run_and_its_own_source(name: str) -> None:
    one, play = shipped(name)
    trace = run(one.scenario.crash.program, one.folder, play.facts)
    exceptions = stacktrace.parse(trace)
    at = stacktrace.culprit(stacktrace.mark_in_app(exceptions))
    assert at is not None
    deployed = one.scenario.crash.program.deployed_at
    frames = [frame for each in exceptions for frame in each.frames]
    assert all(frame.file.startswith(f"{deployed}/") for frame in frames)
    source = one.folder / one.scenario.crash.program.folder
    for frame in frames:  # every line of it stands in the source
        lines = (source / frame.file.removeprefix(f"{deployed}/")).read_text().splitlines()
        assert frame.line is not None
        assert lines[frame.line - 1].strip() == frame.code
    assert str(source) not in trace


@pytest.mark.parametrize("name", ["db_startup_failure", "paystack_timeout", "taskq_oversell"])
def test_a_program_leaves_the_same_trace_each_time(name: str) -> None:
    one, play = shipped(name)
    traces = {run(one.scenario.crash.program, one.folder, play.facts) for _ in range(4)}
    assert len(traces) == 1


def test_a_teams_own_program_crashes_as_well(tmp_path: Path) -> None:
    one = found(small(), written(tmp_path))
    trace = run(one.scenario.crash.program, one.folder, {"none": 0})
    assert trace.endswith("ZeroDivisionError: division by zero\n")
    assert 'File "/srv/web/main.py", line 4, in divide' in trace


def test_a_program_sees_none_of_our_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "a secret")
    written(tmp_path, program="import os\nraise SystemExit(' '.join(os.environ))")
    assert "DISCORD_TOKEN" not in run(program(), tmp_path, {})


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("print('all is well')", "ended without a crash"),
        ("raise SystemExit(3)", r"ended without a crash \(exit code 3\)"),
        ("while True: pass", "did not crash within"),
    ],
)
def test_a_program_that_does_not_crash_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, words: str
) -> None:
    monkeypatch.setattr(running, "PATIENCE", 0.5)
    written(tmp_path, program=source)
    with pytest.raises(DidNotCrash, match=words):
        run(program(), tmp_path, {})


def test_a_program_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    written(tmp_path, program=PROGRAM)
    with pytest.raises(DidNotCrash, match="cannot be started"):
        run(program(run=["no-such-program"]), tmp_path, {})
    with pytest.raises(DidNotCrash, match="cannot be started"):
        run(program(folder="nowhere"), tmp_path, {})


def test_programs_stand_apart_from_ours() -> None:
    own = re.compile(r"^(?:from|import) (?:bot|sandbox)\b", re.MULTILINE)
    for one in Library().all().values():
        for path in (one.folder / one.scenario.crash.program.folder).rglob("*.py"):
            assert not own.search(path.read_text(encoding="utf-8")), path.name
