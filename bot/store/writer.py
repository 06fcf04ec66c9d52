"""Group commit: one thread writes, and commits whatever has queued in one transaction.

Under load a commit (an fsync) is shared by all who wait for it, and by those who say that they
are about to, so durable answers cost little; without load nobody waits for company. If a
transaction of several fails, each of its jobs is tried alone, so that a poisoned one fails
only itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine

from bot.errors import Overloaded
from bot.store.failures import DATABASE_FAILED, database_failed
from bot.store.turns import Turn, at_any_time

Transaction = Connection  # what a write is handed; only `bot.store` speaks SQL on it

T = TypeVar("T")
Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_JOBS = 500  # of one transaction: bounds how long the others wait
# Seconds a transaction waits for all who are about to bring a job; and for the next of those whom
# the one before has answered, as long as fewer have come back.
LONGEST_WAIT = 0.005
COME_BACK = 0.001


@dataclass(frozen=True, slots=True)
class _Job:
    lane: Lane[Any, Any]
    item: Any
    future: Future[Any]


class Lane(Generic[Item, Result]):
    """A kind of write whose items can share a transaction.

    `commit(transaction, items)` writes them all and returns one result per item. It runs in
    the writer's thread, possibly more than once for an item (if a shared transaction
    failed), but is committed at most once. `prepare(items)` runs there before the transaction
    begins, as often. `committed()` is called after each commit, before those who wait are
    answered.
    """

    def __init__(
        self,
        writer: Writer,
        commit: Callable[[Transaction, Sequence[Item]], Sequence[Result]],
        *,
        prepare: Callable[[Sequence[Item]], None] = lambda _items: None,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        self._writer = writer
        self.commit = commit
        self.prepare = prepare
        self.committed = committed

    def expecting(self) -> AbstractContextManager[None]:
        """Say that a job of this lane is on its way: it may share the next transaction."""
        return self._writer.expecting()

    def submit(self, item: Item) -> Future[Result]:
        """Queue one item; thread-safe. The future is done when it is committed."""
        future: Future[Result] = Future()
        self._writer.enqueue(_Job(self, item, future))
        return future


class Writer:
    """The thread that writes; started at once, ended by `close`.

    Args:
        turn: what a transaction waits for when other processes write too.
    """

    def __init__(self, engine: Engine, turn: Turn = at_any_time) -> None:
        self._engine = engine
        self._turn = turn
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._answered = 1  # jobs of the transaction before
        self._expected: set[int] = set()  # threads that are preparing a job
        self._connection: Connection | None = None
        self._single = Lane(self, _each)
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """While inside, a job is being prepared in this thread; thread-safe."""
        me = threading.get_ident()
        self._expected.add(me)
        try:
            yield
        finally:
            self._expected.discard(me)

    def submit(self, write: Callable[[Transaction], T]) -> Future[T]:
        """Run `write` in a transaction of its own; thread-safe.

        The future fails with whatever `write` raises (nothing is committed then), or with
        `UpstreamError` if the database failed.
        """
        return self._single.submit(write)

    def enqueue(self, job: _Job) -> None:
        """Queue a job (used by lanes). It is written even if nobody waits for it any more.

        Raises:
            Overloaded: the store is closing.
        """
        job.future.set_running_or_notify_cancel()  # so that a cancelled waiter cannot cancel it
        with self._closing:
            if self._closed:
                raise Overloaded
            self._jobs.put(job)

    def close(self) -> None:
        """Write what has been accepted, then end the thread. Blocks; may be called twice."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        open_ = True
        while open_:
            jobs = self._take()
            if jobs[-1] is None:
                open_ = False
            for group in _groups([job for job in jobs if job is not None], self._single):
                self._settle(group)
        if self._connection is not None:
            self._connection.close()

    def _take(self) -> list[_Job | None]:
        """Wait for a job, then take all that have queued meanwhile or are about to."""
        jobs = [self._jobs.get()]
        begun = time.monotonic()
        try:
            while jobs[-1] is not None and len(jobs) < MOST_JOBS:
                patience = self._patience(len(jobs), time.monotonic() - begun)
                jobs.append(self._jobs.get(patience > 0, patience))
        except Empty:
            pass
        self._answered = len(jobs)
        return jobs

    def _patience(self, taken: int, waited: float) -> float:
        """Seconds to wait for another job; 0 if none is on its way."""
        left = max(0.0, LONGEST_WAIT - waited)
        if self._expected:
            return left
        return min(COME_BACK, left) if taken < self._answered else 0.0

    def _settle(self, jobs: Sequence[_Job]) -> None:
        """Commit jobs of one lane together and tell each what became of it."""
        lane, items = jobs[0].lane, [job.item for job in jobs]
        try:
            lane.prepare(items)
            with self._turn(), self._transaction() as transaction:
                results = lane.commit(transaction, items)
        except DATABASE_FAILED as error:
            for job in jobs:  # the database failed, not a job: trying each would only take longer
                job.future.set_exception(database_failed(error))
        except Exception as error:  # noqa: BLE001 - belongs to whoever waits for the future
            if len(jobs) == 1:
                jobs[0].future.set_exception(error)
                return
            for job in jobs:
                self._settle([job])
        else:
            lane.committed()
            for job, result in zip(jobs, results, strict=True):
                job.future.set_result(result)

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        """A transaction; on SQLite always on the same connection, which costs less than a pool."""
        if self._engine.dialect.name != "sqlite":
            with self._engine.begin() as transaction:
                yield transaction
            return
        connection = self._connection or self._engine.connect()
        self._connection = None  # until it has proved to be sound
        try:
            with connection.begin():
                yield connection
        except BaseException:
            connection.close()
            raise
        self._connection = connection


def _each(transaction: Transaction, writes: Sequence[Callable[[Transaction], Any]]) -> list[Any]:
    return [write(transaction) for write in writes]


def _groups(jobs: Sequence[_Job], single: Lane[Any, Any]) -> list[list[_Job]]:
    """Neighbours of one lane together, in order; a single write is a group of its own."""
    groups: list[list[_Job]] = []
    for job in jobs:
        if groups and job.lane is not single and groups[-1][0].lane is job.lane:
            groups[-1].append(job)
        else:
            groups.append([job])
    return groups
