"""The published JSON Schemas of a data set, and a quick check of a line against them.

The files in schemas/ are the truth: any validator of JSON Schema reads them, and `validate`
checks every line by the same files. It understands the words that they use, and no others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent / "schemas"
_UNDERSTOOD = frozenset(
    {"$schema", "title", "type", "const", "enum", "pattern", "required", "properties", "items",
     "additionalProperties"}
)  # fmt: skip
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_NAMES = {
    "string": "a text", "integer": "a number", "number": "a number", "boolean": "true or false",
    "array": "a list", "object": "an object", "null": "null",
}  # fmt: skip
_NAME_OF = {kind: _NAMES[name] for name, kinds in reversed(_TYPES.items()) for kind in kinds}
_Path = tuple[Any, str] | None  # the path above, and the last key


class _Rule(NamedTuple):
    """One schema, ready to be used. `types` is empty where any type will do."""

    types: frozenset[type]
    wanted: str
    inner: tuple[tuple[str, _Rule, bool], ...]  # name, rule, whether it must be there
    each: _Rule | None  # of a list's items, or of the values of an object that is a map
    choices: tuple[Any, ...]
    pattern: re.Pattern[str] | None


@lru_cache(64)
def schema(name: str) -> dict[str, Any]:
    """A schema by its name: "kubernetes.log", "manifest", "incidents"."""
    read: dict[str, Any] = json.loads((FOLDER / f"{name}.schema.json").read_text("utf-8"))
    return read


def names() -> tuple[str, ...]:
    """All schemas that are published."""
    return tuple(sorted(path.name.removesuffix(".schema.json") for path in FOLDER.iterdir()))


def faults(name: str, value: object) -> Iterator[str]:
    """What is wrong with `value`: "path: what is expected"."""
    found: list[tuple[_Path, str]] = []
    _look(_rule_of(name), value, None, found)
    for path, text in found:
        yield f"{_written(path)}: {text}"


@lru_cache(64)
def _rule_of(name: str) -> _Rule:
    return _rule(schema(name))


def _rule(one: Mapping[str, Any]) -> _Rule:
    strange = one.keys() - _UNDERSTOOD
    if strange:
        raise ValueError(f"the schema says {sorted(strange)}, which is not understood here")
    told = one.get("type", [])
    kinds = [told] if isinstance(told, str) else told
    required = frozenset(one.get("required", ()))
    each = one.get("items") or one.get("additionalProperties")
    choices = tuple(one["enum"]) if "enum" in one else (one["const"],) if "const" in one else ()
    return _Rule(
        frozenset(kind for name in kinds for kind in _TYPES[name]),
        " or ".join(_NAMES[name] for name in kinds),
        tuple(
            (name, _rule(inner), name in required)
            for name, inner in one.get("properties", {}).items()
        ),
        _rule(each) if each else None,
        choices,
        re.compile(one["pattern"]) if "pattern" in one else None,
    )


def _look(rule: _Rule, value: Any, path: _Path, found: list[tuple[_Path, str]]) -> None:
    types, wanted, inner, each, choices, pattern = rule
    kind = type(value)
    if types and kind not in types:
        found.append((path, f"{wanted} is expected, {_NAME_OF.get(kind, 'nothing')} is there"))
        return
    if choices and value not in choices:
        found.append((path, f"{' or '.join(map(repr, choices))} is expected"))
    if kind is dict:
        for name, one, needed in inner:
            if name in value:
                _look(one, value[name], (path, name), found)
            elif needed:
                found.append(
                    ((path, name), f"{one.wanted or 'a value'} is expected, nothing is there")
                )
        if each and not inner:
            for name, one_value in value.items():
                _look(each, one_value, (path, name), found)
    elif kind is list and each:
        for place, one_value in enumerate(value):
            _look(each, one_value, (path, f"[{place}]"), found)
    elif pattern and kind is str and not pattern.search(value):
        found.append((path, f"{value[:80]!r} does not look like {pattern.pattern}"))


def _written(path: _Path) -> str:
    keys: list[str] = []
    while path is not None:
        path, key = path
        keys.append(key)
    return ".".join(reversed(keys)).replace(".[", "[") or "the whole"
