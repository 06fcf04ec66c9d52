"""Playing a scenario: every event in its order and time, to a stage that knows where and how.

What was posted is kept in a journal as it happens, so that a playing can stop, go on, and be
taken away again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from bot.errors import JinkiesError, NotFound, UpstreamError
from bot.simulation.incident.scenario import AnyEvent, Scenario

KEPT = Path("data/rehearsals")  # where journals are, unless somebody says otherwise
ATTEMPTS = 4
DISCORD_LIMITS = ((5, 5.0), (30, 60.0))  # writes in seconds: of a channel, of a webhook
PATIENCE = 60.0  # seconds that a stage may ask us to wait
T = TypeVar("T")
log = logging.getLogger(__name__)


class _Stopped(Exception):  # noqa: N818 - what somebody wanted, and no error
    """Somebody said stop while we waited."""


class Posted(NamedTuple):
    """Where something was put; ids as texts. `thread` is "" outside of threads."""

    channel: str
    message: str
    thread: str = ""


class Step(NamedTuple):
    """A request that takes something away: whose budget it needs, and its work.

    The work returns the steps that are needed instead, where it could not be done so.
    """

    place: str
    work: Callable[[], Awaitable[Iterable[Step] | None]]


class Stage(Protocol):
    """A chat in which personas speak."""

    def place(self, channel: str) -> str:
        """What shares a budget with a channel; the same text for the same place."""
        ...

    async def banner(self, scenario: Scenario, channel: str) -> Posted:
        """Say what is about to be played in a channel, and that it is not real."""
        ...

    def lacks_thread(self, channel: str, parent: Posted) -> bool:
        """Whether a thread must be begun before something is answered there."""
        ...

    async def begin_thread(self, channel: str, parent: Posted) -> None:
        """Begin it; a write of its own. Raises UpstreamError."""
        ...

    async def post(self, event: AnyEvent, parent: Posted | None) -> Posted:
        """Say it, in the thread of `parent`. Raises UpstreamError."""
        ...

    async def react(self, posted: Posted, emoji: str) -> None:
        """Put an emoji (its name) under something. Raises UpstreamError."""
        ...

    def removals(self, everything: Sequence[Posted]) -> Iterable[Step]:
        """What takes all this away; nothing happens to what is gone already."""
        ...


class Budget:
    """So many writes in so many seconds, for each place; `take` waits for room.

    Several players of the same places share one. A stage that is told its limits in headers obeys
    them besides.
    """

    def __init__(
        self,
        limits: Sequence[tuple[int, float]] = DISCORD_LIMITS,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._longest = max((count for count, _ in limits), default=0)
        self._taken: dict[str, deque[float]] = {}

    async def take(self, place: str) -> None:
        """Wait until one more write is allowed, and count it."""
        taken = self._taken.setdefault(place, deque(maxlen=self._longest))
        while (wait := self._wait(taken)) > 0:
            await self._sleep(wait)
        taken.append(self._clock())

    def _wait(self, taken: deque[float]) -> float:
        now = self._clock()
        return max(
            (
                taken[-count] + seconds - now
                for count, seconds in self._limits
                if len(taken) >= count
            ),
            default=0.0,
        )


class Journal:
    """What was posted, a line each; with a path it is kept in a file, and read again from there.

    Raises:
        JinkiesError: the file is something else, or cannot be read or written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.head: dict[str, Any] = {}
        self.document: dict[str, Any] | None = None  # what is played, as it was when it began
        self.events: dict[int, Posted] = {}
        self.others: list[Posted] = []
        self.threads: list[Posted] = []
        self._is_cut = False
        if path is not None and path.exists():
            self._read(path)

    def begin(self, scenario: Scenario, where: str) -> None:
        """Say what is played; raises JinkiesError if the file tells of something else."""
        head = {"scenario": scenario.scenario_id, "digest": digest(scenario), "where": where}
        if not self.head:
            self._write({"playing": head, "document": scenario.document()})
            self.head = head
        elif self.head != head:
            told = self.head.get("scenario")
            raise JinkiesError(
                f"{self.path} tells of another playing ({told} in {self.head.get('where')}). "
                "Take that away first with --clean, or choose another --journal."
            )

    def record(self, place: int, posted: Posted) -> None:
        """An event of the timeline was posted."""
        self.events[place] = posted
        self._write({"event": place, "posted": posted})

    def remember(self, posted: Posted) -> None:
        """Something besides was posted."""
        self.others.append(posted)
        self._write({"other": posted})

    def begun(self, thread: Posted) -> None:
        """A thread was begun at a message; it may still be empty."""
        self.threads.append(thread)
        self._write({"thread": thread})

    def all(self) -> list[Posted]:
        """Everything that was posted, in its order; a thread's beginning before what is in it."""
        return [*self.others, *(self.events[place] for place in sorted(self.events))]

    def forget(self) -> None:
        """Everything was taken away."""
        self.head, self.document = {}, None
        self.events, self.others, self.threads = {}, [], []
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _write(self, line: Mapping[str, Any]) -> None:
        if self.path is None:
            return
        text = json.dumps(line, ensure_ascii=False) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"\n{text}" if self._is_cut else text)
        except OSError as error:
            raise JinkiesError(f"{self.path} cannot be written: {error.strerror}.") from error
        self._is_cut = False

    def _read(self, path: Path) -> None:
        try:
            *whole, rest = path.read_bytes().split(b"\n")
        except OSError as error:
            raise JinkiesError(f"{path} cannot be read: {error.strerror}.") from error
        self._is_cut = bool(rest)  # by the end of the process
        for line in whole:
            try:
                told = json.loads(line)
            except ValueError:
                continue  # was the last one once, and cut
            if isinstance(told, dict):
                self._take(told)
        if any(whole) and not (self.head or self.all() or self.threads):
            raise JinkiesError(f"{path} is something else; choose another --journal.")

    def _take(self, told: Mapping[str, Any]) -> None:
        if "playing" in told:
            self.head, self.document = told["playing"], told.get("document")
        elif "event" in told:
            self.events[told["event"]] = Posted(*told["posted"])
        elif "other" in told:
            self.others.append(Posted(*told["other"]))
        elif "thread" in told:
            self.threads.append(Posted(*told["thread"]))


@dataclass(frozen=True, slots=True)
class Played:
    """How far a playing got."""

    done: int
    total: int

    @property
    def complete(self) -> bool:
        """Whether everything was posted."""
        return self.done == self.total


@dataclass
class Player:
    """Plays scenarios to a stage.

    Attributes:
        speed: times as fast as it happened; 0 for as fast as the budget allows.
        budget: None for a stage that has no limits.
        banner: whether every place is told first that what follows is played.
        told: called after each event with how many are posted, and how many there are.
    """

    stage: Stage
    journal: Journal = field(default_factory=Journal)
    speed: float = 0.0
    budget: Budget | None = field(default_factory=Budget)
    banner: bool = True
    told: Callable[[int, int], None] = lambda _done, _total: None
    clock: Callable[[], float] = time.monotonic
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def play(self, scenario: Scenario, stop: asyncio.Event) -> Played:
        """Post what is not posted yet, until all is, or until `stop`, also while it waits.

        Raises:
            UpstreamError: the stage refuses for good, or again and again; the journal knows
                what was posted until then.
        """
        self._stop = stop
        with suppress(_Stopped):
            if self.banner:
                await self._announce(scenario)
            await self._play(scenario)
        return Played(len(self.journal.events), len(scenario.timeline))

    async def _play(self, scenario: Scenario) -> None:
        posted = self.journal.events
        total = len(scenario.timeline)
        todo = [place for place in range(total) if place not in posted]
        began = self.clock()
        first = scenario.timeline[todo[0]].offset_seconds if todo else 0.0
        for place in todo:
            event = scenario.timeline[place]
            due = (event.offset_seconds - first) / self.speed if self.speed else 0.0
            await self._wait(asyncio.sleep(began + due - self.clock()))
            parent = posted.get(event.thread_parent) if event.thread_parent is not None else None
            self.journal.record(place, await self._post(event, parent))
            await self._react(event, posted[place])
            self.told(len(posted), total)

    async def clean(self, stop: asyncio.Event | None = None) -> int | None:
        """Take away everything that the journal knows of.

        Returns:
            How much that was; None if `stop` came first: then the journal still knows all of it.
        """
        self._stop = stop or asyncio.Event()
        everything = self.journal.all()
        steps = deque(self.stage.removals([*everything, *self.journal.threads]))
        try:
            while steps:
                place, work = steps.popleft()
                instead = await self._within(place, work)
                steps.extend(instead or ())
        except _Stopped:
            return None
        self.journal.forget()
        return len(everything)

    async def _announce(self, scenario: Scenario) -> None:
        places: dict[str, str] = {}
        for event in scenario.timeline:
            places.setdefault(self.stage.place(event.channel), event.channel)
        for place, channel in list(places.items())[len(self.journal.others) :]:
            banner = partial(self.stage.banner, scenario, channel)
            self.journal.remember(await self._within(place, banner))

    async def _post(self, event: AnyEvent, parent: Posted | None) -> Posted:
        place = self.stage.place(event.channel)
        if parent is not None and self.stage.lacks_thread(event.channel, parent):
            await self._within(place, partial(self.stage.begin_thread, event.channel, parent))
            self.journal.begun(parent._replace(thread=parent.message))
        return await self._within(place, partial(self.stage.post, event, parent))

    async def _react(self, event: AnyEvent, posted: Posted) -> None:
        for reaction in event.reactions:
            try:
                react = partial(self.stage.react, posted, reaction.emoji)
                await self._within(f"{posted.channel}/reactions", react)
            except (NotFound, UpstreamError) as error:
                log.info("a reaction (%s) was left out: %s", reaction.emoji, error)

    async def _within(self, place: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do it within the budget; what may pass by itself is tried again."""
        for attempt in range(1, ATTEMPTS + 1):
            if self.budget is not None:
                await self._wait(self.budget.take(place))
            try:
                return await work()
            except UpstreamError as error:
                if error.permanent or attempt == ATTEMPTS:
                    raise
                await self._wait(asyncio.sleep(min(PATIENCE, error.retry_after or attempt)))
        raise AssertionError("every attempt returns or raises")

    async def _wait(self, waiting: Coroutine[Any, Any, None]) -> None:
        """Wait for it; raises _Stopped as soon as somebody says stop."""
        waits = asyncio.create_task(waiting)
        stops = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait((waits, stops), return_when=asyncio.FIRST_COMPLETED)
            if self._stop.is_set():
                raise _Stopped
            await waits
        finally:
            waits.cancel()
            stops.cancel()


def digest(scenario: Scenario) -> str:
    """What tells one scenario from another, whenever it begins."""
    document = scenario.model_dump_json(exclude={"start_time"})
    return sha256(document.encode()).hexdigest()[:16]
