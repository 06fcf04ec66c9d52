"""YAML, with one kind of error for whatever is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml


def yaml_documents(text: str | bytes) -> Iterator[Any]:
    """The documents of a text; raises `yaml.YAMLError`, also for a value that is not what its tag
    says, for which PyYAML lets through whatever its constructors stumble over."""
    try:
        yield from yaml.load_all(text, yaml.CSafeLoader)
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        told = " ".join(str(error).split())
        raise yaml.YAMLError(f"a value is not what it seems to be: {told}") from None


def yaml_document(text: str | bytes) -> Any:
    """The only document of a text, None if it is empty; raises `yaml.YAMLError`."""
    found = list(yaml_documents(text))
    if len(found) > 1:
        raise yaml.YAMLError(f"one document is expected, {len(found)} are there")
    return found[0] if found else None
