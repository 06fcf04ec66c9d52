"""What the GitHub stand-in remembers: people, tokens, repositories, issues, pull requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter

from sandbox.github.diff import MergeConflict, merge_base, merge_trees
from sandbox.github.objects import CommitObject, GitObjects, Signature

STAND_IN_TOKEN = "stand-in-token"
BOT_LOGIN = "jinkies-bot"
VISITOR_LOGIN = "visitor"
ALL_PERMISSIONS = frozenset({"contents=write", "issues=write", "pull_requests=write"})


@dataclass(slots=True)
class User:
    """An account."""

    id: int
    login: str


@dataclass(slots=True)
class Token:
    """A personal access token: `scopes` for a classic one, None for a fine-grained one."""

    login: str
    scopes: tuple[str, ...] | None = ("repo",)
    permissions: frozenset[str] = ALL_PERMISSIONS

    def may(self, permission: str) -> bool:
        """Whether the token carries e.g. "issues=write"; reading is always allowed."""
        if self.scopes is not None:
            return permission == "" or "repo" in self.scopes
        return permission == "" or permission in self.permissions


@dataclass(slots=True)
class Label:
    """A label of a repository."""

    id: int
    name: str
    color: str = "ededed"
    description: str = ""


@dataclass(slots=True)
class Comment:
    """A comment on an issue or a pull request."""

    id: int
    author: str
    body: str
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class PullSide:
    """What makes an issue a pull request. The shas are frozen when it is closed."""

    head: str
    base: str
    draft: bool = False
    head_sha: str = ""
    base_sha: str = ""
    merged_at: datetime | None = None
    merged_by: str = ""
    merge_sha: str = ""


@dataclass(slots=True)
class Issue:
    """An issue; with `pull` a pull request. Both share one sequence of numbers."""

    id: int
    number: int
    title: str
    body: str
    author: str
    created_at: datetime
    updated_at: datetime
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    state: str = "open"
    state_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: str = ""
    comments: list[Comment] = field(default_factory=list)
    pull: PullSide | None = None

    @property
    def shown_state(self) -> str:
        """open, closed, merged or draft: what a person calls it."""
        if self.pull and self.pull.merged_at:
            return "merged"
        return "draft" if self.pull and self.pull.draft and self.state == "open" else self.state


@dataclass(slots=True)
class Repository:
    """One repository: git objects, refs, labels and issues."""

    id: int
    full_name: str
    created_at: datetime
    pushed_at: datetime
    description: str = ""
    default_branch: str = "main"
    has_issues: bool = True
    archived: bool = False
    drafts_supported: bool = True
    readers: frozenset[str] = frozenset()
    objects: GitObjects = field(default_factory=GitObjects)
    refs: dict[str, str] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """The login before the slash."""
        return self.full_name.partition("/")[0]

    @property
    def name(self) -> str:
        """The name after the slash."""
        return self.full_name.partition("/")[2]

    def head(self, branch: str) -> str | None:
        """The sha a branch points at."""
        return self.refs.get(f"refs/heads/{branch}")

    def branches(self) -> dict[str, str]:
        """branch name -> sha."""
        return {
            ref.removeprefix("refs/heads/"): sha
            for ref, sha in sorted(self.refs.items())
            if ref.startswith("refs/heads/")
        }

    def resolve(self, name: str) -> CommitObject | None:
        """The commit of a branch, a tag, a ref, "HEAD" or a sha (7 digits suffice)."""
        if name == "HEAD":
            name = self.default_branch
        for ref in (f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}", name):
            if ref in self.refs:
                return self.objects.commit(self.refs[ref])
        if self.objects.has(name, "commit"):
            return self.objects.commit(name)
        if re.fullmatch(r"[0-9a-f]{7,39}", name):
            found = [s for s in self.objects.stored if s.startswith(name)]
            if len(found) == 1 and self.objects.has(found[0], "commit"):
                return self.objects.commit(found[0])
        return None

    def pull_heads(self, issue: Issue) -> tuple[str, str]:
        """(base sha, head sha) of a pull request as it stands."""
        pull = issue.pull
        assert pull is not None
        if issue.state == "closed":
            return pull.base_sha, pull.head_sha
        return self.head(pull.base) or pull.base_sha, self.head(pull.head) or pull.head_sha

    def merged_tree(self, issue: Issue) -> str | None:
        """The tree a merge would give, None if it conflicts or has no common history."""
        base, head = self.pull_heads(issue)
        origin = merge_base(self.objects, base, head)
        if origin is None:
            return None
        trees = (self.objects.commit(sha).tree for sha in (origin, base, head))
        try:
            return merge_trees(self.objects, *trees)
        except MergeConflict:
            return None

    def closed_by_merging(self, issue: Issue) -> list[Issue]:
        """Open issues that the words "fixes #n" in a pull request would close."""
        base, head = self.pull_heads(issue)
        known = {c.sha for c in self.objects.history(base)}
        messages = [c.message for c in self.objects.history(head) if c.sha not in known]
        numbers = [n for text in (issue.body, *messages) for n in closing_numbers(text)]
        found = (self.issues.get(number) for number in dict.fromkeys(numbers))
        return [i for i in found if i and i.pull is None and i.state == "open"]


@dataclass(slots=True)
class Webhook:
    """Where events go. `events` ("*",) means all."""

    id: int
    url: str
    secret: str
    repository: str = ""
    events: tuple[str, ...] = ("*",)


@dataclass(slots=True)
class World:
    """Everything, in one value that can be written to a file."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        ser_json_bytes="base64", val_json_bytes="base64"
    )

    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    last_id: int = 1000

    def next_id(self) -> int:
        """A number nothing else has."""
        self.last_id += 1
        return self.last_id

    def user(self, login: str) -> User:
        """The account of that name, made if it is new."""
        if login not in self.users:
            self.users[login] = User(self.next_id(), login)
        return self.users[login]

    def repository(self, full_name: str) -> Repository | None:
        """A repository by its name, in any case."""
        wanted = full_name.casefold()
        return next((r for n, r in self.repositories.items() if n.casefold() == wanted), None)

    def commit(
        self,
        repository: Repository,
        branch: str,
        files: Mapping[str, str | bytes | None],
        message: str,
        author: Signature,
    ) -> str:
        """Write files (None deletes) as one commit on a branch; returns the commit's sha."""
        head = repository.head(branch)
        tree = repository.objects.commit(head).tree if head else None
        blobs = repository.objects.blobs(tree) if tree else {}
        for path, content in files.items():
            if content is None:
                blobs.pop(path, None)
            else:
                data = content.encode() if isinstance(content, str) else content
                blobs[path] = ("100644", repository.objects.put("blob", data))
        root = repository.objects.put_blobs(blobs)
        sha = repository.objects.put_commit(root, (head,) if head else (), message, author)
        repository.refs[f"refs/heads/{branch}"] = sha
        repository.pushed_at = author.at
        return sha


CLOSING = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:[\w.-]+/[\w.-]+)?#(\d+)\b", re.IGNORECASE
)


def closing_numbers(text: str) -> list[int]:
    """Issue numbers a pull request's text closes when it is merged, outside of code."""
    prose = re.sub(r"(`{3,}).*?\1|`[^`\n]*`|<code>.*?</code>|<!--.*?-->", " ", text, flags=re.S)
    return [int(number) for number in CLOSING.findall(prose)]


_SAVED: TypeAdapter[World] = TypeAdapter(World)


def save(world: World, path: Path) -> None:
    """Write everything; a crash in between leaves the earlier file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(_SAVED.dump_json(world))
    fresh.replace(path)


def load(path: Path) -> World | None:
    """Read what `save` wrote; None if there is nothing yet."""
    return _SAVED.validate_json(path.read_bytes()) if path.exists() else None
