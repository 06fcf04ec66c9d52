"""The web intake and what it leads to, joined: for the bot's process and for one of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.affinity import keep_to_one_cpu
from bot.alerting.doorkeeping import Doorkeeper
from bot.alerting.following import Following
from bot.alerting.ingest import Intake
from bot.alerting.knocking import Doors
from bot.alerting.redaction import Redactor
from bot.alerting.routing import Routing
from bot.allocation import keep_memory_flat
from bot.collector import settle
from bot.config import Settings, load_settings
from bot.errors import Overloaded, SettingsError, UpstreamError
from bot.journal import configure_logging
from bot.lookout import as_json, log_stores, scanner
from bot.models import Receiver
from bot.services.sns import SnsHosts
from bot.sources.mapping import SourceMapping, read_mappings, ready_mappings
from bot.sources.request import Secrets, Source
from bot.sources.sentry.ingestion import SdkProject
from bot.sources.sns_signature import SnsTrust
from bot.sources.table import SourceSettings, source_table
from bot.store import Store
from bot.web.door import Beside
from bot.web.scanning import add_scanning
from bot.web.settings import Readiness, WebSettings
from bot.web.webhook import create_app, response_of
from bot.web.wsgi import RunningApp, standalone_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger(__name__)


class Entrance:
    """The doors and all that is behind them, on an open store.

    Args:
        wake: called when the outbox owes something; thread-safe.

    Raises:
        SettingsError: the file of mappings is of no use, or no channel is set.
    """

    def __init__(self, settings: Settings, store: Store, *, wake: Callable[[], None]) -> None:
        self._settings = settings
        self.redactor = redactor_of(settings)
        self.drill_receivers: dict[int, Receiver] = {}  # `alerting.drills` adds to it
        self.route = route = routing(settings, self.drill_receivers)
        self.intake = Intake(
            store,
            route=route,
            redactor=self.redactor,
            clock=now,
            wake=wake,
            roots=settings.in_app_roots,
        )
        self.keeper = Doorkeeper(store)
        self.following = Following(store, route=route, clock=now, wake=wake)
        self.logs = log_stores(settings)
        self.scanner = scanner(
            settings, store, self.logs, redactor=self.redactor, route=route, wake=wake
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sns = SnsHosts()
        self.sources = sources_of(settings, self.keeper.project_of, self._sns)
        self.doors = Doors(
            store,
            self.sources,
            secrets=door_secrets(settings, self.sources),
            public_url=public_url(settings),
            clock=now,
        )

    def app(
        self, readiness: Callable[[], Readiness], *, open_doors: bool = False
    ) -> WSGIApplication:
        """The web app; `open_doors` as in `WebSettings`."""
        beside = Beside(
            follow=self.following.submit,
            confirm=lambda subscription: self._sns.confirm(subscription.topic, subscription.token),
            count=self.keeper.count,
            redact=self.redactor.text,
        )
        told = web_settings(self._settings, self.sources, open_doors=open_doors)
        app = create_app(self.intake.submit, readiness, told, sources=self.sources, beside=beside)
        add_scanning(
            app,
            self._scan,
            secrets=Secrets(*self._settings.secrets("WEBHOOK_SECRET")),
            has_groups=bool(self._settings.scan_groups),
            clock=now,
            respond=response_of,
        )
        return app

    def _scan(
        self, groups: Sequence[str], since: timedelta | None
    ) -> Future[Sequence[Mapping[str, object]]]:
        """Begin a scan, from any thread."""

        async def scan() -> Sequence[Mapping[str, object]]:
            return as_json(await self.scanner.scan(groups, since))

        if self._loop is None:
            raise Overloaded
        return asyncio.run_coroutine_threadsafe(scan(), self._loop)

    async def open(self) -> None:
        """Take deliveries."""
        keep_memory_flat()
        settle()
        self._loop = asyncio.get_running_loop()
        await self.keeper.refresh()
        await self.intake.start()

    async def close(self) -> None:
        """Take no more; what was accepted is committed, and what was counted written."""
        await self.intake.stop()
        await self.keeper.close()
        await self.logs.close()


def web_app() -> WSGIApplication:
    """The web app of `run.py web`, made in the worker process from the environment."""
    settings = load_settings("web")
    configure_logging(settings)
    if settings.one_cpu:
        keep_to_one_cpu()

    async def start() -> RunningApp:
        store = await Store.open(settings.database_url, clock=now)
        entrance = Entrance(settings, store, wake=lambda: None)
        await entrance.open()
        keeping = asyncio.create_task(entrance.keeper.run(), name="doors")

        async def stop() -> None:
            keeping.cancel()
            await entrance.close()
            await store.close()

        app = entrance.app(lambda: readiness(store))
        return RunningApp(app, stop)

    return standalone_app(start)


async def see_that_it_opens(settings: Settings) -> None:
    """Open once what each worker of `run.py web` will, so that what is wrong is told once.

    Raises:
        SettingsError: a setting is of no use.
        UpstreamError: the database does not answer.
    """
    store = await Store.open(settings.database_url, clock=now)
    try:
        await Entrance(settings, store, wake=lambda: None).close()
    finally:
        await store.close()


def sources_of(
    settings: Settings,
    project_of: Callable[[str], SdkProject | None] = lambda _key: None,
    sns: SnsHosts | None = None,
) -> Mapping[str, Source]:
    """The table of sources as the settings want it; raises `SettingsError` for bad mappings."""
    fetch = (sns or SnsHosts()).certificate
    trust = SnsTrust(settings.sns_topic_arns, fetch, settings.sns_accept_sha1)
    return source_table(SourceSettings(trust, project_of, mappings_of(settings)))


def mappings_of(settings: Settings) -> Mapping[str, SourceMapping]:
    """The mappings that ship, and the user's own, which may replace them."""
    if not settings.mappings_file:
        return ready_mappings()
    try:
        text = Path(settings.mappings_file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        cure = "let this user read it, and save it as UTF-8"
        problem = f"MAPPINGS_FILE: cannot be read ({error}). To cure it, {cure}."
        raise SettingsError([problem]) from error
    return {**ready_mappings(), **read_mappings(text, f"MAPPINGS_FILE: {settings.mappings_file}")}


def door_secrets(settings: Settings, sources: Mapping[str, Source]) -> Mapping[str, Secrets]:
    """The secrets of each door, by its name."""
    return {
        name: Secrets(*settings.secrets(source.secret_setting)) for name, source in sources.items()
    }


def web_settings(
    settings: Settings, sources: Mapping[str, Source], *, open_doors: bool = False
) -> WebSettings:
    """What the web app is told."""
    return WebSettings(
        secrets_by_source=door_secrets(settings, sources),
        open_doors=open_doors,
        max_body_bytes=settings.max_body_bytes,
    )


def redactor_of(settings: Settings) -> Redactor:
    """What takes secrets out of events."""
    return Redactor(
        emails=settings.redact_emails,
        cards=settings.redact_cards,
        extra_keys=settings.redact_keys,
    )


def public_url(settings: Settings) -> str:
    """Where senders reach the doors."""
    return settings.public_url or f"http://{settings.web_host}:{settings.web_port}"


def routing(settings: Settings, drills: Mapping[int, Receiver] | None = None) -> Routing:
    """Which channel each service's alerts go to, and those of each drill."""
    if settings.alert_channel_id is None:
        raise SettingsError(["ALERT_CHANNEL_ID: is not set."])
    by_service = {name: Receiver(each) for name, each in settings.channel_by_service.items()}
    return Routing(Receiver(settings.alert_channel_id), by_service, drills=drills)


def readiness(store: Store, **others: str) -> Readiness:
    """Whether the database answers; `others` are shown, but do not decide.

    Anybody may ask, so why it does not answer is said in the log alone: it names hosts and users.
    """
    try:
        store.ready()
    except UpstreamError as error:
        log.warning("not ready: %s", error)
        return Readiness(False, {"database": "does not answer; the log says why", **others})
    return Readiness(True, {"database": "ok", **others})


def now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)
