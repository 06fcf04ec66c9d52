"""Routes: issues, labels and comments."""

from __future__ import annotations

import re
from typing import Any

from sandbox.github.call import Answer, Call, Route
from sandbox.github.refusal import (
    Refusal,
    checked_body,
    checked_labels,
    checked_title,
    invalid,
    not_found,
    unsupported,
)
from sandbox.github.routes_git import REPO
from sandbox.github.webhooks import announce_issue
from sandbox.github.world import Comment, Issue, Label, Repository


def list_issues(call: Call) -> Answer:
    """GET issues and pull requests with the filters state, labels, creator, since, sort."""
    repository, query = call.repository, call.query
    if not repository.has_issues:
        raise Refusal(410, "Issues has been disabled in this repository.")
    state = one_of(query, "state", ("open", "closed", "all"))
    sort = one_of(query, "sort", ("created", "updated", "comments"))
    direction = one_of(query, "direction", ("desc", "asc"))
    labels = {name for name in query.get("labels", "").split(",") if name}
    shown = [
        call.show.issue(repository, issue)
        for issue in repository.issues.values()
        if state in {"all", issue.state}
        and labels <= set(issue.labels)
        and query.get("creator", issue.author).casefold() == issue.author.casefold()
    ]
    shown = [issue for issue in shown if issue["updated_at"] >= query.get("since", "")]
    key = "comments" if sort == "comments" else f"{sort}_at"
    shown.sort(key=lambda i: (i[key], i["number"]), reverse=direction == "desc")
    return Answer(whole_list=shown)


def one_of(query: Any, name: str, allowed: tuple[str, ...]) -> str:
    """A query parameter with a fixed set of values, the first being the default."""
    value: str = query.get(name, allowed[0])
    if value not in allowed:
        raise invalid("Issue", name, "invalid")
    return value


def create_issue(call: Call) -> Answer:
    """POST an issue; labels that do not exist are made."""
    repository = call.repository
    if not repository.has_issues:
        raise Refusal(410, "Issues has been disabled in this repository.")
    title = checked_title("Issue", call.body.get("title"))
    body = checked_body("Issue", call.body.get("body"))
    labels = checked_labels(call.body.get("labels") or [])
    if call.body.get("milestone") is not None:
        raise unsupported("milestones")
    issue = open_issue(call, repository, title, body, labels)
    issue.assignees = assignees(call, call.body.get("assignees") or [])
    announce_issue(call, repository, issue, "opened")
    for name in issue.labels:
        label = call.show.label(repository, repository.labels[name])
        announce_issue(call, repository, issue, "labeled", label=label)
    return Answer(call.show.issue(repository, issue), 201)


def open_issue(
    call: Call, repository: Repository, title: str, body: str, labels: list[str]
) -> Issue:
    """Record a new issue (or what becomes a pull request) under the next number."""
    number = max(repository.issues, default=0) + 1
    issue = Issue(call.world.next_id(), number, title, body, call.user.login, call.now, call.now)
    issue.labels = label_names(call, repository, labels)
    repository.issues[number] = issue
    return issue


def label_names(call: Call, repository: Repository, names: list[str]) -> list[str]:
    """The repository's spelling of labels; new ones are made, as GitHub does."""
    known = {name.casefold(): name for name in repository.labels}
    for name in names:
        if name.casefold() not in known:
            repository.labels[name] = Label(call.world.next_id(), name)
            known[name.casefold()] = name
    return list(dict.fromkeys(known[name.casefold()] for name in names))


def assignees(call: Call, logins: list[str]) -> list[str]:
    """People must exist to be assigned."""
    for login in logins:
        if login not in call.world.users:
            raise invalid("Issue", "assignees", "invalid")
    return list(dict.fromkeys(logins))


def get_issue(call: Call) -> Answer:
    """GET one issue."""
    return Answer(call.show.issue(call.repository, call.issue()))


def edit_issue(call: Call) -> Answer:
    """PATCH an issue or pull request: title, body, state, labels, assignees."""
    repository, issue, body = call.repository, call.issue(), call.body
    if "title" in body:
        issue.title = checked_title("Issue", body["title"])
    if "body" in body:
        issue.body = checked_body("Issue", body["body"])
    if "labels" in body:
        issue.labels = label_names(call, repository, checked_labels(body["labels"]))
    if "assignees" in body:
        issue.assignees = assignees(call, body["assignees"])
    if "title" in body or "body" in body:
        announce_issue(call, repository, issue, "edited", changes={})
    if "state" in body:
        reason = body.get("state_reason")
        change_state(call, repository, issue, str(body["state"]), reason)
    issue.updated_at = call.now
    return Answer(call.show.issue(repository, issue))


def change_state(
    call: Call, repository: Repository, issue: Issue, state: str, reason: str | None = None
) -> None:
    """Close or reopen; tells the webhooks if anything changed."""
    if state not in {"open", "closed"}:
        raise invalid("Issue", "state", "invalid")
    if reason not in {None, "completed", "not_planned", "reopened", "duplicate"}:
        raise invalid("Issue", "state_reason", "invalid")
    if issue.pull and issue.pull.merged_at and state == "open":
        raise invalid("PullRequest", "state", "custom", "Cannot reopen a merged pull request")
    if state == issue.state:
        return
    if issue.pull and state == "closed":
        issue.pull.base_sha, issue.pull.head_sha = repository.pull_heads(issue)
    issue.state = state
    issue.updated_at = call.now
    issue.closed_at = call.now if state == "closed" else None
    issue.closed_by = call.user.login if state == "closed" else ""
    if issue.pull is None:
        issue.state_reason = reason or ("completed" if state == "closed" else "reopened")
    announce_issue(call, repository, issue, "closed" if state == "closed" else "reopened")


def list_comments(call: Call) -> Answer:
    """GET the comments of an issue."""
    repository, issue = call.repository, call.issue()
    return Answer(whole_list=[call.show.comment(repository, issue, c) for c in issue.comments])


def create_comment(call: Call) -> Answer:
    """POST a comment."""
    repository, issue = call.repository, call.issue()
    body = checked_body("IssueComment", call.text("body"))
    if not body.strip():
        raise invalid("IssueComment", "body", "missing_field")
    comment = Comment(call.world.next_id(), call.user.login, body, call.now, call.now)
    issue.comments.append(comment)
    issue.updated_at = call.now
    shown = call.show.comment(repository, issue, comment)
    payload = {"action": "created", "issue": call.show.issue(repository, issue), "comment": shown}
    call.announce(repository, "issue_comment", payload)
    return Answer(shown, 201)


def list_labels(call: Call) -> Answer:
    """GET the labels of a repository."""
    repository = call.repository
    shown = [call.show.label(repository, label) for label in repository.labels.values()]
    return Answer(whole_list=shown)


def get_label(call: Call) -> Answer:
    """GET one label."""
    return Answer(call.show.label(call.repository, _label(call)))


def _label(call: Call) -> Label:
    wanted = call.args["name"].casefold()
    labels = call.repository.labels.values()
    found = next((label for label in labels if label.name.casefold() == wanted), None)
    if found is None:
        raise not_found()
    return found


def create_label(call: Call) -> Answer:
    """POST a label: 422 already_exists, or a wrong color."""
    repository = call.repository
    (name,) = checked_labels([call.text("name")])
    color, description = call.text("color", "ededed"), call.body.get("description") or ""
    if not re.fullmatch(r"[0-9a-fA-F]{6}", color):
        raise invalid("Label", "color", "invalid")
    if len(description) > 100:
        words = "description is too long (maximum is 100 characters)"
        raise invalid("Label", "description", "custom", words)
    if name.casefold() in {known.casefold() for known in repository.labels}:
        raise invalid("Label", "name", "already_exists")
    label = Label(call.world.next_id(), name, color, description)
    repository.labels[name] = label
    return Answer(call.show.label(repository, label), 201)


def issue_labels(call: Call) -> Answer:
    """GET the labels of an issue."""
    repository, issue = call.repository, call.issue()
    return Answer(
        whole_list=[call.show.label(repository, repository.labels[n]) for n in issue.labels]
    )


def add_labels(call: Call) -> Answer:
    """POST labels to an issue; those it has already stay."""
    repository, issue = call.repository, call.issue()
    new = label_names(call, repository, checked_labels(call.body.get("labels")))
    added = [name for name in new if name not in issue.labels]
    issue.labels += added
    issue.updated_at = call.now
    for name in added:
        label = call.show.label(repository, repository.labels[name])
        announce_issue(call, repository, issue, "labeled", label=label)
    return Answer([call.show.label(repository, repository.labels[n]) for n in issue.labels])


WRITE = "issues=write"
NUMBER = REPO + "/issues/{number:[0-9]+}"
ROUTES = (
    Route(
        "GET",
        REPO + "/issues",
        list_issues,
        query=("state", "labels", "creator", "since", "sort", "direction"),
    ),
    Route(
        "POST",
        REPO + "/issues",
        create_issue,
        WRITE,
        fields=("title", "body", "labels", "assignees", "milestone"),
    ),
    Route("GET", NUMBER, get_issue),
    Route(
        "PATCH",
        NUMBER,
        edit_issue,
        WRITE,
        fields=("title", "body", "state", "state_reason", "labels", "assignees"),
    ),
    Route("GET", NUMBER + "/comments", list_comments),
    Route("POST", NUMBER + "/comments", create_comment, WRITE, fields=("body",)),
    Route("GET", NUMBER + "/labels", issue_labels),
    Route("POST", NUMBER + "/labels", add_labels, WRITE, fields=("labels",)),
    Route("GET", REPO + "/labels", list_labels),
    Route("GET", REPO + "/labels/{name}", get_label),
    Route(
        "POST",
        REPO + "/labels",
        create_label,
        WRITE,
        fields=("name", "color", "description"),
    ),
)
