"""`run.py simulate incident` and `simulate validate FILE…`: conversations told, saved, played."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from bot.config import Settings, load_settings
from bot.errors import JinkiesError, NotFound, SettingsError
from bot.simulation import output
from bot.simulation.crash.scenario import problems as crash_problems
from bot.simulation.incident import company as companies
from bot.simulation.incident.batch import MIXED, limited, stream
from bot.simulation.incident.cascades import known
from bot.simulation.incident.files import Unreadable, documents
from bot.simulation.incident.generation import generate
from bot.simulation.incident.playing import KEPT, Budget, Journal, Player, Stage
from bot.simulation.incident.reading import ordered, understand
from bot.simulation.incident.saving import ENDINGS, save
from bot.simulation.incident.scenario import CASCADES, QUICK_ALERT, Problem, Scenario
from bot.simulation.incident.transcript import transcript
from bot.simulation.incident.validation import Verdict, validate

OK, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130
_SLACK_LIMITS = ((1, 1.0),)  # writes in seconds; Slack allows about one a second in a channel


def simulate_incident(options: argparse.Namespace, settings: Settings | None = None) -> int:
    """Run the command; returns the exit code.

    Args:
        settings: None to read them from the environment and `.env`.
    """
    try:
        if options.list:
            output.line("\n".join((*CASCADES, QUICK_ALERT)))
            return OK
        if options.clean and options.to is None:
            raise SettingsError(["--clean: say with --to where it was played"])
        _refuse_contradictions(options)
        chosen = _chosen(options)
        if options.save and not options.dry_run:
            return _saved(chosen, options.save)
        if options.to is None or options.dry_run:
            return _told(chosen)
        return asyncio.run(_played(chosen, options, settings or load_settings("simulate")))
    except (NotFound, SettingsError) as error:
        _say(f"simulate incident: {error}")
        return MISUSED
    except JinkiesError as error:
        _say(f"simulate incident: {error}")
        return FAILED
    except KeyboardInterrupt:
        _say("Interrupted.")
        return INTERRUPTED


def validate_files(
    paths: Sequence[Path], services: Path | None = None, graph: Path | None = None
) -> int:
    """Judge scenario files, of incidents and of crashes; returns the exit code."""
    try:
        place = companies.load(services, graph)
        wrong = sum(_judged(path, place) for path in paths)
    except SettingsError as error:
        _say(f"simulate validate: {error}")
        return MISUSED
    return FAILED if wrong else OK


# --- what is played --------------------------------------------------------------------------


def _refuse_contradictions(options: argparse.Namespace) -> None:
    """Say what would be passed over in silence."""
    is_many = options.count is not None or options.messages is not None
    is_of_files = (options.batch or options.what).endswith(ENDINGS)
    wrong = {
        "WHAT and --batch: only one of them can be given": options.what and options.batch,
        "--count and --messages: they need a --batch of cascades": (
            is_many and (not options.batch or is_of_files)
        ),
        "--save and --to: what is saved is not played; give one of them": (
            options.save and options.to and not options.dry_run
        ),
    }
    if told := [what for what, is_so in wrong.items() if is_so]:
        raise SettingsError(told)


def _chosen(options: argparse.Namespace) -> Iterator[Scenario]:
    """The scenarios that the options name, made as they are asked for."""
    kinds = [kind for kind in options.batch.split(",") if kind] or [options.what]
    if not kinds[0]:
        raise SettingsError(["name a scenario file, or a cascade; --list shows them"])
    if all(kind.endswith(ENDINGS) for kind in kinds):
        return (scenario for kind in kinds for scenario in _read(Path(kind)))
    place = companies.load(options.services, options.graph)
    for kind in kinds:
        if kind.endswith(ENDINGS):
            raise SettingsError([f"{kind}: files stand alone, cascades are named without them"])
        known(kind, (*CASCADES, QUICK_ALERT, MIXED))
    start = options.start or datetime.now(UTC)
    if not options.batch:
        return iter((generate(kinds[0], start, seed=options.seed, company=place),))
    count = options.count
    if count is None and options.messages is None:
        count = len(kinds)
    scenarios = stream(kinds, start, seed=options.seed, interval=options.interval, company=place)
    return limited(scenarios, count=count, messages=options.messages)


def _read(path: Path) -> list[Scenario]:
    """The scenarios of a file, as far as they can be understood."""
    found = []
    try:
        for name, document in documents(path):
            understood = understand(document)
            if understood.scenario is None:
                told = [f"{name}: {_words(each)}" for each in understood.problems]
                raise SettingsError(told)
            found.append(ordered(understood.scenario))
    except Unreadable as error:
        raise SettingsError([f"{path}: {_words(error.problem)}"]) from None
    if not found:
        raise SettingsError([f"{path}: holds no scenario"])
    return found


def _told(scenarios: Iterable[Scenario]) -> int:
    try:
        for number, scenario in enumerate(scenarios):
            if number:
                _out("")
            for line in transcript(scenario):
                _out(line)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read it has seen enough
        output.goes_nowhere()
    return OK


def _saved(scenarios: Iterable[Scenario], path: Path) -> int:
    count, events = save(scenarios, path)
    _say(f"{path}: {count:,} scenario{'s' * (count != 1)} with {events:,} messages")
    return OK


# --- playing ---------------------------------------------------------------------------------


async def _played(
    scenarios: Iterable[Scenario], options: argparse.Namespace, settings: Settings
) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows; there Ctrl-C is an exception
            loop.add_signal_handler(ending, stop.set)
    since: float | None = None
    for scenario in scenarios:
        if since is not None and await _paused(stop, options, since):
            break
        since = None if options.clean else loop.time()
        journal = Journal(_journal(scenario, options))
        scenario = _as_begun(scenario, journal, options)
        async with _stage(scenario, options, settings) as stage:
            player = _player(stage, journal, scenario, options)
            if options.clean:
                _say(f"{scenario.scenario_id}: {await _cleaned(player, options, stop)}")
                if stop.is_set():
                    break
                continue
            journal.begin(scenario, _where(options))
            is_old = len(journal.events) == len(scenario.timeline)
            played = await player.play(scenario, stop)
            told = "was posted before; --clean takes it away" if is_old else "posted"
            since = None if is_old else since
            _say(f"{scenario.scenario_id}: {played.done} of {played.total} {told}")
            if not played.complete:
                break
    if stop.is_set():
        _say("Stopped. The same command goes on; with --clean it takes away what was posted.")
        return INTERRUPTED
    return OK


async def _cleaned(player: Player, options: argparse.Namespace, stop: asyncio.Event) -> str:
    """Take away; what became of it. Raises NotFound if it was played elsewhere."""
    journal = player.journal
    where = journal.head.get("where")
    if where is None:
        return f"nothing to take away; {journal.path} knows of nothing"
    if where != _where(options):
        to, _, room = where.partition(" ")
        told = f"--to {to}" + (f" --test-channel {room}" if room else " without --test-channel")
        raise NotFound(f"It was played {told}; take it away with the same.")
    count = await player.clean(stop)
    return "stopped on the way" if count is None else f"{count} messages taken away"


def _where(options: argparse.Namespace) -> str:
    return f"{options.to} {options.test_channel}".strip()


async def _paused(stop: asyncio.Event, options: argparse.Namespace, since: float) -> bool:
    """Wait until the next of a batch begins, the last one having begun at `since`; whether to
    stop."""
    speed = _speed(options)
    if speed:
        left = since + options.interval / speed - asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), max(0.0, left))
    return stop.is_set()


def _speed(options: argparse.Namespace) -> float:
    return options.speed or (1.0 if options.realtime else 0.0)


def _journal(scenario: Scenario, options: argparse.Namespace) -> Path:
    path: Path = options.journal or KEPT / f"{options.to}-{scenario.scenario_id}.jsonl"
    return path


def _as_begun(scenario: Scenario, journal: Journal, options: argparse.Namespace) -> Scenario:
    """What was begun goes on: made up anew at another hour, people would say other things."""
    is_made_up = not (options.batch or options.what).endswith(ENDINGS)
    begun = journal.document if is_made_up and journal.head else None
    is_same = journal.head.get("scenario") == scenario.scenario_id
    try:
        return Scenario.model_validate(begun) if begun and is_same else scenario
    except ValidationError:
        if options.clean:
            return scenario
        raise JinkiesError(
            f"{journal.path} was written by another version, and cannot go on. --clean takes away "
            "what it tells of."
        ) from None


def _player(
    stage: Stage, journal: Journal, scenario: Scenario, options: argparse.Namespace
) -> Player:
    budget = Budget(_SLACK_LIMITS) if options.to == "slack" else Budget()
    return Player(stage, journal, speed=_speed(options), budget=budget, told=_progress(scenario))


def _progress(scenario: Scenario) -> Callable[[int, int], None]:
    def told(done: int, total: int) -> None:
        if sys.stderr.isatty():
            end = "\n" if done == total else ""
            sys.stderr.write(f"\r{scenario.scenario_id}: {done} of {total}   {end}")
            sys.stderr.flush()

    return told


@asynccontextmanager
async def _stage(
    scenario: Scenario, options: argparse.Namespace, settings: Settings
) -> AsyncIterator[Stage]:
    if options.to == "slack":
        from bot.alerting.slack_stage import SlackStage
        from bot.services.slack import SlackDoor

        token = settings.slack_bot_token.get_secret_value()
        if not token:
            raise SettingsError(["SLACK_BOT_TOKEN: is not set. Copy the xoxb- token of your app."])
        yield SlackStage(SlackDoor(token, settings.slack_api_url), options.test_channel)
        return
    import discord

    from bot.ui.attempt import attempt
    from bot.ui.scenery import stage_in

    token = settings.discord_token.get_secret_value()
    if not token or not settings.discord_guild_id:
        raise SettingsError(
            ["DISCORD_TOKEN and DISCORD_GUILD_ID: are needed to play to Discord (--to demo: not)."]
        )
    async with discord.Client(intents=discord.Intents.none()) as client:
        try:
            async with attempt("the token"):
                await client.login(token)
        except discord.LoginFailure:
            raise SettingsError(["DISCORD_TOKEN: Discord refuses it; copy a new one."]) from None
        yield await stage_in(
            client,
            settings.discord_guild_id,
            scenario,
            room=options.test_channel,
            ping=options.ping,
        )


# --- judging ---------------------------------------------------------------------------------


def _judged(path: Path, place: companies.Company) -> int:
    """Judge a file, tell what is wrong; returns how much."""
    wrong = judged = 0
    try:
        for name, document in documents(path):
            verdict = _verdict(document, place)
            for each in verdict.problems:
                output.line(f"{name}: {_words(each)}")
            for each in verdict.notes:
                output.line(f"{name}: note: {_words(each)}")
            if not verdict.problems:
                output.line(f"{name}: sound")
            wrong += len(verdict.problems)
            judged += 1
        if not judged:
            output.line(f"{path}: $ holds no scenario. Write one, or leave the file out.")
            wrong += 1
    except Unreadable as error:
        output.line(f"{path}: {_words(error.problem)}")
        wrong += 1
    return wrong


def _verdict(document: object, place: companies.Company) -> Verdict:
    """Of an incident; or of a crash, whose documents say `scenario` and `crash`."""
    is_crash = isinstance(document, dict) and "crash" in document and "timeline" not in document
    if not is_crash:
        return validate(document, place)
    return Verdict(problems=[Problem(*each) for each in crash_problems(document)])


def _words(problem: Problem) -> str:
    return f"{problem.path} {problem.problem}. {problem.cure}"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _out(text: str) -> None:
    sys.stdout.write(f"{text}\n")
