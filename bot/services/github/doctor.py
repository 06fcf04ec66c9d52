"""What is wrong with the token or a repository, for `run.py doctor`."""

from __future__ import annotations

from collections.abc import Callable

from github import GithubException
from github.Repository import Repository

from bot.errors import UpstreamError
from bot.services.github.client import GitHubClient

NEEDED = (("git/refs", "Contents"), ("issues", "Issues"), ("pulls", "Pull requests"))


def problems(client: GitHubClient, name: str) -> tuple[str, ...]:
    """Each problem in a sentence, with its cure; () if issues and pull requests can be made."""
    try:
        repository = client.attempt(
            f"opening the repository {name}", lambda: client.github.get_repo(name)
        )
        return client.attempt("checking the permissions", lambda: _in(client, repository))
    except UpstreamError as error:
        return (str(error),)


def _in(client: GitHubClient, repository: Repository) -> tuple[str, ...]:
    found: list[str] = []
    if repository.archived:
        found.append(f"{repository.full_name} is archived. Unarchive it or choose another one.")
    if not repository.has_issues:
        found.append(
            f"Issues are disabled in {repository.full_name}. "
            "Enable them in the repository's settings."
        )
    scopes = client.github.oauth_scopes
    if scopes and any(scopes):
        if "repo" not in scopes and "public_repo" not in scopes:
            found.append(
                f"The token has the scopes {', '.join(scopes)} but not repo. "
                "Give it the repo scope."
            )
    elif not found:
        found += _missing_permissions(repository)
    if repository.permissions is not None and not repository.permissions.push:
        found.append(
            f"The token's owner may not write to {repository.full_name}. "
            "Give that account the Write role."
        )
    return tuple(found)


def _missing_permissions(repository: Repository) -> list[str]:
    """Fine-grained tokens do not tell what they may.

    An empty request creates nothing: GitHub answers 422 if the token may, 403 if not.
    """
    found = []
    for path, permission in NEEDED:
        refusal = _refusal(
            lambda path=path: repository.requester.requestJsonAndCheck(  # type: ignore[misc]
                "POST", f"{repository.url}/{path}", input={}
            )
        )
        if refusal in {403, 404}:
            found.append(
                f"The token may not write {permission} in {repository.full_name}. "
                f"Give it the permission {permission}: read and write."
            )
    return found


def _refusal(ask: Callable[[], object]) -> int:
    try:
        ask()
    except GithubException as error:
        return error.status
    return 0
