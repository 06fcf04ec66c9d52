"""What pydantic says about a scenario file, in words a person can follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WRONG_TYPES = {
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "is no object"),
    **dict.fromkeys(("tuple_type", "list_type"), "is no list"),
    **dict.fromkeys(("string_type",), "is no text"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "is neither true nor false"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "is no whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "is no number"),
}


def in_words(detail: Mapping[str, Any]) -> str:
    """What is wrong, from one of `ValidationError.errors()`."""
    kind, context = str(detail["type"]), detail.get("ctx") or {}
    if kind in _WRONG_TYPES:
        return _WRONG_TYPES[kind]
    if kind in {"too_short", "string_too_short"}:
        least = context.get("min_length", 1)
        return "is empty" if least == 1 else f"has less than {least}"
    if kind in {"too_long", "string_too_long"}:
        return f"is longer than {context.get('max_length')}"
    if "pattern" in context:
        return "has characters that are not allowed"
    message = str(detail["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
