"""Which detectors have anything to look at: one pass over a text answers for all of them.

Almost every text holds no sign of a secret. RE2 looks for all signs at once, in time linear in
the text, and costs less than looking for a handful of words one after another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import re2

from bot.alerting.redaction.spans import Span


class Passage:
    """A text to look through."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def lowered(self) -> str:
        """The text in lower case, every character at its place."""
        lowered = self.text.lower()
        if len(lowered) == len(self.text):
            return lowered
        # A few letters grow when lowered.
        return "".join(char if len(char.lower()) != 1 else char.lower() for char in self.text)

    @cached_property
    def ascii(self) -> bytes:
        """One byte for each character; "?" for those that ASCII does not have."""
        return self.text.encode("ascii", "replace")


@dataclass(frozen=True, slots=True)
class Sign:
    """What a text must hold before a detector is asked, as a regular expression of RE2."""

    pattern: str
    detect: Callable[[Passage], Iterable[Span]]


def literal(text: str, *, any_case: bool = False) -> str:
    """The pattern of a literal."""
    return f"(?i:{re.escape(text)})" if any_case else re.escape(text)


class Signs:
    """Many signs, looked for together; thread-safe."""

    def __init__(self, signs: Sequence[Sign]) -> None:
        self._signs = tuple(signs)
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        self._set = re2.Set.SearchSet(options)
        for sign in signs:
            self._set.Add(sign.pattern)
        self._set.Compile()

    def spans(self, text: str) -> list[Span]:
        """What the detectors find whose sign is there, in the order of the signs."""
        passage = Passage(text)
        found: list[int] | None = self._set.Match(passage.ascii)
        return [
            span for number in sorted(found or ()) for span in self._signs[number].detect(passage)
        ]
