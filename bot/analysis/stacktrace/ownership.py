"""Whose code is a frame: the team's own, or the language's and its libraries'?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from bot.models import ExceptionInfo, Frame

_FOREIGN_PATHS = (
    "/site-packages/", "/dist-packages/", "/node_modules/", "/lib/python", "/gems/",
)  # fmt: skip


def mark_in_app(
    exceptions: Sequence[ExceptionInfo], *, roots: Sequence[str] = ()
) -> tuple[ExceptionInfo, ...]:
    """Decide `Frame.in_app` for every frame that nobody has decided yet.

    `roots` (path or module prefixes of the team's own code, from the settings) win over the
    conventions of the languages and over what the sender said.
    """
    own = tuple(roots)
    return tuple(
        replace(info, frames=tuple(_marked(frame, own) for frame in info.frames))
        for info in exceptions
    )


def culprit(exceptions: Sequence[ExceptionInfo]) -> Frame | None:
    """The frame to look at first: the newest in-app frame nearest to the root cause.

    Without any in-app frame: the newest frame of the root cause that has frames; None if no
    exception has any.
    """
    for info in exceptions:
        for frame in reversed(info.frames):
            if frame.in_app:
                return frame
    return next((info.frames[-1] for info in exceptions if info.frames), None)


@lru_cache(maxsize=8_192)
def _marked(frame: Frame, roots: tuple[str, ...]) -> Frame:
    if roots and any(root in frame.file or frame.module.startswith(root) for root in roots):
        return replace(frame, in_app=True)
    if frame.in_app is not None:
        return frame
    path = frame.file.replace("\\", "/")
    foreign = path.startswith("<") or any(part in path for part in _FOREIGN_PATHS)
    return replace(frame, in_app=not foreign)
