"""The little of GraphQL that is needed: blame, ready for review, back to draft.

A query is really parsed and its selection really projected; a field or argument that is not
known is answered with an error, never ignored.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.github.call import Answer, Call, Route
from sandbox.github.diff import blame
from sandbox.github.objects import CommitObject, Signature
from sandbox.github.present import stamp
from sandbox.github.refusal import unsupported
from sandbox.github.routes_pulls import set_draft
from sandbox.github.world import Issue, Repository

TOKEN = re.compile(r'\.\.\.|[{}():!$\[\]=]|"(?:[^"\\]|\\.)*"|[\w-]+')


@dataclass(slots=True)
class Selection:
    """One field with its arguments; `children` empty for a leaf. Fragments are inlined."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    children: list[Selection] = field(default_factory=list)

    def child(self, name: str) -> Selection:
        """The one child of that name; anything beside it is refused."""
        for child in self.children:
            if child.name != name:
                raise unsupported(f"the GraphQL field {child.name!r} of {self.name!r}")
        if len(self.children) != 1:
            raise unsupported(f"a GraphQL selection of {self.name!r} without {name!r}")
        return self.children[0]


class Parser:
    """Reads one operation; variables are put in their places."""

    def __init__(self, text: str, variables: dict[str, Any]) -> None:
        self._tokens = TOKEN.findall(text)[::-1]
        self._variables = variables

    def operation(self) -> Selection:
        """The operation as a selection named "query" or "mutation"."""
        kind = "query" if self._peek() == "{" else self._take()
        if kind not in {"query", "mutation"}:
            raise unsupported(f"the GraphQL operation {kind!r}")
        while self._peek() != "{":
            self._take()  # the name and the declared types, which the values show anyway
        return Selection(kind, children=self._children())

    def _children(self) -> list[Selection]:
        self._expect("{")
        found: list[Selection] = []
        while self._peek() != "}":
            name = self._take()
            if name == "...":
                if self._peek() == "on":
                    self._take()
                    self._take()
                found += self._children()
                continue
            arguments = self._arguments() if self._peek() == "(" else {}
            found.append(Selection(name, arguments, self._children() if self._open() else []))
        self._expect("}")
        return found

    def _open(self) -> bool:
        return self._peek() == "{"

    def _arguments(self) -> dict[str, Any]:
        self._expect("(")
        found: dict[str, Any] = {}
        while self._peek() != ")":
            name = self._take()
            self._expect(":")
            found[name] = self._value()
        self._expect(")")
        return found

    def _value(self) -> Any:
        token = self._take()
        if token == "$":
            name = self._take()
            if name not in self._variables:
                raise unsupported(f"the GraphQL variable ${name} without a value")
            return self._variables[name]
        return json.loads(token)

    def _peek(self) -> str:
        if not self._tokens:
            raise unsupported("a GraphQL query that ends too early")
        return str(self._tokens[-1])

    def _take(self) -> str:
        token = self._peek()
        self._tokens.pop()
        return token

    def _expect(self, token: str) -> None:
        if self._take() != token:
            raise unsupported(f"this GraphQL query (expected {token!r})")


def project(selection: Selection, value: Any) -> Any:
    """Only what was asked for; refuses fields that `value` does not have."""
    if isinstance(value, list):
        return [project(selection, item) for item in value]
    if not selection.children:
        return value
    if not isinstance(value, dict):
        return value
    shown = {}
    for child in selection.children:
        if child.name not in value:
            raise unsupported(f"the GraphQL field {child.name!r} of {selection.name!r}")
        shown[child.name] = project(child, value[child.name])
    return shown


def graphql(call: Call) -> Answer:
    """POST /graphql."""
    operation = Parser(call.text("query"), call.body.get("variables") or {}).operation()
    if operation.name == "query":
        return Answer({"data": _blame(call, operation)})
    if len(operation.children) != 1:
        raise unsupported("several GraphQL mutations in one request")
    return Answer({"data": _mutate(call, operation.children[0])})


def _mutate(call: Call, field_: Selection) -> dict[str, Any]:
    drafts = {"markPullRequestReadyForReview": False, "convertPullRequestToDraft": True}
    if field_.name not in drafts:
        raise unsupported(f"the GraphQL mutation {field_.name!r}")
    if not call.token.may("pull_requests=write"):
        raise GraphQLError("Resource not accessible by personal access token", "FORBIDDEN")
    given = field_.arguments.get("input", {})
    repository, issue = _by_node(call, str(given.get("pullRequestId")))
    call.args = {"owner": repository.owner, "repo": repository.name}
    set_draft(call, issue, draft=drafts[field_.name])
    pull = call.show.pull(repository, issue)
    shown = {"isDraft": pull["draft"], "number": issue.number, "id": pull["node_id"]}
    result = {"clientMutationId": given.get("clientMutationId"), "pullRequest": shown}
    return {field_.name: project(field_, result)}


def _by_node(call: Call, wanted: str) -> tuple[Repository, Issue]:
    for repository in call.world.repositories.values():
        for issue in repository.issues.values():
            if issue.pull and call.show.pull(repository, issue)["node_id"] == wanted:
                return repository, issue
    raise GraphQLError(f"Could not resolve to a node with the global id of '{wanted}'.")


class GraphQLError(Exception):
    """Answered with 200 and `errors`, as GraphQL does for what cannot be found."""

    def __init__(self, message: str, kind: str = "NOT_FOUND") -> None:
        super().__init__(message)
        self.kind = kind


def _blame(call: Call, operation: Selection) -> dict[str, Any]:
    outer = operation.child("repository")
    repository = call.world.repository(f"{outer.arguments['owner']}/{outer.arguments['name']}")
    if repository is None:
        raise GraphQLError("Could not resolve to a Repository with that name.")
    target = outer.child("object" if outer.children[0].name == "object" else "ref")
    inner = target
    if target.name == "ref":
        inner = target.child("target")
    name = target.arguments.get("expression") or target.arguments.get("qualifiedName")
    name = name or target.arguments.get("oid")
    commit = repository.resolve(str(name))
    if commit is None:
        return {"repository": {target.name: None}}
    asked = inner.child("blame")
    ranges = [
        {
            "startingLine": found.start,
            "endingLine": found.end,
            "age": 1,
            "commit": _commit(call, repository, found.commit),
        }
        for found in blame(repository.objects, commit.sha, str(asked.arguments["path"]))
    ]
    blamed: dict[str, Any] = {"blame": project(asked, {"ranges": ranges})}
    shown = blamed if target is inner else {"target": blamed}
    return {"repository": {target.name: shown}}


def _commit(call: Call, repository: Repository, commit: CommitObject) -> dict[str, Any]:
    return {
        "oid": commit.sha,
        "abbreviatedOid": commit.sha[:7],
        "message": commit.message,
        "messageHeadline": commit.message.partition("\n")[0],
        "committedDate": stamp(commit.committer.at),
        "authoredDate": stamp(commit.author.at),
        "url": call.show.page(repository, "commit", commit.sha),
        "author": _person(commit.author),
        "committer": _person(commit.committer),
    }


def _person(signature: Signature) -> dict[str, Any]:
    return {
        "name": signature.name,
        "email": signature.email,
        "date": stamp(signature.at),
        "user": None,
    }


ROUTES = (Route("POST", "/graphql", graphql, fields=("query", "variables", "operationName")),)
