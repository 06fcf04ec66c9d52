"""Stack traces in text become exceptions with frames.

    parse(text)            -> the chain: root cause first, the exception that surfaced last,
                              frames oldest to newest
    mark_in_app(chain)     -> the same with `Frame.in_app` decided
    culprit(chain)         -> the frame to look at first

A text may hold much else around the trace. If it holds several unrelated traces, the first one
is meant: what follows is usually its aftermath. Time is linear in the length of the text, and
no text makes any of this raise.
"""

from __future__ import annotations

from bot.analysis.stacktrace import python
from bot.analysis.stacktrace.languages import LANGUAGES
from bot.analysis.stacktrace.lines import clean
from bot.analysis.stacktrace.ownership import culprit, mark_in_app
from bot.models import ExceptionInfo

__all__ = ["culprit", "mark_in_app", "parse"]


def parse(text: str) -> tuple[ExceptionInfo, ...]:
    """Find the first stack trace in a text, of whatever language; () if there is none."""
    if found := python.parse_plain(text):
        return found
    lines: list[str] | None = None
    best: tuple[ExceptionInfo, ...] = ()
    most = 0
    for language in LANGUAGES:
        if not any(hint in text for hint in language.hints):
            continue
        if lines is None:
            lines = clean(text)
        found = language.parse(lines)
        frames = sum(len(info.frames) for info in found)
        if frames > most:
            best, most = found, frames
            if language.decisive:
                break
    return best
