"""What a person does to an alert: checked, done once, written down, shown on the card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.models import (
    Alert,
    AlertDetail,
    Capability,
    Frame,
    IssueDraft,
    Person,
    PullRequestDraft,
    Receiver,
    Shipment,
    SourceLocation,
)
from bot.store import Store


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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an act. `changed` False: it was already so, since `at`, by `by`."""

    alert: Alert
    changed: bool
    by: str
    at: datetime
    shipment: Shipment | None = None


class Actions:
    """The acts, for buttons and commands alike.

    Each raises `NotAllowed` without the capability, `NotFound` without the alert. Each
    writes its audit row and the card's notification in the transaction of the change.

    Args:
        code_host: None while no GitHub token is set; shipping then raises `UpstreamError`.
        repository_for: service -> "owner/name", "" if there is none for it.
        issue_draft, pull_request_draft: `bot.analysis.report`'s.
        route: where the card of an alert without one goes.
        roles_for: names of the roles that carry a capability, for the words of `NotAllowed`.
        wake: called after a commit that owes the card an edit (`Delivery.wake`).
    """

    def __init__(
        self,
        store: Store,
        *,
        code_host: CodeHost | None,
        repository_for: Callable[[str], str],
        issue_draft: Callable[[AlertDetail, str, Sequence[SourceLocation]], IssueDraft],
        pull_request_draft: Callable[
            [AlertDetail, str, Sequence[SourceLocation]], PullRequestDraft
        ],
        route: Callable[[Alert], Receiver],
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        roles_for: Callable[[Capability], tuple[str, ...]] = lambda _: (),
    ) -> None:
        self._store = store

    async def acknowledge(self, alert_id: int, person: Person) -> Outcome:
        """Someone looks after it (open -> acknowledged). Needs RESPOND."""
        raise NotImplementedError

    async def resolve(self, alert_id: int, person: Person) -> Outcome:
        """It is over (-> resolved). Needs RESPOND."""
        raise NotImplementedError

    async def silence(self, alert_id: int, person: Person, minutes: int) -> Outcome:
        """Hold its notifications back for 1 to 10,080 minutes. Needs RESPOND.

        `changed` is False if a silence already lasts as long.
        """
        raise NotImplementedError

    async def unsilence(self, alert_id: int, person: Person) -> Outcome:
        """End its silence. Needs RESPOND."""
        raise NotImplementedError

    async def create_issue(self, alert_id: int, person: Person) -> Outcome:
        """Open its GitHub issue, once; `outcome.shipment` is it. Needs SHIP. May take seconds.

        Raises:
            UpstreamError: GitHub failed, with its cure; pressing again is safe.
        """
        raise NotImplementedError

    async def create_pull_request(self, alert_id: int, person: Person) -> Outcome:
        """Open its draft pull request, once; otherwise like `create_issue`."""
        raise NotImplementedError
