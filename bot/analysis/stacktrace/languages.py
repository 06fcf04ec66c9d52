"""The table of languages: how to suspect one cheaply, and who reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.analysis.stacktrace import (
    dart,
    dotnet,
    golang,
    javascript,
    jvm,
    php,
    python,
    ruby,
    rust,
)
from bot.models import ExceptionInfo


@dataclass(frozen=True, slots=True)
class Language:
    """A reader of traces; it is asked only if one of `hints` occurs in the text.

    If a `decisive` one finds frames, no other is asked.
    """

    name: str
    hints: tuple[str, ...]
    parse: Callable[[Sequence[str]], tuple[ExceptionInfo, ...]]
    decisive: bool = False


# On a tie in frames the earlier one wins.
LANGUAGES = (
    Language("python", python.HINTS, python.parse, decisive=True),
    Language("jvm", jvm.HINTS, jvm.parse),
    Language("dotnet", dotnet.HINTS, dotnet.parse),
    Language("javascript", javascript.HINTS, javascript.parse),
    Language("go", golang.HINTS, golang.parse),
    Language("rust", rust.HINTS, rust.parse),
    Language("ruby", ruby.HINTS, ruby.parse),
    Language("php", php.HINTS, php.parse),
    Language("dart", dart.HINTS, dart.parse),
)
