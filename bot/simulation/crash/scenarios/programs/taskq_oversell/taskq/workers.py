"""Workers reserve tickets, in turns, as the scheduler would let them."""

from collections.abc import Iterator

from taskq.queue import Queue
from tickets.stock import Stock

SECONDS_PER_STEP = 20  # the database is slow today


class Worker:
    """Takes a task, looks, writes, confirms; others may run between any two of these."""

    def __init__(self, name: str, queue: Queue, stock: Stock) -> None:
        self.name = name
        self._queue = queue
        self._stock = stock

    def steps(self) -> Iterator[str]:
        """One task, step by step."""
        task = None
        while task is None:
            task = self._queue.take()
            yield "looked for a task"
        left = self._stock.left()
        yield "looked whether there is one left"
        yield "charged the card"
        if left > 0:
            self._stock.take_one(task.id, seen_left=left)
        yield "took it"
        self._queue.confirm(task)

    def wait(self, seconds: int) -> None:
        """Time goes by."""
        self._queue.now += seconds


def take_turns(workers: list[Worker]) -> None:
    """Let every worker do one step, then the next, until all have ended."""
    running = [worker.steps() for worker in workers]
    while running:
        for steps in tuple(running):
            if next(steps, None) is None:
                running.remove(steps)
        for worker in workers:
            worker.wait(SECONDS_PER_STEP // len(workers))
