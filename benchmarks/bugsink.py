"""Bugsink, a self-hosted error tracker, as a peer: its own venv, gunicorn, SQLite, snappea.

Set up as its documentation says for one server; only the quotas are raised, since by default
it answers 429 after 1,000 events in five minutes.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import ROOT, cpu_seconds, free_port, load, running, wait_for

VERSION = "2.6.1"
HOME = ROOT / ".jinkies/peers/bugsink"
_MORE = """
BUGSINK["BASE_URL"] = "http://localhost"
ALLOWED_HOSTS = ["*"]
for _name in ("MAX_EVENTS_PER_PROJECT_PER_5_MINUTES", "MAX_EVENTS_PER_PROJECT_PER_HOUR",
              "MAX_EVENTS_PER_PROJECT_PER_MONTH", "MAX_EVENTS_PER_5_MINUTES",
              "MAX_EVENTS_PER_HOUR", "MAX_EVENTS_PER_MONTH"):
    BUGSINK[_name] = 1_000_000_000
"""
_PROJECT = """
from projects.models import Project
from teams.models import Team
project = Project.objects.create(
    name="peer", team=Team.objects.create(name="peer"), retention_max_event_count=1_000_000)
print(project.id, project.sentry_key.hex)
"""


@dataclass(frozen=True, slots=True)
class Bugsink:
    """A running Bugsink with one project."""

    port: int
    pids: tuple[int, ...]
    project: str
    key: str
    data: Path

    def measure(self, count: int, seed: int) -> dict[str, float]:
        """Send `count` errors and wait until all are digested."""
        before, cpu, started = self._digested(), cpu_seconds(*self.pids), time.perf_counter()
        path = f"/api/{self.project}/store/"
        auth = f"X-Sentry-Auth: Sentry sentry_version=7, sentry_key={self.key}"
        answer = load(self.port, path, count, seed, "sentry", auth, "Connection: keep-alive")
        accepted = answer["statuses"].get("200", 0)
        load_seconds = answer["seconds"]
        deadline = time.monotonic() + 60 + count / 5
        while self._digested() - before < accepted and time.monotonic() < deadline:
            time.sleep(0.1)
        digested = self._digested() - before
        # The time to build the requests, in the generator, is nobody's.
        waited = time.perf_counter() - started - answer["preparing"]
        return {
            "rate": digested / max(load_seconds, waited),
            "accepted": accepted / load_seconds,
            "cpu_ms": (cpu_seconds(*self.pids) - cpu) / max(1, digested) * 1000,
            "p50_ms": answer["p50_ms"],
            "p99_ms": answer["p99_ms"],
            "groups": self._count("issues_issue"),
        }

    def _digested(self) -> int:
        return self._count("events_event")

    def _count(self, table: str) -> int:
        with sqlite3.connect(f"file:{self.data / 'db.sqlite3'}?mode=ro", uri=True) as database:
            count: int = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            return count


@contextmanager
def bugsink(folder: Path) -> Iterator[Bugsink]:
    """Run it with its data in `folder`; what is not there yet is installed and set up."""
    project, key = _project(folder)
    port = free_port()
    web: list[str | Path] = [HOME / "bin/gunicorn", f"--bind=127.0.0.1:{port}"]
    web += ["--workers=2", "--log-level=error", "bugsink.wsgi"]
    snappea: list[str | Path] = [HOME / "bin/bugsink-runsnappea"]
    with ExitStack() as parts:
        env = _environment(folder)
        pids = tuple(
            parts.enter_context(running(command, cwd=folder, env=env)) for command in (web, snappea)
        )
        wait_for(f"http://127.0.0.1:{port}/")
        yield Bugsink(port, pids, project, key, folder)


def _project(folder: Path) -> tuple[str, str]:
    """The number and the key of its only project."""
    made = folder / "bugsink_project"
    if not made.exists():
        _install()
        _set_up(folder)
        told = _run("bugsink-manage", "shell", "-c", _PROJECT, cwd=folder)
        made.write_text(told.strip().splitlines()[-1])
    project, key = made.read_text().split()
    return project, key


def _set_up(folder: Path) -> None:
    _run("bugsink-create-conf", "--template=singleserver", f"--base-dir={folder}",
         "--output-file", folder / "bugsink_conf.py", cwd=folder)  # fmt: skip
    with (folder / "bugsink_conf.py").open("a") as settings:
        settings.write(_MORE)
    _run("bugsink-manage", "migrate", cwd=folder)
    _run("bugsink-manage", "migrate", "snappea", "--database=snappea", cwd=folder)


def _install() -> None:
    if (HOME / "bin/bugsink-manage").exists():
        return
    shutil.rmtree(HOME, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
    packages = [f"bugsink=={VERSION}", "gunicorn"]
    subprocess.run([HOME / "bin/python", "-m", "pip", "install", "-q", *packages], check=True)


def _environment(folder: Path) -> dict[str, str]:
    path = f"{HOME / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {"DJANGO_SETTINGS_MODULE": "bugsink_conf", "PYTHONPATH": str(folder), "PATH": path}


def _run(program: str, *arguments: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [HOME / "bin" / program, *map(str, arguments)],
        cwd=cwd, env={**os.environ, **_environment(cwd)}, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{program} failed: {done.stderr[-2_000:]}")
    return done.stdout
