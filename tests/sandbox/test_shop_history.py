from __future__ import annotations

import ast
from datetime import UTC
from itertools import pairwise

import pytest

from sandbox.breakages import BREAKAGES
from sandbox.shop_history import FOLDER, STEPS, Version, newest_tree, versions


def test_the_newest_commit_is_the_source_that_runs() -> None:
    newest = versions()[-1].files
    assert newest == newest_tree()
    for path in FOLDER.glob("*.py"):
        assert newest[f"shop/{path.name}"] == path.read_text(encoding="utf-8")


def test_it_is_the_same_every_time() -> None:
    assert versions() == versions()


@pytest.mark.parametrize("version", versions(), ids=lambda version: version.step.message[:20])
def test_every_commit_is_python_and_imports_only_what_it_has(version: Version) -> None:
    for path, text in version.files.items():
        if not path.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(text, path)):
            if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module is None:
                for alias in node.names:
                    if alias.name != "VERSION":
                        assert f"shop/{alias.name}.py" in version.files, (path, alias.name)


def test_commits_are_in_order_of_time_and_by_several_people() -> None:
    times = [step.at for step in STEPS]
    assert times == sorted(times)
    assert all(time.tzinfo is UTC for time in times)
    assert len({step.author for step in STEPS}) == 3


def test_every_commit_changes_something() -> None:
    trees = [version.files for version in versions()]
    assert all(older != newer for older, newer in pairwise(trees))


def test_breakages_are_in_files_that_exist() -> None:
    assert {f"shop/{breakage.file}" for breakage in BREAKAGES} <= set(newest_tree())
    assert len({breakage.id for breakage in BREAKAGES}) == len(BREAKAGES) >= 8
