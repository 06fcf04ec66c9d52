"""In a process of its own: what is asked for holds for the whole process."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAM = """
import gc
gc.disable()
from bot.collector import settle
kept = [[] for _ in range(1_000)]
settle()
first = gc.get_freeze_count()
more = [[] for _ in range(1_000)]
settle()
print(gc.isenabled(), first > 1_000, gc.get_freeze_count() == first)
loop = []
loop.append(loop)
del loop
print(gc.collect())
"""


def test_what_was_loaded_is_left_alone_and_what_comes_later_is_collected() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True", "True", "1"]
