"""How fast a big log is read, beside awslogs and the AWS CLI, from one server in one run.

    python -m benchmarks.logs [--rounds 3] [--lines 200000] [--no-peers] [--million]

Each reader is a program of its own that writes every line into a pipe. The server takes 150 ms
a call, bears 25 calls a second and gives pages of 1 MB. Wall and first line count from the
start of the program; RSS is its highest. Whether the lines came whole, once and in order is
read off the numbers in them. Medians are printed, and the ratios to the peers.
"""

from __future__ import annotations

import argparse
import compileall
import itertools
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from benchmarks.logs_server import BURST, GROUP, START, WINDOW
from benchmarks.processes import ROOT, highest_mib

HOME = ROOT / ".jinkies/peers/logs"
PACKAGES = ("awslogs==0.15.0", "awscli==1.46.2", "setuptools==80.9.0")
OURS, AWSLOGS, CLI = "jinkies", "awslogs", "aws cli"
MILLION = 1_000_000
_LOOK = 0.05  # seconds between two looks at a reader's memory
_NUMBER = re.compile(rb"INFO request (\d{8}) ")
_AWS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_PAGER": "",
}
_UNITS = {
    "wall": " s", "cpu": " s", "first": " s", "rss": " MB", "calls": "", "throttled": "",
    "lag_ms": " ms", "worst_lag_ms": " ms",
    "newest_50": " s", "newest_50_calls": "",
}  # fmt: skip

Figures = dict[str, float]


def commands(address: str) -> Mapping[str, list[str]]:
    """The command line of each reader."""
    first, last = str(START), str(START + WINDOW)
    day = ["-s", "2025-12-31T00:00Z", "-e", "2026-01-02T00:00Z"]
    cli = ["logs", "filter-log-events", "--log-group-name", GROUP, "--output", "text"]
    return {
        OURS: [sys.executable, "-m", "benchmarks.logs_reader", address, GROUP, first, last],
        AWSLOGS: [
            str(HOME / "bin/awslogs"), "get", GROUP, "ALL", *day, "--aws-endpoint-url", address,
        ],
        CLI: [
            str(HOME / "bin/aws"), *cli, "--start-time", first, "--end-time", last,
            "--endpoint-url", address,
        ],
    }  # fmt: skip


@contextmanager
def server(count: int) -> Iterator[str]:
    """The server with so many lines; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.logs_server", str(count)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(30)


def measure(command: list[str], count: int) -> Figures:
    """Run one reader to its end.

    Raises:
        RuntimeError: it failed, or a line is missing, came twice or in the wrong order.
    """
    with tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **_AWS}, stdout=subprocess.PIPE, stderr=errors
        )
        assert process.stdout is not None
        first_at, looked_at, highest, rest = 0.0, 0.0, 0.0, b""
        numbers: list[int] = []
        while part := os.read(process.stdout.fileno(), 1 << 20):
            now = time.perf_counter() - began
            first_at = first_at or now
            if now - looked_at > _LOOK:
                looked_at, highest = now, max(highest, highest_mib(process.pid))
            whole, line_end, rest = (rest + part).rpartition(b"\n")
            numbers += map(int, _NUMBER.findall(whole + line_end))
        wall = time.perf_counter() - began
        _, status, spent = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed: {said[-2_000:]}")
    _check(command, numbers, count)
    told = json.loads(said.splitlines()[-1]) if "benchmarks.logs_reader" in command else {}
    cpu = spent.ru_utime + spent.ru_stime - told.pop("cpu_after", 0.0)
    return {"wall": wall, "cpu": cpu, "first": first_at, "rss": highest, **told}


def _check(command: list[str], numbers: list[int], count: int) -> None:
    if numbers == list(range(count)):
        return
    missing, twice = count - len(set(numbers)), len(numbers) - len(set(numbers))
    # awslogs gives equal times in the order of its pages, which is the server's too.
    disordered = sum(one > other for one, other in itertools.pairwise(numbers))
    raise RuntimeError(
        f"{command[0]}: {missing} lines missing, {twice} twice, {disordered} out of order "
        f"(bursts of {BURST} have one time)"
    )


def main() -> None:
    """Read the command line, measure in rounds, print medians and ratios."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--lines", type=int, default=200_000)
    options.add_argument("--no-peers", action="store_true", help="only Jinkies")
    options.add_argument("--million", action="store_true", help="also a million lines")
    told = options.parse_args()
    for room in ("bot", "benchmarks"):  # as pip does with the peers
        compileall.compile_dir(ROOT / room, quiet=1)
    if not told.no_peers:
        _install()
    figures: dict[str, list[Figures]] = defaultdict(list)
    with server(told.lines) as address:
        for number in range(told.rounds):
            for name, command in commands(address).items():
                if name != OURS and told.no_peers:
                    continue
                time.sleep(1.5)  # a full allowance of calls for each
                figures[name].append(measure(command, told.lines))
                print(f"round {number + 1}: {name}", figures[name][-1], file=sys.stderr)
    medians = {name: _median(rounds) for name, rounds in figures.items()}
    if told.million:
        with server(MILLION) as address:
            medians["jinkies, 1M"] = measure(commands(address)[OURS], MILLION)
    _report(medians)


def _median(rounds: list[Figures]) -> Figures:
    return {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}


def _report(medians: Mapping[str, Figures]) -> None:
    for name, figures in medians.items():
        parts = [f"{key} {value:,.2f}{_UNITS[key]}" for key, value in figures.items()]
        print(f"{name:12}", " · ".join(parts))
    print("every reader gave every line, once, in order")
    for what, value, goal in _goals(medians):
        print(f"{'ok  ' if value <= goal else 'MISS'} {what}: {value:.3f} (goal ≤ {goal:.3f})")


def _goals(medians: Mapping[str, Figures]) -> Iterator[tuple[str, float, float]]:
    ours = medians[OURS]
    if CLI in medians:
        yield "wall / awslogs", ours["wall"] / medians[AWSLOGS]["wall"], 1 / 15
        yield "wall / aws cli", ours["wall"] / medians[CLI]["wall"], 1 / 4
        yield "CPU / aws cli", ours["cpu"] / medians[CLI]["cpu"], 1 / 3
        yield "first line / awslogs", ours["first"] / medians[AWSLOGS]["first"], 1.0
    yield "first line, s", ours["first"], 0.45
    yield "newest 50 lines with an open store, s", ours["newest_50"], 0.6
    yield "newest 50 lines, calls", ours["newest_50_calls"], 3
    for name, figures in medians.items():
        if name.startswith(OURS):
            yield f"RSS of {name}, MB", figures["rss"], 120.0
            yield f"event loop's lag, p99 of {name}, ms", figures["lag_ms"], 50.0


def _install() -> None:
    if (HOME / "bin/awslogs").exists() and (HOME / "bin/aws").exists():
        return
    shutil.rmtree(HOME, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
    pip = [str(HOME / "bin/python"), "-m", "pip", "install", "-q"]
    subprocess.run([*pip, *PACKAGES], check=True)


if __name__ == "__main__":
    main()
