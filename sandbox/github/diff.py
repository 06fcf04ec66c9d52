"""What git computes from objects: diffs, merge bases, three-way merges and blame."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.github.objects import CommitObject, GitObjects


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One changed file; `patch` holds hunks only, None for binary content."""

    path: str
    status: str  # "added" | "removed" | "modified"
    blob: str
    additions: int
    deletions: int
    patch: str | None


@dataclass(frozen=True, slots=True)
class BlameRange:
    """Lines `start`..`end` (1-based, inclusive) were last changed by `commit`."""

    start: int
    end: int
    commit: CommitObject


class MergeConflict(Exception):  # noqa: N818 - a fact, not a failure of ours
    """Both sides changed the same file in different ways."""


def lines_of(content: bytes) -> list[str]:
    """Split at newlines only, as git does."""
    text = content.decode("utf-8", errors="replace")
    parts = text.split("\n")
    lines = [part + "\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def patch_of(old: bytes, new: bytes) -> tuple[str | None, int, int]:
    """The hunks of a unified diff with its additions and deletions; None for binary files."""
    if b"\0" in old or b"\0" in new:
        return None, 0, 0
    diff = difflib.unified_diff(lines_of(old), lines_of(new), n=3)
    body = [line for number, line in enumerate(diff) if number >= 2]
    additions = sum(line.startswith("+") for line in body)
    deletions = sum(line.startswith("-") for line in body)
    marked = [x if x.endswith("\n") else x + "\n\\ No newline at end of file\n" for x in body]
    return "".join(marked).rstrip("\n"), additions, deletions


def tree_diff(objects: GitObjects, old_tree: str | None, new_tree: str) -> list[FileDiff]:
    """Every file that differs between two trees, by path; `old_tree` None is the empty tree."""
    old = objects.blobs(old_tree) if old_tree else {}
    new = objects.blobs(new_tree)
    changed = sorted(p for p in old.keys() | new.keys() if old.get(p) != new.get(p))
    return [_file_diff(objects, path, old.get(path), new.get(path)) for path in changed]


def _file_diff(
    objects: GitObjects, path: str, old: tuple[str, str] | None, new: tuple[str, str] | None
) -> FileDiff:
    before = objects.body(old[1], "blob") if old else b""
    after = objects.body(new[1], "blob") if new else b""
    patch, additions, deletions = patch_of(before, after)
    status = "added" if old is None else "removed" if new is None else "modified"
    kept = new or old
    assert kept is not None
    return FileDiff(path, status, kept[1], additions, deletions, patch)


def commit_diff(objects: GitObjects, commit: CommitObject) -> list[FileDiff]:
    """What a commit changed against its first parent."""
    parent = objects.commit(commit.parents[0]).tree if commit.parents else None
    return tree_diff(objects, parent, commit.tree)


def merge_base(objects: GitObjects, ours: str, theirs: str) -> str | None:
    """The newest commit reachable from both, None for unrelated histories."""
    mine = {commit.sha for commit in objects.history(ours)}
    return next((c.sha for c in objects.history(theirs) if c.sha in mine), None)


def missing_from(objects: GitObjects, base: str, head: str) -> list[CommitObject]:
    """Commits reachable from `head` and not from `base`, oldest first (`git log base..head`)."""
    known = {commit.sha for commit in objects.history(base)}
    return [c for c in objects.history(head) if c.sha not in known][::-1]


def merge_trees(objects: GitObjects, base: str, ours: str, theirs: str) -> str:
    """Three-way merge by file; returns the merged tree, raises MergeConflict."""
    origin, mine, other = (objects.blobs(tree) for tree in (base, ours, theirs))
    merged = dict(mine)
    for path in origin.keys() | other.keys():
        if origin.get(path) == other.get(path) or mine.get(path) == other.get(path):
            continue
        if mine.get(path) != origin.get(path):
            raise MergeConflict(path)
        if path in other:
            merged[path] = other[path]
        else:
            del merged[path]
    return objects.put_blobs(merged)


def commits_touching(objects: GitObjects, head: str, path: str) -> Iterator[CommitObject]:
    """Commits that changed a file or anything below a directory, newest first."""
    for commit in objects.history(head):
        here = objects.find(commit.tree, path)
        before = [objects.find(objects.commit(p).tree, path) for p in commit.parents]
        if here is None and not any(before):
            continue
        if not before or all((b and b.sha) != (here and here.sha) for b in before):
            yield commit


def blame(objects: GitObjects, head: str, path: str) -> list[BlameRange]:
    """Who last changed each line, along first parents; [] if there is no such file."""
    lineage = [objects.commit(head)]
    while lineage[-1].parents:
        lineage.append(objects.commit(lineage[-1].parents[0]))
    owners: list[CommitObject] = []
    lines: list[str] = []
    for commit in reversed(lineage):
        entry = objects.find(commit.tree, path)
        new = lines_of(objects.body(entry.sha, "blob")) if entry and entry.kind == "blob" else []
        kept = [commit] * len(new)
        for start, begin, size in difflib.SequenceMatcher(
            None, lines, new, autojunk=False
        ).get_matching_blocks():
            kept[begin : begin + size] = owners[start : start + size]
        lines, owners = new, kept
    return _ranges(owners)


def _ranges(owners: list[CommitObject]) -> list[BlameRange]:
    ranges: list[BlameRange] = []
    for number, commit in enumerate(owners, start=1):
        if ranges and ranges[-1].commit.sha == commit.sha:
            ranges[-1] = BlameRange(ranges[-1].start, number, commit)
        else:
            ranges.append(BlameRange(number, number, commit))
    return ranges
