"""The only place where the parts are joined: the bot with its web intake, or the intake alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.alerting.actions import Actions
from bot.alerting.delivery import Delivery
from bot.alerting.doorkeeping import SdkKeys
from bot.alerting.drills import TICK, Drills, planner_of
from bot.alerting.ingest import Intake
from bot.alerting.retention import Retention
from bot.alerting.snapshots import Snapshots
from bot.analysis.report import issue_draft, pull_request_draft
from bot.cogs import COGS
from bot.config import Settings
from bot.entrance import Entrance, now, readiness, see_that_it_opens
from bot.journal import configure_logging
from bot.services.logs.played import PREFIX as DRILL_LOGS
from bot.services.logs.played import PlayedLogs
from bot.simulation.crash.library import Library
from bot.simulation.incident.playing import DISCORD_LIMITS, KEPT, Budget
from bot.store import Store
from bot.ui.access import Access, Homes
from bot.ui.answers import say_error
from bot.ui.connection import stay_connected
from bot.ui.desk import Desk, JinkiesClient
from bot.ui.drill.area import DiscordArea
from bot.ui.drill.hearing import hear
from bot.ui.drill.taking_part import DRILL_PRESSES
from bot.ui.inviting import unseen
from bot.ui.logs.desk import LogDesk
from bot.ui.logs.presses import LOG_PRESSES
from bot.ui.logs.tails import TailLimits, Tails
from bot.ui.messenger import DiscordMessenger
from bot.ui.playing import PLAY_PRESSES
from bot.ui.plays import Plays
from bot.ui.presses import PRESSES
from bot.ui.syncing import sync_commands
from bot.web.listening import address_to_listen_on, cannot_listen
from bot.web.process import serve
from bot.web.server import WebServer
from bot.web.settings import Readiness

if TYPE_CHECKING:
    from bot.services.github import GitHubService

GRACE = 5.0  # seconds
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tempo:
    """How patient we are with Discord and GitHub (seconds); tests and the demo hurry.

    Attributes:
        guild_ready: discord.py waits so long for further servers before it is ready.
        first_wait: before the second attempt to connect.
        send: for one card; with its search and its records, it ends before its claim lapses.
        drill: between two looks at a drill that is under way.
        between_writes: to GitHub, which asks for a second.
        tail_edits: between two edits of a tail's message; five in five seconds are allowed.
        plays: how many messages of a played conversation in how many seconds, in one channel.
    """

    guild_ready: float = 2.0
    first_wait: float = 1.0
    send: float = 18.0
    drill: float = TICK
    between_writes: float = 1.0
    tail_edits: float = 2.0
    plays: tuple[tuple[int, float], ...] = DISCORD_LIMITS


@dataclass(frozen=True, slots=True)
class Running:
    """A bot that is up, for those who started it."""

    web_url: str
    store: Store
    intake: Intake


class House:
    """All parts but the connections: built from the settings and an open store."""

    def __init__(self, settings: Settings, store: Store, tempo: Tempo) -> None:
        self.settings = settings
        self.store = store
        self.tempo = tempo
        self.drills_that_ship: set[int] = set()
        self.code_host = code_host(settings, tempo)
        self.channels = (settings.alert_channel_id or 0, *settings.channel_by_service.values())
        self.access = Access(
            homes=Homes(self.channels, settings.discord_guild_id or 0),
            view=settings.roles_view,
            respond=settings.roles_respond,
            ship=settings.roles_ship,
            admin=settings.roles_admin,
        )
        self.messenger = DiscordMessenger(None, now, timeout=tempo.send)
        self.delivery = Delivery(store, self.messenger, clock=now, patience=tempo.send + 2)
        self.entrance = Entrance(settings, store, wake=self.delivery.wake)
        self.intake = self.entrance.intake
        logs = LogDesk(
            store,
            self.entrance.logs,
            self.entrance.redactor,
            zone=ZoneInfo(settings.time_zone),
            region=settings.aws_region,
            clock=now,
        )
        self.snapshots = Snapshots(
            store,
            self.entrance.logs,
            self.entrance.redactor,
            clock=now,
            by_name=bool(settings.aws_region or settings.log_files or settings.loki_url),
        )
        folder = settings.simulation_folder
        crashes = Library(Path(folder) if folder else None)
        self.drills = self._drills(crashes)
        self.desk = Desk(
            store=store,
            actions=self._actions(),
            access=self.access,
            doors=self.entrance.doors,
            keys=SdkKeys(
                store,
                clock=now,
                refresh=self.entrance.keeper.refresh,
                roles_for=self.access.roles_for,
            ),
            intake=self.intake,
            crashes=crashes,
            drills=self.drills,
            logs=logs,
            tails=Tails(logs, pace=tempo.tail_edits, limits=tail_limits(settings)),
            plays=Plays(rehearsals_folder(settings), Budget(tempo.plays)),
            clock=now,
            started_at=now(),
        )

    def make_client(self) -> JinkiesClient:
        """A new Discord client; cards go through it from now on."""
        client = JinkiesClient(
            self.desk,
            self._furnish,
            guild_ready_timeout=self.tempo.guild_ready,
            message_content=self.settings.message_content,
        )
        self.messenger.client = self.desk.tails.client = client
        return client

    def readiness(self) -> Readiness:
        """Whether webhooks can be taken; asked from the web server's threads."""
        client = self.messenger.client
        is_connected = client is not None and client.is_ready()
        return readiness(self.store, discord="connected" if is_connected else "disconnected")

    async def _furnish(self, client: JinkiesClient) -> None:
        for cog in COGS:
            await client.add_cog(cog())
        client.tree.error(say_error)
        client.add_dynamic_items(*PRESSES, *LOG_PRESSES, *DRILL_PRESSES, *PLAY_PRESSES)
        client.add_listener(partial(hear, self.desk), "on_message")
        await sync_commands(client, self.settings.discord_guild_id)

    def _actions(self) -> Actions:
        settings = self.settings
        return Actions(
            self.store,
            code_host=self.code_host,
            repository_for=lambda service: settings.repository_by_service.get(
                service, settings.github_repository
            ),
            issue_draft=partial(issue_draft, salt=self.store.salt),
            pull_request_draft=partial(pull_request_draft, salt=self.store.salt),
            route=self.entrance.route,
            clock=now,
            wake=self.delivery.wake,
            roles_for=self.access.roles_for,
            drills_that_ship=self.drills_that_ship,
        )

    def _drills(self, crashes: Library) -> Drills:
        conducted = Drills(
            self.store,
            intake=self.intake,
            planner=planner_of(crashes),
            area=DiscordArea(self.messenger),
            receivers=self.entrance.drill_receivers,
            ships=self.drills_that_ship,
            route=self.entrance.route,
            clock=now,
            wake=self.delivery.wake,
            tick=self.tempo.drill,
        )
        self.entrance.logs.add(DRILL_LOGS, lambda: PlayedLogs(conducted.log_lines, clock=now))
        return conducted


async def run_bot(
    settings: Settings,
    *,
    stop: asyncio.Event,
    on_ready: Callable[[Running], None] | None = None,
    on_listening: Callable[[str], None] | None = None,
    open_doors: bool = False,
    tempo: Tempo | None = None,
) -> None:
    """Run until `stop`; what was accepted by then is kept.

    Args:
        on_ready: called once, when webhooks are taken and Discord is connected.
        on_listening: called with the web address as soon as webhooks are taken; Discord may
            be down for as long as it likes.
        open_doors: take webhooks without a secret; only the demo does, on loopback.
        tempo: None for the patience that the real Discord needs.

    Raises:
        SettingsError: the token is refused, the port is taken, or the database is of no use.
        UpstreamError: the database does not answer.
    """
    configure_logging(settings)
    async with AsyncExitStack() as opened:
        store = await Store.open(settings.database_url, clock=now)
        opened.push_async_callback(store.close)
        house = House(settings, store, tempo or Tempo())
        if house.code_host is not None:
            opened.callback(house.code_host.close)
        await house.entrance.open()
        opened.push_async_callback(house.entrance.close)
        server = await opened.enter_async_context(_serving(house, open_doors=open_doors))
        if on_listening is not None:
            on_listening(server.url)
        running = Running(server.url, store, house.intake)
        await _work(house, stop, lambda: on_ready(running) if on_ready is not None else None)
        log.info("stopping; what was accepted is kept")


def tail_limits(settings: Settings) -> TailLimits:
    """How many tails there may be, and how long one follows."""
    return TailLimits(
        per_person=settings.log_tails_per_person,
        per_server=settings.log_tails_per_server,
        length=timedelta(minutes=settings.log_tail_minutes),
    )


def rehearsals_folder(settings: Settings) -> Path:
    """Where playings keep what they posted: beside the database, if that is a file."""
    _, is_file, path = settings.database_url.partition("sqlite+aiosqlite:///")
    return Path(path).parent / KEPT.name if is_file else KEPT


def run_web(settings: Settings) -> None:
    """Run the intake alone, as a process of its own, until SIGINT or SIGTERM; blocks.

    The bot, in its own process, delivers what it finds in the same database.

    Raises:
        SettingsError: the port is taken, or a setting is of no use.
        UpstreamError: the database does not answer.
    """
    host = address_to_listen_on(settings.web_host, settings.web_port)
    configure_logging(settings)
    asyncio.run(see_that_it_opens(settings))
    serve("bot.entrance:web_app", host=host, port=settings.web_port)


async def _work(house: House, stop: asyncio.Event, announce: Callable[[], None]) -> None:
    """Deliver, prune and stay connected until `stop`, or until one of them fails."""
    leave, first = asyncio.Event(), True
    finding: list[asyncio.Task[None]] = []

    def connected(client: JinkiesClient) -> None:
        nonlocal first
        house.delivery.wake()
        if first:
            looks = (house.desk.tails.recover(), _look_for_channels(house, client))
            finding.extend(asyncio.create_task(each) for each in looks)
            announce()
        first = False

    token = house.settings.discord_token.get_secret_value()
    first_wait = house.tempo.first_wait
    staying = stay_connected(
        house.make_client, token, stop=leave, connected=connected, first_wait=first_wait
    )
    connecting, delivering, pruning, keeping, scanning, snapping, drilling, stopping = (
        asyncio.create_task(staying, name="connection"),
        asyncio.create_task(house.delivery.run(), name="delivery"),
        asyncio.create_task(_prune(house), name="retention"),
        asyncio.create_task(house.entrance.keeper.run(), name="doors"),
        asyncio.create_task(_scan(house), name="scan"),
        asyncio.create_task(house.snapshots.run(), name="snapshots"),
        asyncio.create_task(house.drills.course.run(), name="drill"),
        asyncio.create_task(stop.wait(), name="stop"),
    )
    background = (delivering, pruning, keeping, scanning, snapping, drilling, stopping)
    work = (connecting, *background)
    try:
        await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        # A card on its way gets a moment; if it is cut short, its nonce makes it one card still.
        ending = (house.delivery.stop(), house.desk.tails.close(), house.desk.plays.close())
        await asyncio.wait([asyncio.create_task(each) for each in ending], timeout=GRACE)
    finally:
        leave.set()
        house.desk.logs.close()
        for task in (*background, *finding):
            task.cancel()
        ended = await asyncio.gather(*work, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error


async def _look_for_channels(house: House, client: JinkiesClient) -> None:
    """Tell of a wrong channel before the first card goes there."""
    for each in await unseen(client, house.channels):
        log.error(
            "Discord does not show channel %d to the bot, so its cards will be dead letters. Check "
            "ALERT_CHANNEL_ID and CHANNEL_BY_SERVICE; `python3 run.py doctor` says more.",
            each,
        )


async def _scan(house: House) -> None:
    """Look through the log groups of the settings; without any, there is nothing to do."""
    if not house.settings.scan_groups:
        await asyncio.Event().wait()
    await house.entrance.scanner.run()


async def _prune(house: House) -> None:
    """Forget what is too old; with 0 days nothing ever is."""
    days = house.settings.retention_days
    if not days:
        await asyncio.Event().wait()
    await Retention(house.store, keep=timedelta(days=days)).run()


@asynccontextmanager
async def _serving(house: House, *, open_doors: bool) -> AsyncIterator[WebServer]:
    """The web server in its threads, for as long as the block runs."""
    settings = house.settings
    app = house.entrance.app(house.readiness, open_doors=open_doors)
    address_to_listen_on(settings.web_host, settings.web_port)
    try:
        server = WebServer(
            app,
            host=settings.web_host,
            port=settings.web_port,
            max_body_bytes=settings.max_body_bytes,
        )
    except OSError as error:  # taken since
        raise cannot_listen(settings.web_host, settings.web_port, error) from error
    server.start()
    house.entrance.doors.address = server.url
    log.info("webhooks are taken at %s/webhook/<source>", server.url)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.stop)


def code_host(settings: Settings, tempo: Tempo) -> GitHubService | None:
    """GitHub, if a token is set; PyGithub is loaded only then."""
    token = settings.github_token.get_secret_value()
    if not token:
        return None
    from bot.services.github import GitHubService
    from bot.services.github.client import Pace

    pace = Pace(writes=tempo.between_writes)
    return GitHubService(token, api_url=settings.github_api_url, pace=pace)
