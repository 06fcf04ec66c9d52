"""Routes: code and issue search, with the qualifiers we know and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.github.call import Answer, Call, Route
from sandbox.github.refusal import Refusal, invalid, unsupported
from sandbox.github.world import Issue, Repository

WORD = re.compile(r'(?:(-?[a-z]+):)?("[^"]*"|\S+)')
ISSUE_QUALIFIERS = {"repo", "is", "type", "state", "label", "author", "in", "head", "base"}
CODE_QUALIFIERS = {"repo", "filename", "path", "extension", "language"}
LANGUAGES = {"python": ".py", "javascript": ".js", "markdown": ".md"}
MAX_QUERY = 256


@dataclass(slots=True)
class Query:
    """A search, taken apart."""

    terms: list[str] = field(default_factory=list)
    qualifiers: dict[str, list[str]] = field(default_factory=dict)

    def one(self, name: str, default: str = "") -> str:
        """The last value of a qualifier."""
        return self.qualifiers.get(name, [default])[-1]


def parsed(text: str, known: set[str]) -> Query:
    """Take a search apart; 422 for an empty or too long one and for unknown qualifiers."""
    query = Query()
    for name, value in WORD.findall(text):
        value = value.strip('"')
        if name and name not in known:
            raise unsupported(f"the search qualifier {name!r}")
        if name:
            query.qualifiers.setdefault(name, []).append(value)
        elif value in {"AND", "OR", "NOT"}:
            raise unsupported(f"the search operator {value}")
        else:
            query.terms.append(value.casefold())
    if not text.strip():
        raise invalid("Search", "q", "missing")
    if len(" ".join(query.terms)) > MAX_QUERY:
        raise invalid("Search", "q", "invalid", "The search is longer than 256 characters.")
    return query


def _repositories(call: Call, query: Query) -> Iterator[Repository]:
    for name in query.qualifiers.get("repo", list(call.world.repositories)):
        found = call.world.repository(name)
        hidden = found and found.readers and call.user.login not in found.readers
        if found is None or (hidden and "repo" in query.qualifiers):
            words = (
                "The listed users and repositories cannot be searched either because the "
                "resources do not exist or you do not have permission to view them."
            )
            raise invalid("Search", "q", "invalid", words)
        if not hidden:
            yield found


def search_issues(call: Call) -> Answer:
    """GET /search/issues: over what has been indexed, which may lag behind."""
    query = parsed(call.query.get("q", ""), ISSUE_QUALIFIERS)
    kinds = {*query.qualifiers.get("is", []), *query.qualifiers.get("type", [])}
    if unknown := kinds - {"issue", "pr", "open", "closed", "merged", "draft"}:
        raise unsupported(f"is:{unknown.pop()}")
    found = [
        (repository, issue)
        for repository in _repositories(call, query)
        for issue in repository.issues.values()
        if call.searchable(issue) and _matches(issue, query, kinds)
    ]
    found.sort(key=lambda pair: pair[1].created_at, reverse=True)
    shown = [call.show.issue(*pair) | {"score": 1.0} for pair in found]
    return Answer(whole_list=shown, wrap=_results(len(shown)))


def _matches(issue: Issue, query: Query, kinds: set[str]) -> bool:
    is_pull = issue.pull is not None
    merged = bool(issue.pull and issue.pull.merged_at)
    facts = {"issue": not is_pull, "pr": is_pull, "merged": merged}
    facts |= {"open": issue.state == "open", "closed": issue.state == "closed"}
    facts["draft"] = bool(issue.pull and issue.pull.draft)
    where = [w for value in query.qualifiers.get("in", ["title,body"]) for w in value.split(",")]
    texts = {"title": issue.title, "body": issue.body}
    text = "\n".join(texts[w] for w in where if w in texts).casefold()
    labels = {name.casefold() for name in issue.labels}
    head, base = (issue.pull.head, issue.pull.base) if issue.pull else ("", "")
    return (
        all(facts[kind] for kind in kinds)
        and query.one("state", issue.state) == issue.state
        and all(label.casefold() in labels for label in query.qualifiers.get("label", []))
        and query.one("author", issue.author).casefold() == issue.author.casefold()
        and query.one("head", head) == head
        and query.one("base", base) == base
        and all(term in text for term in query.terms)
    )


def search_code(call: Call) -> Answer:
    """GET /search/code: default branches only, a term is required."""
    query = parsed(call.query.get("q", ""), CODE_QUALIFIERS)
    if not query.terms:
        raise Refusal(422, "Validation Failed", [{"resource": "Search", "code": "missing"}])
    language = query.one("language").casefold()
    if language and language not in LANGUAGES:
        raise unsupported(f"language:{language}")
    found: list[dict[str, Any]] = []
    for repository in _repositories(call, query):
        head = repository.resolve(repository.default_branch)
        if head is None:
            continue
        for path, entry in repository.objects.walk(head.tree):
            if entry.kind == "blob" and _path_fits(path, query, LANGUAGES.get(language, "")):
                data = repository.objects.body(entry.sha, "blob").decode(errors="replace")
                if all(term in data.casefold() for term in query.terms):
                    shown = call.show.content(repository, path, entry, head.sha, whole=False)
                    owner = call.show.repository(repository)
                    found.append(shown | {"repository": owner, "score": 1.0})
    return Answer(whole_list=found, wrap=_results(len(found)))


def _path_fits(path: str, query: Query, suffix: str) -> bool:
    name = path.rpartition("/")[2]
    extension = query.one("extension").lstrip(".")
    return (
        query.one("filename") in name
        and path.startswith(query.one("path").strip("/"))
        and (not extension or name.endswith("." + extension))
        and name.endswith(suffix)
    )


def _results(total: int) -> Any:
    return lambda items: {"total_count": total, "incomplete_results": False, "items": items}


ROUTES = (
    Route("GET", "/search/issues", search_issues, query=("q", "sort", "order")),
    Route("GET", "/search/code", search_code, query=("q",)),
)
