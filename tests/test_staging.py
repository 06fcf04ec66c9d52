"""`run.py simulate incident` and `simulate validate`: told, saved, played, stopped, cleaned."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from discord.http import Route
from pydantic import SecretStr

from bot import staging
from bot.config import Settings
from bot.simulation.incident.arguments import add_arguments
from bot.simulation.incident.scenario import CASCADES
from sandbox.discord import page
from sandbox.discord.server import DiscordStandIn

ROOT = Path(__file__).parents[1]
START = ["--start", "2026-01-07T14:30:00Z"]
SHIPPED = sorted((ROOT / "examples/incidents").glob("*.yaml"))
Run = Callable[..., int]


@pytest.fixture
def run() -> Run:
    """The command, without what it reads from the environment."""

    def run(*words: str) -> int:
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        return staging.simulate_incident(parser.parse_args(list(words)), Settings.model_construct())

    return run


def test_a_cascade_is_told_with_its_times(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("kafka-lag", "--seed", "5", *START, "--dry-run") == staging.OK
    told = capsys.readouterr().out
    assert "T+0:00    #kafka-oncall ALERT" in told
    assert "✔" in told


def test_all_cascades_are_listed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--list") == staging.OK
    assert len(capsys.readouterr().out.split()) == 11


def test_what_is_saved_reads_as_what_was_told(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("high-cpu", "--seed", "3", *START)
    first = capsys.readouterr().out
    for ending in ("json", "yaml", "jsonl"):
        path = tmp_path / f"one.{ending}"
        assert run("high-cpu", "--seed", "3", *START, "--save", str(path)) == staging.OK
        capsys.readouterr()
        assert run(str(path)) == staging.OK
        assert capsys.readouterr().out == first


def test_a_file_is_saved_over_itself_and_stays_whole_where_that_fails(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "talk.jsonl"
    run("--batch", "high-cpu,kafka-lag", *START, "--save", str(path))
    before = path.read_bytes()
    assert run(str(path), "--save", str(path)) == staging.OK
    assert path.read_bytes() == before
    one = tmp_path / "one.json"
    one.write_text("mine")
    assert run(str(path), "--save", str(one)) == staging.MISUSED
    assert "holds one scenario" in capsys.readouterr().err
    assert one.read_text() == "mine"
    assert sorted(tmp_path.iterdir()) == [one, path]


def test_a_batch_of_cascades_begins_at_its_interval(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    run("--batch", "high-cpu,kafka-lag", "--interval", "900", *START, "--save", str(path))
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [line["scenario_type"] for line in lines] == ["high-cpu", "kafka-lag"]
    assert [line["start_time"][11:16] for line in lines] == ["14:30", "14:45"]


def test_a_batch_of_files_is_told_one_after_the_other(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--batch", f"{SHIPPED[0]},{SHIPPED[1]}") == staging.OK
    told = capsys.readouterr().out
    assert "[cache-failure-1," in told
    assert "[catalog-failure-1," in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["hihg-cpu"], "Did you mean high-cpu?"),
        ([], "name a scenario file"),
        (["nowhere.yaml"], "nowhere.yaml"),
        (["high-cpu", "--start", "noon"], "is no time"),
        (["high-cpu", "--save", "talk.txt"], "ends in .json"),
        (["high-cpu", "--to", "slack"], "SLACK_BOT_TOKEN"),
        (["high-cpu", "--clean"], "say with --to"),
        (["--batch", "high-cpu,talk.yaml"], "files stand alone"),
        (["high-cpu,kafka-lag"], "There is no cascade high-cpu,kafka-lag"),
        (["high-cpu", "--batch", "kafka-lag"], "only one of them"),
        (["high-cpu", "--count", "3"], "they need a --batch"),
        (["talk.yaml", "--messages", "3"], "they need a --batch"),
        (["high-cpu", "--save", "a.json", "--to", "demo"], "what is saved is not played"),
        (["high-cpu", "--start", "0001-01-01T00:00+05:00"], "a year from 1970"),
        (["high-cpu", "--start", "9999-12-31"], "a year from 1970"),
        (["high-cpu", "--to", "discord"], "DISCORD_TOKEN"),
    ],
)
def test_wrong_usage_is_told_with_what_to_do(
    run: Run, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == staging.MISUSED
    assert told in capsys.readouterr().err


# --- judging ---------------------------------------------------------------------------------


def test_every_shipped_scenario_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(SHIPPED) == 10
    assert staging.validate_files(SHIPPED) == staging.OK
    assert capsys.readouterr().out.count(": sound") == 10


def test_the_shipped_crashes_are_judged_by_their_own_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crash = next((ROOT / "bot/simulation/crash/scenarios").glob("*.yaml"))
    assert staging.validate_files([crash]) == staging.OK
    spoilt = tmp_path / "crash.yaml"
    spoilt.write_text(crash.read_text(encoding="utf-8").replace("summary:", "sumary:"), "utf-8")
    assert staging.validate_files([spoilt]) == staging.FAILED
    assert "$.sumary is not known here" in capsys.readouterr().out


def test_every_problem_is_told_with_file_path_and_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.json"
    document = {
        "scenario_id": "mine",
        "scenario_type": "outage",
        "title": "Mine",
        "start_time": "2026-01-07T14:30:00Z",
        "services": {"payment": {"channel": "#p", "oncall_group": "@p", "role": "primary"}},
        "timeline": [
            {"offset_seconds": 9, "type": "message", "channel": "#p", "user": "a", "content": "?"},
            {"offset_seconds": 3, "type": "message", "channel": "#q", "user": "a", "content": "!"},
        ],
        "metadata": {"severity": "SEV-2"},
    }
    path.write_text(json.dumps(document), "utf-8")
    assert staging.validate_files([path]) == staging.FAILED
    lines = capsys.readouterr().out.splitlines()
    assert any("$.timeline[1].offset_seconds is 3, but" in line for line in lines)
    assert any("$.timeline[1].channel #q belongs to no service" in line for line in lines)
    assert all(line.startswith(str(path)) for line in lines)


def test_a_file_that_is_no_yaml_is_a_finding_not_a_fall(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("services: [", "utf-8")
    assert staging.validate_files([path]) == staging.FAILED
    assert "is no YAML" in capsys.readouterr().out


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "open.yaml",
            "scenario_id: [unclosed\n  - : :",
            "line 2 is no YAML: did not find expected",
        ),
        ("open.json", '{"a": 1,', "is no JSON"),
        ("two.jsonl", '{"a": 1}\n{bad\n', "is no JSON"),
        ("empty.yaml", "", "holds no scenario"),
        ("comment.yml", "# nothing\n---\n", "holds no scenario"),
        ("empty.jsonl", "\n\n", "holds no scenario"),
        ("list.json", "[]", "$ is no object"),
        ("number.yaml", "42", "$ is no object"),
        ("deep.json", "[" * 100_000, "is no JSON"),
        ("deep.yaml", "[" * 20_000, "is no YAML"),
        ("bomb.yaml", f"{BOMB}start_time: *i\nscenario_id: *i\n", "counted with its aliases"),
        ("circle.yaml", "scenario_id: &a [*a]", "counted with its aliases"),
        ("tag.yaml", "x: !!bool maybe", "is no YAML"),
        ("moment.yaml", "x: !!timestamp soon", "is no YAML"),
        ("whole.yaml", '{x: !!int ""}', "is no YAML"),
        ("long.yaml", f"x: {'1' * 400}", "a number of more than 64 bits"),
        ("hex.yaml", f"? 0x{'f' * 6_000}\n: x", "a number of more than 64 bits"),
        ("clock.yaml", f"timeline: [{{t: '{'1' * 400}:00:00'}}]", "offset_seconds is no time"),
        ("year.yaml", "start_time: 0001-01-01T00:00:00+05:00", "$.start_time is no time"),
    ],
)
def test_rubbish_is_refused_with_a_reason(
    name: str, text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert staging.validate_files([path]) == staging.FAILED
    assert told in capsys.readouterr().out


def test_a_file_that_is_not_there_is_misuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert staging.validate_files([tmp_path / "nowhere.yaml"]) == staging.MISUSED
    assert staging.validate_files([tmp_path]) == staging.MISUSED
    assert "nowhere.yaml: there is no such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize("kind", CASCADES)
def test_each_of_the_ten_is_told_by_command(
    run: Run, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(kind, "--seed", "9", *START) == staging.OK
    told = capsys.readouterr().out
    assert f"[{kind}-9, " in told
    assert "ALERT" in told
    assert "✔" in told


# --- playing ---------------------------------------------------------------------------------


@pytest.fixture
async def demo() -> AsyncIterator[DiscordStandIn]:
    """A Discord with its page, as a demo has it, in which a visitor plays."""
    standin = DiscordStandIn(rate_limits=False, mounts=(page.mount,))
    await standin.start()
    yield standin
    await standin.stop()
    assert not standin.violations


async def visit(
    demo: DiscordStandIn, folder: Path, *words: str, stop_after: int = 0
) -> tuple[int, str]:
    """Run the command in a process of its own; with `stop_after` messages, Ctrl-C."""
    command = [
        *(sys.executable, str(ROOT / "run.py"), "simulate", "incident", *words),
        *("--to", "demo", "--demo-url", demo.url),
        *(() if "--test-channel" in words else ("--test-channel", "general")),
    ]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stderr=asyncio.subprocess.PIPE
    )
    if stop_after:
        said = 0
        enough = asyncio.Event()

        def heard(dispatch: object) -> None:
            nonlocal said
            said += "MESSAGE_CREATE" in repr(dispatch)
            if said >= stop_after:
                enough.set()

        unsubscribe = demo.world.subscribe(heard)
        async with asyncio.timeout(30):
            await enough.wait()
        unsubscribe()
        process.send_signal(signal.SIGINT)
    _, told = await process.communicate()
    return process.returncode or 0, told.decode()


def everything(demo: DiscordStandIn) -> int:
    """How many messages there are in #general and its threads."""
    first = demo.world.history("general")
    threads = [each["id"] for each in first if each["id"] in demo.world.channels]
    return len([each for each in first if each["type"] == 0]) + sum(
        len([each for each in demo.world.history(thread) if each["type"] == 0])
        for thread in threads
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C of another process")
async def test_a_playing_is_stopped_goes_on_and_is_taken_away(
    demo: DiscordStandIn, tmp_path: Path
) -> None:
    file = str(ROOT / "examples/incidents/high-cpu.yaml")
    code, told = await visit(demo, tmp_path, file, "--speed", "400", stop_after=3)
    assert code == staging.INTERRUPTED
    assert "The same command goes on" in told
    some = everything(demo)
    assert 2 <= some < 20
    code, told = await visit(demo, tmp_path, file, "--clean", "--test-channel", "incidents")
    assert code == staging.MISUSED
    assert "It was played --to demo --test-channel general" in told
    code, told = await visit(demo, tmp_path, file, "--clean")
    assert code == staging.OK
    assert "taken away" in told
    assert everything(demo) == 0
    code, told = await visit(demo, tmp_path, file, "--clean")
    assert code == staging.OK
    assert "nothing to take away" in told


@pytest.mark.parametrize("answer", [b"SSH-2.0-x\r\n", b"HTTP/1.0 200 OK\r\n\r\n[]", b""])
async def test_something_else_where_the_demo_should_be_is_told(
    answer: bytes, tmp_path: Path
) -> None:
    async def other(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(other, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "run.py"), "simulate", "incident", "high-cpu"),
        *("--to", "demo", "--demo-url", f"http://127.0.0.1:{port}"),
        cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await process.communicate()
    server.close()
    assert process.returncode == staging.FAILED
    assert told.decode().startswith("simulate incident: The demo: is not running at ")


def test_a_discord_that_does_not_answer_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Route, "BASE", "http://127.0.0.1:9/api/v10")
    settings = Settings.model_construct(discord_token=SecretStr("a.b.c"), discord_guild_id=1)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args(["high-cpu", "--to", "discord"])
    assert staging.simulate_incident(options, settings) == staging.FAILED
    assert "simulate incident: Discord: does not answer" in capsys.readouterr().err


@pytest.mark.slow
async def test_a_batch_goes_on_at_once_after_what_was_posted_before(
    demo: DiscordStandIn, tmp_path: Path
) -> None:
    words = ("--batch", "quick-alert", "--interval", "1e6", "--speed", "10000")
    code, told = await visit(demo, tmp_path, *words, "--count", "1")
    assert (code, "posted" in told) == (staging.OK, True)
    async with asyncio.timeout(60):
        code, told = await visit(demo, tmp_path, *words, "--count", "2")
    assert code == staging.OK
    assert "quick-alert-1: " in told
    assert "was posted before" in told
    assert "quick-alert-2: " in told


@pytest.mark.parametrize("name", ["mine.yaml", "."])
async def test_a_journal_that_is_none_is_told_and_left_alone(
    demo: DiscordStandIn, tmp_path: Path, name: str
) -> None:
    (tmp_path / "mine.yaml").write_text("title: mine\n")
    code, told = await visit(demo, tmp_path, "quick-alert", "--journal", name)
    assert code == staging.FAILED
    assert f"simulate incident: {name} " in told
    assert (tmp_path / "mine.yaml").read_text() == "title: mine\n"


async def test_a_journal_of_another_version_is_taken_away_but_not_gone_on_with(
    demo: DiscordStandIn, tmp_path: Path
) -> None:
    head = {"scenario": "quick-alert-1", "digest": "?", "where": "demo general"}
    line = json.dumps({"playing": head, "document": {"scenario_id": "quick-alert-1"}})
    (tmp_path / "old.jsonl").write_text(f"{line}\n")
    words = ("quick-alert", "--journal", "old.jsonl")
    code, told = await visit(demo, tmp_path, *words)
    assert (code, "was written by another version" in told) == (staging.FAILED, True)
    code, told = await visit(demo, tmp_path, *words, "--clean")
    assert (code, "0 messages taken away" in told) == (staging.OK, True)
