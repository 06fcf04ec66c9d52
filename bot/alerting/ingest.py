"""The road into the store: prepare an event, then in one transaction
record → correlate → route → enqueue; only then answer."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from bot.alerting.correlation import begin, happened, tell_all
from bot.alerting.owing import Route, owed
from bot.alerting.preparation import Arrival, Preparation, Redacts
from bot.errors import BadPayload, Overloaded
from bot.models import Alert, AlertState, Event, Reason, Receipt, Signal
from bot.store import Store, Transaction, alerts, debts, events
from bot.store.alerts import Identity
from bot.store.events import EventKey
from bot.store.listing import ACTIVITY_STEP
from bot.store.moments import to_number
from bot.store.writer import Lane

Receipts = tuple[Receipt, ...]


# Characters of a delivery that is prepared by the writer. The GIL lets one thread work at a time
# anyway, and one that does the same again and again is half as fast again as eight in turn; what
# is larger keeps only those waiting who sent it.
_SMALL = 50_000


@dataclass(slots=True)
class _Delivery:
    """Events that came together; `arrivals` is None until they are prepared."""

    events: Sequence[Event]
    arrivals: list[Arrival] | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What a batch made of one alert."""

    before: Alert | None
    alert: Alert
    reason: Reason | None


class Intake:
    """Accepts events; what it has answered is durable.

    Args:
        route: called inside the transaction for an alert that calls for people.
        wake: called after a commit that put something into the outbox; thread-safe.
        capacity: events that may wait for the commit before `Overloaded` is raised.
        roots: path prefixes of our own code, for marking frames (see `stacktrace.mark_in_app`).
    """

    def __init__(
        self,
        store: Store,
        *,
        route: Route,
        redactor: Redacts,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        capacity: int = 2000,
        roots: Sequence[str] = (),
    ) -> None:
        self._prepare = Preparation(redactor, roots=roots)
        self._route = route
        self._clock = clock
        self._wake = wake
        self._capacity = capacity
        self._lane: Lane[_Delivery, Receipts] = Lane(
            store.writer, self._commit, prepare=self._make_ready, committed=self._announce
        )
        self._owes = False
        self._waiting = 0
        self._change = threading.Condition()
        self._open = True

    def submit(self, events: Sequence[Event]) -> Future[Receipts]:
        """Queue the events, prepared in this thread if they are large, and promise their receipts.

        Thread-safe. The future is done when they are committed, receipts in their order; it
        fails with `UpstreamError` if the database failed, and then nothing was stored.

        Raises:
            Overloaded: too many events wait already, or the intake is stopping.
            BadPayload: an event has no id.
        """
        if self._waiting + len(events) > max(self._capacity, len(events)):
            raise Overloaded
        if not all(event.event_id for event in events):
            raise BadPayload("event_id: must not be empty")
        delivery = _Delivery(events)
        with self._lane.expecting():
            if sum(map(_size, events)) > _SMALL:
                self._make_ready([delivery])
            self._accept(len(events))
            promise = self._lane.submit(delivery)
        promise.add_done_callback(lambda _: self._accept(-len(events)))
        return promise

    async def ingest(self, events: Sequence[Event]) -> Receipts:
        """`submit` for the event loop: prepared in a thread, awaited until committed."""
        return await asyncio.wrap_future(await asyncio.to_thread(self.submit, events))

    async def start(self) -> None:
        """Open the door (it is open from the beginning)."""
        self._open = True

    async def stop(self) -> None:
        """Close the door and wait until all that was accepted is committed."""
        self._open = False
        await asyncio.to_thread(self._drained)

    def _drained(self) -> None:
        with self._change:
            self._change.wait_for(lambda: self._waiting == 0)

    def _accept(self, count: int) -> None:
        with self._change:
            if count > 0 and not self._open:
                raise Overloaded
            self._waiting += count
            if not self._waiting:
                self._change.notify_all()

    def _make_ready(self, deliveries: Sequence[_Delivery]) -> None:
        raw = [each for each in deliveries if each.arrivals is None]
        arrivals = iter(self._prepare([event for each in raw for event in each.events]))
        for each in raw:
            each.arrivals = list(islice(arrivals, len(each.events)))

    def _commit(self, transaction: Transaction, deliveries: Sequence[_Delivery]) -> list[Receipts]:
        """Several submissions, one transaction."""
        arrivals = [arrival for one in deliveries for arrival in one.arrivals or ()]
        receipts, self._owes = take_in(transaction, arrivals, self._route, self._clock())
        remaining = iter(receipts)
        return [tuple(islice(remaining, len(one.events))) for one in deliveries]

    def _announce(self) -> None:
        if self._owes:
            self._wake()


def _size(event: Event) -> int:
    """About how much there is to prepare, in characters."""
    frames = sum(len(info.frames) for info in event.exceptions)
    return (
        len(event.message) + len(event.stack_trace) + sum(map(len, event.log_lines)) + 200 * frames
    )


def take_in(
    transaction: Transaction, arrivals: Sequence[Arrival], route: Route, now: datetime
) -> tuple[list[Receipt], bool]:
    """The road inside one transaction: record → correlate → route → enqueue.

    Returns the receipts in order, and whether the outbox owes something it did not before.
    """
    seen = events.known(transaction, {arrival.key for arrival in arrivals})
    fresh = _first_of_each(arrival for arrival in arrivals if arrival.key not in seen)
    news = _correlate(transaction, fresh, now)
    _record(transaction, fresh, news, now)
    owes = _enqueue(transaction, news.values(), route, now)
    return _receipts(arrivals, fresh, seen, news), owes


def _first_of_each(arrivals: Iterable[Arrival]) -> list[Arrival]:
    once: dict[EventKey, Arrival] = {}
    for arrival in arrivals:
        once.setdefault(arrival.key, arrival)
    return list(once.values())


def _correlate(
    transaction: Transaction, fresh: Sequence[Arrival], now: datetime
) -> dict[Identity, News]:
    """Find or make the alert of each event, and store what it becomes."""
    told: dict[Identity, list[Arrival]] = defaultdict(list)
    for arrival in fresh:
        told[arrival.identity].append(arrival)
    known = alerts.find(transaction, told.keys()) if told else {}
    news = {
        identity: _news(known.get(identity), arrivals, now) for identity, arrivals in told.items()
    }
    begun = [(identity, each) for identity, each in news.items() if each.before is None]
    ids = alerts.add(transaction, [each.alert for _, each in begun])
    for (identity, each), alert_id in zip(begun, ids, strict=True):
        news[identity] = replace(each, alert=replace(each.alert, id=alert_id))
    moved = [(each.before, each.alert) for each in news.values() if each.before is not None]
    alerts.save(transaction, [(before, after) for before, after in moved if before != after])
    return news


def _news(before: Alert | None, arrivals: Sequence[Arrival], now: datetime) -> News:
    if before is not None:
        return News(before, *tell_all(before, arrivals, now))
    alert, _ = tell_all(begin(arrivals[0], now), arrivals, now)
    over = alert.state is AlertState.RESOLVED  # and nobody has heard of it
    return News(None, alert, None if over else Reason.FIRST)


def _record(
    transaction: Transaction,
    fresh: Sequence[Arrival],
    news: Mapping[Identity, News],
    now: datetime,
) -> None:
    """Store the events, each under its alert, and the alerts' activity."""
    received_at = to_number(now)
    counts: Counter[tuple[int, int]] = Counter()
    rows = []
    for arrival in fresh:
        alert_id = news[arrival.identity].alert.id
        firing = arrival.event.signal is Signal.FIRING
        seen = happened(arrival, now)
        if firing:
            counts[alert_id, int(seen.timestamp()) // ACTIVITY_STEP] += 1
        rows.append(
            {
                "source": arrival.event.source,
                "event_id": arrival.event.event_id,
                "alert_id": alert_id,
                "firing": firing,
                "occurred_at": to_number(seen),
                "received_at": received_at,
                "body": arrival.body,
            }
        )
    events.add(transaction, rows)
    alerts.add_activity(transaction, counts)


def _enqueue(transaction: Transaction, news: Iterable[News], route: Route, now: datetime) -> bool:
    """Owe the cards what is new; True if that changed the outbox."""
    told = [(each.alert, each.reason) for each in news if each.reason is not None]
    repeated = [alert.id for alert, reason in told if reason is Reason.REPEATED]
    waiting = debts.owed_already(transaction, repeated)  # most of them, while errors storm
    told = [one for one in told if one[1] is not Reason.REPEATED or one[0].id not in waiting]
    standings = debts.standings(transaction, [alert.id for alert, _ in told])
    changed = [
        changed
        for alert, reason in told
        for changed in owed(standings[alert.id], reason, alert, route, now)
    ]
    debts.put(transaction, changed)
    return bool(changed)


def _receipts(
    arrivals: Sequence[Arrival],
    fresh: Sequence[Arrival],
    seen: Mapping[EventKey, int],
    news: Mapping[Identity, News],
) -> list[Receipt]:
    """One for each event; of those that began an alert, the first says so."""
    alert_ids = dict(seen) | {each.key: news[each.identity].alert.id for each in fresh}
    began = {identity for identity, each in news.items() if each.before is None}
    unanswered = {each.key for each in fresh}
    receipts = []
    for arrival in arrivals:
        is_first_copy = arrival.key in unanswered
        receipts.append(
            Receipt(
                event_id=arrival.event.event_id,
                alert_id=alert_ids[arrival.key],
                is_new_alert=is_first_copy and arrival.identity in began,
                is_duplicate=not is_first_copy,
            )
        )
        unanswered.discard(arrival.key)
        if is_first_copy:
            began.discard(arrival.identity)
    return receipts
