"""The doors as an administrator sees them: addresses, proofs, counts, and a knock to try one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.alerting.doorkeeping import dsn
from bot.errors import DoorShut, NotFound
from bot.models import DoorCounts, SdkKey
from bot.services.knock import post
from bot.sources.request import PathForm, Secrets, Source
from bot.sources.sampling import Sample, sample_of
from bot.store import Store

SECRET_SHOWN = "<secret>"  # noqa: S105 - what stands for it


@dataclass(frozen=True, slots=True)
class DoorView:
    """One door. `url` holds no secret; `is_open` tells whether anything can come in."""

    source: Source
    url: str
    is_open: bool
    counts: DoorCounts


class Doors:
    """Everything about the doors but the deliveries.

    Attributes:
        address: where they can be knocked at from here; set once the server listens.
    """

    def __init__(
        self,
        store: Store,
        sources: Mapping[str, Source],
        *,
        secrets: Mapping[str, Secrets],
        public_url: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._sources = sources
        self._secrets = secrets
        self._public_url = public_url
        self._clock = clock
        self.address = public_url

    @property
    def names(self) -> tuple[str, ...]:
        """All sources, those that are open first."""
        return tuple(sorted(self._sources, key=lambda name: not self._is_open(name)))

    async def views(self) -> tuple[DoorView, ...]:
        """Every door, those that are open first."""
        counts = await self._store.doors.counts()
        return tuple(
            DoorView(
                self._sources[name],
                self._url(self._public_url, self._sources[name], SECRET_SHOWN),
                self._is_open(name),
                counts.get(name, DoorCounts()),
            )
            for name in self.names
        )

    def dsn(self, key: SdkKey) -> str:
        """The DSN of a key, for SDKs."""
        return dsn(key, self._public_url)

    async def knock(self, name: str) -> tuple[int, str]:
        """Send a sample through a door over HTTP; the status and the beginning of the answer.

        Raises:
            NotFound: there is no such source, or no sample of it.
            DoorShut: the door has no secret yet.
            UpstreamError: the web server does not answer.
        """
        source = self._sources.get(name)
        if source is None:
            raise NotFound(f"There is no source called {name}. See /sources.")
        now = self._clock()
        sample = sample_of(source, now)
        if source.path is PathForm.SDK:
            return await self._knock_as_sdk(sample)
        accepted = self._secrets[name].accepted
        if not accepted:
            raise DoorShut(f"Set {source.secret_setting} first; a sample needs it as its proof.")
        secret = accepted[0].decode("utf-8", "surrogateescape")
        headers = {**sample.headers, **source.proof.headers(secret, sample.body, now)}
        return await post(self._url(self.address, source, secret), headers, sample.body)

    async def _knock_as_sdk(self, sample: Sample) -> tuple[int, str]:
        keys = [key for key in await self._store.doors.keys() if key.revoked_at is None]
        if not keys:
            raise DoorShut("Make a key with /dsn create first.")
        headers = {**sample.headers, "X-Sentry-Auth": f"Sentry sentry_key={keys[0].key}"}
        url = self.address + PathForm.SDK.format(project=keys[0].project_id)
        return await post(url, headers, sample.body)

    def _is_open(self, name: str) -> bool:
        return self._sources[name].is_open or bool(self._secrets[name].accepted)

    def _url(self, address: str, source: Source, secret: str) -> str:
        form = source.path.format(name=source.name, ending=secret, project="<project>")
        return address + form
