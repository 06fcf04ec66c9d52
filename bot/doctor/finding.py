"""What a check finds: a line of the report, with a sign that says how it stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from bot.config import CURES, Settings


class Verdict(StrEnum):
    """What a check found; the value is its sign."""

    FINE = "✓"
    WRONG = "✗"
    UNUSED = "–"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    name: str
    verdict: Verdict
    text: str

    def __str__(self) -> str:
        text = self.text.removeprefix(f"{self.name}: ")  # an error tells by itself who failed
        return f"{self.verdict.value} {self.name}: {text}"


Check = Callable[[Settings], Awaitable[list[Finding]]]


def unset(name: str) -> str:
    """What to say of a setting that is missing."""
    return f"{name} is not set. To cure it, {CURES[name]}."
