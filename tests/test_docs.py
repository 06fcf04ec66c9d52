"""What the documents promise is there: every source, its setting, and its address."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from bot.sources.mapping import ready_mappings
from bot.sources.request import PathForm
from bot.sources.table import SourceSettings, source_table

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
BUILT_IN = source_table(SourceSettings())
READY = ready_mappings()


def test_every_built_in_source_has_its_section_with_address_setting_and_card() -> None:
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
    for name, source in BUILT_IN.items():
        section = sections[name]
        assert "*Card:*" in section, name
        assert source.setting in section, name
        assert source.secret_setting in section, name
        if source.path is not PathForm.SDK:
            assert source.path.format(name=name, ending="<secret>") in section, name
        assert f"](#{name})" in TEXT, name


def test_every_ready_mapping_is_in_the_table_with_its_setting() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| `([A-Z_]+)` \|", TEXT, re.MULTILINE))
    assert rows == {name: mapping.setting for name, mapping in READY.items()}
    assert f"for {len(READY)} more" in TEXT


def test_examples_of_settings_lead_to_doors_there_are() -> None:
    found = set()
    for path in sorted((ROOT / "examples").glob("*.yml")):
        found |= set(re.findall(r"/webhook/(\w+)", path.read_text(encoding="utf-8")))
    assert found == {"alertmanager", "grafana", "sns", "eventbridge"}


def test_examples_of_settings_are_yaml() -> None:
    class CloudFormation(yaml.SafeLoader):
        """Knows the short forms !Ref, !Sub, !GetAtt."""

    CloudFormation.add_multi_constructor("!", lambda loader, _tag, node: node.value)
    for path in sorted((ROOT / "examples").glob("*.yml")):
        assert yaml.load(path.read_text(encoding="utf-8"), CloudFormation), path.name


def test_no_row_of_a_table_stands_outside_of_it() -> None:
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        lines = ["", *path.read_text(encoding="utf-8").splitlines(), ""]
        for before, line, after in zip(lines, lines[1:], lines[2:], strict=False):
            if line.startswith("| ") and not before.startswith("|"):
                assert re.match(r"\|[-:| ]+\|$", after), f"{path.name}: {line}"
