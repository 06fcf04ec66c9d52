from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

import bootstrap
from bot.config import ALIASES, SETTINGS

ROOT = Path(__file__).parents[1]
# A service that only says that it runs, so that these tests are about run.py alone.
CONFIG = """
from types import SimpleNamespace

def load_settings(purpose):
    return SimpleNamespace(one_cpu=True)
"""
MAIN = """
import sys
async def run_bot(settings, *, stop):
    print("running in", sys.prefix, flush=True)
    await stop.wait()
    print("goodbye", flush=True)
"""
DOCTOR = """
import sys
async def examine(settings, say):
    import jinkies_probe
    say("examined in " + sys.prefix + " with " + jinkies_probe.VERSION)
    return True
"""


def run(
    *arguments: str, root: Path = ROOT, folder: Path | None = None, extra: Mapping[str, str] = {}
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(root / "run.py"), *arguments],
        cwd=folder or root,
        env=environment(extra),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def environment(extra: Mapping[str, str] = {}) -> dict[str, str]:
    ours = {*SETTINGS, *ALIASES}
    return {name: text for name, text in os.environ.items() if name not in ours} | dict(extra)


def write_wheel(folder: Path, version: str) -> None:
    info = f"jinkies_probe-{version}.dist-info"
    folder.mkdir(exist_ok=True)
    path = folder / f"jinkies_probe-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("jinkies_probe.py", f"VERSION = {version!r}\n")
        about = f"Metadata-Version: 2.1\nName: jinkies-probe\nVersion: {version}\n"
        wheel.writestr(f"{info}/METADATA", about)
        tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{info}/WHEEL", tags)
        names = ["jinkies_probe.py", *(f"{info}/{name}" for name in ("METADATA", "WHEEL"))]
        wheel.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in names))


def require(root: Path, version: str) -> None:
    text = f"--no-index\n--find-links wheels\njinkies-probe=={version}\n"
    (root / "requirements.txt").write_text(text)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A tree with run.py whose only requirement is a tiny package in a folder beside it."""
    root = tmp_path / "clone"
    (root / "bot").mkdir(parents=True)
    for name in ("run.py", "bootstrap.py", "bot/affinity.py", "bot/errors.py"):
        shutil.copy(ROOT / name, root / name)
    texts = {"__init__": "", "config": CONFIG, "main": MAIN, "doctor": DOCTOR}
    for name, text in texts.items():
        (root / "bot" / f"{name}.py").write_text(text)
    write_wheel(root / "wheels", "1.0")
    require(root, "1.0")
    return root


OFFLINE = {"PIP_NO_INDEX": "1", "UV_OFFLINE": "1"}


@pytest.mark.slow
@pytest.mark.timeout(240)  # a virtual environment is made; slow on a busy machine
def test_a_fresh_clone_sets_itself_up_once_and_again_only_when_it_must(clone: Path) -> None:
    first = run("doctor", root=clone, extra=OFFLINE)
    assert first.returncode == 0, first.stderr
    assert f"examined in {clone / '.venv'} with 1.0" in first.stdout
    assert len(first.stderr.splitlines()) == 1
    assert "Setting up .venv" in first.stderr

    second = run("doctor", root=clone, extra=OFFLINE)
    assert (second.returncode, second.stdout, second.stderr) == (0, first.stdout, "")

    write_wheel(clone / "wheels", "1.1")
    require(clone, "1.1")
    third = run("doctor", root=clone, extra=OFFLINE)
    assert "with 1.1" in third.stdout
    assert "up to date" in third.stderr


@pytest.mark.slow
@pytest.mark.timeout(240)  # a virtual environment is made; slow on a busy machine
def test_a_failed_installation_says_why_and_what_to_do(clone: Path) -> None:
    require(clone, "9.9")
    done = run("doctor", root=clone, extra=OFFLINE)
    assert done.returncode == 1
    assert "jinkies-probe==9.9" in done.stderr
    assert "Check the connection" in done.stderr
    assert "Traceback" not in done.stderr
    assert not bootstrap.stamped(clone / ".venv", "requirements.txt")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.slow
@pytest.mark.timeout(240)  # a virtual environment is made; slow on a busy machine
def test_an_interrupted_set_up_begins_again(clone: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(clone / "run.py"), "doctor"],
        cwd=clone,
        env=environment(OFFLINE),
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background job ignores Ctrl-C, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    with process:
        assert process.stderr is not None
        assert "Setting up" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == "Interrupted; the next start sets up again.\n"
    assert process.returncode == 1
    assert "with 1.0" in run("doctor", root=clone, extra=OFFLINE).stdout


@pytest.mark.skipif(
    os.name == "nt" or getattr(os, "geteuid", int)() == 0, reason="root may write everywhere"
)
def test_a_folder_that_may_not_be_written_to_is_named(clone: Path) -> None:
    clone.chmod(0o500)
    try:
        done = run("doctor", root=clone)
    finally:
        clone.chmod(0o700)
    assert done.returncode == 1
    assert "may be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_environment_that_has_everything_is_used_as_it_is(clone: Path) -> None:
    from importlib.metadata import version

    (clone / "requirements.txt").write_text(f"pytest=={version('pytest')}\n")
    (clone / "bot" / "doctor.py").write_text(
        DOCTOR.replace("import jinkies_probe", "").replace(" + jinkies_probe.VERSION", "")
    )
    done = run("doctor", root=clone)
    assert f"examined in {sys.prefix} with" in done.stdout
    assert not (clone / ".venv").exists()


def test_pins_are_compared_exactly_and_with_their_extras(tmp_path: Path) -> None:
    from importlib.metadata import version

    (tmp_path / "more.txt").write_text(f"-r few.txt\nSQLAlchemy[asyncio]=={version('sqlalchemy')}")
    (tmp_path / "few.txt").write_text(f"# a comment\npytest=={version('pytest')}  # why\n")
    assert bootstrap.satisfied("more.txt", tmp_path)
    (tmp_path / "few.txt").write_text("pytest==0.1\n")
    assert not bootstrap.satisfied("more.txt", tmp_path)
    (tmp_path / "few.txt").write_text("no-such-package-of-ours==1.0\n")
    assert not bootstrap.satisfied("more.txt", tmp_path)


@pytest.mark.parametrize("name", ["", "-sandbox", "-dev", "-postgres"])
def test_every_requirement_is_pinned_exactly(name: str) -> None:
    text = (ROOT / f"requirements{name}.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith(("#", "-r ")):
            assert bootstrap.PIN.match(line), line


def test_without_a_token_one_message_lists_every_setting_and_names_the_demo(
    tmp_path: Path,
) -> None:
    done = run(folder=tmp_path, extra={"WEB_PORT": "eighty"})
    assert done.returncode == 2
    assert done.stdout == ""
    for name in ("DISCORD_TOKEN", "ALERT_CHANNEL_ID", "WEB_PORT"):
        assert done.stderr.count(f"✗ {name}:") == 1
    assert "python3 run.py demo" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(
    os.name == "nt" or getattr(os, "geteuid", int)() == 0, reason="root may read everything"
)
def test_a_file_of_settings_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DISCORD_TOKEN=abc\n")
    (tmp_path / ".env").chmod(0)
    done = run(folder=tmp_path)
    assert done.returncode == 2
    assert "✗ .env: cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["bot", "demo", "web", "doctor", "dsn", "test", "check"])
def test_every_command_explains_itself(command: str) -> None:
    assert command in run("--help").stdout
    done = run(command, "--help")
    assert done.returncode == 0
    assert len(done.stdout.split()) > 20


@pytest.mark.parametrize("arguments", [["nosuch"], ["doctor", "--loud"], ["demo", "--port", "x"]])
def test_wrong_usage_ends_with_2_before_anything_is_set_up(
    clone: Path, arguments: list[str]
) -> None:
    done = run(*arguments, root=clone)
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert not (clone / ".venv").exists()


def test_arguments_of_test_go_to_pytest() -> None:
    done = run("test", "--version")
    assert done.returncode == 0
    assert "pytest" in done.stdout + done.stderr


def test_an_old_python_is_told_what_to_do() -> None:
    pretend = "import runpy, sys; sys.version_info = (3, 8, 10); runpy.run_path('run.py')"
    done = subprocess.run(
        [sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; this is 3.8" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_bot_cleanly(clone: Path, number: signal.Signals) -> None:
    (clone / "requirements.txt").write_text("")
    process = subprocess.Popen(
        [sys.executable, str(clone / "run.py")], cwd=clone, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert "running" in process.stdout.readline()
        process.send_signal(number)
        assert process.stdout.read() == "goodbye\n"
    assert process.returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_the_end_does_not_wait_for_what_was_loaded(clone: Path) -> None:
    (clone / "requirements.txt").write_text("")
    (clone / "bot" / "main.py").write_text(
        MAIN + "\nimport atexit\natexit.register(print, 'taken down piece by piece')\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(clone / "run.py")], cwd=clone, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert "running" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "goodbye\n"
    assert process.returncode == 0
