"""The stand-in's values in GitHub's own JSON."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from sandbox.github.diff import FileDiff, commit_diff, merge_base, missing_from, tree_diff
from sandbox.github.objects import CommitObject, Signature, TreeEntry
from sandbox.github.world import Comment, Issue, Label, Repository, User, World

Json = dict[str, Any]


def stamp(at: datetime | None) -> str | None:
    """A time as GitHub writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def node_id(kind: str, number: int) -> str:
    """GitHub's opaque global id."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Presenter:
    """Knows the address under which the server was called (`site`, no trailing slash)."""

    world: World
    site: str

    def page(self, repository: Repository, *parts: str) -> str:
        """The URL of a readable page."""
        return "/".join([self.site, repository.full_name, *parts])

    def api(self, repository: Repository, *parts: str) -> str:
        """The URL of an API resource."""
        return "/".join([self.site, "api/v3/repos", repository.full_name, *parts])

    def user(self, login: str) -> Json:
        """A simple user."""
        user: User = self.world.user(login)
        return {
            "login": user.login,
            "id": user.id,
            "node_id": node_id("User", user.id),
            "avatar_url": f"{self.site}/favicon.svg",
            "url": f"{self.site}/api/v3/users/{user.login}",
            "html_url": f"{self.site}/{user.login}",
            "type": "Bot" if user.login.endswith("bot") else "User",
            "site_admin": False,
        }

    def repository(self, repository: Repository, *, push: bool = True) -> Json:
        """A repository; `push` is the caller's own permission."""
        return {
            "id": repository.id,
            "node_id": node_id("Repository", repository.id),
            "name": repository.name,
            "full_name": repository.full_name,
            "owner": self.user(repository.owner),
            "private": bool(repository.readers),
            "description": repository.description or None,
            "fork": False,
            "url": self.api(repository),
            "html_url": self.page(repository),
            "default_branch": repository.default_branch,
            "has_issues": repository.has_issues,
            "archived": repository.archived,
            "disabled": False,
            "created_at": stamp(repository.created_at),
            "updated_at": stamp(repository.pushed_at),
            "pushed_at": stamp(repository.pushed_at),
            "open_issues_count": sum(i.state == "open" for i in repository.issues.values()),
            "permissions": {"admin": False, "maintain": False, "push": push, "pull": True},
        }

    def label(self, repository: Repository, label: Label) -> Json:
        """A label."""
        return {
            "id": label.id,
            "node_id": node_id("Label", label.id),
            "url": self.api(repository, "labels", quote(label.name)),
            "name": label.name,
            "color": label.color,
            "default": False,
            "description": label.description or None,
        }

    def comment(self, repository: Repository, issue: Issue, comment: Comment) -> Json:
        """A comment."""
        anchor = f"{issue.number}#issuecomment-{comment.id}"
        return {
            "id": comment.id,
            "node_id": node_id("IssueComment", comment.id),
            "url": self.api(repository, "issues/comments", str(comment.id)),
            "html_url": self.page(repository, "pull" if issue.pull else "issues", anchor),
            "issue_url": self.api(repository, "issues", str(issue.number)),
            "user": self.user(comment.author),
            "body": comment.body,
            "created_at": stamp(comment.created_at),
            "updated_at": stamp(comment.updated_at),
        }

    def issue(self, repository: Repository, issue: Issue) -> Json:
        """An issue, or a pull request seen as an issue."""
        kind = "pull" if issue.pull else "issues"
        shown: Json = {
            "id": issue.id,
            "node_id": node_id("Issue", issue.id),
            "url": self.api(repository, "issues", str(issue.number)),
            "repository_url": self.api(repository),
            "comments_url": self.api(repository, "issues", str(issue.number), "comments"),
            "labels_url": self.api(repository, "issues", str(issue.number), "labels{/name}"),
            "html_url": self.page(repository, kind, str(issue.number)),
            **self._told(repository, issue),
            "comments": len(issue.comments),
            "closed_by": self.user(issue.closed_by) if issue.closed_by else None,
            "state_reason": issue.state_reason,
        }
        if issue.pull:
            shown["draft"] = issue.pull.draft
            shown["pull_request"] = {
                "url": self.api(repository, "pulls", str(issue.number)),
                "html_url": shown["html_url"],
                "merged_at": stamp(issue.pull.merged_at),
            }
        return shown

    def _told(self, repository: Repository, issue: Issue) -> Json:
        """What an issue and a pull request have in common."""
        return {
            "number": issue.number,
            "title": issue.title,
            "user": self.user(issue.author),
            "labels": [self.label(repository, repository.labels[n]) for n in issue.labels],
            "state": issue.state,
            "locked": False,
            "assignee": self.user(issue.assignees[0]) if issue.assignees else None,
            "assignees": [self.user(login) for login in issue.assignees],
            "milestone": None,
            "created_at": stamp(issue.created_at),
            "updated_at": stamp(issue.updated_at),
            "closed_at": stamp(issue.closed_at),
            "author_association": "CONTRIBUTOR",
            "body": issue.body or None,
        }

    def pull(self, repository: Repository, issue: Issue) -> Json:
        """A pull request, whole."""
        pull = issue.pull
        assert pull is not None
        base, head = repository.pull_heads(issue)
        commits = missing_from(repository.objects, base, head)
        files = self.pull_files(repository, issue)
        mergeable = issue.state == "open" and repository.merged_tree(issue) is not None
        state = "draft" if pull.draft else "clean" if mergeable else "dirty"
        return {
            "id": issue.id,
            "node_id": node_id("PullRequest", issue.id),
            "url": self.api(repository, "pulls", str(issue.number)),
            "html_url": self.page(repository, "pull", str(issue.number)),
            "issue_url": self.api(repository, "issues", str(issue.number)),
            "diff_url": self.page(repository, "pull", f"{issue.number}.diff"),
            "commits_url": self.api(repository, "pulls", str(issue.number), "commits"),
            "comments_url": self.api(repository, "issues", str(issue.number), "comments"),
            **self._told(repository, issue),
            "draft": pull.draft,
            "merged": pull.merged_at is not None,
            "merged_at": stamp(pull.merged_at),
            "merged_by": self.user(pull.merged_by) if pull.merged_by else None,
            "merge_commit_sha": pull.merge_sha or None,
            "mergeable": mergeable,
            "mergeable_state": state,
            "maintainer_can_modify": False,
            "head": self._side(repository, pull.head, head),
            "base": self._side(repository, pull.base, base),
            "commits": len(commits),
            "comments": len(issue.comments),
            "review_comments": 0,
            "additions": sum(f.additions for f in files),
            "deletions": sum(f.deletions for f in files),
            "changed_files": len(files),
        }

    def _side(self, repository: Repository, branch: str, sha: str) -> Json:
        return {
            "label": f"{repository.owner}:{branch}",
            "ref": branch,
            "sha": sha,
            "user": self.user(repository.owner),
            "repo": self.repository(repository),
        }

    def pull_files(self, repository: Repository, issue: Issue) -> list[FileDiff]:
        """What a pull request changes, against where it left its base."""
        base, head = repository.pull_heads(issue)
        objects = repository.objects
        start = merge_base(objects, base, head) or base
        return tree_diff(objects, objects.commit(start).tree, objects.commit(head).tree)

    def file(self, repository: Repository, file: FileDiff, sha: str) -> Json:
        """One entry of a files listing."""
        shown: Json = {
            "sha": file.blob,
            "filename": file.path,
            "status": file.status,
            "additions": file.additions,
            "deletions": file.deletions,
            "changes": file.additions + file.deletions,
            "blob_url": self.page(repository, "blob", sha, quote(file.path)),
            "raw_url": self.page(repository, "raw", sha, quote(file.path)),
            "contents_url": self.api(repository, "contents", f"{quote(file.path)}?ref={sha}"),
        }
        return shown if file.patch is None else shown | {"patch": file.patch}

    def git_commit(self, repository: Repository, commit: CommitObject) -> Json:
        """A commit of the git data API."""
        return {
            "sha": commit.sha,
            "node_id": f"C_{commit.sha}",
            "url": self.api(repository, "git/commits", commit.sha),
            "html_url": self.page(repository, "commit", commit.sha),
            "author": _signature(commit.author),
            "committer": _signature(commit.committer),
            "tree": {
                "sha": commit.tree,
                "url": self.api(repository, "git/trees", commit.tree),
            },
            "message": commit.message,
            "parents": [self._parent(repository, parent) for parent in commit.parents],
            "verification": {
                "verified": False,
                "reason": "unsigned",
                "signature": None,
                "payload": None,
            },
        }

    def _parent(self, repository: Repository, sha: str) -> Json:
        return {
            "sha": sha,
            "url": self.api(repository, "commits", sha),
            "html_url": self.page(repository, "commit", sha),
        }

    def commit(self, repository: Repository, commit: CommitObject, *, files: bool = False) -> Json:
        """A commit of the commits API; `files` adds what it changed."""
        inner = self.git_commit(repository, commit)
        shown: Json = {
            "sha": commit.sha,
            "node_id": inner["node_id"],
            "url": self.api(repository, "commits", commit.sha),
            "html_url": inner["html_url"],
            "commit": {k: inner[k] for k in ("author", "committer", "message", "tree", "url")},
            "author": None,
            "committer": None,
            "parents": inner["parents"],
        }
        if files:
            changed = commit_diff(repository.objects, commit)
            added, deleted = (sum(getattr(f, n) for f in changed) for n in FILE_COUNTS)
            shown["stats"] = {"additions": added, "deletions": deleted, "total": added + deleted}
            shown["files"] = [self.file(repository, f, commit.sha) for f in changed]
        return shown

    def content(
        self, repository: Repository, path: str, entry: TreeEntry, ref: str, *, whole: bool
    ) -> Json:
        """A file or directory of the contents API; `whole` includes the text."""
        is_file = entry.kind == "blob"
        url = self.api(repository, "contents", f"{quote(path)}?ref={quote(ref)}")
        kind = "blob" if is_file else "tree"
        data = repository.objects.body(entry.sha, "blob") if is_file else b""
        shown: Json = {
            "type": "file" if is_file else "dir",
            "name": path.rpartition("/")[2],
            "path": path,
            "sha": entry.sha,
            "size": len(data),
            "url": url,
            "git_url": self.api(repository, f"git/{kind}s", entry.sha),
            "html_url": self.page(repository, kind, quote(ref), quote(path)),
            "download_url": self.page(repository, "raw", ref, quote(path)) if is_file else None,
            "_links": {"self": url},
        }
        if whole and is_file:
            shown |= {"encoding": "base64", "content": base64.encodebytes(data).decode()}
        return shown

    def ref(self, repository: Repository, ref: str) -> Json:
        """A git reference."""
        sha = repository.refs[ref]
        return {
            "ref": ref,
            "node_id": f"REF_{ref}",
            "url": self.api(repository, "git", quote(ref)),
            "object": {
                "type": "commit",
                "sha": sha,
                "url": self.api(repository, "git/commits", sha),
            },
        }


FILE_COUNTS = ("additions", "deletions")


def _signature(signature: Signature) -> Json:
    return {"name": signature.name, "email": signature.email, "date": stamp(signature.at)}
