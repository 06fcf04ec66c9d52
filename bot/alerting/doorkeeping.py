"""Doorkeeping: what the doors received is counted, and which DSN keys are good is known.

Both are asked of by the web server's threads at every delivery, so both are answered from
memory; every few seconds what was counted goes to the store, and the keys are read again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from bot.errors import NotAllowed, NotFound, UpstreamError
from bot.models import Capability, DoorCounts, Person, Reception, SdkKey
from bot.sources.sentry.ingestion import SdkProject
from bot.store import Store, doors

EVERY = 2.0  # seconds; a key that is revoked elsewhere is refused here after so long at most
LONGEST_NAME = 100

log = logging.getLogger(__name__)


class Doorkeeper:
    """One for each process that has doors. `run` keeps it up to date."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._counted: Counter[tuple[str, Reception]] = Counter()
        self._last: dict[str, datetime] = {}
        self._projects: Mapping[str, SdkProject] = {}

    def count(self, source: str, how: Reception, at: datetime) -> None:
        """Note one delivery; thread-safe and quick."""
        with self._lock:
            self._counted[source, how] += 1
            self._last[source] = at

    def project_of(self, key: str) -> SdkProject | None:
        """The project of a DSN's key; None if it was never made or is revoked. Thread-safe."""
        return self._projects.get(key)

    async def run(self) -> None:
        """Keep up to date until cancelled; a database that is away is tried again."""
        while True:
            await asyncio.sleep(EVERY)
            await self._patiently(self.refresh)

    async def close(self) -> None:
        """Write what was counted, if the database is there; counts are not worth more."""
        await self._patiently(self.flush)

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except UpstreamError as error:
            log.warning("the doors' counts wait: %s", error)

    async def refresh(self) -> None:
        """Write what was counted, and read the keys."""
        await self.flush()
        self._projects = {
            each.key: SdkProject(each.project_id, each.service)
            for each in await self._store.doors.keys()
            if each.revoked_at is None
        }

    async def flush(self) -> None:
        """Write what was counted; what could not be written is kept."""
        with self._lock:
            counted, last = self._counted, self._last
            self._counted, self._last = Counter(), {}
        if not counted:
            return
        counts = {
            source: DoorCounts(
                accepted=counted[source, Reception.ACCEPTED],
                left_aside=counted[source, Reception.LEFT_ASIDE],
                refused=counted[source, Reception.REFUSED],
                unreadable=counted[source, Reception.UNREADABLE],
                last_at=at,
            )
            for source, at in last.items()
        }
        try:
            await self._store.write(lambda transaction: doors.add_counts(transaction, counts))
        except UpstreamError:
            with self._lock:
                self._counted.update(counted)
                self._last = {**last, **self._last}
            raise


class SdkKeys:
    """Makes and revokes the keys of DSNs. Needs ADMIN; raises `NotAllowed` without.

    Args:
        refresh: awaited after a change, so that it is known here at once
            (`Doorkeeper.refresh`).
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], datetime],
        refresh: Callable[[], Awaitable[None]],
        roles_for: Callable[[Capability], tuple[str, ...]] = lambda _: (),
    ) -> None:
        self._store = store
        self._clock = clock
        self._roles_for = roles_for
        self._refresh = refresh

    async def create(self, service: str, person: Person) -> SdkKey:
        """A new key for a service; earlier ones stay good until they are revoked.

        Raises:
            NotFound: the name is empty or too long to be a service's.
        """
        self._check(person)
        service = " ".join(service.split())
        if not 0 < len(service) <= LONGEST_NAME:
            raise NotFound(f"A project has a name of 1 to {LONGEST_NAME} characters.")
        key = secrets.token_hex(16)
        now = self._clock()
        made = await self._store.write(
            lambda transaction: doors.add_key(transaction, key, service, person.name, now)
        )
        await self._refresh()
        return made

    async def revoke(self, key: str, person: Person) -> None:
        """Refuse a key from now on, here at once and in other processes within seconds.

        Raises:
            NotFound: there is no such key, or it is revoked already.
        """
        self._check(person)
        now = self._clock()
        if not await self._store.write(
            lambda transaction: doors.revoke_key(transaction, key, person.name, now)
        ):
            raise NotFound("There is no such key, or it is revoked already. See /dsn list.")
        await self._refresh()

    async def keys(self, person: Person) -> tuple[SdkKey, ...]:
        """All that are good."""
        self._check(person)
        return tuple(each for each in await self._store.doors.keys() if each.revoked_at is None)

    def _check(self, person: Person) -> None:
        if Capability.ADMIN not in person.capabilities:
            raise NotAllowed(Capability.ADMIN.value, self._roles_for(Capability.ADMIN))


def dsn(key: SdkKey, public_url: str) -> str:
    """What an SDK is told: https://<key>@<host>/<project>."""
    scheme, _, host = public_url.partition("://")
    return f"{scheme}://{key.key}@{host}/{key.project_id}"
