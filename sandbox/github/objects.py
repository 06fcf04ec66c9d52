"""Git objects the true git way: blobs, trees and commits, addressed by their SHA-1.

Source of the formats: git's own documentation, "Git Internals - Git Objects". A directory of
files is a mapping of path -> bytes; the store turns it into real trees and back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

FILE_MODE = "100644"
TREE_MODE = "40000"


@dataclass(frozen=True, slots=True)
class Signature:
    """Who wrote a commit, and when (aware, whole seconds)."""

    name: str
    email: str
    at: datetime

    def encoded(self) -> str:
        """The line as git writes it: `Name <mail> seconds +0000`."""
        offset = self.at.strftime("%z") or "+0000"
        return f"{_clean(self.name)} <{_clean(self.email)}> {int(self.at.timestamp())} {offset}"


@dataclass(frozen=True, slots=True)
class CommitObject:
    """A commit, parsed."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One entry of one tree: `mode` as GitHub writes it (six digits), `kind` blob or tree."""

    name: str
    mode: str
    kind: str
    sha: str


def object_sha(kind: str, body: bytes) -> str:
    """The SHA-1 that git gives an object of `kind` ("blob", "tree", "commit")."""
    return hashlib.sha1(  # noqa: S324 - git's own address, not a protection
        f"{kind} {len(body)}\0".encode() + body
    ).hexdigest()


@dataclass(slots=True)
class GitObjects:
    """All objects of one repository: sha -> (kind, body)."""

    stored: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def put(self, kind: str, body: bytes) -> str:
        """Store an object and return its sha."""
        sha = object_sha(kind, body)
        self.stored.setdefault(sha, (kind, body))
        return sha

    def has(self, sha: str, kind: str) -> bool:
        """Whether an object of that kind is here."""
        return self.stored.get(sha, ("", b""))[0] == kind

    def body(self, sha: str, kind: str) -> bytes:
        """The body of an object; KeyError if there is none of that kind."""
        found, body = self.stored[sha]
        if found != kind:
            raise KeyError(sha)
        return body

    def put_commit(
        self,
        tree: str,
        parents: tuple[str, ...],
        message: str,
        author: Signature,
        committer: Signature | None = None,
    ) -> str:
        """Store a commit; git ends every message with a newline only if the author did."""
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        lines.append(f"author {author.encoded()}")
        lines.append(f"committer {(committer or author).encoded()}")
        return self.put("commit", ("\n".join(lines) + "\n\n" + message).encode())

    def commit(self, sha: str) -> CommitObject:
        """Parse a commit; KeyError if there is none."""
        head, _, message = self.body(sha, "commit").decode().partition("\n\n")
        fields = [line.partition(" ")[::2] for line in head.split("\n")]
        named = dict(fields)
        return CommitObject(
            sha=sha,
            tree=named["tree"],
            parents=tuple(value for name, value in fields if name == "parent"),
            author=_signature(named["author"]),
            committer=_signature(named["committer"]),
            message=message,
        )

    def put_entries(self, entries: list[TreeEntry]) -> str:
        """Store one tree; git sorts a directory as if its name ended with a slash."""
        ordered = sorted(entries, key=lambda e: e.name + ("/" if e.kind == "tree" else ""))
        body = b"".join(
            f"{entry.mode.lstrip('0')} {entry.name}\0".encode() + bytes.fromhex(entry.sha)
            for entry in ordered
        )
        return self.put("tree", body)

    def entries(self, tree: str) -> Iterator[TreeEntry]:
        """The entries of one tree, in git's order; KeyError if there is no such tree."""
        body = self.body(tree, "tree")
        position = 0
        while position < len(body):
            end = body.index(b"\0", position)
            mode, _, name = body[position:end].decode().partition(" ")
            kind = "tree" if mode == TREE_MODE else "blob"
            yield TreeEntry(name, mode.zfill(6), kind, body[end + 1 : end + 21].hex())
            position = end + 21

    def walk(self, tree: str, prefix: str = "") -> Iterator[tuple[str, TreeEntry]]:
        """Every entry below a tree with its whole path, directories before what is in them."""
        for entry in self.entries(tree):
            path = prefix + entry.name
            yield path, entry
            if entry.kind == "tree":
                yield from self.walk(entry.sha, path + "/")

    def blobs(self, tree: str) -> dict[str, tuple[str, str]]:
        """path -> (mode, blob sha) of every file below a tree."""
        return {p: (e.mode, e.sha) for p, e in self.walk(tree) if e.kind == "blob"}

    def put_blobs(self, blobs: Mapping[str, tuple[str, str]]) -> str:
        """Store the trees for path -> (mode, blob sha); return the root's sha."""
        entries: list[TreeEntry] = []
        below: dict[str, dict[str, tuple[str, str]]] = {}
        for path, (mode, sha) in blobs.items():
            first, slash, rest = path.partition("/")
            if slash:
                below.setdefault(first, {})[rest] = (mode, sha)
            else:
                entries.append(TreeEntry(first, mode, "blob", sha))
        for name, children in below.items():
            entries.append(TreeEntry(name, TREE_MODE, "tree", self.put_blobs(children)))
        return self.put_entries(entries)

    def put_files(self, files: Mapping[str, bytes]) -> str:
        """Store files and their trees; return the root tree's sha."""
        return self.put_blobs({p: (FILE_MODE, self.put("blob", b)) for p, b in files.items()})

    def find(self, tree: str, path: str) -> TreeEntry | None:
        """The entry at `path` below a tree ("" is the tree itself), None if there is none."""
        entry = TreeEntry("", TREE_MODE, "tree", tree)
        for name in [part for part in path.split("/") if part]:
            if entry.kind != "tree":
                return None
            found = next((e for e in self.entries(entry.sha) if e.name == name), None)
            if found is None:
                return None
            entry = found
        return entry

    def history(self, sha: str) -> list[CommitObject]:
        """All commits reachable from `sha`, newest first, parents after their children."""
        seen: dict[str, CommitObject] = {}
        waiting = [sha]
        while waiting:
            current = waiting.pop()
            if current not in seen:
                seen[current] = self.commit(current)
                waiting.extend(seen[current].parents)
        return _children_first(seen)


def _children_first(commits: dict[str, CommitObject]) -> list[CommitObject]:
    """Topological order, ties broken by time: what `git log` shows."""
    children = dict.fromkeys(commits, 0)
    for commit in commits.values():
        for parent in commit.parents:
            children[parent] += 1
    ready = [c for c in commits.values() if children[c.sha] == 0]
    ordered: list[CommitObject] = []
    while ready:
        ready.sort(key=lambda c: c.committer.at)
        newest = ready.pop()
        ordered.append(newest)
        for parent in newest.parents:
            children[parent] -= 1
            if children[parent] == 0:
                ready.append(commits[parent])
    return ordered


def _clean(text: str) -> str:
    return "".join(c for c in text if c not in "<>\n\0").strip() or "unknown"


def _signature(line: str) -> Signature:
    who, _, rest = line.rpartition("> ")
    name, _, email = who.partition(" <")
    seconds, offset = rest.split(" ")
    zone = datetime.strptime(offset, "%z").tzinfo or UTC
    return Signature(name, email, datetime.fromtimestamp(int(seconds), zone))
