"""Warning signs: lines that came before a crash and told of it, of one shape each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from bot.analysis.logs.reading import Reading
from bot.analysis.logs.templates import mask
from bot.models import Severity

MAX_SHAPES = 500
MAX_SIGNS = 10
_RISEN = 1.5
"""A number that ends so many times as high as it began has risen."""
_PAIR = re.compile(r"(?<![\w.=\"])([A-Za-z_][\w.]{0,40})=(\"(?:[^\"\\]|\\.)*\"|[^\s\"]+)")
_ID = re.compile(r"\b(?=[a-z_]*\d)(?=\d*[a-z_])\w{6,}\b", re.IGNORECASE)
_CHANGE = re.compile(
    r"\b(?:releas|deploy|roll(?:ing|ed|out| out|back)|migrat|applying|feature flag|scal(?:ed|ing))"
)
_CHANGE_WORDS = ("releas", "deploy", "roll", "migrat", "applying", "feature flag", "scal")
_HEAD = 4_000
_SAME_AGAIN = 0.7
"""So much less is a further sign worth if its service has told one of its kind already."""
_WORTH = {None: 0, Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2, Severity.CRITICAL: 2}


@dataclass(frozen=True, slots=True)
class Sign:
    """Lines of one shape before the crash.

    `text` is the first of them. `kind` is "warning", "error" or "change" (a release, a
    migration). `rising` says how a number in them grew, e.g. "took_ms 620 → 28911"; empty if
    none did.
    """

    kind: str
    service: str
    text: str
    count: int
    first_at: datetime
    last_at: datetime
    rising: str = ""


def may_be_sign(severity: Severity | None, message: str) -> bool:
    """Whether a record is worth hearing: a warning or worse, or it tells of a change."""
    if _WORTH[severity]:
        return True
    head = message[:200].lower()
    # Most lines hold none of these words, and looking for words is faster than for a pattern.
    return any(word in head for word in _CHANGE_WORDS) and _CHANGE.search(head) is not None


def pairs_of(text: str, message: str) -> dict[str, str]:
    """The fields of a record that is plain text or JSON, as far as they are simple."""
    if text[:1] == "{":
        given = _json(text)
        return dict(_flat(given)) if given is not None else {}
    return {key: _unquoted(value) for key, value in _PAIR.findall(message[:_HEAD])}


def _json(text: str) -> dict[str, object] | None:
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return given if isinstance(given, dict) else None


def _flat(given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for key, value in given.items():
        if isinstance(value, dict):
            yield from ((inner, str(each)) for inner, each in value.items() if _is_plain(each))
        elif _is_plain(value):
            yield key, str(value)


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _unquoted(value: str) -> str:
    if value[0] != '"':
        return value
    return value[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")


def message_of(reading: Reading, pairs: Mapping[str, str]) -> str:
    """The words of a record, without the fields beside them; its first line."""
    told = reading.message.partition("\n")[0]
    if "msg" in pairs and "msg=" in told:  # logfmt
        return pairs["msg"]
    found = _PAIR.search(told)
    return told[: found.start()].rstrip() if found and found.start() else told


@dataclass(slots=True)
class _Shape:
    severity: Severity | None
    service: str
    example: str
    first_at: int
    last_at: int
    count: int = 0
    # By name of the number: the highest of the first few, and the highest of the last few.
    first: dict[str, list[float]] = field(default_factory=dict)
    last: dict[str, list[float]] = field(default_factory=dict)

    @property
    def source(self) -> tuple[str, int]:
        return self.service, _WORTH[self.severity]

    def hear(self, at: int, pairs: Mapping[str, str]) -> None:
        self.count += 1
        self.last_at = at
        for name, value in pairs.items():
            number = _number(value)
            if number is None:
                continue
            if len(begun := self.first.setdefault(name, [])) < 3:
                begun.append(number)
            ended = self.last.setdefault(name, [])
            ended.append(number)
            del ended[:-3]

    def rising(self) -> str:
        for name, ended in self.last.items():
            low, high = max(self.first[name]), max(ended)
            if self.count >= 4 and high > low * _RISEN and high - low >= 1:
                return f"{name} {low:g} → {high:g}"
        return ""


class Signs:
    """Collects what is worth telling of the time before a crash, in flat memory."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[str, str], _Shape] = {}

    def hear(
        self, at: int, severity: Severity | None, service: str, message: str,
        pairs: Mapping[str, str],
    ) -> None:  # fmt: skip
        """One record that `may_be_sign`, in the order of time."""
        key = (service, mask(_ID.sub("<id>", message[:400])))
        shape = self._shapes.get(key)
        if shape is None:
            if len(self._shapes) >= MAX_SHAPES:
                return
            shape = self._shapes[key] = _Shape(severity, service, message, at, at)
        shape.hear(at, pairs)

    def told(self, most: int = MAX_SIGNS) -> tuple[Sign, ...]:
        """The signs that say most, in the order in which they began."""
        left = {id(shape): (_rank(shape), shape) for shape in self._shapes.values()}
        chosen: list[_Shape] = []
        told: Counter[tuple[str, int]] = Counter()
        while left and len(chosen) < most:
            # The tenth way in which one service fails says less than the first of another.
            _, best = max(
                left.values(),
                key=lambda each: (
                    each[0] - _SAME_AGAIN * told[each[1].source],
                    -each[1].first_at,
                ),
            )
            del left[id(best)]
            told[best.source] += 1
            chosen.append(best)
        chosen.sort(key=lambda shape: shape.first_at)
        return tuple(_sign(shape) for shape in chosen)


def _rank(shape: _Shape) -> float:
    worth = _WORTH[shape.severity]
    if not worth:  # a change is told if it happened, and not if it happens all the time
        return 2.5 if shape.count <= 3 else 0.0
    repeated = min(shape.count, 20) / 20
    return worth + repeated + (1.0 if shape.rising() else 0.0)


def _sign(shape: _Shape) -> Sign:
    kinds = {0: "change", 1: "warning", 2: "error"}
    return Sign(
        kinds[_WORTH[shape.severity]],
        shape.service,
        shape.example,
        shape.count,
        datetime.fromtimestamp(shape.first_at / 1000, UTC),
        datetime.fromtimestamp(shape.last_at / 1000, UTC),
        shape.rising(),
    )


def _number(value: str) -> float | None:
    if not value or not (value[0].isdigit() or value[0] == "-") or len(value) > 15:
        return None
    try:
        return float(value)
    except ValueError:
        return None
