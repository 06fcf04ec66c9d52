"""kill -9 at every boundary of the road, then a restart: nothing lost, nothing twice."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bot.store import Store

CHILD = Path(__file__).with_name("crash_road.py")
STAGES = (
    *("prepare", "before commit", "after commit", "claimed", "sent"),
    *("edit claimed", "edited", "shipment claimed", "shipped"),
)


def live(directory: Path, stage: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHILD), str(directory), stage]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
async def test_after_a_kill_every_event_counts_once_on_one_card_with_one_issue(tmp_path, stage):
    killed = live(tmp_path, stage)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    answered = killed.stdout.split()
    restarted = live(tmp_path, "none")
    assert restarted.returncode == 0, restarted.stderr

    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/road.db")
    detail = await store.alerts.detail(1)
    counts = await store.outbox.counts()
    await store.close()
    assert detail.alert.occurrences == 6
    assert sum(detail.activity) == 6
    assert len(detail.shipments) == 1
    assert len(detail.acts) == 1
    assert counts.dead == 0
    outside = sqlite3.connect(tmp_path / "outside.db")
    assert outside.execute("SELECT count(*), max(occurrences) FROM messages").fetchone() == (1, 6)
    assert outside.execute("SELECT count(*) FROM issues").fetchone() == (1,)
    stored = sqlite3.connect(tmp_path / "road.db").execute("SELECT event_id FROM events")
    assert set(answered) <= {row[0] for row in stored}
