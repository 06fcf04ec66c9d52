"""Following our issues and pull requests: what becomes of them on GitHub becomes of the alert.

A merged pull request or a closed issue resolves its alert; a reopened one reopens it; a pull
request that is closed without a merge is only marked. What is not ours is left aside, and so
is what we know already, so a delivery may come twice or late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime

from bot.alerting.actions import moved, show, write_down
from bot.alerting.owing import Route
from bot.alerting.shipping import PULL_REQUEST
from bot.models import Act, ActRecord, AlertState, Receipt, ShipmentChange
from bot.store import Store, Transaction, shipments
from bot.store.listing import read_alert

NOBODY = 0  # no Discord user has this id
_WORDS = {PULL_REQUEST: "pull request"}


class Following:
    """Takes what GitHub tells of issues and pull requests; usable from any thread.

    Args:
        route: where the card of an alert without one goes.
        wake: called after a commit that owes a card an edit (`Delivery.wake`).
    """

    def __init__(
        self,
        store: Store,
        *,
        route: Route,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._route = route
        self._clock = clock
        self._wake = wake

    def submit(self, changes: Sequence[ShipmentChange]) -> Future[tuple[Receipt, ...]]:
        """Promise a receipt for each alert that is changed; done when it is committed.

        Raises:
            Overloaded: the store is closing.
        """

        def write(transaction: Transaction) -> tuple[Receipt, ...]:
            return tuple(
                self._follow(transaction, alert_id, change)
                for change in changes
                for alert_id in shipments.owners(transaction, change)
            )

        promise = self._store.writer.submit(write)
        promise.add_done_callback(self._announce)
        return promise

    def _follow(self, transaction: Transaction, alert_id: int, change: ShipmentChange) -> Receipt:
        now = self._clock()
        shipments.put_state(transaction, alert_id, change)
        alert = read_alert(transaction, alert_id)
        by = f"{change.by} on GitHub"
        act = _act(change, alert.state)
        if act is None:
            show(transaction, alert, self._route, now)
        else:
            state = AlertState.OPEN if act is Act.REOPEN else AlertState.RESOLVED
            after = moved(transaction, alert, state, by, now)
            record = ActRecord(act, NOBODY, by, now, _told(change))
            write_down(transaction, after, record, self._route)
        return Receipt(event_id=f"{change.kind} {change.number}", alert_id=alert_id)

    def _announce(self, promise: Future[tuple[Receipt, ...]]) -> None:
        if not promise.cancelled() and promise.exception() is None and promise.result():
            self._wake()


def _act(change: ShipmentChange, state: AlertState) -> Act | None:
    """What GitHub's news does to an alert in this state; None: nothing but show it."""
    is_over = change.state == "merged" or (change.state == "closed" and change.kind != PULL_REQUEST)
    if is_over and state is not AlertState.RESOLVED:
        return Act.RESOLVE
    if change.state == "open" and state is AlertState.RESOLVED:
        return Act.REOPEN
    return None


def _told(change: ShipmentChange) -> str:
    state = "reopened" if change.state == "open" else change.state
    return f"{_WORDS.get(change.kind, change.kind)} #{change.number} {state}"
