"""The crash itself: a scenario's program runs in a process of its own and really raises."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bot.errors import JinkiesError
from bot.simulation.crash.scenario import Program, Scalar

PATIENCE = 20.0  # seconds
_LONGEST = 200_000  # characters of a trace
# The same words from every Python: no columns below the lines, no colours, no bytecode beside.
_PYTHON = ("-E", "-s", "-B", "-X", "no_debug_ranges", "-W", "ignore")
# A program gets what a process needs to start, and none of our secrets.
_PASSED_ON = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG")
_FILE = re.compile(r'(?<=File ")[^"\n]+(?=")')


class DidNotCrash(JinkiesError):  # noqa: N818 - told to a person, who reads it as a sentence
    """A scenario's program did not do what it is there for."""


def run(program: Program, beside: Path, facts: Mapping[str, Scalar]) -> str:
    """Run a program until it fails; returns the stack trace it left.

    Args:
        beside: the folder of the scenario's file.
        facts: what the logs tell, so that the trace tells the same.

    Raises:
        DidNotCrash: it ended well, hangs, left no trace, or cannot be started.
    """
    folder = (beside / program.folder).resolve()
    command = list(program.run)
    if command[0] == "python":
        command[:1] = [sys.executable, *_PYTHON]
    try:
        done = subprocess.run(  # noqa: S603 - whoever fills the folder decides what runs
            [*command, json.dumps(dict(facts))],
            cwd=folder,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DidNotCrash(f"{program.folder} did not crash within {PATIENCE:.0f} s") from None
    except OSError as error:
        raise DidNotCrash(f"{program.folder} cannot be started: {error}") from None
    told = done.stderr.decode("utf-8", "replace").replace("\r\n", "\n")
    if done.returncode == 0 or not told.strip():
        raise DidNotCrash(f"{program.folder} ended without a crash (exit code {done.returncode})")
    return _deployed(told[-_LONGEST:], folder, program.deployed_at.rstrip("/"))


def _deployed(trace: str, folder: Path, at: str) -> str:
    """The trace as it would read there: the machine that rehearses is nobody's business."""
    here = str(folder)

    def moved(match: re.Match[str]) -> str:
        inside = match[0].removeprefix(here)
        return at + inside.replace("\\", "/") if inside != match[0] else match[0]

    return _FILE.sub(moved, trace).replace(here, at)
