"""A data set replayed into the running bot by the command line: what it holds becomes cards."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from rehearsal import SECRET, Rehearsal, text

ROOT = Path(__file__).parents[2]
OWN = {"GRAFANA_SECRET": "grafana's own", "EVENTBRIDGE_SECRET": "eventbridge's own"}


async def run(*arguments: str, stage: Rehearsal, folder: Path) -> str:
    """One command of run.py beside the running bot; returns what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "run.py"), *arguments,
        cwd=folder,
        env={
            **os.environ,
            "DATABASE_URL": stage.settings.database_url,
            "WEBHOOK_SECRET": SECRET,
            **OWN,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode() + err.decode()


async def test_errors_alarms_and_alerts_of_a_set_become_cards_as_if_they_were_now(
    stage: Rehearsal, tmp_path: Path
) -> None:
    begun = int(time.time())
    secrets = {name: SecretStr(value) for name, value in OWN.items()}
    stage.settings = stage.settings.model_copy(update={"source_secrets": secrets})
    told = await run("dsn", "create", "shop", stage=stage, folder=tmp_path)
    dsn = urlsplit(told.strip())
    await stage.start()
    address = urlsplit(stage.web_url).netloc
    told = await run(
        "simulate", "dataset", "--output-dir", "set", "--start-date", "2026-01-07T09:00",
        "--duration-hours", "0.5", "--entries-per-minute", "10", "--incidents", "1",
        "--workers", "1", "--speed", "100000",
        "--replay", f"http://{dsn.username}@{address}{dsn.path}",
        stage=stage, folder=tmp_path,
    )  # fmt: skip
    assert " 0 refused" in told
    shown = await stage.until(lambda: _of_all_sources(stage))
    moments = [int(found) for card in shown for found in re.findall(r"<t:(\d+):R>", text(card))]
    assert len(moments) >= len(shown)
    assert all(begun - 1 <= moment <= time.time() + 1 for moment in moments)


def _of_all_sources(stage: Rehearsal) -> list[dict[str, Any]] | None:
    told = "\n".join(text(card) for card in stage.cards())
    heard = [f"via {source}" in told for source in ("sentry_sdk", "eventbridge", "grafana")]
    return stage.cards() if all(heard) else None
