"""From the path in a stack frame to the path in a repository, or nothing.

A frame knows where the file lay when it ran (`/app/shop/pricing.py`); a repository may keep it
elsewhere (`backend/shop/pricing.py`). The longest common end decides, and only if it is the
only one: a wrong link is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import PurePosixPath

from bot.models import Frame

# Where containers and build services put a repository's root.
CONTAINER_ROOTS = frozenset({"app", "src", "code", "workspace", "srv", "task", "repo", "build"})
FOREIGN = frozenset({"site-packages", "dist-packages", "node_modules", "vendor"})
JVM = (".java", ".kt", ".scala", ".groovy")
SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]+://[^/]*")
DRIVE = re.compile(r"^[a-zA-Z]:")

Index = Mapping[str, tuple[tuple[str, ...], ...]]


def index(paths: Iterable[str]) -> Index:
    """File name -> the parts of every path that ends in it."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for path in paths:
        parts = tuple(path.split("/"))
        found.setdefault(parts[-1], []).append(parts)
    return {name: tuple(candidates) for name, candidates in found.items()}


def frame_parts(frame: Frame) -> tuple[str, ...]:
    """The parts of a frame's file: without scheme, drive, query, "." and ".."; () if none."""
    file = frame.file.strip()
    if not file or file.startswith("<"):
        return ()
    file = DRIVE.sub("", SCHEME.sub("", file)).replace("\\", "/").partition("?")[0]
    parts: list[str] = []
    for part in PurePosixPath(file).parts:
        if part == "..":
            del parts[-1:]
        elif part not in {"/", "."}:
            parts.append(part)
    if len(parts) == 1 and parts[0].endswith(JVM) and "." in frame.module:
        package = frame.module.split("$")[0].split(".")[:-1]
        parts = [*package, *parts]
    return tuple(parts)


def match(frame: Frame, candidates: Index) -> str | None:
    """The one path of the repository that is the frame's file, None if that is not certain."""
    parts = frame_parts(frame)
    if not parts or frame.in_app is False or FOREIGN & set(parts) or _is_stdlib(parts):
        return None
    best: list[tuple[str, ...]] = []
    longest = 0
    for candidate in candidates.get(parts[-1], ()):
        length = _common_end(parts, candidate)
        if not _is_enough(frame, parts, candidate, length) or length < longest:
            continue
        best = [candidate] if length > longest else [*best, candidate]
        longest = length
    # Of equals the one that lies wholly in the frame's path: the root was deployed as it is.
    exact = [candidate for candidate in best if len(candidate) == longest]
    chosen = exact if len(exact) == 1 else best
    return "/".join(chosen[0]) if len(chosen) == 1 else None


def _is_stdlib(parts: tuple[str, ...]) -> bool:
    return any(
        before == "lib" and re.fullmatch(r"python\d[\d.]*", after)
        for before, after in pairwise(parts)
    )


def _common_end(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    length = 0
    for mine, other in zip(reversed(left), reversed(right), strict=False):
        if mine != other:
            break
        length += 1
    return length


def _is_enough(
    frame: Frame, parts: tuple[str, ...], candidate: tuple[str, ...], length: int
) -> bool:
    """Two common parts are; one is if the frame has no more, or what is left is only a root."""
    if length >= 2 or len(parts) == length:
        return True
    rest = parts[:-length]
    if len(rest) <= 3 and rest[-1] in CONTAINER_ROOTS:
        return True
    return len(candidate) == length and frame.in_app is True
