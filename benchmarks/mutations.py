"""A generated set of errors whose true grouping is known: base errors and what time does to them.

A base error has a type, a message template, and a call path. A mutation changes what a new
release, another host, another request or another version of a library changes, and keeps the
cause. Hard negatives are bases of their own that look alike: the same type and message from
another raise site, the same raise site from another caller, the same site with another type.

Everything is printed as the text that the language's runtime prints, and read back from it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType

from bot.analysis.stacktrace import mark_in_app, parse
from bot.models import Event

PLACES = {
    "python": ["/srv/shop", "/app", "/usr/src/app", "/home/deploy/shop", "C:\\Users\\ci\\shop",
               "/var/task", "/opt/shop", "/var/www/html", "/workspace"],
    "node": ["/srv/web", "/app", "/usr/src/app", "/home/node/web", "/var/task", "webpack://"],
    "java": [""],
}  # fmt: skip
LIBRARIES = {
    "python": ["/usr/local/lib/python3.11/site-packages", "/app/.venv/lib/python3.12/site-packages",
               "C:\\Python311\\Lib\\site-packages"],
    "node": ["/srv/web/node_modules", "/app/node_modules"],
    "java": [""],
}  # fmt: skip
MIDDLEWARE = {
    "python": [
        ("flask/app.py", "full_dispatch_request"), ("django/core/handlers/base.py", "inner"),
        ("sentry_sdk/integrations/wsgi.py", "__call__"), ("anyio/_backends/_asyncio.py", "run"),
        ("sqlalchemy/engine/base.py", "_execute"), ("celery/app/trace.py", "trace_task"),
    ],
    "node": [
        ("express/lib/router/layer.js", "Layer.handle"), ("koa/lib/application.js", "dispatch"),
        ("async-hook-jl/index.js", "runInContext"), ("pg/lib/client.js", "Client.query"),
    ],
    "java": [
        ("org.springframework.web.servlet.FrameworkServlet", "service"),
        ("jakarta.servlet.http.HttpServlet", "service"), ("io.netty.channel.Channel", "invoke"),
        ("java.util.concurrent.ThreadPoolExecutor", "runWorker"),
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One of our frames: `file` below the project's root (Java: the class)."""

    file: str
    function: str
    line: int


@dataclass(frozen=True)
class Failure:
    """One concrete failure; `truth` names its base error."""

    truth: str
    language: str
    type: str
    template: str
    calls: tuple[Call, ...]
    values: tuple[str, ...] = ("17", "o-9", "ada@example.com")
    place: int = 0
    library: int = 0
    middleware: tuple[tuple[int, int], ...] = ()
    depth: int = 1
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


TYPES = {
    "python": ["ValueError", "KeyError", "shop.errors.PaymentError", "sqlite3.OperationalError",
               "TypeError", "requests.exceptions.ConnectionError"],
    "node": ["TypeError", "RangeError", "PaymentError", "DatabaseError"],
    "java": ["java.lang.IllegalStateException", "com.shop.PaymentException",
             "java.sql.SQLException", "java.lang.NullPointerException"],
}  # fmt: skip
TEMPLATES = [
    "cannot price order {1}", "user {2} has {0} open carts", "timeout after {0} ms on {1}",
    "no such table: orders", "unexpected value {0}", "connection to 10.0.0.{0}:5432 refused",
    "customer '{1}' not found", "item {1} of request 8f5e2c1a-1b2c-4d3e-8f90-1a2b3c4d{0}ab",
]  # fmt: skip
PACKAGES = ["cart", "pricing", "payments", "inventory", "emails", "orders", "users", "reports"]
VERBS = ["load", "total", "charge", "reserve", "render", "validate", "refund", "merge", "notify"]


def bases(count: int, seed: int = 1) -> list[Failure]:
    """Base errors and, after each third one, its hard negatives; `count` in all."""
    rng = random.Random(seed)
    found: list[Failure] = []
    seen: set[tuple[object, ...]] = set()
    while len(found) < count:
        base = _base(rng, len(found))
        family = [base, *_look_alikes(base, rng)] if len(found) % 3 == 0 else [base]
        for failure in family:
            identity = (
                failure.language,
                failure.type,
                tuple(c.function + c.file for c in failure.calls),
            )
            if identity not in seen:
                seen.add(identity)
                found.append(replace(failure, truth=f"base {len(found)}"))
    return found[:count]


def _base(rng: random.Random, number: int) -> Failure:
    language = ("python", "node", "java")[number % 3]
    calls = tuple(_call(rng, language) for _ in range(rng.randint(2, 5)))
    return Failure("", language, rng.choice(TYPES[language]), rng.choice(TEMPLATES), calls)


def _call(rng: random.Random, language: str) -> Call:
    package, verb = rng.choice(PACKAGES), rng.choice(VERBS)
    name = f"{verb}_{rng.choice(PACKAGES)}"
    if language == "python":
        return Call(
            f"{package}/{rng.choice(['views', 'models', 'tasks'])}.py", name, rng.randint(5, 400)
        )
    if language == "node":
        return Call(f"src/{package}/{verb}.js", name, rng.randint(5, 400))
    return Call(f"com.shop.{package}.{verb.title()}Service", name, rng.randint(5, 400))


def _look_alikes(base: Failure, rng: random.Random) -> list[Failure]:
    another = _call(rng, base.language)
    other_type = next(t for t in TYPES[base.language] if t != base.type)
    return [
        replace(base, calls=(*base.calls[:-1], another)),
        replace(base, calls=(*base.calls[:-2], another, base.calls[-1])),
        replace(base, type=other_type),
    ]


Mutation = Callable[[Failure, random.Random], Failure]


def _drift(failure: Failure, rng: random.Random) -> Failure:
    delta = rng.randint(-4, 40)
    return replace(
        failure, calls=tuple(replace(call, line=call.line + delta) for call in failure.calls)
    )


def _values(failure: Failure, rng: random.Random) -> Failure:
    number = str(rng.randint(10, 99))
    name = rng.choice(["bob", "eve", "mallory"])
    return replace(
        failure, values=(number, f"o-{rng.randint(1, 99999)}", f"{name}@mail{number}.example.org")
    )


def _moved(failure: Failure, rng: random.Random) -> Failure:
    return replace(failure, place=rng.randrange(99), library=rng.randrange(99))


def _wrapped(failure: Failure, rng: random.Random) -> Failure:
    extra = tuple((rng.randint(0, len(failure.calls) - 1), rng.randrange(99)) for _ in range(3))
    return replace(failure, middleware=extra)


def _deeper(failure: Failure, rng: random.Random) -> Failure:
    return replace(failure, depth=rng.randint(2, 30))


def _labelled(failure: Failure, rng: random.Random) -> Failure:
    return replace(failure, labels={"host": f"web-{rng.randint(1, 9)}", "local": str(rng.random())})


MUTATIONS: Mapping[str, Mutation] = {
    "lines drift": _drift,
    "message values": _values,
    "path prefixes": _moved,
    "library frames": _wrapped,
    "recursion depth": _deeper,
    "labels and locals": _labelled,
}


def mutated(failure: Failure, rng: random.Random) -> Failure:
    """Apply between one and all of the mutations."""
    chosen = rng.sample(sorted(MUTATIONS), rng.randint(1, len(MUTATIONS)))
    for name in chosen:
        failure = MUTATIONS[name](failure, rng)
    return failure


def event(failure: Failure, number: int = 0) -> Event:
    """Print the failure as its runtime would, and read it back as the road does."""
    text = trace(failure)
    return Event(
        source="generic",
        event_id=str(number),
        service="shop",
        message=message(failure),
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        stack_trace=text,
        exceptions=mark_in_app(parse(text)),
        labels=failure.labels,
    )


def message(failure: Failure) -> str:
    """The message with its values."""
    return failure.template.format(*failure.values)


def trace(failure: Failure) -> str:
    """The stack trace as text."""
    frames: list[tuple[str, str, int]] = []
    place = PLACES[failure.language][failure.place % len(PLACES[failure.language])]
    # The first of our functions calls itself `depth` times, where depth is mutated.
    calls = [*failure.calls[:1] * failure.depth, *failure.calls[1:]]
    for index, call in enumerate(calls):
        for position, which in failure.middleware:
            if position == index:
                frames.append(_library_frame(failure, which))
        file = f"{place}/{call.file}" if failure.language != "java" else call.file
        frames.append(
            (file.replace("/", "\\") if ":\\" in file else file, call.function, call.line)
        )
    return _PRINTERS[failure.language](failure, frames)


def _library_frame(failure: Failure, which: int) -> tuple[str, str, int]:
    names = MIDDLEWARE[failure.language]
    libraries = LIBRARIES[failure.language]
    file, function = names[which % len(names)]
    library = libraries[failure.library % len(libraries)]
    path = f"{library}/{file}" if library else file
    return path.replace("/", "\\") if ":\\" in path else path, function, 10 + which


def _python(failure: Failure, frames: list[tuple[str, str, int]]) -> str:
    lines = ["Traceback (most recent call last):"]
    for file, function, line in frames:
        lines += [f'  File "{file}", line {line}, in {function}', f"    return {function}(context)"]
    return "\n".join([*lines, f"{failure.type}: {message(failure)}", ""])


def _node(failure: Failure, frames: list[tuple[str, str, int]]) -> str:
    lines = [f"{failure.type}: {message(failure)}"]
    lines += [f"    at {fn} ({file}:{line}:{7 + line % 9})" for file, fn, line in reversed(frames)]
    return "\n".join([*lines, ""])


def _java(failure: Failure, frames: list[tuple[str, str, int]]) -> str:
    lines = [f'Exception in thread "main" {failure.type}: {message(failure)}']
    lines += [
        f"\tat {cls}.{fn}({cls.rpartition('.')[2]}.java:{line})"
        for cls, fn, line in reversed(frames)
    ]
    return "\n".join([*lines, ""])


_PRINTERS = {"python": _python, "node": _node, "java": _java}
