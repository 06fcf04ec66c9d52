from __future__ import annotations

import threading

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.errors import Overloaded, UpstreamError
from bot.store import writer as writing
from bot.store.reader import Reader
from bot.store.writer import Lane, Writer

ONE_CONNECTION = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.05}


@pytest.fixture
def engine(tmp_path):
    made = create_engine(
        f"sqlite:///{tmp_path}/w.db", connect_args={"check_same_thread": False, "timeout": 0.05}
    )
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY)"))
    yield made
    made.dispose()


@pytest.fixture
def writer(engine):
    made = Writer(engine)
    yield made
    made.close()


def numbers(engine):
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT n FROM t ORDER BY n")).scalars())


def test_what_queues_during_a_commit_shares_the_next_one(engine, writer):
    groups, gate, inside = [], threading.Event(), threading.Event()

    def insert(transaction, items):
        groups.append(list(items))
        for n in items:
            transaction.execute(text("INSERT INTO t VALUES (:n)"), {"n": n})
        inside.set()
        gate.wait(10)
        return [n * 10 for n in items]

    lane = Lane(writer, insert)
    first = lane.submit(0)
    inside.wait(10)
    rest = [lane.submit(n) for n in range(1, 6)]
    gate.set()
    assert [future.result(10) for future in [first, *rest]] == [0, 10, 20, 30, 40, 50]
    assert groups == [[0], [1, 2, 3, 4, 5]]
    assert numbers(engine) == [0, 1, 2, 3, 4, 5]


def test_a_transaction_waits_for_as_many_as_the_last_one_answered_and_for_no_more(
    writer, monkeypatch
):
    groups, gate, inside = [], threading.Event(), threading.Event()

    def keep(_transaction, items):
        groups.append(list(items))
        inside.set()
        gate.wait(10)
        return items

    lane = Lane(writer, keep)
    first = lane.submit(0)
    inside.wait(10)
    both = [lane.submit(n) for n in (1, 2)]
    monkeypatch.setattr(writing, "LONGEST_WAIT", 60.0)
    monkeypatch.setattr(writing, "COME_BACK", 60.0)
    gate.set()
    assert [future.result(10) for future in [first, *both]] == [0, 1, 2]
    alone = lane.submit(3)
    with pytest.raises(TimeoutError):
        alone.result(0.05)
    assert lane.submit(4).result(10) == 4
    assert alone.result(10) == 3
    assert groups == [[0], [1, 2], [3, 4]]


def test_a_poisoned_item_fails_only_itself(engine, writer):
    gate, commits = threading.Event(), []

    def insert(transaction, items):
        for n in items:
            transaction.execute(text("INSERT INTO t VALUES (:n)"), {"n": n})
            if n == 3:
                raise ValueError("poison")
        return items

    lane = Lane(writer, insert, committed=lambda: commits.append(numbers(engine)))
    held = writer.submit(lambda _: gate.wait(10))
    futures = [lane.submit(n) for n in range(1, 6)]
    gate.set()
    held.result(10)
    for n, future in enumerate(futures, 1):
        if n == 3:
            with pytest.raises(ValueError, match="poison"):
                future.result(10)
        else:
            assert future.result(10) == n
    assert numbers(engine) == [1, 2, 4, 5]
    assert commits[-1] == [1, 2, 4, 5]


def test_a_write_that_raises_leaves_nothing_behind(engine, writer):
    def write(transaction):
        transaction.execute(text("INSERT INTO t VALUES (1)"))
        raise KeyError("no")

    with pytest.raises(KeyError):
        writer.submit(write).result(10)
    assert numbers(engine) == []


def test_a_database_that_fails_is_an_upstream_error_and_the_writer_lives_on(engine, writer):
    with pytest.raises(UpstreamError, match="no such table"):
        writer.submit(lambda transaction: transaction.execute(text("SELECT 1 FROM gone"))).result(9)
    assert writer.submit(lambda _: 7).result(10) == 7


def test_a_writer_that_gets_no_connection_says_that_the_database_has_failed(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/w.db", **ONE_CONNECTION)
    writer = Writer(engine)
    with engine.connect(), pytest.raises(UpstreamError, match="The database"):
        writer.submit(lambda _: 7).result(10)
    assert writer.submit(lambda _: 7).result(10) == 7
    writer.close()


async def test_a_reader_that_gets_no_connection_says_that_the_database_has_failed(tmp_path):
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/r.db", **ONE_CONNECTION)
    reader = Reader(engine)
    async with engine.connect():
        with pytest.raises(UpstreamError, match="The database"):
            await reader.run(lambda _: 7)
    assert await reader.run(lambda _: 7) == 7
    await reader.close()


def test_closing_writes_what_was_accepted_and_refuses_the_rest(engine, writer):
    def insert(transaction, items):
        transaction.execute(text("INSERT INTO t VALUES (:n)"), [{"n": n} for n in items])
        return items

    lane = Lane(writer, insert)
    futures = [lane.submit(n) for n in range(50)]
    writer.close()
    assert all(future.done() for future in futures)
    assert len(numbers(engine)) == 50
    with pytest.raises(Overloaded):
        lane.submit(99)


def test_whoever_stops_waiting_stops_neither_the_write_nor_the_writer(engine, writer):
    gate, inside = threading.Event(), threading.Event()

    def insert(transaction):
        inside.set()
        gate.wait(10)
        transaction.execute(text("INSERT INTO t VALUES (1)"))

    waited_for = writer.submit(insert)
    inside.wait(10)
    assert not waited_for.cancel()  # as asyncio does, when the task that waits is cancelled
    gate.set()
    writer.submit(lambda transaction: transaction.execute(text("INSERT INTO t VALUES (2)")))
    writer.close()
    assert numbers(engine) == [1, 2]
