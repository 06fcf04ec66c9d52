"""A private `.venv` that holds what a command needs. Standard library only.

`ready()` returns if this interpreter can run the command, and otherwise prepares `.venv` (once;
a stamp in it remembers what was installed) and starts the same command line there. An
interrupted set-up is recognised and begun afresh.
"""

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[(?P<extras>[^\]]*)\])?==(?P<version>[^\s;#]+)")
EXTRA = re.compile(r"""^(?P<name>[A-Za-z0-9._-]+).*;\s*extra\s*==\s*["'](?P<extra>[^"']+)["']$""")
TAIL_LINES = 15
# Compiled once, at the installation: where Python may not write bytecode later
# (PYTHONDONTWRITEBYTECODE, a read-only folder), every start would compile everything again.
UV_OPTIONS = ("--quiet", "--compile-bytecode")


class SetupError(Exception):
    """The environment could not be prepared; the text says why and what to do."""


def ready(requirements: str, *, venv: Path = ROOT / ".venv") -> None:
    """Return if `requirements` (a file beside this one) is met here; else go on in `venv`.

    Raises:
        SetupError: if it cannot be prepared.
    """
    inside = Path(sys.prefix).resolve() == venv.resolve()
    if inside and stamped(venv, requirements):
        return
    if not inside and satisfied(requirements):
        return
    if not stamped(venv, requirements):
        try:
            with _only_one(venv.parent / ".jinkies" / "setup.lock"):
                prepare(venv, requirements)
        except OSError as error:
            raise SetupError(
                f"Could not prepare {venv}: {error}\n"
                "Check that this folder may be written to and that the disk is not full."
            ) from error
    _go_on_with(python_of(venv))


def files_of(requirements: str, folder: Path = ROOT) -> tuple[str, ...]:
    """The requirements file and every file that it includes with -r."""
    text = (folder / requirements).read_text(encoding="utf-8")
    included = re.findall(r"^-r\s+(\S+)", text, re.MULTILINE)
    return (requirements, *(name for other in included for name in files_of(other, folder)))


def digest(requirements: str, folder: Path = ROOT) -> str:
    """Changes when a requirements file or one that it includes does."""
    total = hashlib.sha256()
    for name in files_of(requirements, folder):
        total.update((folder / name).read_bytes().replace(b"\r\n", b"\n"))
    return total.hexdigest()


def pins_of(requirements: str, folder: Path = ROOT) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Every (name, extras, version) that is asked for."""
    for name in files_of(requirements, folder):
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            if pin := PIN.match(line):
                extras = tuple(part.strip() for part in (pin["extras"] or "").split(",") if part)
                yield pin["name"], extras, pin["version"]


def satisfied(requirements: str, folder: Path = ROOT) -> bool:
    """Whether this interpreter already has exactly the pinned packages, extras included."""
    try:
        for name, extras, version in pins_of(requirements, folder):
            if metadata.version(name) != version:
                return False
            for needed in metadata.requires(name) or ():
                extra = EXTRA.match(needed)
                if extra and extra["extra"] in extras:
                    metadata.version(extra["name"])
    except metadata.PackageNotFoundError:
        return False
    return True


def stamped(venv: Path, requirements: str) -> bool:
    """Whether `venv` holds just this version of the requirements, and still has a Python."""
    if _unfinished(venv).exists() or not python_of(venv).exists():
        return False
    return _stamps(venv).get(requirements) == digest(requirements)


def prepare(venv: Path, requirements: str) -> None:
    """Create `venv` if need be and install into it; the stamp is written last."""
    if stamped(venv, requirements):
        return  # another run.py did it while this one waited for the lock
    if _unfinished(venv).exists() or not _usable(venv):
        say(f"Setting up {venv.name} with what {requirements} names (once, under a minute) …")
        _create(venv)
    else:
        say(f"Bringing {venv.name} up to date with {requirements} …")
    _unfinished(venv).touch()
    _install(venv, requirements)
    stamps = _stamps(venv) | {name: digest(name) for name in files_of(requirements)}
    _stamp_file(venv).write_text(json.dumps(stamps, indent=1), encoding="utf-8")
    _unfinished(venv).unlink()


def python_of(venv: Path) -> Path:
    """The interpreter of a virtual environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def say(line: str) -> None:
    """Tell the person at the terminal; standard output belongs to the command."""
    print(line, file=sys.stderr, flush=True)


def leave(code: int) -> NoReturn:
    """End the process now: to take down all that was loaded, piece by piece, takes seconds."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # whoever read it has gone
            stream.flush()
    os._exit(code)


def _stamp_file(venv: Path) -> Path:
    return venv / "jinkies-stamps.json"


def _unfinished(venv: Path) -> Path:
    return venv / "jinkies-unfinished"


def _stamps(venv: Path) -> dict[str, str]:
    try:
        stamps = json.loads(_stamp_file(venv).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}


def _usable(venv: Path) -> bool:
    """Whether its Python runs, is new enough, and can install."""
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        return _run(python_of(venv), "-c", probe).returncode == 0
    except OSError:
        return False


def _create(venv: Path) -> None:
    # The interpreter below a virtual environment, because that one may be what is cleared.
    python = getattr(sys, "_base_executable", sys.executable)
    done = _run(python, "-m", "venv", "--clear", venv)
    if done.returncode == 0:
        return
    if uv := shutil.which("uv"):
        done = _run(uv, "venv", "--clear", "--seed", "--python", python, venv)
        if done.returncode == 0:
            return
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    raise SetupError(
        f"Could not create {venv}:\n{_tail(done)}\n"
        f"On Debian or Ubuntu: sudo apt install python{version}-venv, then run this again."
    )


def _install(venv: Path, requirements: str) -> None:
    """With uv where it can be had, because it takes seconds; with pip otherwise."""
    python = python_of(venv)
    wanted = ROOT / requirements
    uv = python.with_name("uv.exe" if os.name == "nt" else "uv")
    if not uv.exists():
        _run(python, "-m", "pip", "install", "--quiet", "uv")
    if uv.exists():
        done = _run(uv, "pip", "install", *UV_OPTIONS, "--python", python, "-r", wanted)
        if done.returncode == 0:
            return
    # uv does not read pip's own settings (mirrors, certificates); pip may get through.
    done = _run(python, "-m", "pip", "install", "--quiet", "-r", wanted)
    if done.returncode:
        raise SetupError(
            f"Could not install what {requirements} names:\n{_tail(done)}\n"
            "Check the connection to the package index (a proxy? a mirror set in pip.conf?) and "
            "the free disk space, then run this again."
        )


def _run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def _tail(done: subprocess.CompletedProcess[str]) -> str:
    return "\n".join("  " + line for line in done.stdout.strip().splitlines()[-TAIL_LINES:])


def _go_on_with(python: Path) -> NoReturn:
    command = [str(python), *sys.orig_argv[1:]]
    if os.name != "nt":
        os.execv(python, command)
    # Windows has no exec: wait, leave Ctrl-C to the child, and hand its exit code on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(subprocess.run(command, check=False).returncode)


@contextlib.contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Wait until no other run.py is setting up; the system frees the lock of a dead one."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+b") as held:
        if sys.platform == "win32":
            import msvcrt

            held.seek(0)
            while True:
                with contextlib.suppress(OSError):  # raised after ten seconds of waiting
                    msvcrt.locking(held.fileno(), msvcrt.LK_LOCK, 1)
                    break
        else:
            import fcntl

            fcntl.flock(held, fcntl.LOCK_EX)
        yield
