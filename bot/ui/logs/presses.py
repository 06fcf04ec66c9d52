"""What happens when somebody presses a button under log lines, or picks one of them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self

from discord import ui

from bot.errors import JinkiesError, NotFound
from bot.models import Capability
from bot.ui.desk import Press
from bot.ui.logs.files import download
from bot.ui.logs.following import TAIL_PRESSES, follow
from bot.ui.logs.pages import Mode
from bot.ui.logs.reading import ask_insights, give_up, show, surroundings, tell_insights
from bot.ui.logs.screen import Screen
from bot.ui.logs.sharing import ATTACH_TO, OTHER, AlertForm, attach, offer_alerts, share
from bot.ui.logs.views import LOG_BUTTON, LOG_LINES

Do = Callable[[Press, int, int, str], Awaitable[None]]


async def _turn(press: Press, number: int, page: int, mode: str) -> None:
    await show(Screen(press, in_place=True), number, page, Mode(mode))


async def _open(press: Press, number: int, page: int, mode: str) -> None:
    await show(Screen(press), number, page, Mode(mode))


async def _again(press: Press, number: int, _page: int, _mode: str) -> None:
    await show(Screen(press, in_place=True), number, fresh=True)


async def _share(press: Press, number: int, page: int, mode: str) -> None:
    await share(press, number, page, Mode(mode))


_ACTS: Mapping[str, tuple[Capability, Do]] = {
    **dict.fromkeys(("first", "back", "on", "last", "mode"), (Capability.VIEW, _turn)),
    "open": (Capability.VIEW, _open),
    "again": (Capability.VIEW, _again),
    "cancel": (Capability.VIEW, lambda press, number, _page, mode: give_up(press, number, mode)),
    "download": (Capability.VIEW, lambda press, number, _page, _mode: download(press, number)),
    "link": (Capability.VIEW, lambda press, number, _page, _mode: tell_insights(press, number)),
    "insights": (Capability.VIEW, lambda press, number, _page, _mode: ask_insights(press, number)),
    "follow": (Capability.RESPOND, lambda press, number, _page, _mode: follow(press, number)),
    "share": (Capability.RESPOND, _share),
    "attach": (Capability.RESPOND, lambda press, number, _page, _mode: offer_alerts(press, number)),
}


class LogButton(ui.DynamicItem[ui.Button[Any]], template=LOG_BUTTON):
    """A button under log lines; the act, the question and the page are in the custom_id."""

    def __init__(self, item: ui.Button[Any], found: re.Match[str]) -> None:
        super().__init__(item)
        self._act, self._mode = found["act"], found["mode"]
        self._number, self._page = int(found["number"]), int(found["page"])

    @classmethod
    async def from_custom_id(  # type: ignore[override]  # discord.py's own generics
        cls, _press: Press, item: ui.Button[Any], match: re.Match[str], /
    ) -> Self:
        """Called by discord.py for every press whose custom_id matches."""
        return cls(item, match)

    async def callback(self, press: Press) -> None:  # type: ignore[override]
        """Do it, as the person who pressed."""
        access = press.client.desk.access
        try:
            if self._act not in _ACTS:
                raise NotFound("This button is of a version of Jinkies that is gone. Use /logs.")
            needed, do = _ACTS[self._act]
            access.require(access.person(press), needed)
            await do(press, self._number, self._page, self._mode)
        except JinkiesError as error:
            await Screen(press).fail(error)


class LogLineMenu(ui.DynamicItem[ui.Select[Any]], template=LOG_LINES):
    """The menu of a page's lines: shows what stands around the chosen one."""

    def __init__(self, item: ui.Select[Any], number: int) -> None:
        super().__init__(item)
        self._number = number

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, _press: Press, item: ui.Select[Any], match: re.Match[str], /
    ) -> Self:
        """Called by discord.py for every choice made in such a menu."""
        return cls(item, int(match["number"]))

    async def callback(self, press: Press) -> None:  # type: ignore[override]
        """Show them in a message of their own."""
        await surroundings(press, self._number, self.item.values[0])


class AttachMenu(ui.DynamicItem[ui.Select[Any]], template=ATTACH_TO):
    """The menu of alerts: attaches to the chosen one, or asks for another's id."""

    def __init__(self, item: ui.Select[Any], number: int) -> None:
        super().__init__(item)
        self._number = number

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, _press: Press, item: ui.Select[Any], match: re.Match[str], /
    ) -> Self:
        """Called by discord.py for every choice made in such a menu."""
        return cls(item, int(match["number"]))

    async def callback(self, press: Press) -> None:  # type: ignore[override]
        """Attach, or ask."""
        chosen = self.item.values[0]
        if chosen == OTHER:
            await press.response.send_modal(AlertForm(self._number))
            return
        await attach(press, self._number, int(chosen), in_place=True)


LOG_PRESSES: tuple[type[ui.DynamicItem[Any]], ...] = (
    LogButton,
    LogLineMenu,
    AttachMenu,
    *TAIL_PRESSES,
)
