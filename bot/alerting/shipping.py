"""Shipping: one issue and one pull request per alert, whatever is pressed, lost or restarted.

A row in the store is claimed before GitHub is called. The claim is a short lease that is
renewed while we work, so that after a crash the next press waits seconds, and then looks for
what the first attempt may have made before it makes anything.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from bot.drafts import IssueDraft, PullRequestDraft, SourceLocation
from bot.errors import JinkiesError, NotFound, UpstreamError
from bot.models import AlertDetail, Frame, Person, Shipment
from bot.store import Store, Transaction, shipments, snapshots
from bot.store.listing import read_alert
from bot.store.shipments import ShipmentClaim

log = logging.getLogger(__name__)

ISSUE = "issue"
PULL_REQUEST = "pull_request"

LEASE = timedelta(seconds=15)
RENEWED_EVERY = 5.0  # seconds
LOOK_EVERY = 0.2  # seconds, while somebody else is at work on it
FRAMES_LOCATED = 5

DraftIssue = Callable[[AlertDetail, str, Sequence[SourceLocation]], IssueDraft]
DraftPullRequest = Callable[[AlertDetail, str, Sequence[SourceLocation]], PullRequestDraft]
Note = Callable[[Transaction, Shipment], None]


class CodeHost(Protocol):
    """GitHub as the road sees it; implemented by `bot.services.github`.

    Every method raises `UpstreamError`: `permanent` if it certainly did nothing and will not
    until a person changes something. `seek`: an earlier attempt may have succeeded, so look
    for the draft's marker first.
    """

    async def ensure_issue(self, repository: str, draft: IssueDraft, *, seek: bool) -> Shipment:
        """Open the issue, or return the one that carries the marker."""
        ...

    async def ensure_pull_request(
        self, repository: str, draft: PullRequestDraft, *, seek: bool
    ) -> Shipment:
        """Open the draft pull request, or return the one that carries the marker."""
        ...

    async def locate(self, repository: str, frame: Frame, commit: str) -> SourceLocation | None:
        """The line of the repository that a frame names; None if it is not there."""
        ...


class Shipping:
    """Makes shipments, each once. See `bot.alerting.actions.Actions` for the arguments."""

    def __init__(
        self,
        store: Store,
        *,
        code_host: CodeHost | None,
        repository_for: Callable[[str], str],
        issue_draft: DraftIssue,
        pull_request_draft: DraftPullRequest,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._code_host = code_host
        self._repository_for = repository_for
        self._issue_draft = issue_draft
        self._pull_request_draft = pull_request_draft
        self._clock = clock

    async def ship(
        self, alert_id: int, person: Person, kind: str, note: Note
    ) -> tuple[Shipment, bool]:
        """The shipment, and whether this call made it.

        `note` runs in the transaction that writes the shipment down.

        Raises:
            NotFound: there is no such alert, or no repository for its service.
            UpstreamError: GitHub failed or is not set up; trying again is safe.
        """
        token = secrets.token_hex(8)
        while True:
            found = await self._claim(alert_id, person, kind, token)
            if isinstance(found, Shipment):
                return found, False
            if found is not None:
                return await self._make(alert_id, kind, found, note)
            await asyncio.sleep(LOOK_EVERY)

    async def _claim(
        self, alert_id: int, person: Person, kind: str, token: str
    ) -> Shipment | ShipmentClaim | None:
        """The finished shipment; or our claim, with the doubt of the one before it; or None
        while somebody else is at work."""
        now = self._clock()

        def write(transaction: Transaction) -> Shipment | ShipmentClaim | None:
            read_alert(transaction, alert_id)
            found = shipments.find(transaction, alert_id, kind)
            if isinstance(found, Shipment):
                return found
            if found is not None and now < found.until:
                return None
            ours = ShipmentClaim(token, now + LEASE, person.name, in_doubt=True)
            shipments.put_claim(transaction, alert_id, kind, ours)
            return replace(ours, in_doubt=found is not None and found.in_doubt)

        return await self._store.write(write)

    async def _make(
        self, alert_id: int, kind: str, ours: ShipmentClaim, note: Note
    ) -> tuple[Shipment, bool]:
        try:
            async with self._renewed(alert_id, kind, ours):
                shipment = await self._call(alert_id, kind, seek=ours.in_doubt)
        except JinkiesError as error:
            surely_nothing = not isinstance(error, UpstreamError) or error.permanent
            released = replace(ours, in_doubt=ours.in_doubt if surely_nothing else True)
            await self._put_claim(alert_id, kind, replace(released, until=self._clock()))
            raise
        shipment = replace(shipment, created_by=ours.by)

        def write(transaction: Transaction) -> tuple[Shipment, bool]:
            found = shipments.find(transaction, alert_id, kind)
            if isinstance(found, Shipment):  # our lease had lapsed and another found ours
                return found, False
            shipments.finish(transaction, alert_id, shipment)
            note(transaction, shipment)
            return shipment, True

        return await self._store.write(write)

    async def _call(self, alert_id: int, kind: str, *, seek: bool) -> Shipment:
        """Draft it and have GitHub make it."""
        detail = await self._store.alerts.detail(alert_id)
        logs = await self._store.read(lambda connection: snapshots.find(connection, alert_id))
        detail = replace(detail, logs=logs)
        host, repository = self._where(detail.alert.service)
        locations = await self._locate(host, repository, detail)
        if kind == ISSUE:
            issue = self._issue_draft(detail, repository, locations)
            return await host.ensure_issue(repository, issue, seek=seek)
        pull_request = self._pull_request_draft(detail, repository, locations)
        return await host.ensure_pull_request(repository, pull_request, seek=seek)

    def _where(self, service: str) -> tuple[CodeHost, str]:
        if self._code_host is None:
            cure = "Ask whoever runs Jinkies to set GITHUB_TOKEN."
            raise UpstreamError("GitHub", "no token is set.", permanent=True, cure=cure)
        repository = self._repository_for(service)
        if not repository:
            raise NotFound(
                f"No repository is set for the service {service}: it belongs in "
                "REPOSITORY_BY_SERVICE, or GITHUB_REPOSITORY for all services."
            )
        return self._code_host, repository

    async def _locate(
        self, host: CodeHost, repository: str, detail: AlertDetail
    ) -> list[SourceLocation]:
        """Where the newest frames of our own code are in the repository, newest first."""
        frames = [
            frame
            for exception in reversed(detail.event.exceptions)
            for frame in reversed(exception.frames)
            if frame.in_app is not False
        ]
        found = [
            await host.locate(repository, frame, detail.event.commit)
            for frame in frames[:FRAMES_LOCATED]
        ]
        return [location for location in found if location is not None]

    @asynccontextmanager
    async def _renewed(self, alert_id: int, kind: str, ours: ShipmentClaim) -> AsyncIterator[None]:
        """Keep our claim alive for as long as the block runs."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(RENEWED_EVERY)
                until = self._clock() + LEASE
                try:
                    await self._put_claim(alert_id, kind, replace(ours, until=until, in_doubt=True))
                except UpstreamError as error:  # there is time for another attempt or two
                    log.warning("the claim on a shipment is not renewed: %s", error)

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()

    async def _put_claim(self, alert_id: int, kind: str, ours: ShipmentClaim) -> None:
        """Change our claim, if it is still ours."""

        def write(transaction: Transaction) -> None:
            found = shipments.find(transaction, alert_id, kind)
            if isinstance(found, ShipmentClaim) and found.claim == ours.claim:
                shipments.put_claim(transaction, alert_id, kind, ours)

        await self._store.write(write)
