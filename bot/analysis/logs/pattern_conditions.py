"""The conditions of filter patterns, on fields of JSON and on words between spaces."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from bot.analysis.logs.expressions import Search
from bot.errors import BadPayload

Test = Callable[[Any], bool]
Matches = Callable[[str], bool]

MOST_WILDCARDS = 3
_MISSING = object()
_OPERATOR = re.compile(r"\s*(!=|>=|<=|=|>|<)\s*")
_VALUE = re.compile(
    r'"((?:[^"\\]|\\.)*)"|%((?:[^%\\]|\\.)+)%|([^\s()&|,\]}"%]+(?:\*[^\s()&|,\]}"%]*)*)', re.DOTALL
)
_STEP = re.compile(r"\.?\['([^']*)'\]|\.?\[\"([^\"]*)\"\]|\[(\d+|\*)\]|\.([\w@:/-]+|\*)")
_NAME = re.compile(r"\s*([\w@.$:/-]*?)\s*(?=!=|>=|<=|[=<>,\]&|]|$)")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
# A word of a line: what stands in quotes or brackets is one.
_WORD = re.compile(r'"([^"]*)"(?=\s|$)|\[([^\]]*)\](?=\s|$)|(\S+)')


class Scanner:
    """Where in a pattern we are."""

    def __init__(self, text: str, regex: Callable[[str], Search]) -> None:
        self.text = text
        self.at = 0
        self.regex = regex
        self.wildcards = 0

    def skip(self) -> None:
        """Pass over spaces."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def take(self, token: str) -> bool:
        """Pass over spaces and `token`, if it is there."""
        self.skip()
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def must(self, token: str) -> None:
        """`take`, or raise `BadPayload`."""
        if not self.take(token):
            raise self.broken(f"{token} expected")

    def match(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        """Match here and move on behind it."""
        found = expression.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def word(self, *words: str) -> bool:
        """Pass over these words, if they are there in this order."""
        found = self.match(re.compile(r"\s*" + r"\s+".join(words) + r"\b", re.IGNORECASE))
        return found is not None

    def broken(self, why: str) -> BadPayload:
        """The error for what stands here."""
        rest = self.text[self.at : self.at + 20]
        return BadPayload(
            f"filter pattern: {why} at {rest!r}" if rest else f"filter pattern: {why}"
        )


def json_condition(scanner: Scanner) -> Matches:
    """`{ … }`: what a JSON line must fulfil; other lines never match."""
    scanner.must("{")
    test = _either(scanner, _comparison)
    scanner.must("}")
    _at_end(scanner)

    def matches(message: str) -> bool:
        if "{" not in message[:64] and "[" not in message[:64]:
            return False
        try:
            return test(orjson.loads(message))
        except orjson.JSONDecodeError:
            return False

    return matches


def space_condition(scanner: Scanner) -> Matches:
    """`[ … ]`: one place for each word of a line; the last takes what is left."""
    scanner.must("[")
    places: list[Test | None] = []  # None is the ellipsis
    if not scanner.take("]"):
        while True:
            places.append(None if scanner.take("...") else _either(scanner, _on_word))
            if not scanner.take(","):
                break
        scanner.must("]")
    _at_end(scanner)
    if places.count(None) > 1:
        raise BadPayload("filter pattern: more than one ellipsis")
    return lambda message: _fits(places, message)


def _fits(places: Sequence[Test | None], message: str) -> bool:
    if not places:
        return True
    words = _words(message, None if None in places else len(places))
    if None not in places:
        return len(words) == len(places) and _all(places, words)
    ellipsis = places.index(None)
    before, after = places[:ellipsis], places[ellipsis + 1 :]
    if len(words) < len(before) + len(after):
        return False
    tail = words[len(words) - len(after) :] if after else []
    return _all(before, words[: len(before)]) and _all(after, tail)


def _all(places: Sequence[Test | None], words: Sequence[str]) -> bool:
    return all(test is None or test(word) for test, word in zip(places, words, strict=True))


def _words(message: str, most: int | None) -> list[str]:
    words: list[str] = []
    for found in _WORD.finditer(message):
        if most is not None and len(words) == most - 1:
            rest = message[found.start() :].rstrip()
            alone = _WORD.fullmatch(rest)
            words.append(_inner(alone) if alone else rest)
            break
        words.append(_inner(found))
    return words


def _inner(found: re.Match[str]) -> str:
    return next(group for group in found.groups() if group is not None)


def _either(scanner: Scanner, atom: Callable[[Scanner], Test]) -> Test:
    tests = [_both(scanner, atom)]
    while scanner.take("||"):
        tests.append(_both(scanner, atom))
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _both(scanner: Scanner, atom: Callable[[Scanner], Test]) -> Test:
    tests = [_grouped(scanner, atom)]
    while scanner.take("&&"):
        tests.append(_grouped(scanner, atom))
    return tests[0] if len(tests) == 1 else lambda value: all(test(value) for test in tests)


def _grouped(scanner: Scanner, atom: Callable[[Scanner], Test]) -> Test:
    if not scanner.take("("):
        return atom(scanner)
    depth = scanner.text.count("(", 0, scanner.at)
    if depth > 50:
        raise scanner.broken("too many parentheses")
    test = _either(scanner, atom)
    scanner.must(")")
    return test


def _comparison(scanner: Scanner) -> Test:
    path = _path(scanner)
    if scanner.word("IS", "NULL"):
        return lambda given: any(value is None for value in _values(given, path))
    if scanner.word("IS", "TRUE"):
        return lambda given: any(value is True for value in _values(given, path))
    if scanner.word("IS", "FALSE"):
        return lambda given: any(value is False for value in _values(given, path))
    if scanner.word("NOT", "EXISTS"):
        return lambda given: all(value is _MISSING for value in _values(given, path))
    test = _value_test(scanner)
    return lambda given: any(_is_plain(value) and test(value) for value in _values(given, path))


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _path(scanner: Scanner) -> list[str | int | None]:
    """The steps of `$.a['b.c'][0].*`; None is the wildcard."""
    scanner.must("$")
    steps: list[str | int | None] = []
    while found := scanner.match(_STEP):
        single, double, index, name = found.groups()
        if index == "*" or name == "*":
            steps.append(None)
        elif index is not None:
            steps.append(int(index[:9]))
        else:
            steps.append(next(one for one in (single, double, name) if one is not None))
    if not steps:
        raise scanner.broken("a field such as $.status expected")
    if steps.count(None) > 1:
        raise scanner.broken("more than one wildcard in a selector")
    scanner.wildcards += steps.count(None)
    if scanner.wildcards > MOST_WILDCARDS:
        raise scanner.broken(f"more than {MOST_WILDCARDS} wildcards")
    return steps


def _values(given: Any, path: Sequence[str | int | None]) -> Iterator[Any]:
    """What the path leads to; `_MISSING` where it ends early."""
    for place, step in enumerate(path):
        if step is None:
            inner = given.values() if isinstance(given, dict) else given
            for value in inner if isinstance(given, dict | list) else ():
                yield from _values(value, path[place + 1 :])
            return
        named = isinstance(step, str) and isinstance(given, dict) and step in given
        numbered = isinstance(step, int) and isinstance(given, list) and step < len(given)
        if not (named or numbered):
            yield _MISSING
            return
        given = given[step]
    yield given


def _on_word(scanner: Scanner) -> Test:
    """`name` alone, or `name = value`."""
    if scanner.match(_NAME) is None:
        raise scanner.broken("the name of a word expected")
    scanner.skip()
    if scanner.text[scanner.at : scanner.at + 1] in (",", "]"):
        return lambda _word: True
    return _value_test(scanner)


def _value_test(scanner: Scanner) -> Test:
    found = scanner.match(_OPERATOR)
    if not found:
        raise scanner.broken("one of = != > >= < <= expected")
    sign = found[1]
    value = scanner.match(_VALUE)
    if not value:
        raise scanner.broken("a value expected")
    phrase, expression, bare = value.groups()
    if sign in _COMPARE:
        return _ordered(scanner, sign, bare)
    if expression is not None:
        search = scanner.regex(expression)
        return _signed(sign, lambda given: search(_text(given)) is not None)
    if bare is not None and _NUMBER.fullmatch(bare):
        number = float(bare)
        return _signed(sign, lambda given: _number(given, bare) == number)
    text = bare if phrase is None else re.sub(r"\\(.)", r"\1", phrase, flags=re.DOTALL)
    return _signed(sign, _like(text))


def _ordered(scanner: Scanner, sign: str, bare: str | None) -> Test:
    if bare is None or not _NUMBER.fullmatch(bare):
        raise scanner.broken(f"a number expected behind {sign}")
    compare, number = _COMPARE[sign], float(bare)

    def test(given: Any) -> bool:
        value = _number(given)
        return value is not None and compare(value, number)

    return test


def _signed(sign: str, test: Test) -> Test:
    return test if sign == "=" else lambda given: not test(given)


def _like(text: str) -> Test:
    """Equal; `*` stands for any characters."""
    if "*" not in text:
        return lambda given: _text(given) == text
    first, *middle, last = text.split("*")

    def test(given: Any) -> bool:
        value = _text(given)
        if len(value) < len(first) + len(last) or not value.startswith(first):
            return False
        if not value.endswith(last):
            return False
        at, end = len(first), len(value) - len(last)
        for part in middle:
            at = value.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return test


def _text(given: Any) -> str:
    return given if isinstance(given, str) else str(given)


def _number(given: Any, wanted: str = "") -> float | None:
    """A number; of a word of a line too. Text equal to what was wanted is that number."""
    if isinstance(given, int | float):
        return float(given) if -1e300 < given < 1e300 else math.inf
    if isinstance(given, str) and (given == wanted or _NUMBER.fullmatch(given)):
        return float(given)
    return None


def _at_end(scanner: Scanner) -> None:
    scanner.skip()
    if scanner.at < len(scanner.text):
        raise scanner.broken("nothing more expected")
