"""CloudWatch Logs Insights of the local CloudWatch: the stages that Jinkies writes, no others."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

Row = Mapping[str, str]
Keep = Callable[[Row], bool]

MOST_ROWS = 10_000
_LIKE = re.compile(r"(?P<field>@?\w+) (?P<no>not )?like /(?P<pattern>.+)/", re.DOTALL)
_COMPARE = re.compile(
    r'(?P<field>[\w.@]+|`[^`]+`) (?P<sign>!=|>=|<=|=|>|<) (?:"(?P<text>.*)"|(?P<number>-?[\d.]+))'
)
_PRESENT = re.compile(r"ispresent\((?P<field>[^)]+)\)")
_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Malformed(Exception):  # noqa: N818 - becomes MalformedQueryException
    """A stage that is not understood."""


@dataclass(slots=True)
class RunningQuery:
    """A query that was started: its answer, and how often it is still running when looked at."""

    rows: list[Row]
    matched: int
    scanned: int
    looks: int
    status: str = "Running"

    def look(self, ends: str) -> bytes:
        """What GetQueryResults says now; it ends with the status `ends`."""
        if self.status == "Running":
            self.looks -= 1
            self.status = "Running" if self.looks >= 0 else ends
        rows = self.rows if self.status == "Complete" else []
        told = {
            "status": self.status,
            "statistics": {
                "recordsMatched": float(self.matched),
                "recordsScanned": float(self.scanned),
                "bytesScanned": 1.0,
            },
            "results": [[{"field": name, "value": row[name]} for name in row] for row in rows],
        }
        return orjson.dumps(told)


@dataclass(frozen=True, slots=True)
class Query:
    """A query, understood."""

    fields: tuple[str, ...]
    keep: tuple[Keep, ...]
    newest_first: bool
    limit: int

    def begin(self, rows: Sequence[Row], looks: int) -> RunningQuery:
        """Search rows in order of time."""
        found = [row for row in rows if all(keep(row) for keep in self.keep)]
        ordered = found[::-1] if self.newest_first else found
        wanted = (*self.fields, "@ptr")
        shown: list[Row] = [{name: row[name] for name in wanted if name in row} for row in ordered]
        return RunningQuery(shown[: self.limit], len(found), len(rows), looks)


def parse(text: str) -> Query:
    """Understand a query.

    Raises:
        Malformed: it has a stage that Jinkies does not write.
    """
    fields: tuple[str, ...] = ("@timestamp", "@message")
    keep: list[Keep] = []
    newest_first, limit = True, 1_000
    for stage in (part.strip() for part in text.split("\n|")):
        word, _, rest = stage.partition(" ")
        if word == "fields":
            fields = tuple(name.strip() for name in rest.split(","))
        elif word == "filter":
            keep.append(_filter(rest))
        elif stage in ("sort @timestamp desc", "sort @timestamp asc"):
            newest_first = stage.endswith("desc")
        elif word == "limit" and rest.isdigit() and int(rest) <= MOST_ROWS:
            limit = int(rest)
        else:
            raise Malformed(f"unexpected {stage!r}")
    return Query(fields, tuple(keep), newest_first, limit)


def row_of(at: int, message: str, stream: str, group: str, number: int) -> Row:
    """An event as Insights sees it: its own fields, and those of a JSON message."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    row = {
        "@timestamp": f"{moment:%Y-%m-%d %H:%M:%S}.{at % 1000:03d}",
        "@message": message,
        "@logStream": stream,
        "@log": f"123456789012:{group}",
        "@ptr": f"ptr-{number}",
    }
    if message[:1] == "{":
        told = orjson.loads(message)
        row |= {name: str(value) for name, value in told.items() if not name.startswith("@")}
    return row


def _filter(text: str) -> Keep:
    if found := _LIKE.fullmatch(text):
        pattern = re.compile(found["pattern"].replace("\\/", "/"))
        field, is_negative = found["field"], bool(found["no"])
        return lambda row: bool(pattern.search(row.get(field, ""))) is not is_negative
    if found := _PRESENT.fullmatch(text):
        field = found["field"].strip("`")
        return lambda row: field in row
    if found := _COMPARE.fullmatch(text):
        field, sign = found["field"].strip("`"), _SIGNS[found["sign"]]
        if found["number"] is not None:
            number = float(found["number"])
            return lambda row: field in row and sign(float(row[field]), number)
        wanted = found["text"]
        return lambda row: field in row and sign(row[field], wanted)
    raise Malformed(f"unexpected filter {text!r}")
