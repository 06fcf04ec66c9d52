"""GitHubService: the CodeHost of the road, over PyGithub.

Every step can be repeated: an issue is found again by its hidden marker, a branch by its
commit's message, a pull request by its branch. So a lost answer, a second press or a restart
in between never makes a second one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from github.GithubObject import NotSet
from github.Issue import Issue
from github.PullRequest import PullRequest
from github.Repository import Repository

from bot.drafts import IssueDraft, PullRequestDraft, SourceLocation
from bot.errors import UpstreamError
from bot.models import Frame, Shipment
from bot.services.github.client import GitHubClient, Pace
from bot.services.github.doctor import problems
from bot.services.github.failures import AnswerUnknown
from bot.services.github.labels import Labels
from bot.services.github.pulls import PullRequests
from bot.services.github.sources import Sources

REMEMBERED = 1024
LISTED = 500
ISSUE, PULL_REQUEST = "issue", "pull_request"
POLITE = Pace()


def utc_now() -> datetime:
    """The real time."""
    return datetime.now(UTC)


class GitHubService:
    """Opens issues and draft pull requests once, and finds lines in repositories.

    Args:
        token: a personal access token; "" makes every call fail with the cure.
        api_url: GitHub's API; "" for github.com, else e.g. https://ghe.example.com/api/v3.
        timeout: seconds a connection or a read may take.
        pace: pauses between requests; the default keeps GitHub's secondary limits.
    """

    def __init__(
        self,
        token: str,
        *,
        api_url: str = "",
        timeout: int = 15,
        pace: Pace = POLITE,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._client = GitHubClient(token, api_url, timeout=timeout, pace=pace, clock=clock)
        self._labels = Labels()
        self._sources = Sources(self._client.github, clock)
        self._pulls = PullRequests(self._client, self._labels)
        self._repositories: dict[str, Repository] = {}
        self._shipped: OrderedDict[tuple[str, str], Shipment] = OrderedDict()
        self._unsure: set[tuple[str, str]] = set()
        self._login: str | None = None

    async def ensure_issue(self, repository: str, draft: IssueDraft, *, seek: bool) -> Shipment:
        """Open an issue, or find the one that an earlier attempt opened.

        `seek=True` looks for the marker first. Raises UpstreamError.
        """
        return await self._client.run(
            "creating the issue",
            lambda: self._once(
                repository, draft.marker, lambda again: self._issue(repository, draft, seek | again)
            ),
        )

    async def ensure_pull_request(
        self, repository: str, draft: PullRequestDraft, *, seek: bool
    ) -> Shipment:
        """Open a draft pull request of one commit, or find the earlier one.

        Its branch and commit tell whether there was an earlier attempt, so it always looks,
        with or without `seek`. Raises UpstreamError.
        """
        del seek
        return await self._client.run(
            "creating the pull request",
            lambda: self._once(repository, draft.marker, lambda _: self._pull(repository, draft)),
        )

    async def locate(self, repository: str, frame: Frame, commit: str) -> SourceLocation | None:
        """The line of the repository that a frame names, None if that is not certain.

        At `commit` if the repository knows it, else at the head of its default branch.
        """
        return await self._client.run(
            "reading the repository's files",
            lambda: self._sources.locate(self._repository(repository), frame, commit),
        )

    async def check(self, repository: str) -> tuple[str, ...]:
        """What is wrong with the token or the repository, each with its cure; () if nothing."""
        return await self._client.run(
            "checking the repository", lambda: problems(self._client, repository)
        )

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def _repository(self, name: str) -> Repository:
        if name not in self._repositories:
            self._repositories[name] = self._client.github.get_repo(name)
        return self._repositories[name]

    def _once(self, repository: str, marker: str, ship: Callable[[bool], Shipment]) -> Shipment:
        """Ship unless it is done; after an attempt of unknown end, tell `ship` to look first."""
        key = (repository, marker)
        if key in self._shipped:
            return self._shipped[key]
        again = key in self._unsure
        self._unsure.add(key)
        try:
            shipment = ship(again)
        except UpstreamError as error:
            if error.permanent:  # refused, so certainly not carried out
                self._unsure.discard(key)
            raise
        self._unsure.discard(key)
        self._shipped[key] = shipment
        if len(self._shipped) > REMEMBERED:
            self._shipped.popitem(last=False)
        return shipment

    def _issue(self, repository: str, draft: IssueDraft, seek: bool) -> Shipment:
        found = self._find_issue(repository, draft.marker) if seek else None
        if found is None:
            try:
                doing = "creating the issue"
                found = self._client.attempt(doing, lambda: self._open(repository, draft))
            except AnswerUnknown as error:
                found = self._find_after(error, repository, draft.marker)
        return shipment_of(ISSUE, repository, found)

    def _open(self, repository: str, draft: IssueDraft) -> Issue:
        home = self._repository(repository)
        labels = self._labels.usable(home, draft.labels)
        return home.create_issue(draft.title, body=draft.body, labels=list(labels))

    def _find_after(self, error: AnswerUnknown, repository: str, marker: str) -> Issue:
        """The answer was lost; perhaps the issue is there. Raises `error` if it is not."""
        try:
            found = self._client.attempt(
                "looking for the issue", lambda: self._find_issue(repository, marker)
            )
        except UpstreamError:
            raise error from None
        if found is None:
            raise error
        return found

    def _find_issue(self, repository: str, marker: str) -> Issue | None:
        """Look through the newest issues of ours; beyond those, ask the search index."""
        home = self._repository(repository)
        newest = home.get_issues(
            state="all", sort="created", direction="desc", creator=self._creator()
        )
        for count, issue in enumerate(newest, start=1):
            if issue.pull_request is None and marker in (issue.body or ""):
                return issue
            if count == LISTED:
                break
        else:
            return None
        quoted = marker.removeprefix("<!-- ").removesuffix(" -->")
        results = self._client.github.search_issues(
            f'"{quoted}" in:body repo:{repository} is:issue'
        )
        return next((issue for issue in results if marker in (issue.body or "")), None)

    def _creator(self) -> Any:
        """Only our own issues: nobody else can plant a marker."""
        if self._login is None:
            try:
                doing = "asking whose token it is"
                self._login = self._client.attempt(
                    doing, lambda: self._client.github.get_user().login
                )
            except UpstreamError as error:
                if not error.permanent:
                    raise
                self._login = ""  # a token of an App has no user
        return self._login or NotSet  # PyGithub takes a login, though its type says a user

    def _pull(self, repository: str, draft: PullRequestDraft) -> Shipment:
        self._repositories.pop(repository, None)  # the default branch may have been renamed
        pull = self._pulls.ensure(self._repository(repository), draft)
        return shipment_of(PULL_REQUEST, repository, pull)


def shipment_of(kind: str, repository: str, found: Issue | PullRequest) -> Shipment:
    """Our value for GitHub's."""
    merged = isinstance(found, PullRequest) and found.merged_at is not None
    return Shipment(
        kind=kind,
        repository=repository,
        number=found.number,
        url=found.html_url,
        created_by=found.user.login,
        created_at=found.created_at,
        state="merged" if merged else found.state,
    )
