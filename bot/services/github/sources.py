"""Where a frame's line lies in a repository: trees cached by commit, a permalink at it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote

from github import Github, GithubException
from github.GitTree import GitTree
from github.Repository import Repository

from bot.drafts import SourceLocation
from bot.models import Frame
from bot.services.github.paths import Index, index, match

TREES = 16
UNKNOWN_COMMITS = 256
HEAD_IS_GOOD_FOR = timedelta(minutes=1)
NO_COMMIT = frozenset({404, 409})  # answered for a branch that is not there; 409 if none is


class Sources:
    """Finds frames in repositories."""

    def __init__(self, github: Github, clock: Callable[[], datetime]) -> None:
        self._github = github
        self._clock = clock
        self._trees: OrderedDict[tuple[str, str], Index] = OrderedDict()
        self._unknown: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._heads: dict[str, tuple[str, datetime]] = {}

    def locate(self, repository: Repository, frame: Frame, commit: str) -> SourceLocation | None:
        """The line, at `commit` if it is known here, else at the default branch's head."""
        sha, paths = self._at(repository, commit)
        path = match(frame, paths)
        if path is None:
            return None
        url = f"{repository.html_url}/blob/{sha}/{quote(path)}"
        if frame.line is not None:
            url += f"#L{frame.line}"
        return SourceLocation(repository.full_name, path, frame.line, sha, url)

    def _at(self, repository: Repository, commit: str) -> tuple[str, Index]:
        key = (repository.full_name, commit)
        if commit and is_sha(commit) and key not in self._unknown:
            try:
                return commit, self._index(repository, commit)
            except GithubException as error:
                if error.status not in {404, 409, 422}:
                    raise
                self._unknown[key] = None
                if len(self._unknown) > UNKNOWN_COMMITS:
                    self._unknown.popitem(last=False)
        head = self._head(repository)
        return head, self._index(repository, head) if head else {}

    def _head(self, repository: Repository) -> str:
        """The newest commit of the default branch; "" in a repository without any."""
        now = self._clock()
        sha, until = self._heads.get(repository.full_name, ("", now))
        if now >= until:
            try:
                sha = repository.get_git_ref(f"heads/{repository.default_branch}").object.sha
            except GithubException as error:
                if error.status not in NO_COMMIT:
                    raise
                sha = ""
            self._heads[repository.full_name] = (sha, now + HEAD_IS_GOOD_FOR)
        return sha

    def _index(self, repository: Repository, sha: str) -> Index:
        key = (repository.full_name, sha)
        if key not in self._trees:
            tree: GitTree = repository.get_git_tree(sha, recursive=True)
            self._trees[key] = index(e.path for e in tree.tree if e.type == "blob")
            if len(self._trees) > TREES:
                self._trees.popitem(last=False)
        self._trees.move_to_end(key)
        return self._trees[key]


def is_sha(text: str) -> bool:
    """Whether it can be a commit's sha (seven digits suffice): "v1.2" or "main" may move."""
    return 7 <= len(text) <= 40 and set(text) <= set("0123456789abcdef")
