"""CloudWatch's filter patterns: what FilterLogEvents, subscription filters and Live Tail speak.

Terms (`ERROR -"bad news"`, `?ERROR ?WARN`), regular expressions (`%ERR[0-9]+%`), conditions on
JSON (`{ $.status >= 500 && $.user.id = "7" }`) and on words (`[ip, ..., status = 4*, bytes]`),
after AWS's "Filter pattern syntax for metric filters, subscription filters, filter log events,
and Live Tail". Terms are substrings and case counts, as AWS's API reference has `Exception`
find InvalidQueryException.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.analysis.logs.expressions import Search, searcher
from bot.analysis.logs.pattern_conditions import Scanner, json_condition, space_condition
from bot.errors import BadPayload

MOST_CHARACTERS = 1_024
MOST_EXPRESSIONS = 2  # regular expressions in one pattern
_WHAT = "filter pattern"
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_TERM = re.compile(rf'\s*([?-]?)(?:{_QUOTED}|([^\s"?%-][^\s"]*))(?=\s|$)', re.DOTALL)
_REGEX_CHARACTERS = re.compile(
    r"(?:[A-Za-z0-9:_#=@/;,\- ^$?\[\]{}|*+.]"
    r"|\\(?:x[0-9a-fA-F]{2}|[dDsSwWtn\\^$?\[\]{}|*+.:_#=@/;,-]))+"
)

Matches = Callable[[str], bool]


class Pattern:
    """A filter pattern, understood; `matches(message)` judges one log line."""

    __slots__ = ("matches", "text")

    def __init__(self, text: str, matches: Matches) -> None:
        self.text = text
        self.matches = matches


def parse(text: str) -> Pattern:
    """Understand a filter pattern.

    Raises:
        BadPayload: AWS would refuse it; the reason says where it breaks off.
    """
    bare = text.strip()
    if len(text) > MOST_CHARACTERS:
        raise BadPayload(f"{_WHAT}: longer than {MOST_CHARACTERS} characters")
    if not bare:
        return Pattern(text, lambda _message: True)
    if bare[0] == "{":
        scanner = _scanner(bare)
        return Pattern(text, json_condition(scanner))
    if bare[0] == "[":
        return Pattern(text, space_condition(_scanner(bare)))
    if bare[0] == "%":
        return Pattern(text, _standalone(bare))
    return Pattern(text, _terms(bare))


def regex(expression: str) -> Search:
    """A search for what stands between two `%`.

    Raises:
        BadPayload: it holds what AWS does not support: parentheses, most symbols, non-ASCII.
    """
    if not _REGEX_CHARACTERS.fullmatch(expression):
        raise BadPayload(
            f"{_WHAT}: %{expression}% holds a character that AWS refuses there; write a symbol"
            " as \\xHH, and do without parentheses"
        )
    return searcher(expression.replace("{,", "{0,"), any_case=False, what=_WHAT)


def quoted(term: str) -> str:
    """A term as a pattern spells it: exact, whatever characters it has."""
    escaped = term.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def any_case(text: str) -> str:
    """A `%regex%` that finds `text` in any letter case; "" if it cannot be said in ASCII."""
    parts = []
    for character in text:
        if character.isascii() and character.isalpha():
            parts.append(f"[{character.upper()}{character.lower()}]")
        elif character.isascii() and (character.isdigit() or character in " :_#=@/;,-"):
            parts.append(character)
        elif character.isascii() and character.isprintable():
            parts.append(f"\\x{ord(character):02X}")
        else:
            return ""
    pattern = f"%{''.join(parts)}%"
    return pattern if parts and len(pattern) <= MOST_CHARACTERS else ""


def _scanner(text: str) -> Scanner:
    used = 0

    def counted(expression: str) -> Search:
        nonlocal used
        used += 1
        if used > MOST_EXPRESSIONS:
            raise BadPayload(f"{_WHAT}: more than {MOST_EXPRESSIONS} regular expressions")
        return regex(expression)

    return Scanner(text, counted)


def _standalone(text: str) -> Matches:
    if len(text) < 3 or text[-1] != "%":
        raise BadPayload(f"{_WHAT}: a regular expression ends with %")
    search = regex(text[1:-1])
    return lambda message: search(message) is not None


def _terms(text: str) -> Matches:
    required: list[str] = []
    optional: list[str] = []
    excluded: list[str] = []
    position = 0
    while position < len(text):
        found = _TERM.match(text, position)
        if not found:
            raise BadPayload(
                f"{_WHAT}: not understood at {text[position : position + 20]!r}; put a term with"
                " symbols in double quotes"
            )
        sign, phrase, word = found.groups()
        term = word if phrase is None else re.sub(r"\\(.)", r"\1", phrase, flags=re.DOTALL)
        {"": required, "?": optional, "-": excluded}[sign].append(term)
        position = found.end()
    if not required and not excluded:
        return lambda message: any(term in message for term in optional)
    # AWS: beside other terms, those with a question mark are ignored.
    wanted = [term for term in required if term.strip()]
    return lambda message: (
        all(term in message for term in wanted) and not any(term in message for term in excluded)
    )
