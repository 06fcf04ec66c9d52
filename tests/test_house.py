"""The house is a test: who may import whom, how large a piece may be, what must be written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bot.cogs import COGS
from bot.sources.mapping import ready_mappings
from bot.sources.table import SourceSettings, source_table

ROOT = Path(__file__).parents[1]

# Room -> the rooms it may import. Every room may import itself and the vocabulary.
VOCABULARY = {"models", "drafts", "errors", "stack"}
LOWER = {"store", "services", "analysis", "sources", "simulation"}
MAY_IMPORT: dict[str, set[str]] = {
    "models": set(),
    "drafts": set(),
    "stack": set(),
    "errors": set(),
    "values": set(),
    "config": {"values"},
    **{room: set() for room in LOWER},
    # Thinking is pure and knows nothing below itself: who hears or reads logs may think with it,
    # or the rules of levels, records and filters would be written twice.
    "sources": {"analysis"},
    "services": {"analysis"},
    "alerting": LOWER,
    "ui": LOWER | {"alerting"},
    "cogs": LOWER | {"alerting", "ui"},
    "web": LOWER | {"alerting", "ui"},
    "journal": {"config"},
    "affinity": set(),
    "allocation": set(),
    "collector": set(),
    "lookout": LOWER | {"alerting", "config"},
    "entrance": LOWER
    | {"alerting", "web", "config", "journal", "lookout"}
    | {"affinity", "allocation", "collector"},
    "main": LOWER | {"alerting", "ui", "cogs", "web", "config", "journal", "entrance", "lookout"},
    "doctor": LOWER | {"alerting", "ui", "cogs", "web", "config", "entrance", "lookout"},
    "dsn": LOWER | {"alerting", "config", "entrance"},
    "rehearsing": LOWER | {"alerting", "config"},
    "staging": LOWER | {"alerting", "ui", "config"},
    "scanning": LOWER | {"alerting", "config", "entrance", "lookout"},
}
# Outside libraries that only some rooms may know.
KEPT_TO = {
    "discord": {"ui", "cogs", "main", "doctor", "staging"},
    "flask": {"web"},
    "waitress": {"web"},
    "granian": {"web"},
    "boto3": {"services"},
    "botocore": {"services"},
    "github": {"services"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
}
OUTERMOST = [ROOT / "run.py", ROOT / "bootstrap.py"]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
# path or path::function -> why it may be longer
LONG_FOR_A_REASON: dict[str, str] = {
    "examples/python_logging_handler.py": "people copy it alone, so it cannot be taken apart",
}
MAX_BROAD_EXCEPTS = 3
BANNED_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|base|managers?|handlers?)(_|$)")


def python_files(*folders: str) -> list[Path]:
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "node_modules" not in path.parts
    )


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room_of(path: Path) -> str:
    """The first folder or module below bot/."""
    return path.relative_to(ROOT / "bot").parts[0].removesuffix(".py")


def imported_modules(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno}: relative import"
            assert node.module is not None
            yield node.module, node.lineno
            if node.module in {"bot", "sandbox"}:
                yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def forbidden(path: Path, module: str) -> bool:
    top, _, rest = module.partition(".")
    room = room_of(path)
    if room == "__init__":
        return top in {"bot", "sandbox"}
    if top == "sandbox":
        return True
    if top == "bot":
        other = rest.partition(".")[0]
        return bool(other) and other not in MAY_IMPORT[room] | VOCABULARY | {room}
    return top in KEPT_TO and room not in KEPT_TO[top]


@pytest.mark.parametrize("path", python_files("bot"), ids=name_of)
def test_imports_point_down(path: Path) -> None:
    crossings = [
        f"{name_of(path)}:{line} imports {module}"
        for module, line in imported_modules(path)
        if forbidden(path, module)
    ]
    assert not crossings


@pytest.mark.parametrize("path", python_files("examples"), ids=name_of)
def test_an_example_can_be_copied_alone(path: Path) -> None:
    own = [
        module for module, _ in imported_modules(path) if module.split(".")[0] in {"bot", "sandbox"}
    ]
    assert not own


@pytest.mark.parametrize(
    "path",
    [*python_files("bot", "sandbox", "benchmarks", "examples", "tests"), *OUTERMOST],
    ids=name_of,
)
def test_no_file_or_function_is_too_long(path: Path) -> None:
    too_long = []
    lines = len(path.read_text(encoding="utf-8").splitlines())
    if lines > MAX_FILE_LINES:
        too_long.append((name_of(path), lines))
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                too_long.append((f"{name_of(path)}::{node.name}", length))
    assert not [entry for entry in too_long if entry[0] not in LONG_FOR_A_REASON]


def test_every_reason_for_length_is_still_needed() -> None:
    for entry in LONG_FOR_A_REASON:
        assert (ROOT / entry.partition("::")[0]).exists(), entry


@pytest.mark.parametrize("path", [*python_files("bot", "sandbox"), *OUTERMOST], ids=name_of)
def test_names_say_what_a_thing_is(path: Path) -> None:
    assert not BANNED_NAMES.search(path.stem), path.stem
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef):
            snake = re.sub(r"(?<!^)(?=[A-Z])", "_", node.name).lower()
            assert not BANNED_NAMES.search(snake), f"{name_of(path)}: {node.name}"


def is_broad(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"})
        for kind in kinds
    )


def test_broad_excepts_are_rare_and_say_why() -> None:
    broad = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files("bot")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and is_broad(node)
        # One that raises again swallows nothing.
        and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
    ]
    assert len(broad) <= MAX_BROAD_EXCEPTS, broad


def test_every_module_says_what_it_is_for() -> None:
    for path in [*python_files("bot", "sandbox", "benchmarks", "examples"), *OUTERMOST]:
        assert ast.get_docstring(tree(path)), f"{name_of(path)} has no docstring"


def test_no_path_of_a_builders_machine_is_in_the_project() -> None:
    leaks = re.compile("|".join(["/" + "work" + "/", "/" + "root" + "/", "file:" + "///opt"]))
    for suffix in ("*.py", "*.md", "*.yml", "*.yaml", "*.toml", "*.txt", "*.js", "*.html"):
        for path in ROOT.rglob(suffix):
            if {".venv", ".jinkies", "node_modules", ".git"} & set(path.parts):
                continue
            assert not leaks.search(path.read_text(encoding="utf-8")), name_of(path)


def commands() -> list[tuple[str, list[str]]]:
    """Every slash command as people type it, with its options."""
    return [
        (
            f"{cog.__cog_group_name__} {command.name}"
            if cog.__cog_is_app_commands_group__
            else command.name,
            [option.display_name for option in getattr(command, "parameters", [])],
        )
        for cog in COGS
        for command in cog.__cog_app_commands__
    ]


def test_command_names_are_unique() -> None:
    names = [name for name, _ in commands()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("command", "options"), commands())
def test_every_command_is_documented_with_its_options_and_an_example(
    command: str, options: list[str]
) -> None:
    lines = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8").splitlines()
    (row,) = [line for line in lines if line.startswith(f"| `/{command}` |")]
    _, _, named, _, example, _ = row.split("|")
    assert re.findall(r"`([^`]+)`", named) == options
    assert example.strip().startswith(f"`/{command}")
    assert set(re.findall(r"(\w+):", example)) <= set(options)


@pytest.mark.parametrize("source", source_table(SourceSettings(mappings=ready_mappings())))
def test_every_source_is_documented(source: str) -> None:
    assert source in (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
