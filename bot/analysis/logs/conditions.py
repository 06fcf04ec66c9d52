"""Conditions on the fields of a line: JSON, or key=value pairs anywhere in it."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from bot.analysis.logs.expressions import searcher
from bot.analysis.logs.query import FieldCondition
from bot.errors import BadPayload

Test = Callable[[str], bool]
ValueTest = Callable[[Any], bool]

_PAIR = re.compile(r'(?:^|[\s,{(])([\w.@-]{1,100})=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
OPERATORS = ("!=", ">=", "<=", "=", ">", "<", "~")
_WRITTEN = re.compile(
    r"\s*\$?\.?([\w.@\[\]*-]{1,200}?)\s*(?:(!=|>=|<=|==|=|>|<|~)\s*(.*))?", re.DOTALL
)


def parse_condition(text: str) -> FieldCondition:
    """Read what a person writes: `status>=500`, `user.id = 42`, `path~^/api`, `error`.

    Raises:
        BadPayload: it names no field.
    """
    found = _WRITTEN.fullmatch(text)
    if not found:
        raise BadPayload(f"{text!r} is no condition; write field=value, field>=500 or field~regex")
    path, sign, value = found.groups()
    if sign is None:
        return FieldCondition(path)
    return FieldCondition(path, "=" if sign == "==" else sign, value.strip().strip('"'))


def field_test(condition: FieldCondition) -> Test:
    """A test of a whole line.

    Raises:
        BadPayload: the operator is unknown, or its value is of no use to it.
    """
    test = _value_test(condition)
    path = condition.path
    negative = condition.operator == "!="

    def fits(message: str) -> bool:
        values = list(values_of(message, path))
        # A field that is not there is not equal to anything.
        return all(map(test, values)) if negative else any(map(test, values))

    return fits


def values_of(message: str, path: str) -> Iterator[Any]:
    """What a line says of a field; nothing if it is not there."""
    at = message.find("{")
    if at >= 0 and message.rstrip()[-1:] == "}":
        try:
            given = orjson.loads(message[at:])
        except orjson.JSONDecodeError:
            given = None
        if isinstance(given, dict):
            yield from _reached(given, path)
            return
    if "=" in message:
        for found in _PAIR.finditer(message):
            if found[1] == path:
                yield found[3] if found[2] is None else found[2]


def _reached(given: Any, path: str) -> Iterator[Any]:
    """By the whole key first: ECS writes {"log.level": …}."""
    if isinstance(given, list):
        for each in given:
            yield from _reached(each, path)
    elif isinstance(given, dict):
        if path in given:
            yield given[path]
            return
        step, _, rest = path.partition(".")
        if rest and step in given:
            yield from _reached(given[step], rest)


def _value_test(condition: FieldCondition) -> ValueTest:
    sign, wanted = condition.operator, condition.value
    if sign == "exists":
        return lambda _value: True
    if sign == "~":
        search = searcher(wanted, any_case=True, what=f"the expression for {condition.path}")
        return lambda value: search(_text(value)) is not None
    if sign in _ORDER:
        number = _number(wanted)
        if number is None:
            raise BadPayload(f"{condition.path}{sign}{wanted}: a number must stand behind {sign}")
        return _ordered(_ORDER[sign], number)
    if sign not in ("=", "!="):
        raise BadPayload(f"{sign} is no operator; there are {' '.join(OPERATORS)}")
    equal = _equal(wanted)
    return equal if sign == "=" else lambda value: not equal(value)


def _ordered(compare: Callable[[float, float], bool], number: float) -> ValueTest:
    def test(value: Any) -> bool:
        given = _number(value)
        return given is not None and compare(given, number)

    return test


def _equal(wanted: str) -> ValueTest:
    if "*" in wanted:
        parts = ".*".join(re.escape(part) for part in wanted.split("*"))
        search = searcher(f"^(?s:{parts})$", any_case=True, what="the value")
        return lambda value: search(_text(value)) is not None
    number, folded = _number(wanted), wanted.casefold()
    return lambda value: (
        _text(value).casefold() == folded or (number is not None and _number(value) == number)
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode() if value is not None else "null"


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
