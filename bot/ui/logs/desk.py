"""What `/logs` works with: the stores, what was asked, and the answers of the last minutes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from bot.alerting.looking import Found, look
from bot.alerting.redaction import Redactor
from bot.alerting.surroundings import kept_with
from bot.analysis.logs.question import Question
from bot.errors import UpstreamError
from bot.models import Person
from bot.services.logs.store import Progress
from bot.services.logs.stores import LogStores
from bot.store import Store, logbook
from bot.ui.logs.pages import Pages

MOST_KEPT = 40_000  # lines of all answers that are kept in memory
LONGEST_READ = 600.0  # seconds; Discord takes an answer for 15 minutes


@dataclass(slots=True)
class Work:
    """Something slow that is under way; `task` may be cancelled."""

    task: asyncio.Task[Any]
    progress: Progress = field(default_factory=Progress)


class LogDesk:
    """Asks and remembers. An answer that was forgotten is read again by its question's number.

    Args:
        zone: of the times that people write and see.
        region: AWS's, for links to its console; "" for none.
    """

    def __init__(
        self,
        store: Store,
        stores: LogStores,
        redactor: Redactor,
        *,
        zone: tzinfo,
        region: str,
        clock: Callable[[], datetime],
    ) -> None:
        self.store = store
        self.stores = stores
        self.redactor = redactor
        self.zone = zone
        self.region = region
        self.clock = clock
        self._work: dict[str, Work] = {}
        self._kept: OrderedDict[int, Pages] = OrderedDict()

    async def keep(self, question: Question, person: Person) -> int:
        """Remember a question for good; returns its number."""
        body, now = question.to_json(), self.clock()
        return await self.store.write(
            lambda transaction: logbook.ask(transaction, body, person, now)
        )

    async def question(self, number: int) -> Question:
        """What was asked.

        Raises:
            NotFound: it is too old.
        """
        if (known := self._kept.get(number)) is not None:
            return known.found.question
        return Question.from_json(
            await self.store.read(lambda connection: logbook.asked(connection, number))
        )

    async def note(
        self, number: int, use: str, person: Person, channel_id: int, detail: str = ""
    ) -> None:
        """Write into the audit trail who showed an answer to whom."""
        now = self.clock()
        await self.store.write(
            lambda transaction: logbook.note_use(
                transaction, number, use, person, channel_id=channel_id, at=now, detail=detail
            )
        )

    def known(self, number: int) -> Pages | None:
        """An answer that is still in memory."""
        if number in self._kept:
            self._kept.move_to_end(number)
        return self._kept.get(number)

    def reading(self, number: int) -> Work:
        """Read the answer to a question, once for all who wait for it."""
        progress = Progress()
        return self.work(str(number), lambda: self._read(number, progress), progress)

    def work(
        self, key: str, begin: Callable[[], Coroutine[Any, Any, Any]], progress: Progress
    ) -> Work:
        """Begin something slow, or join in what is under way by that key."""
        if key not in self._work:
            work = Work(asyncio.create_task(_patiently(begin()), name=f"logs-{key}"), progress)
            self._work[key] = work
            work.task.add_done_callback(lambda _task: self._work.pop(key, None))
        return self._work[key]

    def cancel(self, key: str) -> bool:
        """Give up what is under way by that key; False if nothing is."""
        work = self._work.get(key)
        return work is not None and work.task.cancel()

    def close(self) -> None:
        """Give up everything."""
        for work in list(self._work.values()):
            work.task.cancel()

    async def _read(self, number: int, progress: Progress) -> Pages:
        question = await self.question(number)
        if question.kept:
            found = await kept_with(self.store, question)
        else:
            found = await look(self.stores, self.redactor, question, progress)
        return await self.remember(number, found)

    async def remember(self, number: int, found: Found) -> Pages:
        """Lay out the answer to a question, and keep it in memory for a while."""
        pages = await asyncio.to_thread(Pages, found, self.zone)
        self._kept[number] = pages
        self._kept.move_to_end(number)
        while len(self._kept) > 1 and sum(each.size for each in self._kept.values()) > MOST_KEPT:
            self._kept.popitem(last=False)
        return pages


async def _patiently(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        async with asyncio.timeout(LONGEST_READ):
            return await work
    except TimeoutError as error:
        minutes = LONGEST_READ / 60
        raise UpstreamError(
            "Logs", f"not done after {minutes:.0f} minutes.", cure="Narrow the window."
        ) from error
