"""The vocabulary of what is shipped to GitHub: frozen values, as in `bot.models`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A line of a repository: `path` as the repository spells it, `url` a permalink at `commit`."""

    repository: str
    path: str
    line: int | None
    commit: str
    url: str


@dataclass(frozen=True, slots=True)
class IssueDraft:
    """An issue to be opened. `marker` is hidden in `body` and finds the issue again."""

    title: str
    body: str
    marker: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PullRequestDraft:
    """A draft pull request to be opened: one commit that writes `files` (path -> text)."""

    branch: str
    title: str
    body: str
    marker: str
    commit_message: str
    files: Mapping[str, str]
    labels: tuple[str, ...] = ()
