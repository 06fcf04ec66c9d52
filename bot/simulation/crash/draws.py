"""How values are drawn: from a seed, the same on every machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from bot.simulation.crash.scenario import PLACE, Scalar, Value

Draw = Callable[[Random, float], Scalar]
"""Takes a source of chance and how near the crash is, from 0 (far) to 1 (here)."""


def drawing(value: Value) -> Draw:
    """How to draw one value."""
    if value.choice is not None:
        choices = value.choice
        return lambda chance, _near: choices[int(chance.random() * len(choices))]
    if value.number is not None:
        return _number(value)
    prefix = value.prefix
    if value.hex is not None:
        size = value.hex
        return lambda chance, _near: f"{prefix}{chance.getrandbits(4 * size):0{size}x}"
    if value.digits is not None:
        size = value.digits
        return lambda chance, _near: f"{prefix}{int(chance.random() * 10**size):0{size}d}"
    pool = value.pool or 1
    return lambda chance, _near: f"{prefix}{_scattered(int(chance.random() * pool)):05x}"


def _number(value: Value) -> Draw:
    low, high = value.number or (0.0, 0.0)
    last_low, last_high = value.becoming or (low, high)
    decimals, prefix = value.decimals, value.prefix

    def draw(chance: Random, near: float) -> Scalar:
        bent = near * near  # slowly at first
        begin = low + (last_low - low) * bent
        end = high + (last_high - high) * bent
        number: float = begin + (end - begin) * chance.random()
        told = round(number, decimals) if decimals else round(number)
        return f"{prefix}{told}" if prefix else told

    return draw


def _scattered(index: int) -> int:
    """Ids that do not count: another number of 20 bits for each of 2**20."""
    return index * 0x9E3B5 % 0x100000


def writing(text: Scalar) -> Callable[[Mapping[str, Scalar]], Scalar]:
    """How a text with {names} is filled; a name alone keeps its kind, so a number stays one."""
    if not isinstance(text, str):
        return lambda _values: text
    if alone := PLACE.fullmatch(text):
        name = alone[1]
        return lambda values: values[name]
    if not PLACE.search(text):
        return lambda _values: text
    form = PLACE.sub(r"%(\1)s", text.replace("%", "%%"))
    return lambda values: form % values


def names_in(*texts: Scalar) -> set[str]:
    """The names that texts hold."""
    return {name for text in texts if isinstance(text, str) for name in PLACE.findall(text)}
