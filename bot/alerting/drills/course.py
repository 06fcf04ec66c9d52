"""The course of a drill: played tick by tick, ended, put away; resumed by a restarted bot.

What is real comes first: a drill ends at once when a real critical alert comes. Everything that
must not be lost is in the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.alerting.actions import moved, show
from bot.alerting.drills.area import Area
from bot.alerting.drills.playing import Play
from bot.alerting.ingest import Intake
from bot.alerting.owing import Route
from bot.errors import JinkiesError, UpstreamError
from bot.models import Alert, AlertState
from bot.simulation.drill import colleagues
from bot.simulation.drill.plan import Colleague
from bot.simulation.drill.planning import Planner
from bot.simulation.drill.scoring import Scorecard
from bot.store import Store, Transaction, drills
from bot.store.drills import Deed, Drill

log = logging.getLogger(__name__)

TICK = 1.0  # seconds between two looks, while a drill is under way
CARD_WAIT = timedelta(seconds=3)  # for the link of a real alert's card
CLEARING = timedelta(seconds=30)  # for the last cards to be written, before the area is closed
NOBODY = "the drill"
SOLVED, TIME, STOPPED, INTERRUPTED, BROKEN = "solved", "time", "stopped", "interrupted", "broken"
CANNOT_GO_ON = (
    "⚠️ I was restarted, and cannot make this scenario any more: the drill ends, without a score."
)
RESTARTED = "🔄 I was restarted; the drill goes on where it was."


class Course:
    """Plays the drill that is under way, if one is.

    Args:
        admit: told of every drill that has an area, so that its cards find their way.
        dismiss: told of every drill whose area is put away.
        route: where cards go; of a real alert it is pointed to while its card has no link.

    The others are as `Drills` has them. `play` is the drill under way; `last` also the one before.
    """

    def __init__(
        self,
        store: Store,
        *,
        intake: Intake,
        planner: Planner,
        area: Area,
        admit: Callable[[Drill], None],
        dismiss: Callable[[Drill], None],
        route: Route,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        tick: float = TICK,
    ) -> None:
        self._store = store
        self._intake = intake
        self._planner = planner
        self._area = area
        self._admit = admit
        self._dismiss = dismiss
        self._route = route
        self._clock = clock
        self._wake = wake
        self._tick = tick
        self.play: Play | None = None
        self.last: Play | None = None
        self._emergency: tuple[int, datetime] | None = None
        self._is_resumed = False
        self._is_restarted = False
        self._is_broken = False
        self._to_clear = True
        self._busy = asyncio.Lock()
        self._woken = asyncio.Event()

    def begin(self, play: Play) -> None:
        """Play this one from now on."""
        self.play = self.last = play
        self._woken.set()

    def wake(self) -> None:
        """Somebody has done something."""
        self._woken.set()

    async def run(self) -> None:
        """Play what is under way, for ever; survives failures of Discord and of the database."""
        while True:
            try:
                await self.look()
            except JinkiesError as error:
                log.warning("the drill waits: %s", error)
            except Exception:
                # What is played must never take down what is real.
                log.exception("the drill broke; the bot goes on without it")
                self._is_broken = True
            if self.play is None and not self._to_clear and self._is_resumed:
                await self._woken.wait()
            self._woken.clear()
            await asyncio.sleep(self._tick)

    async def look(self) -> None:
        """One look: what is real, what is due, whether it is over, what is to be put away."""
        async with self._busy:
            if self._is_broken:
                await self._give_up()
                self._is_broken = False
            if not self._is_resumed:
                await self._resume()
                self._is_resumed = True
            if self.play is not None:
                await self._look(self.play)
        if self._to_clear:
            await self._clear()

    async def stop(self) -> Scorecard | None:
        """End it now; None if there is nothing to end."""
        async with self._busy:
            return None if self.play is None else await self._end(self.play, STOPPED)

    async def _resume(self) -> None:
        """Take up what the process before left."""
        for each in await self._store.read(drills.areas):
            self._admit(each)
        drill = await self._store.read(drills.live)
        if drill is None:
            return
        if not drill.area_id:
            await self._store.write(lambda transaction: drills.forget(transaction, drill.id))
            return
        length = (drill.ends_at - drill.started_at).total_seconds()
        try:
            plan = await asyncio.to_thread(self._planner.plan, drill.scenario, drill.seed, length)
        except JinkiesError:
            log.exception("drill #%d cannot go on", drill.id)
            await self._write_end(drill, BROKEN, None)
            return
        found, deeds = await self._state_of(drill)
        named = any(deed.kind == "service" and deed.is_right for deed in deeds)
        play = Play(drill, plan, is_named=named)
        play.told = dict.fromkeys(play.keys(found).values(), 0)
        self.begin(play)
        self._is_restarted = True

    async def _give_up(self) -> None:
        """After a mistake of ours: whatever was under way is over, and nothing is put away."""
        self.play = None
        for each in await self._store.read(drills.areas):
            self._admit(each)
        drill = await self._store.read(drills.live)
        if drill is not None:
            await self._write_end(drill, BROKEN, None)
        for each in await self._store.read(drills.uncleared):
            await self._cleared(each)

    async def _look(self, play: Play) -> None:
        now = self._clock()
        real = await self._store.read(lambda connection: drills.real_emergency(connection, now))
        if real is not None:
            await self._interrupt(play, real, now)
            return
        if now >= play.drill.ends_at:
            await self._end(play, TIME)
            return
        await self._send(play, now)
        if self._is_restarted:
            await self._area.tell(play.drill, RESTARTED)
            self._is_restarted = False
        await self._remark(play, now)
        found, deeds = await self._state_of(play.drill)
        if play.is_solved(found, deeds):
            await self._end(play, SOLVED)

    async def _send(self, play: Play, now: datetime) -> None:
        """Send what is due down the road; what it does not take is due again."""
        told, over = dict(play.told), set(play.over)
        events = play.due(now)
        try:
            if events:
                await self._intake.ingest(events)
        except JinkiesError:
            play.told, play.over = told, over
            raise

    async def _remark(self, play: Play, now: datetime) -> None:
        for remark in play.remarks(now):
            sent = play.drill.sent + 1
            await self._store.write(partial(drills.put, drill_id=play.drill.id, sent=sent))
            play.drill = replace(play.drill, sent=sent)
            who = colleagues.find(play.plan, remark.colleague)
            speaker = who or Colleague(remark.colleague, "customers")
            await self._area.say(play.drill, speaker, remark.text)

    async def _state_of(self, drill: Drill) -> tuple[tuple[Alert, ...], tuple[Deed, ...]]:
        """Its alerts, and all that was done."""
        return await self._store.read(
            lambda connection: (
                drills.alerts_of(connection, drill.id),
                drills.deeds(connection, drill.id),
            )
        )

    async def _interrupt(self, play: Play, real: Alert, now: datetime) -> None:
        """Something real has happened: that is all that counts now."""
        if self._emergency is None or self._emergency[0] != real.id:
            self._emergency = (real.id, now)
        detail = await self._store.alerts.detail(real.id)
        if not detail.card_url and now - self._emergency[1] < CARD_WAIT:
            return  # its card is on its way; nothing more of the drill is played meanwhile
        url = detail.card_url or f"<#{self._route(real).channel_id}>"
        log.warning("drill #%d is interrupted by %s", play.drill.id, real.short_id)
        try:
            await self._area.interrupt(play.drill, real, url)
        except UpstreamError as error:
            log.warning("those in the drill could not be told: %s", error)
        await self._write_end(play.drill, INTERRUPTED, None)
        self.play, self._emergency = None, None

    async def _end(self, play: Play, outcome: str) -> Scorecard:
        now = self._clock()
        found, deeds = await self._state_of(play.drill)
        card = play.scorecard(found, deeds, min(now, play.drill.ends_at))
        await self._write_end(play.drill, outcome, card)
        self.play = None
        return card

    async def _write_end(self, drill: Drill, outcome: str, card: Scorecard | None) -> None:
        """It is over, and its cards are closed, in one transaction."""
        now = self._clock()
        await self._store.write(
            lambda transaction: _close(transaction, drill, outcome, card, self._route, now)
        )
        self._to_clear = True
        self._wake()
        self._woken.set()

    async def _clear(self) -> None:
        """Put the areas of drills that are over away, as soon as all is written there."""
        left = await self._store.read(drills.uncleared)
        for drill in left:
            try:
                await self._put_away(drill)
            except UpstreamError as error:
                if not error.permanent:
                    raise
                log.warning("the area of drill #%d cannot be put away: %s", drill.id, error)
                await self._cleared(drill)
        self._to_clear = bool(await self._store.read(drills.uncleared))

    async def _put_away(self, drill: Drill) -> None:
        if drill.scorecard:
            await self._area.show_score(drill, Scorecard.from_json(drill.scorecard))
        assert drill.ended_at is not None, "it is over"
        owed = await self._store.read(lambda connection: drills.is_owed(connection, drill.area_id))
        if owed and self._clock() - drill.ended_at < CLEARING:
            return
        if drill.outcome == BROKEN:
            await self._area.tell(drill, CANNOT_GO_ON)
        await self._area.put_away(drill)
        await self._cleared(drill)

    async def _cleared(self, drill: Drill) -> None:
        await self._store.write(partial(drills.clear, drill_id=drill.id))
        self._dismiss(drill)


def _close(
    transaction: Transaction,
    drill: Drill,
    outcome: str,
    card: Scorecard | None,
    route: Route,
    now: datetime,
) -> None:
    for alert in drills.alerts_of(transaction, drill.id):
        if alert.state is not AlertState.RESOLVED:
            show(
                transaction, moved(transaction, alert, AlertState.RESOLVED, NOBODY, now), route, now
            )
    drills.put(
        transaction,
        drill.id,
        ended_at=now,
        outcome=outcome,
        total=None if card is None else card.total,
        scorecard="" if card is None else card.to_json(),
    )
