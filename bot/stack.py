"""The frames of a stack, shared by all the exceptions that were raised from it.

An error that storms brings the same frames again and again. What is worked out of them (whose
code they are, how they group, how they are stored) is kept with them and worked out once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from bot.models import Frame

T = TypeVar("T")


class Stack(tuple[Frame, ...]):
    """Frames, oldest to newest: equal to any tuple of the same frames; thread-safe."""

    _known: dict[Hashable, Any]

    def once(self, key: Hashable, work: Callable[[], T]) -> T:
        """What `work` returns, asked once for each `key`; it must depend on nothing else."""
        try:
            known = self._known
        except AttributeError:
            known = self._known = {}
        if key not in known:
            known[key] = work()
        found: T = known[key]
        return found


def once(frames: tuple[Frame, ...], key: Hashable, work: Callable[[], T]) -> T:
    """`Stack.once`; of frames that nobody shares, what `work` returns now."""
    return frames.once(key, work) if isinstance(frames, Stack) else work()
