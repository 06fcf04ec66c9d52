"""Routes: user, repository, branches, refs, git data, commits, compare."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from typing import Any

from sandbox.github.call import Answer, Call, Route
from sandbox.github.diff import commits_touching, merge_base, missing_from, tree_diff
from sandbox.github.objects import CommitObject, Signature
from sandbox.github.refusal import Refusal, invalid, not_found, unsupported
from sandbox.github.webhooks import announce_push
from sandbox.github.world import Repository

BAD_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|[./]$|^-|^/")


def get_user(call: Call) -> Answer:
    """GET /user."""
    return Answer(call.show.user(call.user.login))


def get_named_user(call: Call) -> Answer:
    """GET /users/{login}; nobody is made by asking."""
    if call.args["login"] not in call.world.users:
        raise not_found()
    return Answer(call.show.user(call.args["login"]))


def get_repository(call: Call) -> Answer:
    """GET a repository with the caller's permissions."""
    push = call.token.may("contents=write")
    return Answer(call.show.repository(call.repository, push=push))


def list_branches(call: Call) -> Answer:
    """GET all branches."""
    repository = call.repository
    shown = [
        {
            "name": name,
            "commit": {"sha": sha, "url": call.show.api(repository, "commits", sha)},
            "protected": False,
        }
        for name, sha in repository.branches().items()
    ]
    return Answer(whole_list=shown)


def get_branch(call: Call) -> Answer:
    """GET one branch; names with slashes work."""
    repository = call.repository
    sha = repository.head(call.args["branch"])
    if sha is None:
        raise Refusal(404, "Branch not found")
    commit = call.show.commit(repository, repository.objects.commit(sha))
    return Answer({"name": call.args["branch"], "commit": commit, "protected": False})


def get_ref(call: Call) -> Answer:
    """GET /git/ref/heads/x."""
    ref = f"refs/{call.args['ref']}"
    if ref not in call.repository.refs:
        raise not_found()
    return Answer(call.show.ref(call.repository, ref))


def matching_refs(call: Call) -> Answer:
    """GET /git/matching-refs/heads/x: every ref that starts so."""
    start = f"refs/{call.args['ref']}"
    repository = call.repository
    names = sorted(ref for ref in repository.refs if ref.startswith(start))
    return Answer(whole_list=[call.show.ref(repository, ref) for ref in names])


def create_ref(call: Call) -> Answer:
    """POST a ref: 422 if it exists, is badly named, blocks another, or the object is missing."""
    repository, ref, sha = call.repository, call.text("ref"), call.text("sha")
    if not re.match(r"refs/(heads|tags)/.", ref) or BAD_REF.search(ref):
        raise Refusal(422, f"{ref} is not a valid ref name")
    if not repository.objects.has(sha, "commit"):
        raise Refusal(422, "Object does not exist")
    if ref in repository.refs:
        raise Refusal(422, "Reference already exists")
    if any(_blocks(ref, other) for other in repository.refs):
        raise Refusal(422, "Reference update failed")
    repository.refs[ref] = sha
    announce_push(call, repository, ref, None, sha)
    return Answer(call.show.ref(repository, ref), 201)


def _blocks(ref: str, other: str) -> bool:
    return ref.startswith(other + "/") or other.startswith(ref + "/")


def update_ref(call: Call) -> Answer:
    """PATCH a ref: 422 if it is not a fast forward, unless forced."""
    repository, ref = call.repository, f"refs/{call.args['ref']}"
    before, sha = repository.refs.get(ref), call.text("sha")
    if before is None:
        raise Refusal(422, "Reference does not exist")
    if not repository.objects.has(sha, "commit"):
        raise Refusal(422, "Object does not exist")
    if not call.body.get("force") and merge_base(repository.objects, before, sha) != before:
        raise Refusal(422, "Update is not a fast forward")
    repository.refs[ref] = sha
    announce_push(call, repository, ref, before, sha)
    return Answer(call.show.ref(repository, ref))


def delete_ref(call: Call) -> Answer:
    """DELETE a ref."""
    repository, ref = call.repository, f"refs/{call.args['ref']}"
    if repository.refs.pop(ref, None) is None:
        raise Refusal(422, "Reference does not exist")
    return Answer(status=204)


def get_tree(call: Call) -> Answer:
    """GET a tree by tree sha, commit sha or branch; `recursive` with any value flattens it."""
    repository, name = call.repository, call.args["tree"]
    commit = repository.resolve(name)
    sha = commit.tree if commit else name
    if not repository.objects.has(sha, "tree"):
        raise not_found()
    walk = repository.objects.walk(sha)
    deep = "recursive" in call.query
    shown = [
        {"path": path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha}
        | {"url": call.show.api(repository, f"git/{entry.kind}s", entry.sha)}
        | (_size(repository, entry.sha) if entry.kind == "blob" else {})
        for path, entry in walk
        if deep or "/" not in path
    ]
    url = call.show.api(repository, "git/trees", sha)
    return Answer({"sha": sha, "url": url, "tree": shown, "truncated": False})


def _size(repository: Repository, sha: str) -> dict[str, int]:
    return {"size": len(repository.objects.body(sha, "blob"))}


def create_tree(call: Call) -> Answer:
    """POST a tree: entries over an optional base tree; sha null deletes."""
    repository = call.repository
    base = call.body.get("base_tree")
    commit = repository.resolve(base) if isinstance(base, str) else None
    base = commit.tree if commit else base
    if base is not None and not repository.objects.has(base, "tree"):
        raise Refusal(422, "base_tree is not a valid tree oid")
    blobs = repository.objects.blobs(base) if base else {}
    for item in call.body.get("tree") or []:
        _apply_entry(repository, blobs, item)
    if not blobs:
        raise Refusal(422, "Invalid tree info")
    sha = repository.objects.put_blobs(blobs)
    shown = [
        {"path": path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha}
        for path, entry in repository.objects.walk(sha)
        if "/" not in path
    ]
    url = call.show.api(repository, "git/trees", sha)
    return Answer({"sha": sha, "url": url, "tree": shown, "truncated": False}, 201)


def _apply_entry(
    repository: Repository, blobs: dict[str, tuple[str, str]], item: dict[str, Any]
) -> None:
    path, mode = str(item.get("path", "")), item.get("mode")
    if not path or path.startswith("/") or {"", ".", "..", ".git"} & set(path.split("/")):
        raise Refusal(422, "tree.path contains a malformed path component")
    if item.get("type") != "blob" or mode not in {"100644", "100755"}:
        raise unsupported("tree entries other than files")
    if "content" in item:
        blobs[path] = (mode, repository.objects.put("blob", str(item["content"]).encode()))
    elif item.get("sha") is None:
        blobs.pop(path, None)
    elif repository.objects.has(str(item["sha"]), "blob"):
        blobs[path] = (mode, str(item["sha"]))
    else:
        raise Refusal(422, f"tree.sha {item['sha']} is not a valid blob")


def get_blob(call: Call) -> Answer:
    """GET a blob, base64."""
    repository, sha = call.repository, call.args["sha"]
    if not repository.objects.has(sha, "blob"):
        raise not_found()
    data = repository.objects.body(sha, "blob")
    shown = {"sha": sha, "url": call.show.api(repository, "git/blobs", sha), "size": len(data)}
    return Answer(shown | {"encoding": "base64", "content": base64.b64encode(data).decode()})


def create_blob(call: Call) -> Answer:
    """POST a blob in utf-8 or base64."""
    content, encoding = call.text("content"), call.text("encoding", "utf-8")
    if encoding not in {"utf-8", "base64"}:
        raise invalid("Blob", "encoding", "invalid")
    data = decoded(content) if encoding == "base64" else content.encode()
    sha = call.repository.objects.put("blob", data)
    return Answer({"sha": sha, "url": call.show.api(call.repository, "git/blobs", sha)}, 201)


def decoded(content: str) -> bytes:
    """Base64 as GitHub takes it, newlines allowed."""
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except binascii.Error as error:
        raise Refusal(422, "content is not valid Base64") from error


def get_git_commit(call: Call) -> Answer:
    """GET a commit of the git data API."""
    repository, sha = call.repository, call.args["sha"]
    if not repository.objects.has(sha, "commit"):
        raise not_found()
    return Answer(call.show.git_commit(repository, repository.objects.commit(sha)))


def create_git_commit(call: Call) -> Answer:
    """POST a commit."""
    repository, tree = call.repository, call.text("tree")
    parents = call.body.get("parents", [])
    if not repository.objects.has(tree, "tree"):
        raise Refusal(422, "Tree SHA does not exist")
    if any(not repository.objects.has(str(parent), "commit") for parent in parents):
        raise Refusal(422, "Parent SHA does not exist or is not a commit object")
    author = signature(call, "author")
    sha = repository.objects.put_commit(
        tree, tuple(parents), call.text("message"), author, signature(call, "committer", author)
    )
    return Answer(call.show.git_commit(repository, repository.objects.commit(sha)), 201)


def signature(call: Call, name: str, default: Signature | None = None) -> Signature:
    """The author or committer in a body, else the caller."""
    given = call.body.get(name)
    login = call.user.login
    if not given:
        mail = f"{call.user.id}+{login}@users.noreply.github.com"
        return default or Signature(login, mail, call.now.replace(microsecond=0))
    if not given.get("name") or not given.get("email"):
        raise Refusal(422, f'Invalid request.\n\n"{name}" needs a name and an email.')
    at = datetime.fromisoformat(given["date"]) if given.get("date") else call.now
    return Signature(given["name"], given["email"], at.replace(microsecond=0))


def list_commits(call: Call) -> Answer:
    """GET commits from `sha` (default branch if absent), those that touched `path`."""
    repository = call.repository
    start = resolved(repository, call.query.get("sha") or repository.default_branch)
    path = call.query.get("path", "")
    objects = repository.objects
    found = commits_touching(objects, start.sha, path) if path else objects.history(start.sha)
    author = call.query.get("author", "")
    since, until = call.query.get("since", ""), call.query.get("until", "9")
    shown = [call.show.commit(repository, c) for c in found if author in {"", c.author.email}]
    return Answer(
        whole_list=[c for c in shown if since <= c["commit"]["committer"]["date"] <= until]
    )


def get_commit(call: Call) -> Answer:
    """GET a commit by sha, branch or tag, with what it changed."""
    commit = call.repository.resolve(call.args["ref"])
    if commit is None:
        raise Refusal(422, f"No commit found for SHA: {call.args['ref']}")
    return Answer(call.show.commit(call.repository, commit, files=True))


def resolved(repository: Repository, name: str) -> CommitObject:
    """The commit of a name, 404 if there is none."""
    commit = repository.resolve(name)
    if commit is None:
        raise not_found()
    return commit


def compare(call: Call) -> Answer:
    """GET base...head: how far apart they are and what differs."""
    repository = call.repository
    left, dots, right = call.args["basehead"].partition("...")
    if not dots:
        raise not_found()
    base, head = resolved(repository, left), resolved(repository, right)
    objects, show = repository.objects, call.show
    origin = merge_base(objects, base.sha, head.sha)
    if origin is None:
        raise Refusal(404, f"No common ancestor between {left} and {right}.")
    ahead = missing_from(objects, base.sha, head.sha)
    behind = missing_from(objects, head.sha, base.sha)
    start = objects.commit(origin)
    status = {(0, 0): "identical", (1, 0): "ahead", (0, 1): "behind", (1, 1): "diverged"}
    return Answer(
        {
            "url": show.api(repository, "compare", call.args["basehead"]),
            "html_url": show.page(repository, "compare", call.args["basehead"]),
            "base_commit": show.commit(repository, base),
            "merge_base_commit": show.commit(repository, start),
            "status": status[bool(ahead), bool(behind)],
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "commits": [show.commit(repository, c) for c in ahead],
            "files": [
                show.file(repository, f, head.sha)
                for f in tree_diff(objects, start.tree, head.tree)
            ],
        }
    )


WRITE = "contents=write"
REPO = "/repos/{owner}/{repo}"
SHA = "{sha:[0-9a-f]{40}}"
ROUTES = (
    Route("GET", "/user", get_user),
    Route("GET", "/users/{login}", get_named_user),
    Route("GET", REPO, get_repository),
    Route("GET", REPO + "/branches", list_branches),
    Route("GET", REPO + "/branches/{branch:.+}", get_branch),
    Route("GET", REPO + "/git/ref/{ref:.+}", get_ref),
    Route("GET", REPO + "/git/refs/{ref:.+}", get_ref),
    Route("GET", REPO + "/git/matching-refs/{ref:.+}", matching_refs),
    Route("POST", REPO + "/git/refs", create_ref, WRITE, fields=("ref", "sha")),
    Route("PATCH", REPO + "/git/refs/{ref:.+}", update_ref, WRITE, fields=("sha", "force")),
    Route("DELETE", REPO + "/git/refs/{ref:.+}", delete_ref, WRITE),
    Route("GET", REPO + "/git/trees/{tree:.+}", get_tree, query=("recursive",)),
    Route("POST", REPO + "/git/trees", create_tree, WRITE, fields=("tree", "base_tree")),
    Route("GET", REPO + "/git/blobs/" + SHA, get_blob),
    Route("POST", REPO + "/git/blobs", create_blob, WRITE, fields=("content", "encoding")),
    Route("GET", REPO + "/git/commits/" + SHA, get_git_commit),
    Route(
        "POST",
        REPO + "/git/commits",
        create_git_commit,
        WRITE,
        fields=("message", "tree", "parents", "author", "committer"),
    ),
    Route(
        "GET",
        REPO + "/commits",
        list_commits,
        query=("sha", "path", "since", "until", "author"),
    ),
    Route("GET", REPO + "/commits/{ref:.+}", get_commit),
    Route("GET", REPO + "/compare/{basehead:.+}", compare),
)
