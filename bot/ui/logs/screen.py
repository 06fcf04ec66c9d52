"""One message that changes while slow work goes on: announced in time, then progress, then more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic

import discord
from discord import ui

from bot.ui.answers import explain
from bot.ui.desk import Press
from bot.ui.logs.desk import Work
from bot.ui.logs.views import notice

PATIENCE = 1.0  # seconds before an answer is announced; Discord gives up after 3
EVERY = 2.0  # seconds between two looks at the progress

Buttons = Sequence[ui.Button[ui.LayoutView]]


class Screen:
    """Where the answer to a press or a command is shown.

    Args:
        in_place: in the message whose button was pressed; otherwise in a new one, which only
            the person sees.
    """

    def __init__(self, press: Press, *, in_place: bool = False) -> None:
        self.press = press
        self._in_place = in_place
        self._made = monotonic()

    async def show(self, view: ui.LayoutView, files: Sequence[discord.File] = ()) -> None:
        """Show this instead of what was there."""
        response = self.press.response
        if response.is_done():
            await self.press.edit_original_response(view=view, attachments=files)
        elif self._in_place:
            await response.edit_message(view=view, attachments=files)
        else:
            await response.send_message(view=view, files=files, ephemeral=True)

    async def announce(self) -> None:
        """Tell Discord that an answer comes; nothing if that was told."""
        if not self.press.response.is_done():
            await self.press.response.defer(ephemeral=True, thinking=not self._in_place)

    async def fail(self, error: BaseException, buttons: Buttons = ()) -> None:
        """Show an error; what stands in a message that was to be replaced stays, if it can."""
        view = notice(explain(self.press, error), *buttons)
        if self.press.response.is_done() or not self._in_place:
            await self.show(view)
        else:
            await self.press.response.send_message(view=view, ephemeral=True)

    async def wait(self, work: Work, telling: Callable[[float], ui.LayoutView]) -> bool:
        """Wait until work is done, and tell how it goes if it takes long.

        Returns whether it was done; False if it failed or was given up, which `work.task` tells.
        """
        began = monotonic()
        await asyncio.wait({work.task}, timeout=max(0.0, PATIENCE - (began - self._made)))
        if not work.task.done():
            await self.announce()
        while not work.task.done():
            await asyncio.wait({work.task}, timeout=EVERY)
            if not work.task.done():
                await self.show(telling(monotonic() - began))
        return not work.task.cancelled() and work.task.exception() is None
