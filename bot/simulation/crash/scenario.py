"""What a crash scenario is: a file of data, strict in what it says.

Times are seconds before the crash (negative) and after it (positive). Texts hold `{name}`s: of
`facts` (drawn once in a run, the same all through it), of `values` (drawn anew for every
occurrence) and of the run itself (`{trace_id}`). The JSON Schema is made from these classes:
docs/schemas/crash-scenario.json.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bot.simulation.wording import in_words

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,63}$")]
Service = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,62}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,40}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Level = Literal["debug", "info", "warning", "error", "critical"]
Scalar = str | int | float | bool
Moment = Annotated[float, Field(ge=-3_600, le=600)]
Rate = Annotated[float, Field(ge=0, le=100_000)]
KINDS = ("choice", "number", "hex", "digits", "pool")

PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
OWN_NAMES = frozenset({"trace_id"})
MAX_POOL = 100_000


class Strict(BaseModel):
    """Unknown keys are mistakes: a misspelt one would quietly do nothing."""

    # Built with the first scenario that is read, not whenever the bot starts.
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True
    )


class Value(Strict):
    """How a value is drawn; exactly one of `choice`, `number`, `hex`, `digits`, `pool`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in KINDS]})

    choice: Annotated[list[Scalar] | None, Field(description="One of these.", min_length=1)] = None
    number: Annotated[
        list[float] | None,
        Field(description="Between these two.", min_length=2, max_length=2),
    ] = None
    becoming: Annotated[
        list[float] | None,
        Field(
            description="With `number`: between these two when the crash comes; it gets there "
            "slowly at first.",
            min_length=2,
            max_length=2,
        ),
    ] = None
    decimals: Annotated[int, Field(description="Of a number.", ge=0, le=6)] = 0
    hex: Annotated[int | None, Field(description="So many hex digits.", ge=1, le=64)] = None
    digits: Annotated[int | None, Field(description="So many digits.", ge=1, le=18)] = None
    pool: Annotated[
        int | None,
        Field(description="An id out of so many, such as a user's.", ge=1, le=MAX_POOL),
    ] = None
    prefix: Annotated[str, Field(description="Stands before it.", max_length=100)] = ""


class Line(Strict):
    """One line of a log."""

    service: Annotated[Service, Field(description="Of `services`.")]
    level: Level = "info"
    logger: Annotated[str, Field(description="E.g. payments.gateway.", max_length=100)] = ""
    text: Annotated[Text, Field(description="The message, with {names}.")]
    fields: Annotated[
        dict[Key, Scalar],
        Field(
            description="What is logged beside the message. `user` counts as a person: those "
            "whom errors name are the users impacted.",
            max_length=20,
        ),
    ] = {}


class FlowLine(Line):
    """A line of something that happens again and again."""

    after: Annotated[
        float | str,
        Field(description="Milliseconds after its beginning; a number or the {name} of one."),
    ] = 0


class Flow(Strict):
    """Something that happens again and again: a request through the services, a warning."""

    begins: Annotated[Moment, Field(description="Seconds; negative is before the crash.")]
    ends: Annotated[Moment, Field(description="Seconds.")] = 0
    per_minute: Annotated[
        Rate | Annotated[list[Rate], Field(min_length=2, max_length=2)],
        Field(description="How often; [a, b] rises (or falls) from a to b."),
    ]
    lines: Annotated[list[FlowLine], Field(min_length=1, max_length=20)]


class Step(Line):
    """A line of the request that will crash, at one moment; it has the run's trace id."""

    at: Annotated[Moment, Field(description="Seconds; negative is before the crash.")]


class Program(Strict):
    """What really runs and really raises; its stack trace is the crash's."""

    folder: Annotated[
        str,
        Field(
            description="Beside the scenario's file.",
            pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]{0,200}$",
        ),
    ]
    run: Annotated[
        list[str],
        Field(
            description="The command, started in the folder. A first word `python` is the Python "
            "that runs Jinkies. The facts are its last argument, as a JSON object.",
            min_length=1,
            max_length=20,
        ),
    ] = ["python", "main.py"]
    deployed_at: Annotated[
        str,
        Field(
            description="Where it seems to be deployed: stands for the folder in the trace.",
            pattern=r"^/[A-Za-z0-9_./-]{1,200}$",
        ),
    ]


class CrashLine(Line):
    """The record of the crash, and the program whose trace follows it."""

    level: Literal["error", "critical"] = "error"
    program: Program


class Scenario(Strict):
    """A crash scenario."""

    scenario: Annotated[Name, Field(description="Its name, e.g. paystack_timeout.")]
    title: Sentence
    summary: Annotated[
        str,
        Field(
            description="What goes wrong, for those who choose one.", min_length=1, max_length=2_000
        ),
    ]
    environment: Annotated[str, Field(max_length=100)] = "production"
    services: Annotated[
        dict[Service, Annotated[int, Field(ge=1, le=200)]],
        Field(
            description="The services that log, each with its number of instances.", min_length=1
        ),
    ]
    facts: Annotated[
        dict[Name, Value],
        Field(description="Drawn once; also given to the program.", max_length=50),
    ] = {}
    values: Annotated[
        dict[Name, Value], Field(description="Drawn anew for each occurrence.", max_length=100)
    ] = {}
    flows: Annotated[list[Flow], Field(min_length=1, max_length=100)]
    steps: Annotated[list[Step], Field(min_length=1, max_length=100)]
    crash: CrashLine

    @property
    def begins(self) -> float:
        """Seconds before the crash (negative) at which the logs begin."""
        return min([*(flow.begins for flow in self.flows), *(step.at for step in self.steps)])


class Problem(NamedTuple):
    """What is wrong with a document: where, what, and what to do about it."""

    path: str
    problem: str
    cure: str


def problems(document: object) -> list[Problem]:
    """Everything that is wrong with a crash scenario's document; empty if it can be played."""
    return check(document)[1]


def check(document: object) -> tuple[Scenario | None, list[Problem]]:
    """The scenario of a document, or None and all that is wrong with it."""
    try:
        scenario = Scenario.model_validate(document)
    except ValidationError as error:
        told: dict[str, Problem] = {}
        for detail in error.errors(include_url=False):
            one = _told(detail, document)
            known = told.get(one.path)
            # A value that may be of several kinds is wrong once, and not once for each.
            both = (
                one
                if known is None
                else known._replace(problem=f"{known.problem}, or {one.problem}")
            )
            told[one.path] = both
        return None, list(told.values())
    found = list(_contradictions(scenario))
    return (None, found) if found else (scenario, [])


def _path(location: tuple[int | str, ...], document: object) -> str:
    """Where it is in the document; pydantic also names the kinds it tried, which are no keys."""
    path, here = "$", document
    for part in location:
        if isinstance(here, list) and isinstance(part, int):
            path, here = f"{path}[{part}]", here[part] if part < len(here) else None
        elif isinstance(here, dict):
            path, here = f"{path}.{part}", here.get(part)
    return path


def _told(detail: Any, document: object) -> Problem:
    kind, context = str(detail["type"]), detail.get("ctx") or {}
    path = _path(detail["loc"], document)
    if kind == "extra_forbidden":
        return Problem(path, "is not known here", "Remove it, or mend its spelling.")
    if kind == "missing":
        return Problem(path, "is missing", "Add it; docs/rehearsals.md explains each key.")
    if "pattern" in context:
        return Problem(path, in_words(detail), f"Use {context['pattern']}.")
    cure = "Write it as docs/schemas/crash-scenario.json says."
    if "expected" in context:
        cure = f"Use {context['expected']}."
    return Problem(path, in_words(detail), cure)


def _contradictions(scenario: Scenario) -> Iterator[Problem]:
    """What a schema cannot say."""
    for kind, values in (("facts", scenario.facts), ("values", scenario.values)):
        for name, value in values.items():
            yield from _value(f"$.{kind}.{name}", value)
            if name in OWN_NAMES or (kind == "values" and name in scenario.facts):
                yield Problem(f"$.{kind}.{name}", "is the name of something else", "Rename it.")
    numbers = {name for name, value in scenario.values.items() if value.number}
    for index, flow in enumerate(scenario.flows):
        yield from _flow(f"$.flows[{index}]", flow, numbers)
    known = {*scenario.facts, *scenario.values, *OWN_NAMES}
    for path, line in _lines(scenario):
        yield from _line(path, line, scenario.services, known)
    if ".." in scenario.crash.program.folder.split("/"):
        cure = "Put the program beside the scenario's file."
        yield Problem("$.crash.program.folder", "leads out of its folder", cure)
    if all(step.at >= 0 for step in scenario.steps):
        yield Problem("$.steps", "none is before the crash", "Give one a negative `at`.")
    if scenario.begins > -30:
        yield Problem(
            "$.flows", "the logs begin less than 30 s before", "Let a flow begin earlier."
        )


def _value(path: str, value: Value) -> Iterator[Problem]:
    given = [kind for kind in KINDS if getattr(value, kind) is not None]
    if len(given) != 1:
        yield Problem(path, f"has {len(given)} kinds", f"Give it one of {', '.join(KINDS)}.")
    if value.becoming and not value.number:
        yield Problem(f"{path}.becoming", "stands without `number`", "Add where it comes from.")
    for name in ("number", "becoming"):
        pair = getattr(value, name)
        if pair and pair[0] > pair[1]:
            yield Problem(f"{path}.{name}", "is upside down", "Write the smaller number first.")


def _flow(path: str, flow: Flow, numbers: set[str]) -> Iterator[Problem]:
    if flow.begins >= flow.ends:
        yield Problem(f"{path}.ends", "is not after `begins`", "Times are seconds; before is < 0.")
    rates = flow.per_minute if isinstance(flow.per_minute, list) else [flow.per_minute]
    if not any(rates):
        yield Problem(f"{path}.per_minute", "never happens", "Write a number, or [from, to].")
    for index, line in enumerate(flow.lines):
        named = PLACE.fullmatch(line.after) if isinstance(line.after, str) else None
        is_number = isinstance(line.after, int | float) and 0 <= line.after <= 600_000
        if not is_number and (named is None or named[1] not in numbers):
            yield Problem(
                f"{path}.lines[{index}].after",
                "is no time",
                "Write milliseconds from 0 to 600000, or the {name} of a number in `values`.",
            )


def _lines(scenario: Scenario) -> Iterator[tuple[str, Line]]:
    for index, flow in enumerate(scenario.flows):
        yield from ((f"$.flows[{index}].lines[{at}]", line) for at, line in enumerate(flow.lines))
    yield from ((f"$.steps[{index}]", step) for index, step in enumerate(scenario.steps))
    yield "$.crash", scenario.crash


def _line(path: str, line: Line, services: Mapping[str, int], known: set[str]) -> Iterator[Problem]:
    if line.service not in services:
        names = ", ".join(services)
        yield Problem(f"{path}.service", "is none of `services`", f"Those are {names}.")
    texts = {"text": line.text, **{f"fields.{key}": text for key, text in line.fields.items()}}
    for key, text in texts.items():
        for name in PLACE.findall(text) if isinstance(text, str) else ():
            if name not in known:
                cure = "Add it to `values` or `facts`, or mend its spelling."
                yield Problem(f"{path}.{key}", f"names {{{name}}}, which is nowhere", cure)
