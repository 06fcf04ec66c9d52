"""The commands of docs/sources.md, run as somebody runs them who copies them from there."""

from __future__ import annotations

import asyncio
import os
import shutil
import textwrap
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "sources.md"
ADDRESS = "https://jinkies.example.com"  # stands for one's own, as the page says


def block(heading: str, beginning: str) -> str:
    """The indented block of a section that begins so."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].split("\n## ")[0]
    blocks = [text for text in section.split("\n\n") if text.startswith("    ")]
    (found,) = [text for text in map(textwrap.dedent, blocks) if text.startswith(beginning)]
    return found


async def run(command: str, url: str, **environment: str) -> str:
    """What a copied command says; it must succeed."""
    if not all(shutil.which(tool) for tool in ("sh", "curl")):
        pytest.skip("needs sh and curl")
    assert ADDRESS in command
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", command.replace(ADDRESS, url).replace("curl ", "curl -sS --fail-with-body ")),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()
