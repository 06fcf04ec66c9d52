"""The reservation workers of taskq, two of them on one queue."""

import json
import sys

from taskq.queue import Queue, Task
from taskq.workers import Worker, take_turns
from tickets.stock import Stock

if __name__ == "__main__":
    facts = json.loads(sys.argv[1])
    stock = Stock(facts["event"], left=1)
    queue = Queue([Task(facts["task"], facts["event"])], visible_again_after=15)
    take_turns([Worker("worker-1", queue, stock), Worker("worker-2", queue, stock)])
