"""The **Logs** button of a card: the lines around the alert's last occurrence."""

from __future__ import annotations

from dataclasses import replace

from discord import ui

from bot.alerting.looking import Found
from bot.alerting.snapshots import keep_first
from bot.alerting.surroundings import groups_of, kept_with, look_around
from bot.analysis.logs.question import Question
from bot.errors import JinkiesError, NotFound
from bot.models import AlertDetail, Capability
from bot.services.logs.store import Progress
from bot.ui.desk import Press
from bot.ui.logs.desk import LogDesk
from bot.ui.logs.pages import Mode
from bot.ui.logs.reading import tell_failure
from bot.ui.logs.screen import Screen
from bot.ui.logs.views import notice, page_view, progress_words


async def show_around(press: Press, alert_id: int) -> None:
    """Answer the press with the page on which the error stands."""
    desk, screen, progress = press.client.desk, Screen(press), Progress()
    person = desk.access.person(press)

    async def find() -> ui.LayoutView:
        desk.access.require(person, Capability.VIEW)
        detail = await desk.store.alerts.detail(alert_id)
        found = await surroundings(desk.logs, detail, progress)
        number = await desk.logs.keep(found.question, person)
        pages = await desk.logs.remember(number, found)
        return page_view(pages, number, pages.page_of_centre(), Mode.LINES)

    def telling(seconds: float) -> ui.LayoutView:
        return notice(f"⏳ Reading the lines around it: {progress_words(progress, seconds)}")

    work = desk.logs.work(f"around-{press.id}", find, progress)
    if await screen.wait(work, telling):
        await screen.show(work.task.result())
    else:
        await tell_failure(screen, work)


async def surroundings(logs: LogDesk, detail: AlertDetail, progress: Progress) -> Found:
    """The lines as the log has them now; if it cannot tell, those that are kept.

    Raises:
        NotFound, UpstreamError: there are neither; the words say how to get them.
    """
    try:
        groups = await groups_of(logs.stores, detail)
        found = await look_around(logs.stores, logs.redactor, detail, groups, progress)
    except JinkiesError as error:
        return await _kept(logs, detail, error)
    await keep_first(logs.store, found, logs.clock())
    return found


async def _kept(logs: LogDesk, detail: AlertDetail, error: JinkiesError) -> Found:
    alert = detail.alert
    question = Question((alert.service,), name=alert.service, alert=alert.id, kept=True)
    at = int(detail.event.occurred_at.timestamp() * 1000)
    try:
        found = await kept_with(logs.store, replace(question, occurred=at))
    except NotFound:
        raise error from None
    first, last = found.lines[0].at, found.lines[-1].at
    groups = tuple(dict.fromkeys(line.group for line in found.lines if line.group))
    question = replace(
        found.question,
        groups=groups or question.groups,
        start=first,
        end=last if last > first else None,
    )
    return replace(found, question=question, note=f"{found.note}; the log itself: {error}")
