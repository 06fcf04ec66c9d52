"""The GitHub stand-in: a server on loopback that answers as GitHub does, or refuses.

standin = GitHubStandIn()
await standin.start()
standin.add_repository("acme/shop", [Commit("first", "Ada <ada@example.com>", {...})])
Github(base_url=standin.api_url, auth=Auth.Token("stand-in-token"))
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.github.api import Api
from sandbox.github.call import Announce
from sandbox.github.faults import Faults
from sandbox.github.gate import RateLimits
from sandbox.github.objects import Signature
from sandbox.github.pages import Pages
from sandbox.github.present import Presenter
from sandbox.github.webhooks import Delivery, Webhooks
from sandbox.github.world import (
    ALL_PERMISSIONS,
    BOT_LOGIN,
    STAND_IN_TOKEN,
    VISITOR_LOGIN,
    Issue,
    Repository,
    Token,
    Webhook,
    World,
    load,
    save,
)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit to begin with. `author` is "Name <mail>"; a file of None is deleted."""

    message: str
    author: str
    files: Mapping[str, str | bytes | None]
    at: datetime | None = None

    def signature(self, otherwise: datetime) -> Signature:
        """The author, and when."""
        name, _, mail = self.author.partition("<")
        at = (self.at or otherwise).replace(microsecond=0)
        return Signature(name.strip(), mail.rstrip("> ") or "nobody@example.com", at)


def utc_now() -> datetime:
    """The real time."""
    return datetime.now(UTC)


@dataclass
class GitHubStandIn:
    """See the module. `data` is a directory in which the state survives a restart."""

    data: Path | None = None
    clock: Callable[[], datetime] = utc_now
    faults: Faults = field(default_factory=Faults)
    violations: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = (load(self._file) if self._file else None) or World()
        self.rate_limits = RateLimits(self.clock)
        self.webhooks = Webhooks()
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._indexed_until: int | None = None
        self.add_token(STAND_IN_TOKEN, BOT_LOGIN)
        self.world.user(VISITOR_LOGIN)

    @property
    def _file(self) -> Path | None:
        return self.data / "github.json" if self.data else None

    @property
    def api_url(self) -> str:
        """What a client takes as its base URL."""
        return self.url + "/api/v3"

    async def start(self, port: int = 0) -> None:
        """Listen on loopback; port 0 takes any free one."""
        app = web.Application(client_max_size=16 * 1024**2)
        Api(self).add_to(app)
        Pages(self).add_to(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.webhooks.start()

    async def stop(self) -> None:
        """Stop listening and remember everything."""
        await self.webhooks.stop()
        if self._runner:
            await self._runner.cleanup()
        self.save()

    def save(self) -> None:
        """Write the state, if it has a place."""
        if self._file:
            save(self.world, self._file)

    def add_token(
        self,
        secret: str,
        login: str,
        *,
        scopes: tuple[str, ...] | None = ("repo",),
        permissions: frozenset[str] = ALL_PERMISSIONS,
    ) -> None:
        """Let a token in; `scopes=None` makes it fine-grained, with `permissions`."""
        self.world.user(login)
        self.world.tokens[secret] = Token(login, scopes, permissions)

    def add_repository(
        self, full_name: str, commits: Sequence[Commit] = (), *, description: str = ""
    ) -> Repository:
        """A repository with a history; one that is known already stays as it is."""
        known = self.world.repository(full_name)
        if known is not None:
            return known
        now = self.clock()
        repository = Repository(self.world.next_id(), full_name, now, now, description)
        self.world.user(repository.owner)
        self.world.repositories[full_name] = repository
        for age, commit in zip(range(len(commits), 0, -1), commits, strict=True):
            author = commit.signature(now - timedelta(hours=7 * age))
            branch = repository.default_branch
            self.world.commit(repository, branch, commit.files, commit.message, author)
        self.save()
        return repository

    def add_webhook(
        self, url: str, secret: str, *, repository: str = "", events: Sequence[str] = ("*",)
    ) -> Webhook:
        """Tell `url` what happens, signed; it is greeted with a ping."""
        hook = Webhook(self.world.next_id(), url, secret, repository, tuple(events))
        self.webhooks.hooks.append(hook)
        ping = {"zen": "Keep it logically awesome.", "hook_id": hook.id}
        shown = {"type": "Repository", "id": hook.id, "active": True, "events": [*hook.events]}
        known = self.world.repository(repository) if repository else None
        payload = ping | {"hook": shown}
        if known:
            payload["repository"] = Presenter(self.world, self.url).repository(known)
        self.webhooks.send(hook, "ping", json_bytes(payload))
        return hook

    def redeliver(self, guid: str) -> Delivery:
        """Send an earlier delivery again, as the button on GitHub does."""
        return self.webhooks.redeliver(guid)

    def announcer(self, login: str) -> Announce:
        """How a caller's doings are told to the webhooks."""
        show = Presenter(self.world, self.url)

        def announce(repository: Repository, event: str, payload: dict[str, Any]) -> None:
            told = {"repository": show.repository(repository), "sender": show.user(login)}
            self.webhooks.announce(repository, event, payload | told)

        return announce

    def freeze_search_index(self) -> None:
        """From now on search does not see new issues, as GitHub's index lags behind."""
        self._indexed_until = self.world.last_id

    def is_indexed(self, issue: Issue) -> bool:
        """Whether search sees an issue yet."""
        return self._indexed_until is None or issue.id <= self._indexed_until


def json_bytes(value: Any) -> bytes:
    """JSON as it goes over the wire."""
    return json.dumps(value, ensure_ascii=False).encode()
