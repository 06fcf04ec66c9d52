"""An answer that is not known yet, without a thread that waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from bot.web.answer import Answer

#: In the environ of a server that knows `PromisedBody`; for any other the app waits itself.
TAKES_PROMISES = "jinkies.takes_promises"


@dataclass(frozen=True, slots=True)
class Promised:
    """An answer that is known when `promise` is kept, or at `deadline`.

    `answer()` waits for the earlier of the two; `deadline` is of the monotonic clock.
    """

    promise: Future[Any]
    deadline: float
    answer: Callable[[], Answer]


@dataclass(frozen=True, slots=True)
class PromisedBody:
    """What the app returns instead of a body: it is made, and the answer begun, when it is
    iterated, which waits no more once the promise is kept."""

    promised: Promised
    body: Callable[[], Iterable[bytes]]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.body())
