"""A draft pull request of one commit, in steps that can each be repeated.

The commit is built first, out of sight; the branch appears with it in one step. A branch of
that name is ours if its commits contain our message, which carries the alert's own mark.
"""

from __future__ import annotations

import logging
from itertools import islice

from github import GithubException, InputGitTreeElement
from github.GitCommit import GitCommit
from github.PullRequest import PullRequest
from github.Repository import Repository

from bot.drafts import PullRequestDraft
from bot.errors import UpstreamError
from bot.services.github.client import GitHubClient
from bot.services.github.failures import SYSTEM, AnswerUnknown
from bot.services.github.labels import Labels
from bot.services.github.sources import NO_COMMIT

log = logging.getLogger(__name__)

COMMITS_LOOKED_AT = 50


class PullRequests:
    """Makes or finds pull requests."""

    def __init__(self, client: GitHubClient, labels: Labels) -> None:
        self._client = client
        self._labels = labels

    def ensure(self, repository: Repository, draft: PullRequestDraft) -> PullRequest:
        """The pull request of this draft; made if there is none."""
        base = repository.default_branch
        for branch in (draft.branch, other_branch(draft)):
            found = self._existing(repository, branch)
            if found is not None and draft.marker in (found.body or ""):
                return found
            if found is None and self._push(repository, base, branch, draft):
                return self._open(repository, base, branch, draft)
        detail = f"the branch {draft.branch} is taken by something else."
        cure = "Delete or rename that branch, then try again."
        raise UpstreamError(SYSTEM, detail, permanent=True, cure=cure)

    def _existing(self, repository: Repository, branch: str) -> PullRequest | None:
        """The newest pull request from a branch, whatever its state."""
        head = f"{repository.owner.login}:{branch}"
        pulls = repository.get_pulls(state="all", head=head, sort="created", direction="desc")
        return next((pull for pull in pulls if pull.head.ref == branch), None)

    def _push(
        self, repository: Repository, base: str, branch: str, draft: PullRequestDraft
    ) -> bool:
        """Put our commit on the branch; False if the branch belongs to somebody else."""
        head = self._head(repository, branch)
        if head is None:
            commit = self._commit(repository, self._required_head(repository, base), draft)
            return self._create(repository, branch, commit, draft)
        if self._is_ours(repository, head, draft):
            return True
        if repository.compare(base, head).ahead_by == 0:  # an empty branch: continue it
            commit = self._commit(repository, head, draft)
            repository.get_git_ref(f"heads/{branch}").edit(commit.sha)
            return True
        return False

    def _create(
        self, repository: Repository, branch: str, commit: GitCommit, draft: PullRequestDraft
    ) -> bool:
        """Make the branch; if somebody was faster, or the answer was lost, see whose it is."""

        def create() -> bool:
            repository.create_git_ref(f"refs/heads/{branch}", commit.sha)
            return True

        try:
            return self._client.attempt("creating the branch", create)
        except UpstreamError as error:
            taken = "already exists" in error.detail
            if not taken and not isinstance(error, AnswerUnknown):
                raise
            head = self._head(repository, branch)
            if head is None:
                raise
            return self._is_ours(repository, head, draft)

    def _required_head(self, repository: Repository, branch: str) -> str:
        head = self._head(repository, branch)
        if head is None:
            cure = "Push a first commit to it."
            detail = f"the repository has no branch {branch}."
            raise UpstreamError(SYSTEM, detail, permanent=True, cure=cure)
        return head

    def _head(self, repository: Repository, branch: str) -> str | None:
        try:
            return repository.get_git_ref(f"heads/{branch}").object.sha
        except GithubException as error:
            if error.status not in NO_COMMIT:
                raise
            return None

    def _commit(self, repository: Repository, parent: str, draft: PullRequestDraft) -> GitCommit:
        before = repository.get_git_commit(parent)
        files = [
            InputGitTreeElement(path, "100644", "blob", content=text)
            for path, text in draft.files.items()
        ]
        tree = repository.create_git_tree(files, before.tree)
        return repository.create_git_commit(draft.commit_message, tree, [before])

    def _is_ours(self, repository: Repository, head: str, draft: PullRequestDraft) -> bool:
        """Whether our commit is on the branch; people may have added theirs."""
        commits = islice(repository.get_commits(sha=head), COMMITS_LOOKED_AT)
        wanted = draft.commit_message.strip()
        return any(commit.commit.message.strip() == wanted for commit in commits)

    def _open(
        self, repository: Repository, base: str, branch: str, draft: PullRequestDraft
    ) -> PullRequest:
        doing = "creating the pull request"
        try:
            pull = self._client.attempt(
                doing, lambda: self._create_pull(repository, base, branch, draft)
            )
        except UpstreamError as error:
            exists = "already exists" in error.detail
            if not exists and not isinstance(error, AnswerUnknown):
                raise
            found = self._existing(repository, branch)
            if found is None:
                raise
            pull = found
        self._label(repository, pull, draft)
        return pull

    def _create_pull(
        self, repository: Repository, base: str, branch: str, draft: PullRequestDraft
    ) -> PullRequest:
        try:
            return repository.create_pull(
                base, branch, title=draft.title, body=draft.body, draft=True
            )
        except GithubException as error:
            # Private repositories of free plans have no drafts; the body says what it is.
            if error.status != 422 or "draft pull requests" not in str(error.data).casefold():
                raise
            return repository.create_pull(base, branch, title=draft.title, body=draft.body)

    def _label(self, repository: Repository, pull: PullRequest, draft: PullRequestDraft) -> None:
        """Labels are decoration: the pull request stands without them."""
        try:
            labels = self._labels.usable(repository, draft.labels)
            if labels:
                pull.add_to_labels(*labels)
        except GithubException as error:
            log.warning("labels of pull request %s left out: %s", pull.number, error.status)


def other_branch(draft: PullRequestDraft) -> str:
    """Where to go when the branch's name is taken: the same at every attempt."""
    mark = "".join(c for c in draft.marker if c.isalnum())[-7:]
    return f"{draft.branch}-{mark}"
