"""What a person does to an alert: checked, done once, written down, shown on the card."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.alerting.owing import Route, owed
from bot.alerting.shipping import (
    ISSUE,
    PULL_REQUEST,
    CodeHost,
    DraftIssue,
    DraftPullRequest,
    Shipping,
)
from bot.errors import NotAllowed, Withheld
from bot.models import Act, ActRecord, Alert, AlertState, Capability, Person, Reason, Shipment
from bot.store import Store, Transaction, acts, alerts, debts
from bot.store.listing import read_alert

__all__ = ["Actions", "CodeHost", "Outcome"]

LONGEST_SILENCE = 7 * 24 * 60  # minutes
# Changes an alert within a transaction; None if it is so already.
Change = Callable[[Transaction, Alert, datetime], Alert | None]
SAME_SILENCE = timedelta(minutes=1)  # a silence that ends this close to another is the same


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
        drills_that_ship: numbers of the drills that may write to GitHub; others are `Withheld`.
    """

    def __init__(
        self,
        store: Store,
        *,
        code_host: CodeHost | None,
        repository_for: Callable[[str], str],
        issue_draft: DraftIssue,
        pull_request_draft: DraftPullRequest,
        route: Route,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        roles_for: Callable[[Capability], tuple[str, ...]] = lambda _: (),
        drills_that_ship: Container[int] = (),
    ) -> None:
        self._store = store
        self._drills_that_ship = drills_that_ship

        self._route = route
        self._clock = clock
        self._wake = wake
        self._roles_for = roles_for
        self._shipping = Shipping(
            store,
            code_host=code_host,
            repository_for=repository_for,
            issue_draft=issue_draft,
            pull_request_draft=pull_request_draft,
            clock=clock,
        )

    async def acknowledge(self, alert_id: int, person: Person) -> Outcome:
        """Someone looks after it (open -> acknowledged). Needs RESPOND.

        Acknowledging what is resolved changes nothing.
        """

        def change(transaction: Transaction, alert: Alert, now: datetime) -> Alert | None:
            if alert.state is not AlertState.OPEN:
                return None
            return moved(transaction, alert, AlertState.ACKNOWLEDGED, person.name, now)

        return await self._respond(alert_id, person, Act.ACKNOWLEDGE, change)

    async def resolve(self, alert_id: int, person: Person) -> Outcome:
        """It is over (-> resolved). Needs RESPOND."""

        def change(transaction: Transaction, alert: Alert, now: datetime) -> Alert | None:
            if alert.state is AlertState.RESOLVED:
                return None
            return moved(transaction, alert, AlertState.RESOLVED, person.name, now)

        return await self._respond(alert_id, person, Act.RESOLVE, change)

    async def silence(self, alert_id: int, person: Person, minutes: int) -> Outcome:
        """Hold its notifications back for 1 to 10,080 minutes; a number beyond is taken for
        the nearest of these. Needs RESPOND.

        `changed` is False if a silence already lasts as long.
        """
        minutes = min(max(minutes, 1), LONGEST_SILENCE)

        def change(transaction: Transaction, alert: Alert, now: datetime) -> Alert | None:
            until = now + timedelta(minutes=minutes)
            ends = alert.silenced_until
            if ends is not None and alert.is_silenced(now) and until - ends < SAME_SILENCE:
                return None
            acts.silence(transaction, alert.id, person, at=now, until=until)
            return replace(alert, silenced_until=until, silenced_by=person.name)

        return await self._respond(alert_id, person, Act.SILENCE, change, f"{minutes} min")

    async def unsilence(self, alert_id: int, person: Person) -> Outcome:
        """End its silence. Needs RESPOND."""

        def change(transaction: Transaction, alert: Alert, now: datetime) -> Alert | None:
            if not alert.is_silenced(now):
                return None
            acts.unsilence(transaction, alert.id)
            return replace(alert, silenced_until=None, silenced_by="")

        return await self._respond(alert_id, person, Act.UNSILENCE, change)

    async def attach_logs(self, alert_id: int, person: Person, where: str) -> Outcome:
        """Log lines hang on its card now, in the message at `where` (a URL). Needs RESPOND."""

        def change(_transaction: Transaction, alert: Alert, _now: datetime) -> Alert:
            return alert

        return await self._respond(alert_id, person, Act.ATTACH_LOGS, change, where)

    async def create_issue(self, alert_id: int, person: Person) -> Outcome:
        """Open its GitHub issue, once; `outcome.shipment` is it. Needs SHIP. May take seconds.

        Raises:
            UpstreamError: GitHub failed, with its cure; pressing again is safe.
        """
        return await self._ship(alert_id, person, ISSUE, Act.CREATE_ISSUE)

    async def create_pull_request(self, alert_id: int, person: Person) -> Outcome:
        """Open its draft pull request, once; otherwise like `create_issue`."""
        return await self._ship(alert_id, person, PULL_REQUEST, Act.CREATE_PULL_REQUEST)

    def _check(self, person: Person, needed: Capability) -> None:
        if needed not in person.capabilities:
            raise NotAllowed(needed.value, self._roles_for(needed))

    async def _respond(
        self, alert_id: int, person: Person, act: Act, change: Change, detail: str = ""
    ) -> Outcome:
        """Change the alert, write it down and owe the card, in one transaction."""
        self._check(person, Capability.RESPOND)
        now = self._clock()

        def write(transaction: Transaction) -> Outcome:
            before = read_alert(transaction, alert_id)
            after = change(transaction, before, now)
            if after is None:
                return _already(transaction, before, act)
            record = ActRecord(act, person.id, person.name, now, detail)
            write_down(transaction, after, record, self._route)
            return Outcome(after, True, person.name, now)

        outcome = await self._store.write(write)
        if outcome.changed:
            self._wake()
        return outcome

    async def _ship(self, alert_id: int, person: Person, kind: str, act: Act) -> Outcome:
        """Send it to GitHub once; whoever comes second is shown what the first one made."""
        self._check(person, Capability.SHIP)
        drill = (await self._store.alerts.get(alert_id)).drill
        if drill and drill not in self._drills_that_ship:
            raise Withheld(
                "This is a drill, so nothing was written to GitHub. (`/drill start` with "
                "`github:True` lets a drill write, each title marked [DRILL].)"
            )

        def note(transaction: Transaction, shipment: Shipment) -> None:
            alert = read_alert(transaction, alert_id)
            record = ActRecord(act, person.id, person.name, self._clock(), shipment.url)
            write_down(transaction, alert, record, self._route)

        shipment, is_new = await self._shipping.ship(alert_id, person, kind, note)
        if is_new:
            self._wake()
        alert = await self._store.alerts.get(alert_id)
        return Outcome(alert, is_new, shipment.created_by, shipment.created_at, shipment)


def write_down(transaction: Transaction, alert: Alert, record: ActRecord, route: Route) -> None:
    """Write an act down, and owe the card."""
    acts.record(transaction, alert.id, record)
    show(transaction, alert, route, record.at)


def show(transaction: Transaction, alert: Alert, route: Route, now: datetime) -> None:
    """Owe the card of an alert that somebody changed."""
    standings = debts.standings(transaction, [alert.id])[alert.id]
    debts.put(transaction, owed(standings, Reason.ACTED, alert, route, now))


def moved(
    transaction: Transaction, alert: Alert, state: AlertState, by: str, now: datetime
) -> Alert:
    """Change an alert's state, and return what it has become."""
    after = replace(alert, state=state, state_changed_at=now, state_changed_by=by)
    alerts.save(transaction, [(alert, after)])
    return after


def _already(transaction: Transaction, alert: Alert, act: Act) -> Outcome:
    """Who has done it before, and when."""
    if act in (Act.SILENCE, Act.UNSILENCE):
        last = acts.last(transaction, alert.id, act)
        if last is not None:
            return Outcome(alert, False, last.person_name, last.at)
    return Outcome(alert, False, alert.state_changed_by, alert.state_changed_at)
