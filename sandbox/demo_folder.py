"""The folder that a demo keeps its state in: whether it may be used, and forgetting it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import aiohttp

from bot.errors import JinkiesError

RUNNING = "running.txt"  # the address of the page of the demo that uses a data folder


class AlreadyRunning(JinkiesError):  # noqa: N818 - told to a person, who reads it as a sentence
    """Another demo uses the same data; two would spoil each other's."""


class Impossible(JinkiesError):  # noqa: N818 - told to a person, who reads it as a sentence
    """The demo was asked for something that cannot be had: a port, a folder."""


def forget(data: Path) -> None:
    """Remove what demos keep in `data`, and nothing else that may be there."""
    for name in ("discord", "github"):
        shutil.rmtree(data / name, ignore_errors=True)
    for name in ("jinkies.db", "jinkies.db-wal", "jinkies.db-shm", "deployed.json", RUNNING):
        (data / name).unlink(missing_ok=True)


async def refuse_a_second(data: Path) -> None:
    """Ask the demo that was last here; a file alone may be left by one that was killed.

    Raises:
        AlreadyRunning: it answers.
    """
    record = data / RUNNING
    if not record.exists():
        return
    url = record.read_text(encoding="utf-8")
    try:
        async with aiohttp.request(
            "GET", f"{url}page/api/panels", timeout=aiohttp.ClientTimeout(total=2)
        ) as answer:
            if answer.status != 200:
                return
    except (aiohttp.ClientError, TimeoutError):
        return
    raise AlreadyRunning(f"it is running already: {url} (or choose another --data folder)")


def see_that_it_can_be_written(data: Path) -> None:
    """Make the folder and try it, before anything starts that would need it.

    Raises:
        Impossible: with what to do.
    """
    try:
        with tempfile.TemporaryFile(dir=folder_at(data)):
            pass
    except OSError as error:
        cure = "Choose another folder with --data."
        raise Impossible(f"{data} cannot be written to ({error.strerror}). {cure}") from None


def folder_at(path: Path) -> Path:
    """The folder, made if it is not there."""
    path.mkdir(parents=True, exist_ok=True)
    return path
