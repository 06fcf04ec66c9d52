"""Routes: files through the contents API, and code search."""

from __future__ import annotations

from sandbox.github.call import Answer, Call, Route
from sandbox.github.objects import TreeEntry
from sandbox.github.refusal import Refusal, not_found
from sandbox.github.routes_git import REPO, WRITE, decoded, resolved, signature
from sandbox.github.webhooks import announce_push
from sandbox.github.world import Repository


def get_contents(call: Call) -> Answer:
    """GET a file or a directory at a ref."""
    repository, path = call.repository, call.args.get("path", "").strip("/")
    ref = call.query.get("ref") or repository.default_branch
    tree = resolved(repository, ref).tree
    entry = repository.objects.find(tree, path)
    if entry is None:
        raise not_found()
    if entry.kind == "blob":
        return Answer(call.show.content(repository, path, entry, ref, whole=True))
    below = path + "/" if path else ""
    return Answer(
        [
            call.show.content(repository, below + child.name, child, ref, whole=False)
            for child in repository.objects.entries(entry.sha)
        ]
    )


def put_contents(call: Call) -> Answer:
    """PUT a file: creates it, or updates it if `sha` is the present blob (409 if stale)."""
    repository, path = call.repository, call.args["path"]
    branch = call.text("branch", repository.default_branch)
    content = decoded(call.text("content"))
    entry = _present(call, repository, branch, path)
    sha = _write(call, repository, branch, path, content)
    written = repository.objects.find(repository.objects.commit(sha).tree, path)
    assert written is not None
    return Answer(
        {
            "content": call.show.content(repository, path, written, branch, whole=False),
            "commit": call.show.git_commit(repository, repository.objects.commit(sha)),
        },
        200 if entry else 201,
    )


def delete_contents(call: Call) -> Answer:
    """DELETE a file."""
    repository, path = call.repository, call.args["path"]
    branch = call.text("branch", repository.default_branch)
    if _present(call, repository, branch, path) is None:
        raise not_found()
    sha = _write(call, repository, branch, path, None)
    commit = call.show.git_commit(repository, repository.objects.commit(sha))
    return Answer({"content": None, "commit": commit})


def _present(call: Call, repository: Repository, branch: str, path: str) -> TreeEntry | None:
    head = repository.head(branch)
    if head is None:
        raise Refusal(404, f"Branch {branch} not found")
    entry = repository.objects.find(repository.objects.commit(head).tree, path)
    given = call.body.get("sha")
    if entry is not None and given is None:
        raise Refusal(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if given is not None and (entry is None or entry.sha != given):
        raise Refusal(409, f"{path} does not match {given}")
    return entry


def _write(
    call: Call, repository: Repository, branch: str, path: str, content: bytes | None
) -> str:
    before = repository.head(branch)
    sha = call.world.commit(
        repository, branch, {path: content}, call.text("message"), signature(call, "author")
    )
    announce_push(call, repository, f"refs/heads/{branch}", before, sha)
    return sha


FIELDS = ("message", "content", "sha", "branch", "author", "committer")
ROUTES = (
    Route("GET", REPO + "/contents", get_contents, query=("ref",)),
    Route("GET", REPO + "/contents/{path:.*}", get_contents, query=("ref",)),
    Route("PUT", REPO + "/contents/{path:.+}", put_contents, WRITE, fields=FIELDS),
    Route("DELETE", REPO + "/contents/{path:.+}", delete_contents, WRITE, fields=FIELDS),
)
