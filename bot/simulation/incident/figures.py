"""The numbers of an incident: how a metric leaves its normal value and comes back."""

from __future__ import annotations

from collections.abc import Mapping

from bot.simulation.incident.chance import Chance
from bot.simulation.incident.company import Figure

_CLOSE_UNITS = {"%"}
_STILL = 0.2  # of its normal value; less is no change that anybody would mention


class Course:
    """The metrics of one service through an incident.

    Values climb from `begins` for `rise` seconds, stay, and fall back within `fall` seconds once
    `mend` was called. All in seconds of the timeline, and they may be asked for in any order.
    """

    def __init__(
        self,
        figures: Mapping[str, Figure],
        chance: Chance,
        *,
        begins: float,
        rise: float = 60.0,
        fall: float = 150.0,
        strength: float = 1.0,
    ) -> None:
        self.figures = figures
        self._chance = chance
        self.begins = begins
        self._rise = rise
        self._fall = fall
        self._strength = strength
        self._told: dict[tuple[str, int], str] = {}
        self.mended: float | None = None

    @property
    def recovered_at(self) -> float:
        """When everything is normal again."""
        return (self.mended if self.mended is not None else self.begins) + self._fall

    def mend(self, at: float) -> None:
        """The cause is gone from now on."""
        self.mended = at
        self._told = {key: value for key, value in self._told.items() if key[1] <= at}

    def level(self, at: float) -> float:
        """How bad it is: 0 is normal, 1 is the worst."""
        x = min(1.0, max(0.0, (at - self.begins) / self._rise))
        level = x * x * (3 - 2 * x) * self._strength
        if self.mended is not None and at > self.mended:
            left = max(0.0, 1 - (at - self.mended) / self._fall)
            level *= left * left
        return level

    def value(self, key: str, at: float) -> str:
        """A metric with its unit at one moment; whoever asks for the same one sees the same."""
        moment = (key, int(at))
        if moment not in self._told:
            self._told[moment] = self._measured(key, moment[1])
        return self._told[moment]

    def _measured(self, key: str, at: int) -> str:
        figure = self.figures[key]
        level = self.level(at)
        value = figure.normal + (figure.bad - figure.normal) * level
        spread = 0.04 if level > 0.05 else 0.015
        value *= 1 + (self._chance.share() * 2 - 1) * spread
        if figure.unit == "%":
            value = min(100.0, value)
        return told(figure, value)

    def normal(self, key: str) -> str:
        """What a metric normally is, with its unit."""
        return told(self.figures[key], self.figures[key].normal)

    def spoken(self, key: str, at: float) -> str:
        """A metric at one moment, beside its label: the label may have said the unit."""
        return _beside_label(self.figures[key], self.value(key, at))

    def usual(self, key: str) -> str:
        """What a metric normally is, beside its label."""
        return _beside_label(self.figures[key], self.normal(key))

    @property
    def moving(self) -> list[str]:
        """The metrics that tell of the trouble; some tell that this part is well."""
        return [
            key
            for key, figure in self.figures.items()
            if abs(figure.bad - figure.normal) > _STILL * abs(figure.normal)
        ] or list(self.figures)

    def all(self, at: float) -> dict[str, str]:
        """Every metric at one moment."""
        return {key: self.value(key, at) for key in self.figures}

    def trend(self, key: str, at: float) -> str:
        """How a metric came back until now: `51% → 22% → 0.4%`."""
        first = self.mended if self.mended is not None else at - 60
        moments = [first + (at - first) * part for part in (0.05, 0.4, 0.75, 1.0)]
        values: list[str] = []
        for moment in moments:
            value = self.spoken(key, moment)
            if not values or values[-1] != value:
                values.append(value)
        return " → ".join(values)


def told(figure: Figure, value: float) -> str:
    """A value as it is written."""
    number = f"{value:.{figure.digits}f}"
    if figure.digits and number.endswith("0" * figure.digits) and abs(value) >= 100:
        number = number.partition(".")[0]
    if number.strip("-0.") == "":
        number = "0"
    if figure.unit in _CLOSE_UNITS:
        return f"{number}{figure.unit}"
    is_one_thing = number == "1" and len(figure.unit) > 3 and "/" not in figure.unit
    return f"{number} {figure.unit.removesuffix('s') if is_one_thing else figure.unit}"


def _beside_label(figure: Figure, text: str) -> str:
    """`Failed orders: 57`, without `orders` once more."""
    said = figure.unit in figure.label.lower().split()
    return text.partition(" ")[0] if said else text


def in_a_sentence(label: str) -> str:
    """`Error rate` becomes `error rate`; `CPU` and `p95` stay."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def is_plural(label: str) -> bool:
    """Whether a label names several things: `Failed orders in 5 min`, `Mails waiting`."""
    words = label.partition(" in ")[0].split()
    return any(word.endswith("s") and not word.endswith("ss") for word in words)
