"""What is wrong with a scenario file is told without pydantic's own words."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.simulation.wording import in_words


class Inner(BaseModel):
    """Something inside."""

    name: str


class Sample(BaseModel):
    """One of each."""

    model_config = ConfigDict(strict=True)

    count: Annotated[int, Field(ge=1)] = 1
    share: float = 0.5
    is_on: bool = True
    word: Annotated[str, Field(pattern="^[a-z]+$", max_length=3)] = "abc"
    names: Annotated[list[str], Field(min_length=1)] = ["a"]
    pair: Annotated[list[int], Field(min_length=2)] = [1, 2]
    inner: Inner = Inner(name="x")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("count", "three", "is no whole number"),
        ("count", 0, "input should be greater than or equal to 1"),
        ("share", "half", "is no number"),
        ("is_on", "yes", "is neither true nor false"),
        ("word", 7, "is no text"),
        ("word", "A", "has characters that are not allowed"),
        ("word", "abcd", "is longer than 3"),
        ("names", "a", "is no list"),
        ("names", [], "is empty"),
        ("pair", [1], "has less than 2"),
        ("inner", 4, "is no object"),
    ],
)
def test_a_wrong_value_is_told_in_words(field: str, value: Any, told: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        Sample.model_validate({field: value})
    (detail,) = wrong.value.errors()
    assert in_words(detail) == told
