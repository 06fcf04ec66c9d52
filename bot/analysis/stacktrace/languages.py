"""The table of languages: how to suspect one cheaply, and who reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.analysis.stacktrace import python
from bot.models import ExceptionInfo


@dataclass(frozen=True, slots=True)
class Language:
    """A reader of traces; it is asked only if one of `hints` occurs in the text."""

    name: str
    hints: tuple[str, ...]
    parse: Callable[[Sequence[str]], tuple[ExceptionInfo, ...]]


# On a tie in frames the earlier one wins.
LANGUAGES = (Language("python", python.HINTS, python.parse),)
