"""What happens when somebody presses a button or picks from a menu that we posted, ever."""

from __future__ import annotations

import re
from collections.abc import Coroutine
from typing import Any, Self

from discord import ui

from bot.errors import NotFound
from bot.models import Act, Capability, Person
from bot.ui.acting import perform
from bot.ui.answers import Answer, answer
from bot.ui.buttons import ALERT_BUTTON, DETAILS, LOGS, OPEN_ALERT, silence_choices
from bot.ui.desk import Desk, Press
from bot.ui.doors import DOOR_PAGE, door_page
from bot.ui.embeds import card, details_file
from bot.ui.logs.around import show_around
from bot.ui.pages import PAGE_BUTTON, Filters, list_alerts
from bot.ui.wording import SILENCE_MINUTES


async def show_alert(desk: Desk, person: Person, alert_id: int) -> Answer:
    """The card as it stands now, with everything else in a file."""
    desk.access.require(person, Capability.VIEW)
    detail = await desk.store.alerts.detail(alert_id)
    shown = card(detail, desk.clock())
    return Answer(embed=shown.embed, files=(details_file(detail),), view=shown.view)


async def offer_silence(desk: Desk, person: Person, alert_id: int) -> Answer:
    """Ask for how long."""
    desk.access.require(person, Capability.RESPOND)
    return Answer("🔕 Silence for how long? It is still counted.", view=silence_choices(alert_id))


async def turn_page(desk: Desk, person: Person, filters: Filters, number: int) -> Answer:
    """One page of the list of alerts."""
    desk.access.require(person, Capability.VIEW)
    return await list_alerts(desk, filters, number)


class AlertButton(ui.DynamicItem[ui.Button[Any]], template=ALERT_BUTTON):
    """A button of a card; the act and the alert are in the custom_id."""

    def __init__(self, item: ui.Button[Any], act: str, alert_id: int, minutes: int) -> None:
        super().__init__(item)
        self.act, self.alert_id, self.minutes = act, alert_id, minutes

    @classmethod
    async def from_custom_id(  # type: ignore[override]  # discord.py's own generics
        cls, _press: Press, item: ui.Button[Any], match: re.Match[str], /
    ) -> Self:
        """Called by discord.py for every press whose custom_id matches."""
        return cls(item, match["act"], int(match["alert"]), int(match["minutes"] or 0))

    async def callback(self, press: Press) -> None:  # type: ignore[override]
        """Do it, as the person who pressed."""
        if self.act == LOGS:
            await show_around(press, self.alert_id)
            return
        person = press.client.desk.access.person(press)
        await answer(press, self._work(press.client.desk, person), in_place=self.minutes > 0)

    def _work(self, desk: Desk, person: Person) -> Coroutine[Any, Any, Answer]:
        if self.act == DETAILS:
            return show_alert(desk, person, self.alert_id)
        if self.act not in _PRESSED or (self.minutes and self.minutes not in SILENCE_MINUTES):
            return _unknown()
        if self.act == Act.SILENCE and not self.minutes:
            return offer_silence(desk, person, self.alert_id)
        return perform(desk, person, Act(self.act), self.alert_id, self.minutes)


class PageButton(ui.DynamicItem[ui.Button[Any]], template=PAGE_BUTTON):
    """Newer or older: the page's number and the filters are in the custom_id."""

    def __init__(self, item: ui.Button[Any], number: int, filters: Filters) -> None:
        super().__init__(item)
        self.number, self.filters = number, filters

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, _press: Press, item: ui.Button[Any], match: re.Match[str], /
    ) -> Self:
        """Called by discord.py for every press whose custom_id matches."""
        return cls(item, int(match["number"]), Filters.decode(match["filters"]))

    async def callback(self, press: Press) -> None:  # type: ignore[override]
        """Show the page in place of the one it was pressed on."""
        desk = press.client.desk
        work = turn_page(desk, desk.access.person(press), self.filters, self.number)
        await answer(press, work, in_place=True)


class DoorsButton(ui.DynamicItem[ui.Button[Any]], template=DOOR_PAGE):
    """Back or on in the list of doors: the page's number is in the custom_id."""

    def __init__(self, item: ui.Button[Any], number: int) -> None:
        super().__init__(item)
        self.number = number

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, _press: Press, item: ui.Button[Any], match: re.Match[str], /
    ) -> Self:
        """Called by discord.py for every press whose custom_id matches."""
        return cls(item, int(match["number"]))

    async def callback(self, press: Press) -> None:  # type: ignore[override]
        """Show the page in place of the one it was pressed on."""
        desk = press.client.desk
        work = door_page(desk, desk.access.person(press), self.number)
        await answer(press, work, in_place=True)


class OpenMenu(ui.DynamicItem[ui.Select[Any]], template=re.escape(OPEN_ALERT)):
    """The menu under a list: shows the chosen alert."""

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, _press: Press, item: ui.Select[Any], _match: re.Match[str], /
    ) -> Self:
        """Called by discord.py for every choice made in such a menu."""
        return cls(item)

    async def callback(self, press: Press) -> None:  # type: ignore[override]
        """Show the alert that was chosen."""
        desk = press.client.desk
        work = show_alert(desk, desk.access.person(press), int(self.item.values[0]))
        await answer(press, work)


# Reopened is what an alert becomes when GitHub tells so, and logs are attached from their page.
_PRESSED = frozenset(Act) - {Act.REOPEN, Act.ATTACH_LOGS}
PRESSES: tuple[type[ui.DynamicItem[Any]], ...] = (
    AlertButton,
    PageButton,
    DoorsButton,
    OpenMenu,
)


async def _unknown() -> Answer:
    raise NotFound("This button is of a version of Jinkies that is gone. Use /alert instead.")
