"""Signed webhooks out: what happened, to whom it may concern, once, redelivered on request.

Like GitHub, a failed delivery is kept and not retried by itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

from sandbox.github.diff import commit_diff, missing_from
from sandbox.github.present import stamp
from sandbox.github.world import Issue, Repository, Webhook

if TYPE_CHECKING:
    from sandbox.github.call import Call

NO_SHA = "0" * 40


@dataclass(slots=True)
class Delivery:
    """One event for one webhook. `answers` holds a status per attempt, 0 for no answer."""

    guid: str
    hook: Webhook
    event: str
    body: bytes
    answers: list[int] = field(default_factory=list)

    def headers(self) -> dict[str, str]:
        """The headers GitHub sends."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/stand-in",
            "X-GitHub-Event": self.event,
            "X-GitHub-Delivery": self.guid,
            "X-GitHub-Hook-ID": str(self.hook.id),
        }
        if self.hook.secret:
            key = self.hook.secret.encode()
            digest = hmac.new(key, self.body, hashlib.sha256).hexdigest()
            headers["X-Hub-Signature-256"] = f"sha256={digest}"
        return headers


class Webhooks:
    """Sends deliveries one after another."""

    def __init__(self, patience: float = 10.0) -> None:
        self.hooks: list[Webhook] = []
        self.deliveries: list[Delivery] = []
        self._patience = aiohttp.ClientTimeout(total=patience)
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to send."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop sending; what waits is dropped."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def settled(self) -> None:
        """Wait until everything announced so far has been tried."""
        await self._queue.join()

    def announce(self, repository: Repository, event: str, payload: dict[str, Any]) -> None:
        """Queue an event for every webhook that wants it."""
        body = json.dumps(payload, ensure_ascii=False).encode()
        for hook in self.hooks:
            wanted = "*" in hook.events or event in hook.events or event == "ping"
            if wanted and hook.repository in {"", repository.full_name}:
                self.send(hook, event, body)

    def send(self, hook: Webhook, event: str, body: bytes) -> Delivery:
        """Queue one event for one webhook."""
        delivery = Delivery(str(uuid.uuid4()), hook, event, body)
        self.deliveries.append(delivery)
        self._queue.put_nowait(delivery)
        return delivery

    def redeliver(self, guid: str) -> Delivery:
        """Send a delivery again, under the same id; KeyError if there is none."""
        found = next((d for d in self.deliveries if d.guid == guid), None)
        if found is None:
            raise KeyError(guid)
        self._queue.put_nowait(found)
        return found

    async def _run(self) -> None:
        async with aiohttp.ClientSession(timeout=self._patience) as session:
            while True:
                delivery = await self._queue.get()
                delivery.answers.append(await _post(session, delivery))
                self._queue.task_done()


async def _post(session: aiohttp.ClientSession, delivery: Delivery) -> int:
    try:
        async with session.post(
            delivery.hook.url, data=delivery.body, headers=delivery.headers()
        ) as response:
            return response.status
    except (aiohttp.ClientError, TimeoutError):
        return 0


def announce_issue(
    call: Call, repository: Repository, issue: Issue, action: str, **extra: Any
) -> None:
    """Tell about an issue ("issues") or a pull request ("pull_request")."""
    shown: dict[str, Any]
    if issue.pull:
        shown = {"number": issue.number, "pull_request": call.show.pull(repository, issue)}
    else:
        shown = {"issue": call.show.issue(repository, issue)}
    event = "pull_request" if issue.pull else "issues"
    call.announce(repository, event, {"action": action, **shown, **extra})


def announce_push(
    call: Call, repository: Repository, ref: str, before: str | None, after: str
) -> None:
    """Tell about a push, and the pull requests whose head it moves."""
    objects, show = repository.objects, call.show
    repository.pushed_at = call.now
    known = before or repository.head(repository.default_branch)
    new = missing_from(objects, known, after) if known else objects.history(after)[::-1]
    commits = [_pushed(call, repository, commit.sha) for commit in new]
    payload = {
        "ref": ref,
        "before": before or NO_SHA,
        "after": after,
        "created": before is None,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "compare": show.page(repository, "compare", f"{(before or NO_SHA)[:12]}...{after[:12]}"),
        "commits": commits,
        "head_commit": _pushed(call, repository, after),
        "pusher": {"name": call.user.login, "email": None},
    }
    call.announce(repository, "push", payload)
    for issue in repository.issues.values():
        if issue.pull and issue.state == "open" and f"refs/heads/{issue.pull.head}" == ref:
            sides = {"before": before, "after": after}
            announce_issue(call, repository, issue, "synchronize", **sides)


def _pushed(call: Call, repository: Repository, sha: str) -> dict[str, Any]:
    commit = repository.objects.commit(sha)
    files = commit_diff(repository.objects, commit)
    return {
        "id": sha,
        "tree_id": commit.tree,
        "distinct": True,
        "message": commit.message,
        "timestamp": stamp(commit.committer.at),
        "url": call.show.page(repository, "commit", sha),
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
        **{
            status: [f.path for f in files if f.status == status]
            for status in ("added", "removed", "modified")
        },
    }
