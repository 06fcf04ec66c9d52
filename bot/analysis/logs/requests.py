"""Which request or trace a text tells of: Lambda's `RequestId: …`, `request_id=…` and their kin."""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST = 2  # ids of one text; whoever tells more tells of many requests
_TOLD = re.compile(
    r"(?<![A-Za-z0-9_])(?:aws[ _-]?|x-)?(?:request|req|trace|correlation)[ _.-]?id"
    r"[\"']?\s{0,3}[:=]\s{0,3}[\"'\[(<]?([A-Za-z0-9](?:[A-Za-z0-9._:@-]{4,126}[A-Za-z0-9]))",
    re.IGNORECASE,
)


def request_ids(text: str) -> tuple[str, ...]:
    """The ids that a text names, in their order; () where it names none, or too many."""
    found = tuple(dict.fromkeys(_TOLD.findall(text)))
    return found if len(found) <= MOST else ()


def shared_request_id(lines: Iterable[str]) -> str:
    """The id that lines name, if it is one for all that name any; else ""."""
    found = {name for line in lines for name in _TOLD.findall(line)}
    return found.pop() if len(found) == 1 else ""
