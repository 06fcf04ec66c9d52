"""The demo: the real bot between stand-ins for Discord, GitHub and AWS, and a shop with bugs.

Everything listens on loopback only. An error goes the way it goes in production: the shop logs
to CloudWatch, a log subscription calls the Lambda forwarder of `examples/`, the forwarder posts
to the webhook, and the bot keeps a card in Discord.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import json
import logging
import os
import socket
import webbrowser
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.config import Settings
from bot.main import Running, Tempo, run_bot
from sandbox.aws import REGION, Aws, LambdaFunction, Subscriptions, environment_of
from sandbox.breakages import BREAKAGES, Breakage
from sandbox.demo_folder import (
    RUNNING,
    Impossible,
    folder_at,
    forget,
    refuse_a_second,
    see_that_it_can_be_written,
)
from sandbox.discord import page
from sandbox.discord.panels import Panel, PanelButton, PanelLink
from sandbox.discord.server import DiscordStandIn
from sandbox.github.objects import Signature
from sandbox.github.server import Commit, GitHubStandIn
from sandbox.github.world import STAND_IN_TOKEN
from sandbox.shop_history import REPOSITORY, newest_tree, versions
from sandbox.shop_process import ShopProcess

log = logging.getLogger(__name__)

FORWARDER = Path(__file__).parents[1] / "examples" / "lambda_cloudwatch_forwarder.py"
WEBHOOK_SECRET = "demo-secret"
WEB_PORT = 8080
PORTS_TRIED = 50
HIGHEST_PORT = 65_535
FIRST_BREAK_SECONDS = 2.0
READY_SECONDS = 60.0
HURRY = Tempo(guild_ready=0.1, first_wait=0.2, between_writes=0)


class StoppedEarly(Exception):  # noqa: N818 - not an error: somebody changed their mind
    """The demo was told to stop before it was ready."""


@dataclass(frozen=True)
class Demo:
    """A demo that runs: its parts, for whoever started it."""

    discord: DiscordStandIn
    github: GitHubStandIn
    aws: Aws
    shop: ShopProcess
    running: Running
    data: Path

    @property
    def page_url(self) -> str:
        """Where the local Discord is."""
        return self.discord.url + "/"


async def run_demo(
    *,
    stop: asyncio.Event,
    data: Path,
    port: int = 8090,
    open_browser: bool = True,
    fresh: bool = False,
    say: Callable[[str], None] = print,
    on_ready: Callable[[Demo], None] | None = None,
) -> None:
    """Run until `stop` is set; what happened is kept in `data` for the next time.

    Raises:
        AlreadyRunning: another demo uses `data`.
        Impossible: if `port` is none or `data` cannot be written to.
        RuntimeError: if a part does not start.
    """
    if not 0 <= port <= HIGHEST_PORT:
        raise Impossible(f"--port {port} is none; choose one from 0 (any) to {HIGHEST_PORT}.")
    say("Starting the demo …")
    with suppress(StoppedEarly):
        async with demo(stop=stop, data=data, port=port, fresh=fresh) as running:
            say(welcome(running))
            if on_ready is not None:
                on_ready(running)
            if open_browser:
                await asyncio.to_thread(webbrowser.open, running.page_url)
            first = asyncio.create_task(_break_soon(running.shop))
            await stop.wait()
            first.cancel()
            say("Stopping; everything is kept for the next demo.")


@asynccontextmanager
async def demo(
    *,
    stop: asyncio.Event,
    data: Path,
    port: int = 0,
    web_port: int = WEB_PORT,
    fresh: bool = False,
    tempo: Tempo = HURRY,
) -> AsyncIterator[Demo]:
    """All parts, joined and ready; `stop` is set when the bot ends by itself.

    Args:
        tempo: the bot's; one that plays without limits gets a Discord without limits.
    """
    see_that_it_can_be_written(data)
    await refuse_a_second(data)
    if fresh:
        forget(data)
    async with AsyncExitStack() as parts:
        aws = Aws()
        aws.start(free_port(port and port + 2))
        parts.callback(aws.stop)
        parts.enter_context(environment_of(aws.environment()))
        github = GitHubStandIn(data=folder_at(data / "github"))
        await github.start(free_port(port and port + 1))
        parts.push_async_callback(github.stop)
        commit = deploy(github, data / "deployed.json")
        shop = ShopProcess({"SHOP_COMMIT": commit})
        open_shop = await parts.enter_async_context(_opening(shop))
        discord = DiscordStandIn(
            data=folder_at(data / "discord"), mounts=(page.mount,), rate_limits=bool(tempo.plays)
        )
        await discord.start(free_port(port))
        parts.push_async_callback(discord.stop)
        parts.enter_context(discord.point_client_here())
        settings = settings_of(discord, github, aws, data, free_port(web_port))
        running = await parts.enter_async_context(_bot(settings, stop, tempo))
        await open_shop
        tell_merges(github, running.web_url)
        parts.enter_context(environment_of(forwarder_environment(running.web_url, commit)))
        function = load_function(FORWARDER)
        pump = Subscriptions(aws.client("logs"), function, prefix="/shop/", every=0.7)
        await parts.enter_async_context(_background(pump.run))
        await parts.enter_async_context(_background(shop.serve_customers))
        joined = Demo(discord, github, aws, shop, running, data)
        for panel in panels(joined):
            discord.add_panel(panel)
        (data / RUNNING).write_text(joined.page_url, encoding="utf-8")
        parts.callback((data / RUNNING).unlink, missing_ok=True)
        yield joined


def settings_of(
    discord: DiscordStandIn, github: GitHubStandIn, aws: Aws, data: Path, web_port: int
) -> Settings:
    """The bot's settings, all of them pointing at stand-ins.

    Built without the environment and `.env`, so that no real token can slip in.
    """
    return Settings.model_construct(
        discord_token=SecretStr(discord.token),
        discord_guild_id=int(discord.world.guild()["id"]),
        message_content=True,
        alert_channel_id=int(discord.world.channel("alerts")["id"]),
        roles_view=("Viewer",),
        roles_respond=("Responder",),
        roles_ship=("Shipper",),
        roles_admin=("Admin",),
        database_url=f"sqlite+aiosqlite:///{(data / 'jinkies.db').as_posix()}",
        web_port=web_port,
        webhook_secret=SecretStr(WEBHOOK_SECRET),
        source_secrets={"GITHUB_WEBHOOK_SECRET": SecretStr(WEBHOOK_SECRET)},
        github_token=SecretStr(STAND_IN_TOKEN),
        github_repository=REPOSITORY,
        github_api_url=github.api_url,
        aws_region=REGION,
        aws_endpoint_url=aws.url,
        log_groups_by_service={"shop": ("/shop/*",)},
        log_level="WARNING",
    )


def tell_merges(github: GitHubStandIn, web_url: str) -> None:
    """Have GitHub tell the bot of merged pull requests and closed issues."""
    github.add_webhook(
        f"{web_url}/webhook/github", WEBHOOK_SECRET, events=("issues", "pull_request")
    )


def deploy(github: GitHubStandIn, record: Path) -> str:
    """Make sure GitHub has the source that will run; returns the commit that it runs at.

    The shop's source can change between two demos (an update of Jinkies); then the new one is
    committed on top.
    """
    tree = newest_tree()
    digest = hashlib.sha256(json.dumps(tree).encode()).hexdigest()
    if record.exists():
        deployed = json.loads(record.read_text(encoding="utf-8"))
        if deployed["source"] == digest and github.world.repository(REPOSITORY):
            return str(deployed["commit"])
    commits = [
        Commit(
            version.step.message,
            f"{version.step.author.name} <{version.step.author.email}>",
            version.files,
            version.step.at,
        )
        for version in versions()
    ]
    repository = github.add_repository(REPOSITORY, commits, description="The web shop of Acme.")
    commit = repository.head(repository.default_branch) or ""
    if record.exists():
        mira = Signature("Mira Novak", "mira.novak@example.com", github.clock())
        message = "Take over the source that runs"
        commit = github.world.commit(repository, repository.default_branch, tree, message, mira)
        github.save()
    record.write_text(json.dumps({"source": digest, "commit": commit}), encoding="utf-8")
    return commit


def forwarder_environment(web_url: str, commit: str) -> dict[str, str]:
    """The configuration of the Lambda function."""
    return {
        "JINKIES_URL": web_url,
        "JINKIES_SECRET": WEBHOOK_SECRET,
        "JINKIES_COMMIT": commit,
        "JINKIES_ENVIRONMENT": "production",
    }


def load_function(path: Path) -> LambdaFunction:
    """Load a Lambda function from its file, as Lambda does."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    logging.getLogger("jinkies").setLevel(logging.WARNING)  # the function's own log, in AWS
    function: LambdaFunction = module.lambda_handler
    return function


def panels(joined: Demo) -> Iterator[Panel]:
    """What stands beside the page: the bugs, and where everything is."""

    def button(breakage: Breakage) -> PanelButton:
        async def press() -> str:
            await joined.shop.break_with(breakage)
            return f"{breakage.error} in {breakage.service}; its card comes in a moment."

        return PanelButton(breakage.id, breakage.label, breakage.description, press)

    yield Panel("Break something", [button(breakage) for breakage in BREAKAGES])
    yield Panel(
        "Around here",
        links=[
            PanelLink("The shop's repository", f"{joined.github.url}/{REPOSITORY}"),
            PanelLink("The bot's health", f"{joined.running.web_url}/ready"),
        ],
    )


def welcome(joined: Demo) -> str:
    """What runs where, and what to try."""
    web = joined.running.web_url
    return f"""
Jinkies is running, on this computer only:

  Discord (open this)  {joined.page_url}
  GitHub               {joined.github.url}/{REPOSITORY}
  the bot's webhooks   {web}/webhook/generic
  AWS (moto)           {joined.aws.url}
  the sample shop      {joined.shop.url}
  its memory           {joined.data}

The first card appears in #alerts by itself. Then try:
  · press Acknowledge, Details or Create issue on the card, open the issue and close it there
  · break something else with the panel on the right
  · type /alerts, /alert or /help in the composer; /logs service:shop reads the shop's logs
  · practise: /drill start plays an incident into a private thread, with colleagues to ask
  · become another person (rita may only look, sam responds, kim ships, ada may do all)
  · type /simulate crash or /simulate incident, or from another terminal:
    WEBHOOK_SECRET={WEBHOOK_SECRET} python3 run.py simulate crash paystack_timeout --to {web}
    python3 run.py simulate incident kafka-lag --to demo --demo-url {joined.page_url} \\
      --test-channel general
  · send an error of your own:
    curl {web}/webhook/generic -H 'Authorization: Bearer {WEBHOOK_SECRET}' \\
      -d '{{"service": "mine", "message": "It broke", "event_id": "mine-1"}}'

Ctrl-C stops it. The next demo goes on where this one ended; --fresh forgets.
"""


def free_port(preferred: int) -> int:
    """`preferred`, or the next port on loopback that nobody listens on; 0 stays 0."""
    last = min(preferred + PORTS_TRIED, HIGHEST_PORT + 1)
    for port in range(preferred, last) if preferred else ():
        with socket.socket() as probe, suppress(OSError):
            if os.name != "nt":  # there it would allow what is taken
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    return 0


@asynccontextmanager
async def _opening(shop: ShopProcess) -> AsyncIterator[asyncio.Task[None]]:
    """The shop, which starts while the other parts do; whoever needs it awaits what is given."""
    starting = asyncio.create_task(shop.start())
    try:
        yield starting
    finally:
        await asyncio.wait({starting})
        await shop.stop()


@asynccontextmanager
async def _bot(settings: Settings, stop: asyncio.Event, tempo: Tempo) -> AsyncIterator[Running]:
    """The bot, ready; if it ends by itself, `stop` is set."""
    ready: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
    own_stop = asyncio.Event()
    task = asyncio.create_task(
        run_bot(settings, stop=own_stop, on_ready=ready.set_result, tempo=tempo), name="bot"
    )
    told = asyncio.create_task(stop.wait())
    task.add_done_callback(lambda _task: stop.set())
    try:
        anything: set[asyncio.Future[Any]] = {ready, task, told}
        await asyncio.wait(anything, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            yield ready.result()
        elif told.done():
            raise StoppedEarly
        elif not task.done():
            raise RuntimeError("the bot did not become ready")
    finally:
        told.cancel()
        own_stop.set()
        await task


@asynccontextmanager
async def _background(run: Callable[[asyncio.Event], Any]) -> AsyncIterator[None]:
    """Run something until the block ends."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def _break_soon(shop: ShopProcess) -> None:
    await asyncio.sleep(FIRST_BREAK_SECONDS)
    await shop.break_with(BREAKAGES[0])
