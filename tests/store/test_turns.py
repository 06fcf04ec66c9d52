"""Writers of one SQLite file, in several processes, take turns."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bot.store.turns import turns

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there SQLite sees to it itself")

HOLDER = """
import sys
from pathlib import Path
from bot.store.turns import turns
with turns(Path(sys.argv[1]))():
    print("mine", flush=True)
    sys.stdin.read()
"""


def test_a_writer_waits_while_it_is_the_turn_of_another(tmp_path: Path) -> None:
    first, second = turns(tmp_path / "j.db"), turns(tmp_path / "j.db")
    order: list[str] = []

    def wait() -> None:
        with second():
            order.append("second")

    waiting = threading.Thread(target=wait)
    with first():
        waiting.start()
        waiting.join(0.05)
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"]


def test_the_turn_of_a_killed_process_ends_with_it(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "j.db")],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"mine\n"
        holder.kill()
        with turns(tmp_path / "j.db")():
            pass
