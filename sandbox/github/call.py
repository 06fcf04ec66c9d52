"""One request to the API as its routes see it, and the answer they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.github.present import Presenter
from sandbox.github.refusal import Refusal, not_found, unsupported
from sandbox.github.world import Issue, Repository, Token, User, World

Json = Any
Announce = Callable[[Repository, str, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer. `whole_list` is paged by the server; `wrap` puts it in an object."""

    body: Json = None
    status: int = 200
    whole_list: list[Any] | None = None
    wrap: Callable[[list[Any]], Json] | None = None


@dataclass(slots=True)
class Call:
    """Everything a route may look at."""

    world: World
    show: Presenter
    user: User
    token: Token
    args: Mapping[str, str]
    query: Mapping[str, str]
    body: dict[str, Any]
    now: datetime
    announce: Announce
    searchable: Callable[[Issue], bool] = lambda _: True
    query_used: set[str] = field(default_factory=set)

    @property
    def repository(self) -> Repository:
        """The repository in the path; 404 if it is absent or not visible to the token."""
        found = self.world.repository(f"{self.args['owner']}/{self.args['repo']}")
        if found is None or (found.readers and self.user.login not in found.readers):
            raise not_found()
        return found

    def issue(self, *, pull: bool | None = None) -> Issue:
        """The issue (or pull request) whose number is in the path."""
        repository = self.repository
        found = repository.issues.get(int(self.args["number"]))
        if found is None or (pull is not None and (found.pull is not None) is not pull):
            raise not_found()
        if pull is None and found.pull is None and not repository.has_issues:
            raise Refusal(410, "Issues has been disabled in this repository.")
        return found

    def text(self, name: str, default: str | None = None) -> str:
        """A string field of the body; 422 if it is missing or something else."""
        value = self.body.get(name, default)
        if not isinstance(value, str):
            words = f'Invalid request.\n\n"{name}" wasn\'t supplied.'
            raise Refusal(422, words if value is None else f'"{name}" is not a string.')
        return value


@dataclass(frozen=True, slots=True)
class Route:
    """One route: who answers, what the token must carry, which parameters are known."""

    method: str
    path: str
    act: Callable[[Call], Answer]
    needs: str = ""
    query: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    def refuse_unknown(self, query: Mapping[str, str], body: Mapping[str, Any]) -> None:
        """422, recorded, for a parameter the stand-in would otherwise silently ignore."""
        for name in query.keys() - {*self.query, "page", "per_page"}:
            raise unsupported(f"the query parameter {name!r} of {self.method} {self.path}")
        for name in body.keys() - set(self.fields):
            raise unsupported(f"the field {name!r} of {self.method} {self.path}")
