"""The commands as people type them."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bot.errors import JinkiesError
from bot.simulation.dataset.cli import add_arguments, run
from bot.simulation.dataset.files import read_json

ROOT = Path(__file__).parents[3]
LOGHUB = Path(__file__).parents[4] / "shared" / "loghub"
SHORT = ["--duration-hours", "1", "--entries-per-minute", "60", "--workers", "1"]


def typed(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args(words))


def test_a_set_is_made_validated_and_described(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path / "set")
    assert typed("dataset", "--output-dir", folder, "--incidents", "2", "--seed", "5", *SHORT) == 0
    told = capsys.readouterr()
    assert "1/1 hours" in told.err
    assert "entries made in" in told.err
    manifest = read_json(tmp_path / "set" / "manifest.json")
    assert manifest["incidents"] == 2
    assert manifest["job"]["seed"] == 5
    assert typed("validate", folder, "--workers", "1") == 0
    assert capsys.readouterr().out.endswith("sound\n")
    assert typed("describe", folder) == 0
    told_out = capsys.readouterr().out
    assert "2 incidents of 2 types" in told_out
    picture = ElementTree.parse(tmp_path / "set" / "description.svg").getroot()
    assert len(picture.findall(".//{*}polyline")) >= 4
    assert "Entries per hour" in "".join(picture.itertext())


def test_a_wrong_set_ends_with_1(
    short_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(short_set, tmp_path / "copy"))
    next((copy / "sentry").iterdir()).unlink()
    assert typed("validate", str(copy), "--workers", "1") == 1
    assert "sentry/2026" in capsys.readouterr().out


def test_real_logs_are_set_beside_ours(
    short_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not LOGHUB.is_dir():
        pytest.skip(f"{LOGHUB} is not there")
    picture = tmp_path / "picture.svg"
    words = ["describe", str(short_set), "--against", str(LOGHUB), "--picture", str(picture)]
    assert typed(*words) == 0
    told = capsys.readouterr().out
    assert "Zookeeper" in told
    assert "What tells them apart" in told
    assert "cannot tell" in told
    assert ElementTree.parse(picture).getroot().tag.endswith("svg")


def test_every_wrong_option_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--duration-hours", "0.1", "--entries-per-minute", "1", "--incidents", "900"]
    assert typed("dataset", *words) == 2
    told = capsys.readouterr().err
    assert "half an hour" in told
    assert "--entries-per-minute" in told
    assert "--incidents" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["dataset", "--start-date", "1900-01-01"], "a date from 1970 on"),
        (["dataset", "--start-date", "0001-01-01T00:00+14:00"], "a date from 1970 on"),
        (["dataset", "--start-date", "9999-12-31T22:00"], "the year 9999"),
        (["dataset", "--end-date", "9999-12-31"], "before the year 9999"),
        (["dataset", "--replay", "nonsense"], "neither http://"),
        (["replay", "x", "--to", "http://127.0.0.1:99999"], "neither http://"),
        (["replay", "x", "--to", "http://[x"], "neither http://"),
        (["replay", "x", "--to", "http://127.0.0.1/ä", "--door", "plain"], "neither http://"),
        (["replay", "x", "--to", "http://127.0.0.1", "--minutes", "0"], "no number of minutes"),
        (["validate", "x", "y.yaml"], "y.yaml: a data set is checked by itself"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_done(
    words: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code = typed(*words)
    except SystemExit as left:
        code = int(str(left.code))
    assert code == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_picture_that_cannot_be_drawn_is_told(short_set: Path, tmp_path: Path) -> None:
    with pytest.raises(JinkiesError, match="cannot be written"):
        typed("describe", str(short_set), "--picture", str(tmp_path))


@pytest.mark.skipif(os.name == "nt", reason="needs a shell with pipes")
def test_whoever_has_read_enough_of_a_verdict_may_go(short_set: Path) -> None:
    command = f"{sys.executable} {ROOT / 'run.py'} simulate validate {short_set} --workers 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -0"], capture_output=True, check=False
    )
    assert done.returncode == 0
    assert b"BrokenPipe" not in done.stderr


def test_a_wrong_configuration_ends_with_2_and_its_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("generation:\n  noise: loud\n")
    assert typed("dataset", "--config", str(wrong), "--output-dir", str(tmp_path / "x")) == 2
    assert "wrong.yaml:2: generation.noise" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_scheduler_that_is_not_there_is_told(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="Dask is an extra")
    words = ["--scheduler", "nonsense://nowhere", "--output-dir", str(tmp_path / "x"), *SHORT]
    with pytest.raises(JinkiesError, match="nonsense"):
        typed("dataset", *words)
