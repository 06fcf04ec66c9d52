"""The local Discord as one server on loopback: REST, gateway, files, people, faults, panels."""

import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.discord import rehearsal
from sandbox.discord.cdn import serve_files
from sandbox.discord.faults import Faults
from sandbox.discord.gateway import Gateway
from sandbox.discord.interactions import Interactions
from sandbox.discord.observer import Observer
from sandbox.discord.panels import Panel
from sandbox.discord.people import PersonDoor
from sandbox.discord.permissions import BOT, Permission
from sandbox.discord.pointing import gateway_of, pointed_at
from sandbox.discord.rates import Rates
from sandbox.discord.rest.router import Rest
from sandbox.discord.storage import Storage
from sandbox.discord.world import World, wall_clock

Json = dict[str, Any]
Mount = Callable[[web.Application, "DiscordStandIn"], None]


class DiscordStandIn:
    """A Discord of one's own.

    `data` is a directory in which the world survives a restart. `answer_within` is the time
    (seconds) a bot has for its first answer. `mounts` add pages of their own to the same server
    (the local client's `page.mount`). `observer` sees all traffic and reports what breaks
    Discord's own descriptions; its findings, and the stand-in's own, are in `violations`.
    """

    token = rehearsal.TOKEN

    def __init__(
        self,
        *,
        data: Path | None = None,
        rate_limits: bool = True,
        answer_within: float = 3.0,
        clock: Callable[[], datetime] = wall_clock,
        observer: Observer | None = None,
        mounts: Sequence[Mount] = (),
        bot_permissions: Permission = BOT,
    ) -> None:
        self.world = World(clock)
        self.violations: list[str] = []
        self.panels: list[Panel] = []
        self.faults = Faults()
        self.interactions = Interactions(self.world, answer_within)
        self.gateway = Gateway(self.world, self.faults, self._report, observer)
        self.rest = Rest(
            self.world,
            self.interactions,
            self.faults,
            Rates(enforced=rate_limits),
            self._report,
            observer,
        )
        self.url = ""
        self._mounts = mounts
        self._runner: web.AppRunner | None = None
        self._storage = Storage(data / "discord.db", self.world) if data else None
        if self._storage is None or not self._storage.load():
            rehearsal.furnish(self.world, bot_permissions=bot_permissions, token=self.token)
        self.faults.gateway = self.gateway

    async def start(self, port: int = 0, *, tls: ssl.SSLContext | None = None) -> None:
        """Listen on 127.0.0.1 (`port` 0: any free one), perhaps with TLS, and set `url`."""
        app = web.Application(client_max_size=120 * 1024 * 1024)
        for mount in self._mounts:
            mount(app, self)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/", self.gateway.serve)  # as at gateway.discord.gg; a page goes first
        app.router.add_get("/cdn/{tail:.*}", serve_files(self.world))
        app.router.add_route("*", "/api/{tail:.*}", self.rest.serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=tls)
        await site.start()
        scheme = "https" if tls else "http"
        self.attach(f"{scheme}://127.0.0.1:{self._runner.addresses[0][1]}")

    def attach(self, url: str) -> None:
        """Make every link the world holds begin with `url`."""
        self.url = url
        self.gateway.resume_url = self.gateway_url
        self.world.rebase(url)
        if self._storage:
            self._storage.follow()

    async def stop(self) -> None:
        """Close every socket and save what is left to save."""
        self.interactions.close()
        await self.gateway.close()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None
        if self._storage:
            self._storage.close()

    def point_client_here(self) -> AbstractContextManager[None]:
        """Make discord.py's clients of this process talk to this server while inside."""
        return pointed_at(self.url)

    @property
    def gateway_url(self) -> str:
        """The address of the gateway."""
        return gateway_of(self.url)

    def person(self, name: str) -> PersonDoor:
        """Return the door of a person by username: rita, sam, kim or ada at the start."""
        return PersonDoor(self.world, self.interactions, self.world.user(name))

    def add_panel(self, panel: Panel) -> None:
        """Put a panel beside the page."""
        self.panels.append(panel)

    def _report(self, violation: str) -> None:
        self.violations.append(violation)
