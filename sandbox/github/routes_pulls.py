"""Routes: pull requests and merging."""

from __future__ import annotations

from sandbox.github.call import Answer, Call, Route
from sandbox.github.diff import missing_from
from sandbox.github.refusal import Refusal, checked_body, checked_title, invalid, unsupported
from sandbox.github.routes_git import REPO, signature
from sandbox.github.routes_issues import change_state, one_of, open_issue
from sandbox.github.webhooks import announce_issue, announce_push
from sandbox.github.world import Issue, PullSide, Repository


def list_pulls(call: Call) -> Answer:
    """GET pull requests by state, head ("owner:branch") and base."""
    repository, query = call.repository, call.query
    state = one_of(query, "state", ("open", "closed", "all"))
    sort = one_of(query, "sort", ("created", "updated"))
    descending = one_of(query, "direction", ("desc", "asc")) == "desc"
    head = query.get("head", "")
    found = [
        issue
        for issue in repository.issues.values()
        if issue.pull
        and state in {"all", issue.state}
        and head in {"", f"{repository.owner}:{issue.pull.head}"}
        and query.get("base", issue.pull.base) == issue.pull.base
    ]
    found.sort(
        key=lambda i: (i.created_at if sort == "created" else i.updated_at, i.number),
        reverse=descending,
    )
    return Answer(whole_list=[call.show.pull(repository, issue) for issue in found])


def create_pull(call: Call) -> Answer:
    """POST a pull request: 422 for a duplicate, a missing head, or no commits between."""
    repository = call.repository
    title = checked_title("PullRequest", call.body.get("title"))
    body = checked_body("PullRequest", call.body.get("body"))
    draft = bool(call.body.get("draft", False))
    pull = _sides(repository, call.text("head"), call.text("base"), draft=draft)
    issue = open_issue(call, repository, title, body, [])
    issue.pull = pull
    announce_issue(call, repository, issue, "opened")
    return Answer(call.show.pull(repository, issue), 201)


def _sides(repository: Repository, head: str, base: str, *, draft: bool) -> PullSide:
    head = head.removeprefix(f"{repository.owner}:")
    if ":" in head:
        raise unsupported("pull requests from forks")
    head_sha, base_sha = repository.head(head), repository.head(base)
    if head_sha is None:
        raise invalid("PullRequest", "head", "invalid")
    if base_sha is None:
        raise invalid("PullRequest", "base", "invalid")
    for issue in repository.issues.values():
        if (
            issue.state == "open"
            and issue.pull
            and (issue.pull.head, issue.pull.base)
            == (
                head,
                base,
            )
        ):
            words = f"A pull request already exists for {repository.owner}:{head}."
            raise Refusal(
                422,
                "Validation Failed",
                [{"resource": "PullRequest", "code": "custom", "message": words}],
            )
    if not missing_from(repository.objects, base_sha, head_sha):
        words = f"No commits between {base} and {head}"
        raise Refusal(
            422,
            "Validation Failed",
            [{"resource": "PullRequest", "code": "custom", "message": words}],
        )
    if draft and not repository.drafts_supported:
        raise Refusal(
            422,
            "Validation Failed",
            ["Draft pull requests are not supported in this repository."],  # type: ignore[list-item]
        )
    return PullSide(head, base, draft, head_sha, base_sha)


def get_pull(call: Call) -> Answer:
    """GET one pull request."""
    return Answer(call.show.pull(call.repository, call.issue(pull=True)))


def edit_pull(call: Call) -> Answer:
    """PATCH title, body, state or base."""
    repository, issue, body = call.repository, call.issue(pull=True), call.body
    assert issue.pull is not None
    if "title" in body:
        issue.title = checked_title("PullRequest", body["title"])
    if "body" in body:
        issue.body = checked_body("PullRequest", body["body"])
    if "base" in body:
        if repository.head(str(body["base"])) is None:
            raise invalid("PullRequest", "base", "invalid")
        issue.pull.base = str(body["base"])
    if body.keys() & {"title", "body", "base"}:
        announce_issue(call, repository, issue, "edited", changes={})
    if "state" in body:
        change_state(call, repository, issue, str(body["state"]))
    issue.updated_at = call.now
    return Answer(call.show.pull(repository, issue))


def pull_files(call: Call) -> Answer:
    """GET what a pull request changes, with patches."""
    repository, issue = call.repository, call.issue(pull=True)
    _, head = repository.pull_heads(issue)
    files = call.show.pull_files(repository, issue)
    return Answer(whole_list=[call.show.file(repository, f, head) for f in files])


def pull_commits(call: Call) -> Answer:
    """GET the commits of a pull request, oldest first."""
    repository, issue = call.repository, call.issue(pull=True)
    commits = missing_from(repository.objects, *repository.pull_heads(issue))
    return Answer(whole_list=[call.show.commit(repository, c) for c in commits])


def is_merged(call: Call) -> Answer:
    """GET .../merge: 204 if merged, else 404."""
    pull = call.issue(pull=True).pull
    if pull is None or pull.merged_at is None:
        raise Refusal(404, "Not Found")
    return Answer(status=204)


def merge_pull(call: Call) -> Answer:
    """PUT .../merge: 405 for a draft, a closed one or a conflict; 409 if the head moved."""
    issue = call.issue(pull=True)
    method = call.text("merge_method", "merge")
    if method not in {"merge", "squash"}:
        raise unsupported(f"the merge method {method!r}")
    sha = merge(call, issue, method=method, expected=call.body.get("sha"))
    return Answer({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def merge(call: Call, issue: Issue, *, method: str = "merge", expected: object = None) -> str:
    """Merge a pull request and close what its text says it fixes; returns the merge's sha."""
    repository, pull = call.repository, issue.pull
    assert pull is not None
    if pull.draft:
        raise Refusal(405, "Pull Request is still a draft")
    tree = repository.merged_tree(issue)
    if issue.state != "open" or tree is None:
        raise Refusal(405, "Pull Request is not mergeable")
    base, head = repository.pull_heads(issue)
    if expected is not None and expected != head:
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    fixed = repository.closed_by_merging(issue)
    title = f"Merge pull request #{issue.number} from {repository.owner}/{pull.head}"
    message = f"{title}\n\n{issue.title}"
    if method == "squash":
        message = f"{issue.title} (#{issue.number})"
    title, _, text = message.partition("\n\n")
    title = call.body.get("commit_title") or title
    text = call.body.get("commit_message", text)
    message = f"{title}\n\n{text}" if text else title
    parents = (base, head) if method == "merge" else (base,)
    who = signature(call, "author")
    pull.merge_sha = repository.objects.put_commit(tree, parents, message, who)
    pull.merged_at, pull.merged_by = call.now, call.user.login
    change_state(call, repository, issue, "closed")
    repository.refs[f"refs/heads/{pull.base}"] = pull.merge_sha
    repository.pushed_at = call.now
    announce_push(call, repository, f"refs/heads/{pull.base}", base, pull.merge_sha)
    if pull.base == repository.default_branch:
        for other in fixed:
            change_state(call, repository, other, "closed", "completed")
    return pull.merge_sha


def set_draft(call: Call, issue: Issue, *, draft: bool) -> None:
    """Make a pull request ready for review, or a draft again."""
    assert issue.pull is not None
    if issue.state != "open":
        raise Refusal(422, "Pull request is closed")
    if issue.pull.draft != draft:
        issue.pull.draft = draft
        issue.updated_at = call.now
        action = "converted_to_draft" if draft else "ready_for_review"
        announce_issue(call, call.repository, issue, action)


NUMBER = REPO + "/pulls/{number:[0-9]+}"
WRITE = "pull_requests=write"
ROUTES = (
    Route("GET", REPO + "/pulls", list_pulls, query=("state", "head", "base", "sort", "direction")),
    Route(
        "POST",
        REPO + "/pulls",
        create_pull,
        WRITE,
        fields=("title", "body", "head", "base", "draft", "maintainer_can_modify"),
    ),
    Route("GET", NUMBER, get_pull),
    Route("PATCH", NUMBER, edit_pull, WRITE, fields=("title", "body", "state", "base")),
    Route("GET", NUMBER + "/files", pull_files),
    Route("GET", NUMBER + "/commits", pull_commits),
    Route("GET", NUMBER + "/merge", is_merged),
    Route(
        "PUT",
        NUMBER + "/merge",
        merge_pull,
        "contents=write",
        fields=("commit_title", "commit_message", "sha", "merge_method"),
    ),
)
