"""Regular expressions from people: RE2's, so that no expression takes more than linear time."""

from __future__ import annotations

from collections.abc import Callable

import re2

from bot.errors import BadPayload

Search = Callable[[str], object]

LONGEST = 1_000  # characters of an expression
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 8 << 20
_ANY_CASE = re2.Options()
_ANY_CASE.log_errors = False
_ANY_CASE.max_mem = 8 << 20
_ANY_CASE.case_sensitive = False


def searcher(expression: str, *, any_case: bool, what: str) -> Search:
    """A function that searches a text for `expression` and returns something true if it is there.

    Raises:
        BadPayload: it is no regular expression that RE2 knows; the reason begins with `what`.
    """
    if len(expression) > LONGEST:
        raise BadPayload(f"{what}: longer than {LONGEST} characters")
    try:
        compiled = re2.compile(expression, _ANY_CASE if any_case else _OPTIONS)
    except re2.error as error:
        why = error.args[0] if error.args else "it cannot be read"
        told = why.decode("utf-8", "replace") if isinstance(why, bytes) else why
        raise BadPayload(f"{what}: {told}") from None
    search: Search = compiled.search
    return search
