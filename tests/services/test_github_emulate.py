"""The service against a GitHub that nobody here wrote: npm's emulate, within what it supports.

Pinned: later versions need a newer Node, and 1.0 on npm is another package.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.drafts import IssueDraft, PullRequestDraft
from bot.models import Frame
from bot.services.github import GitHubService
from bot.services.github.client import Pace

pytestmark = pytest.mark.node
ROOT = Path(__file__).parents[2]
PACKAGE = "emulate@0.11.2"
SEED = """
tokens:
  ghp_kim: {login: kim, scopes: [repo, user]}
github:
  users:
    - {login: kim, name: Kim, email: kim@example.com}
  repos:
    - {owner: kim, name: shop, auto_init: true}
"""


@pytest.fixture(scope="module")
def emulate() -> Iterator[str]:
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("npm and Node.js are not installed")
    home = ROOT / ".jinkies" / PACKAGE.replace("@", "-")
    command = home / "node_modules" / ".bin" / "emulate"
    if not command.exists():
        home.mkdir(parents=True, exist_ok=True)
        install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(home), PACKAGE]
        if subprocess.run(install, capture_output=True, timeout=50, check=False).returncode:
            pytest.skip(f"npm could not install {PACKAGE}")
    seed = home / f"seed-{uuid.uuid4().hex}.yaml"
    seed.write_text(SEED, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["start", "--service", "github", "--port", str(port), "--seed", str(seed)]
    with subprocess.Popen([command, *arguments], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        for line in server.stdout:
            if "localhost" in line:
                break
        yield f"http://localhost:{port}"  # the server says localhost, and PyGithub insists on it
        server.terminate()
    seed.unlink()


@pytest.fixture
def service(emulate: str) -> Iterator[GitHubService]:
    made = GitHubService("ghp_kim", api_url=emulate, pace=Pace(0, 0), timeout=10)
    yield made
    made.close()


def names() -> tuple[str, str]:
    mark = uuid.uuid4().hex[:8]
    return mark, f"<!-- jinkies:alert:1:test:{mark} -->"


async def test_an_issue_is_opened_once(emulate: str, service: GitHubService) -> None:
    _, marker = names()
    draft = IssueDraft("[J-1] Boom", f"text\n\n{marker}", marker, ("jinkies",))
    presses = [service.ensure_issue("kim/shop", draft, seek=False) for _ in range(2)]
    first, second = await asyncio.gather(*presses)
    restarted = GitHubService("ghp_kim", api_url=emulate, pace=Pace(0, 0), timeout=10)
    third = await restarted.ensure_issue("kim/shop", draft, seek=True)
    restarted.close()
    assert first.number == second.number == third.number


async def test_a_draft_pull_request_is_opened_once(emulate: str, service: GitHubService) -> None:
    mark, marker = names()
    draft = PullRequestDraft(
        branch=f"jinkies/J-{mark}",
        title="Report",
        body=f"No fix yet.\n\n{marker}",
        marker=marker,
        commit_message=f"Add the report\n\n{mark}",
        files={f"incidents/{mark}.md": "# Boom\n"},
        labels=("jinkies",),
    )
    first = await service.ensure_pull_request("kim/shop", draft, seek=False)
    restarted = GitHubService("ghp_kim", api_url=emulate, pace=Pace(0, 0), timeout=10)
    assert (
        await restarted.ensure_pull_request("kim/shop", draft, seek=True)
    ).number == first.number
    restarted.close()


async def test_a_frame_is_located(service: GitHubService) -> None:
    found = await service.locate("kim/shop", Frame("/app/README.md", 1), "")
    assert found is not None
    assert found.path == "README.md"
    assert await service.check("kim/shop") == ()
