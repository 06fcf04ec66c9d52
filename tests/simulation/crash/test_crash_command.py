"""`run.py simulate crash`, as people type it."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from crash_samples import small, written

from bot.config import ALIASES, SETTINGS
from bot.rehearsing import simulate_crash
from bot.simulation.crash.arguments import add_arguments
from bot.simulation.crash.library import Library

ROOT = Path(__file__).parents[3]

SAME = ("--seed", "7", "--start", "2026-01-31T03:00")


def simulate(
    *arguments: str, folder: Path, stdout: int | None = subprocess.PIPE, **extra: str
) -> subprocess.CompletedProcess[bytes]:
    ours = {*SETTINGS, *ALIASES}
    environment = {name: text for name, text in os.environ.items() if name not in ours} | extra
    return subprocess.run(
        [sys.executable, str(ROOT / "run.py"), "simulate", "crash", *arguments],
        cwd=folder,
        env=environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )


def test_logs_go_to_standard_output_and_the_analysis_to_standard_error(tmp_path: Path) -> None:
    done = simulate("taskq_oversell", *SAME, folder=tmp_path)
    again = simulate("taskq_oversell", *SAME, folder=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    assert (done.stdout, done.stderr) == (again.stdout, again.stderr)
    assert b"tickets.stock.OversoldError: " in done.stdout
    assert done.stdout.startswith(b"2026-01-31 03:00:0")
    told = done.stderr.decode()
    assert "culprit     /srv/reservations/tickets/stock.py:30 in take_one" in told
    assert "--seed 7 --start 2026-01-31T03:00:00Z" in told
    assert list(tmp_path.iterdir()) == []


def test_the_scenarios_are_listed_with_a_teams_own(tmp_path: Path) -> None:
    written(tmp_path / "ours")
    done = simulate("--list", folder=tmp_path, SIMULATION_FOLDER="ours")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0
    assert len(lines) == 7
    assert "small                      A small crash" in lines


def test_a_teams_own_scenario_is_played_as_json_and_analysed_as_json(tmp_path: Path) -> None:
    written(tmp_path / "ours")
    arguments = ("small", "--scenarios", "ours", "--format", "json", "--analysis", "json")
    done = simulate(*arguments, "--min-logs", "500", folder=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) >= 500
    told = json.loads(done.stderr)
    assert told["errorDetails"]["errorType"] == "ZeroDivisionError"
    assert told["culprit"] == {
        "file": "/srv/web/main.py", "line": 4, "function": "divide", "code": "return a / b",
    }  # fmt: skip
    assert told["usersImpacted"] == 1
    assert told["lines"] == len(lines)


@pytest.mark.skipif(os.name == "nt", reason="needs a shell with pipes")
def test_whoever_has_read_enough_may_go(tmp_path: Path) -> None:
    command = (
        f"{sys.executable} {ROOT / 'run.py'} simulate crash taskq_oversell --min-logs 900000000000"
        " | head -1"
    )
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.count(b"\n") == 1
    assert b"BrokenPipe" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a shell with pipes")
def test_what_goes_elsewhere_is_played_to_its_end_though_nobody_reads(tmp_path: Path) -> None:
    command = (
        f"{sys.executable} {ROOT / 'run.py'} simulate crash taskq_oversell --speed 5000"
        " --to http://127.0.0.1:9 | head -1"
    )
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=False)
    told = done.stderr.decode()
    assert "OversoldError" in told
    assert "✗ The door: http://127.0.0.1:9/webhook/generic does not answer" in told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    done = simulate("taskq_oversell", "--save", "/dev/full", folder=tmp_path)
    assert done.returncode == 1
    assert "the logs cannot be written: No space left on device" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "a scenario is missing"),
        (("taskq_oversel",), "Did you mean taskq_oversell"),
        (("small", "--scenarios", "nowhere"), "no folder of scenarios"),
        (("taskq_oversell", "--to", "ftp://x"), "--to ftp://x: s3://"),
        (("taskq_oversell", "--start", "soon"), "no time like"),
        (("taskq_oversell", "--speed", "fast"), "a number such as 60"),
        (("taskq_oversell", "--speed", "1e-300"), "a number such as 60"),
        (("taskq_oversell", "--format", "xml"), "invalid choice"),
        (("taskq_oversell", "--start", "0001-01-01T00:00+05:00"), "a year from 1970"),
        (("taskq_oversell", "--start", "9999-12-31T23:59"), "a year from 1970"),
        (("taskq_oversell", "--save", "."), "--save .: "),
        (("taskq_oversell", "--to", "http://[x/webhook/generic"), "is no address"),
        (("taskq_oversell", "--to", "http://key@127.0.0.1"), "the DSN's project is missing"),
    ],
)
def test_wrong_usage_is_told_and_nothing_is_played(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    done = simulate(*arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_a_wrong_file_is_told_with_its_places(tmp_path: Path) -> None:
    document = small()
    document["steps"][0]["service"] = "mail"
    written(tmp_path / "ours", document)
    done = simulate("small", "--scenarios", "ours", folder=tmp_path)
    assert done.returncode == 2
    assert "small.yaml: $.steps[0].service: is none of `services`" in done.stderr.decode()


def test_outputs_that_fail_are_said_and_the_log_is_kept(tmp_path: Path) -> None:
    done = simulate(
        "taskq_oversell", *SAME, "--to", "s3://crashes", "--to", "slack:#x",
        folder=tmp_path, AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_REGION="eu-central-1",
        AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_MAX_ATTEMPTS="1",
    )  # fmt: skip
    told = done.stderr.decode()
    assert done.returncode == 1
    assert "✗ S3:" in told
    assert "✗ Slack: there is no token." in told
    (kept,) = tmp_path.glob("data/crashes/taskq_oversell-20260131T030000Z-*/error/*.log")
    assert kept.read_bytes() == done.stdout


def test_help_is_worth_reading(tmp_path: Path) -> None:
    done = simulate("--help", folder=tmp_path)
    told = done.stdout.decode()
    assert done.returncode == 0
    for each in ("--min-logs", "--no-jitter", "dynamodb:", "examples:", "exit codes:"):
        assert each in told


@pytest.mark.parametrize("scenario", sorted(Library().all()))
def test_each_of_the_six_is_played_by_command(
    scenario: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert simulate_crash(parser.parse_args([scenario, *SAME])) == 0
    out, told = capfdbinary.readouterr()
    assert b"Traceback (most recent call last):" in out
    assert out.count(b"\n") > 300
    assert b"culprit     /srv/" in told
