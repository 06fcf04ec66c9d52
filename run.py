"""Jinkies' command line: bot (default), demo, web, scan, doctor, dsn, simulate, test, check.

Needs nothing but Python 3.11+: on the first start it prepares a private `.venv` with what the
command needs (see bootstrap.py) and goes on there. Exit codes: 0 fine, 1 failed, 2 misused.
"""

import sys

# Before all else, and in words that an old Python can read.
if sys.version_info < (3, 11):  # noqa: UP036 - the very case it warns of is handled here
    sys.exit(
        "Jinkies needs Python 3.11 or newer; this is %d.%d. Install a newer one from "  # noqa: UP031
        "https://www.python.org/downloads/ and start it with that." % sys.version_info[:2]
    )

import argparse
import asyncio
import gc
import os
import re
import signal
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import bootstrap

ROOT = bootstrap.ROOT
OK, FAILED, MISUSED = 0, 1, 2
BOT, SANDBOX, DEV = "requirements.txt", "requirements-sandbox.txt", "requirements-dev.txt"
DATASET = "requirements-dataset.txt"
POSTGRES = "requirements-postgres.txt"  # BOT and PostgreSQL's driver

Runner = Callable[[argparse.Namespace, list[str]], int]


@dataclass(frozen=True)
class Command:
    """One subcommand and the requirements file that it needs."""

    name: str
    summary: str
    description: str
    requirements: str
    run: Runner
    options: Callable[[argparse.ArgumentParser], None] = lambda _parser: None
    passes_on: bool = False  # unknown arguments go to the tool it starts
    closes_all: bool = False  # when it returns, nothing is left that the interpreter must end


def bot(_options: argparse.Namespace, _rest: list[str]) -> int:
    """Run the bot with its web intake until told to stop."""
    from bot.affinity import keep_to_one_cpu
    from bot.config import load_settings

    settings = load_settings("bot")
    if settings.one_cpu:
        keep_to_one_cpu()
    gc.disable()  # all that is loaded now stays; bot.collector.settle ends it
    from bot.main import run_bot  # after the check: it loads the whole house

    asyncio.run(_until_told_to_stop(lambda stop: run_bot(settings, stop=stop)))
    return OK


def web(_options: argparse.Namespace, _rest: list[str]) -> int:
    """Run the web intake alone; the bot, a process of its own, delivers what it stores."""
    from bot.config import load_settings

    settings = load_settings("web")
    from bot.main import run_web

    run_web(settings)
    return OK


def scan(options: argparse.Namespace, _rest: list[str]) -> int:
    """Look through log groups for errors, once."""
    from bot.config import load_settings

    settings = load_settings("scan")
    from bot.scanning import scan_once

    found = scan_once(settings, options.groups, options.since, print)
    return OK if asyncio.run(found) else FAILED


def scan_options(parser: argparse.ArgumentParser) -> None:
    """Options of a scan."""
    parser.add_argument(
        "--since", metavar="TIME", default="", help="e.g. 60m; default: where the last scan ended"
    )
    parser.add_argument(
        "--group", dest="groups", action="append", default=[], metavar="NAME",
        help="a log group or a service, as often as you like (default: SCAN_GROUPS)",
    )  # fmt: skip


def demo(options: argparse.Namespace, _rest: list[str]) -> int:
    """Run everything on loopback."""
    gc.disable()  # as in `bot`
    from sandbox.demo import run_demo

    async def run(stop: asyncio.Event) -> None:
        await run_demo(
            stop=stop,
            data=options.data,
            port=options.port,
            open_browser=options.browser,
            fresh=options.fresh,
        )

    asyncio.run(_until_told_to_stop(run))
    return OK


def demo_options(parser: argparse.ArgumentParser) -> None:
    """Options of the demo."""
    parser.add_argument("--port", type=int, default=8090, help="of the page (default 8090)")
    parser.add_argument(
        "--no-browser", dest="browser", action="store_false", help="do not open the page"
    )
    parser.add_argument(
        "--data", type=Path, default=ROOT / ".jinkies" / "demo", metavar="DIR",
        help="where its state is kept between two demos (default .jinkies/demo)",
    )  # fmt: skip
    parser.add_argument("--fresh", action="store_true", help="forget the state of earlier demos")


def doctor(_options: argparse.Namespace, _rest: list[str]) -> int:
    """Check everything the bot needs and say what to do."""
    from bot.config import load_settings
    from bot.doctor import examine

    return OK if asyncio.run(examine(load_settings("doctor"), print)) else FAILED


def dsn(options: argparse.Namespace, _rest: list[str]) -> int:
    """Make, list or revoke the DSN keys of Sentry's SDKs."""
    from bot.config import load_settings
    from bot.dsn import run

    work = run(load_settings("doctor"), options.action, options.name, print)
    asyncio.run(work)
    return OK


def dsn_options(parser: argparse.ArgumentParser) -> None:
    """What to do with which key."""
    parser.add_argument("action", choices=("create", "list", "revoke"))
    parser.add_argument(
        "name", nargs="?", default="", help="the project (create) or the key (revoke)"
    )


def test(_options: argparse.Namespace, rest: list[str]) -> int:
    """Run the tests, on all processors unless told how."""
    by_hand = any(each.startswith(("-n", "--numprocesses", "--pdb", "-s")) for each in rest)
    return _tool("pytest", *([] if by_hand else ["-n", "auto", "--dist", "loadfile"]), *rest)


def check(_options: argparse.Namespace, _rest: list[str]) -> int:
    """Run the linter, the formatter's check and the type checker; all of them, then judge."""
    codes = [_tool("ruff", "check", "."), _tool("ruff", "format", "--check", "."), _tool("mypy")]
    return FAILED if any(codes) else OK


def simulate(options: argparse.Namespace, _rest: list[str]) -> int:
    """Rehearse trouble, or make, check, describe or replay a data set."""
    if options.action == "crash":
        from bot.rehearsing import simulate_crash

        return simulate_crash(options)
    if options.action == "incident":
        room = "sandbox.visiting" if options.to == "demo" else "bot.staging"
        play: Callable[[argparse.Namespace], int] = import_module(room).simulate_incident
        return play(options)
    if options.action == "validate" and not options.dataset.is_dir():
        from bot.staging import validate_files

        return validate_files([options.dataset, *options.files], options.services, options.graph)
    from bot.simulation.dataset.cli import run

    # The data set's room knows nothing of AWS.
    options.cloudwatch = lambda: import_module("bot.services.telemetry").CloudWatchDoor.open()
    return run(options)


def simulate_options(parser: argparse.ArgumentParser) -> None:
    """The commands of rehearsals and of data sets."""
    from bot.simulation.crash import arguments as crash
    from bot.simulation.dataset.cli import add_arguments
    from bot.simulation.incident import arguments as incident

    commands = add_arguments(parser)
    incident.add_arguments(commands.add_parser("incident", help="play an incident's conversation"))
    crash.add_arguments(commands.add_parser("crash", help="play a crash, with its logs"))


COMMANDS = (
    Command(
        "bot",
        "run the bot and its web intake (default)",
        "Connect to Discord, listen for webhooks (WEB_HOST:WEB_PORT) and keep one living card per "
        "problem. Reads the environment and .env; docs/settings.md describes every setting. "
        "Stops cleanly on Ctrl-C or SIGTERM.",
        BOT,
        bot,
        closes_all=True,
    ),
    Command(
        "demo",
        "try everything here, without any account",
        "Start a local Discord with its page, a local GitHub, a local AWS, a sample shop with "
        "bugs, and the real bot between them; all on loopback. The first card appears by itself.",
        SANDBOX,
        demo,
        demo_options,
        closes_all=True,
    ),
    Command(
        "web",
        "run the web intake alone, for more of it",
        "Take webhooks in a process of its own under a faster server. `run.py bot` beside it "
        "delivers what it stores, from the same database. Start it as often as PostgreSQL and "
        "your load balancer like; with SQLite, once, on the same machine.",
        BOT,
        web,
    ),
    Command(
        "scan",
        "look through log groups for errors, once",
        "Read the error lines of log groups (CloudWatch, files, Loki) and make alerts of them, as "
        "a subscription would; a line that was seen before counts once. A running bot does this "
        "by itself for SCAN_GROUPS, and delivers what is found here. Exit code 1 if a group could "
        "not be read.",
        BOT,
        scan,
        scan_options,
    ),
    Command(
        "doctor",
        "check token, permissions, GitHub, AWS and database",
        "Check everything that the bot needs, one line each, with what to do where something is "
        "wrong. Exit code 1 if something is.",
        BOT,
        doctor,
    ),
    Command(
        "dsn",
        "make, list and revoke the DSNs of Sentry's SDKs",
        "`dsn create PROJECT` prints a DSN: an application with any Sentry SDK and this DSN "
        "reports to Jinkies, its project as the service. `dsn list` shows all that are good, "
        "`dsn revoke KEY` refuses one within seconds.",
        BOT,
        dsn,
        dsn_options,
    ),
    Command(
        "simulate",
        "rehearse a crash or an incident, or make a day of a company's telemetry",
        "`crash` plays minutes of logs that end in a real stack trace, and `incident` what people "
        "said, to Discord or Slack (docs/rehearsals.md). `dataset` makes correlated logs, errors, "
        "metrics and panels with incidents in them; `describe` compares a set with real logs, "
        "`replay` sends it to a running Jinkies (docs/dataset.md). `validate` checks any of them.",
        DATASET,
        simulate,
        simulate_options,
    ),
    Command(
        "test",
        "run the tests",
        "Run the tests with pytest. Further arguments go to pytest, e.g. "
        "`python3 run.py test tests/alerting -k fingerprint`.",
        DEV,
        test,
        passes_on=True,
    ),
    Command(
        "check",
        "run ruff and mypy",
        "Run `ruff check`, `ruff format --check` and `mypy` (strict).",
        DEV,
        check,
    ),
)


def parser_of(commands: tuple[Command, ...], asked: str) -> argparse.ArgumentParser:
    """The command line, as `--help` explains it, with the options of the command `asked` for."""
    parser = argparse.ArgumentParser(
        prog="run.py",
        description="Jinkies: one living Discord card per problem. No account yet? "
        "Try `python3 run.py demo`.",
        epilog="`python3 run.py COMMAND --help` explains a command. Exit codes: 0 fine, 1 failed, "
        "2 wrong usage or settings.",
        allow_abbrev=False,
    )
    table = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in commands:
        sub = table.add_parser(
            command.name, help=command.summary, description=command.description, allow_abbrev=False
        )
        if command.name == asked:
            command.options(sub)
    return parser


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    named = arguments and (not arguments[0].startswith("-") or arguments[0] in {"-h", "--help"})
    words = arguments if named else ["bot", *arguments]
    parser = parser_of(COMMANDS, words[0])
    options, rest = parser.parse_known_args(words)
    command = next(command for command in COMMANDS if command.name == options.command)
    if rest and not command.passes_on:
        parser.error(f"{command.name} does not know {' '.join(rest)}")
    try:
        bootstrap.ready(_requirements_of(command))
    except bootstrap.SetupError as error:
        bootstrap.say(str(error))
        return FAILED
    except KeyboardInterrupt:
        bootstrap.say("Interrupted; the next start sets up again.")
        return FAILED
    code = _run(command, options, rest)
    if command.closes_all:
        bootstrap.leave(code)
    return code


def _requirements_of(command: Command) -> str:
    """PostgreSQL's driver is installed only where the settings ask for it."""
    if command.requirements != BOT:
        return command.requirements
    try:
        written = Path(".env").read_text(encoding="utf-8", errors="replace")
    except OSError:  # there is none; or one that nobody may read, which bot.config tells
        written = ""
    lines = [f"DATABASE_URL={os.environ.get('DATABASE_URL', '')}", *written.splitlines()]
    chosen = re.compile(r"""\s*(export\s+)?DATABASE_URL\s*=\s*["']?postgres""", re.IGNORECASE)
    return POSTGRES if any(chosen.match(line) for line in lines) else BOT


def _run(command: Command, options: argparse.Namespace, rest: list[str]) -> int:
    from bot.errors import JinkiesError, SettingsError

    try:
        return command.run(options, rest)
    except SettingsError as error:
        bootstrap.say(_settings_message(error.problems))
        return MISUSED
    except JinkiesError as error:
        bootstrap.say(f"{command.name}: {error}")
        return FAILED


def _settings_message(problems: list[str]) -> str:
    return "\n".join(
        [
            "Jinkies cannot start: these settings are missing or wrong.",
            *(f"  ✗ {problem}" for problem in problems),
            "Write them into .env (.env.example lists every one) or set them in the environment.",
            "To try Jinkies without any account: python3 run.py demo",
        ]
    )


def _tool(module: str, *arguments: str) -> int:
    """Run a module of this environment; Ctrl-C is left to it."""
    command = [sys.executable, "-m", module, *arguments]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)


async def _until_told_to_stop(run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Give `run` an event that SIGINT or SIGTERM sets; a second signal ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked(number: int, _frame: object = None) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, asked)
    await run(stop)


if __name__ == "__main__":
    if os.name == "nt":  # the terminal's own encoding may lack our ticks and dots
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1:]))
