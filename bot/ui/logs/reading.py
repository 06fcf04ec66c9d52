"""Questions are asked, their answers shown: `/logs`, and every button of its pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from discord import ui

from bot.analysis.logs.question import Question
from bot.analysis.logs.sieve import Sieve
from bot.analysis.logs.times import parse_window
from bot.errors import JinkiesError, NotFound
from bot.models import Capability
from bot.services.logs.store import Progress
from bot.ui.desk import Press
from bot.ui.logs.desk import LogDesk, Work
from bot.ui.logs.pages import Mode
from bot.ui.logs.screen import Screen
from bot.ui.logs.views import (
    buttons_of,
    insights_view,
    line_value,
    notice,
    page_view,
    reading_view,
)

LIMIT = 1_000  # lines
MOST_LINES = 10_000  # of one answer
DOWNLOAD = "d"  # as a mode: what is under way is a download


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of `/logs` as they were typed."""

    service: str
    level: str = ""
    text: str = ""
    exclude: str = ""
    where: str = ""
    since: str = "1h"
    until: str = ""
    trace: str = ""
    pattern: str = ""
    stream: str = ""
    limit: int = LIMIT
    newest_first: bool = True
    live: bool = False


async def ask(press: Press, asked: Asked) -> None:
    """Answer `/logs`."""
    desk, screen = press.client.desk, Screen(press)
    person = desk.access.person(press)

    async def prepare() -> int:
        desk.access.require(person, Capability.VIEW)
        typed = desk.drills.log_groups(press.channel_id, asked.service)
        question = await question_of(desk.logs, replace(asked, service=typed))
        return await desk.logs.keep(question, person)

    progress = Progress()
    work = desk.logs.work(f"ask-{press.id}", prepare, progress)
    if not await screen.wait(work, lambda _seconds: notice("⏳ Looking for the log groups …")):
        await tell_failure(screen, work)
        return
    await show(screen, work.task.result())


async def question_of(logs: LogDesk, asked: Asked) -> Question:
    """Make sense of the options.

    Raises:
        BadPayload: a time or condition cannot be read. NotFound: there is no such group.
    """
    now = logs.clock()
    start, end = parse_window(asked.since, asked.until, now=now, zone=logs.zone)
    question = Question(
        (asked.service,),
        milliseconds(start),
        milliseconds(end),
        name=asked.service.strip(),
        level=asked.level,
        text=asked.text,
        exclude=asked.exclude,
        where=asked.where,
        trace=asked.trace,
        pattern=asked.pattern,
        stream=asked.stream,
        limit=asked.limit,
        newest_first=asked.newest_first,
        live=asked.live,
    )
    Sieve(question.query())  # a condition that cannot be read is refused before anything is asked
    return replace(question, groups=await logs.stores.resolve(asked.service))


async def show(
    screen: Screen, number: int, page: int = 1, mode: Mode = Mode.LINES, *, fresh: bool = False
) -> None:
    """Show one page of an answer; what is not in memory any more is read again.

    Args:
        fresh: read it again in any case.
    """
    logs = screen.press.client.desk.logs
    pages = None if fresh else logs.known(number)
    if pages is None:
        try:
            question = await logs.question(number)
        except JinkiesError as error:
            await screen.fail(error)
            return
        work = logs.reading(number)

        def telling(seconds: float) -> ui.LayoutView:
            return reading_view(number, question, work.progress, seconds)

        if not await screen.wait(work, telling):
            await tell_failure(screen, work, number, question)
            return
        pages = work.task.result()
    if pages.found.question.centre is not None and page == 1:
        page = pages.page_of_centre()
    await screen.show(page_view(pages, number, page, mode))


async def tell_failure(
    screen: Screen, work: Work, number: int = 0, question: Question | None = None
) -> None:
    """Say why work came to nothing, and what can be done."""
    error = None if work.task.cancelled() else work.task.exception()
    is_there = not isinstance(error, NotFound)
    buttons = buttons_of(question, number, is_there=is_there) if question is not None else ()
    if error is None:
        await screen.show(notice("✖️ Given up; nothing was changed.", *buttons))
        return
    await screen.fail(error, buttons)


async def surroundings(press: Press, number: int, line_id: str) -> None:
    """Show what stands around a line of an answer."""
    logs, screen = press.client.desk.logs, Screen(press)
    person = press.client.desk.access.person(press)

    async def find() -> int:
        press.client.desk.access.require(person, Capability.VIEW)
        pages = logs.known(number) or await logs.reading(number).task
        line = next((each for each in pages.found.lines if line_value(each) == line_id), None)
        if line is None:
            raise NotFound("This line is not in the answer any more. Use /logs again.")
        return await logs.keep(pages.found.question.around(line), person)

    work = logs.work(f"line-{press.id}", find, Progress())
    if not await screen.wait(work, lambda _seconds: notice("⏳ Looking for the line …")):
        await tell_failure(screen, work)
        return
    await show(screen, work.task.result())


async def ask_insights(press: Press, number: int) -> None:
    """Ask the same question of CloudWatch Logs Insights, in a message of its own."""
    logs, screen = press.client.desk.logs, Screen(press)
    person = press.client.desk.access.person(press)
    question = await logs.question(number)
    asked = replace(question, insights=True, limit=MOST_LINES)
    await show(screen, await logs.keep(asked, person))


async def tell_insights(press: Press, number: int) -> None:
    """Show the question in Insights' own language, with the link."""
    logs = press.client.desk.logs
    question = await logs.question(number)
    await Screen(press).show(insights_view(question, number, logs.region))


async def give_up(press: Press, number: int, mode: str) -> None:
    """Cancel what is under way; after a restart nothing is, and that is said."""
    logs = press.client.desk.logs
    if logs.cancel(f"{number}{mode if mode == DOWNLOAD else ''}"):
        await press.response.defer()
        return
    question = await logs.question(number)
    said = "🔁 This ended when Jinkies was restarted, or has ended already."
    await Screen(press, in_place=True).show(
        notice(said, *buttons_of(question, number, is_there=True))
    )


def milliseconds(moment: datetime) -> int:
    """Since 1970, exactly."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
