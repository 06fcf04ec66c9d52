"""What is left of a card where embeds are not shown: its line of text; through dpytest.

dpytest pretends to be Discord inside the process. It knows neither buttons nor interactions, so
all else is tested on the stand-in; here a second pretender reads what the builders make.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import discord
import discord.ext.test as dpytest
import pytest
from details_samples import NOW, alert, detail, event
from discord.ext import commands

from bot.models import AlertDetail, AlertState, Severity
from bot.ui.embeds import card


class Showing(commands.Cog):
    """A cog that only shows a card, and shows it again, edited."""

    def __init__(self, before: AlertDetail, after: AlertDetail) -> None:
        self.before, self.after = before, after

    @commands.command()
    async def show(self, context: commands.Context[commands.Bot]) -> None:
        shown = card(self.before, NOW)
        await context.send(shown.content, embed=shown.embed, files=shown.files, view=shown.view)

    @commands.command()
    async def edit(self, context: commands.Context[commands.Bot]) -> None:
        message = await context.send(card(self.before, NOW).content)
        shown = card(self.after, NOW)
        await message.edit(content=shown.content, embed=shown.embed)


@pytest.fixture
async def showing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Showing]:
    monkeypatch.chdir(tmp_path)  # dpytest writes files where it stands
    bot = commands.Bot("!", intents=discord.Intents.all())
    await bot._async_setup_hook()
    cog = Showing(detail(), detail(alert=alert(state=AlertState.ACKNOWLEDGED)))
    await bot.add_cog(cog)
    dpytest.configure(bot)
    yield cog
    await dpytest.empty_queue()


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        (
            detail(),
            "🔴 Open: **checkout** ZeroDivisionError: division by zero (J-42)",
        ),
        (
            detail(alert=alert(occurrences=1, severity=Severity.CRITICAL)),
            "🚨 New: **checkout** ZeroDivisionError: division by zero (J-42)",
        ),
        (
            detail(alert=alert(state=AlertState.RESOLVED)),
            "✅ Resolved: **checkout** ZeroDivisionError: division by zero (J-42)",
        ),
        (
            detail(alert=alert(silenced_until=NOW + timedelta(hours=1))),
            "🔕 🔴 Open: **checkout** ZeroDivisionError: division by zero (J-42)",
        ),
        (
            detail(alert=alert(title="@everyone **look** `here`")),
            None,
        ),
    ],
    ids=["open", "new", "resolved", "silenced", "hostile"],
)
async def test_the_line_says_what_happened_and_the_embed_is_as_built(
    showing: Showing, shown: AlertDetail, line: str | None
) -> None:
    showing.before = shown
    await dpytest.message("!show")
    built = card(shown, NOW)
    assert dpytest.verify().message().content(line or built.content).embed(built.embed)


async def test_an_edit_changes_the_line_too_and_leaves_one_message(showing: Showing) -> None:
    await dpytest.message("!edit")
    channel = dpytest.get_config().channels[0]
    ours = [each async for each in channel.history() if each.author.bot]
    assert [each.content for each in ours] == [card(showing.after, NOW).content]
    assert "Acknowledged: **checkout**" in ours[0].content
    assert [each.title for each in ours[0].embeds] == [card(showing.after, NOW).embed.title]


async def test_what_a_card_cannot_hold_is_a_file_that_can_be_read(showing: Showing) -> None:
    words = "the very end of a long message"
    message = f"{'x' * 3000}{words}"
    showing.before = detail(alert=alert(message=message), event=event(message=message))
    await dpytest.message("!show")
    (file,) = dpytest.get_message().attachments
    assert file.filename == "J-42-details.txt"
    assert words in (await file.read()).decode()
