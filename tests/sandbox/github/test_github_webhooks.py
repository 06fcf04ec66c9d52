"""Webhooks out: signed as GitHub signs, never repeated by themselves, redelivered on request."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from github.Repository import Repository

from sandbox.github import GitHubStandIn

SECRET = "It's a Secret"
Heard = list[tuple[dict[str, str], bytes]]


@pytest.fixture
async def heard(standin: GitHubStandIn) -> AsyncIterator[Heard]:
    """A receiver that refuses the first delivery and takes the others."""
    got: Heard = []

    async def receive(request: web.Request) -> web.Response:
        got.append((dict(request.headers), await request.read()))
        return web.Response(status=503 if len(got) == 1 else 202)

    app = web.Application()
    app.router.add_post("/hook", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    standin.add_webhook(f"http://127.0.0.1:{runner.addresses[0][1]}/hook", SECRET)
    yield got
    await runner.cleanup()


def told(heard: Heard) -> list[str]:
    return [f"{h['X-GitHub-Event']}.{json.loads(b).get('action', '')}" for h, b in heard]


async def test_what_happens_is_told_in_order_and_signed(
    standin: GitHubStandIn, heard: Heard, drive: Callable[..., Any]
) -> None:
    def work(repo: Repository) -> None:
        issue = repo.create_issue("Boom", labels=["jinkies"])
        repo.create_git_ref("refs/heads/fix", repo.get_branch("main").commit.sha)
        repo.create_file("fix.txt", "Fix it", "x\n", branch="fix")
        body = f"Fixes #{issue.number}"
        pull = repo.create_pull("main", "fix", title="Fix", body=body, draft=True)
        pull.mark_ready_for_review()
        pull.merge()

    await drive(work)
    await standin.webhooks.settled()
    assert told(heard) == [
        "ping.",
        "issues.opened",
        "issues.labeled",
        "push.",
        "push.",
        "pull_request.opened",
        "pull_request.ready_for_review",
        "pull_request.closed",
        "push.",
        "issues.closed",
    ]
    for headers, body in heard:
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert headers["X-Hub-Signature-256"] == f"sha256={digest}"
    closed = json.loads(heard[7][1])
    assert closed["pull_request"]["merged"] is True
    assert closed["repository"]["full_name"] == "acme/shop"
    pushed = json.loads(heard[4][1])
    assert pushed["commits"][0]["added"] == ["fix.txt"]


async def test_a_failed_delivery_is_sent_again_only_on_request_and_under_its_id(
    standin: GitHubStandIn, heard: Heard
) -> None:
    await standin.webhooks.settled()
    (ping,) = standin.webhooks.deliveries
    assert ping.answers == [503]
    standin.redeliver(ping.guid)
    await standin.webhooks.settled()
    assert ping.answers == [503, 202]
    first, second = heard
    assert first[0]["X-GitHub-Delivery"] == second[0]["X-GitHub-Delivery"] == ping.guid
    assert first[1] == second[1]
