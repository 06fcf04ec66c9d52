"""A real discord.py bot that uses everything the page has to show."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import discord
from discord import app_commands

ALERTS = ("J-41 KeyError in pricing", "J-42 TimeoutError in payments", "J-43 disk almost full")
TRACE = """Traceback (most recent call last):
  File "shop/checkout.py", line 88, in place_order
    total = cart.total(prices)
  File "shop/cart.py", line 41, in total
    return sum(prices[item.sku] * item.count for item in self.items)
KeyError: 'sku-4411'
"""
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)


class NoteForm(discord.ui.Modal, title="Resolve with a note"):
    note: discord.ui.TextInput[NoteForm] = discord.ui.TextInput(
        label="What was it?", style=discord.TextStyle.paragraph, max_length=400
    )
    ticket: discord.ui.TextInput[NoteForm] = discord.ui.TextInput(
        label="Ticket", required=False, placeholder="OPS-123"
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Noted: {self.note.value}", ephemeral=True)


class CardView(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.add_item(discord.ui.Button(label="Runbook", url="https://example.com/runbook"))

    @discord.ui.button(label="Acknowledge", style=discord.ButtonStyle.primary, custom_id="ack")
    async def acknowledge(self, interaction: discord.Interaction, button: object) -> None:
        message = interaction.message
        assert message is not None
        embed = message.embeds[0]
        embed.set_field_at(0, name="State", value=f"Acknowledged by {interaction.user.mention}")
        await interaction.response.edit_message(embed=embed, view=self)

    @discord.ui.button(label="Resolve", style=discord.ButtonStyle.success, custom_id="note")
    async def resolve(self, interaction: discord.Interaction, button: object) -> None:
        await interaction.response.send_modal(NoteForm())

    @discord.ui.button(label="Create issue", emoji="📝", custom_id="issue")
    async def issue(self, interaction: discord.Interaction, button: object) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await asyncio.sleep(0.2)
        await interaction.followup.send("Issue #7 is open.", ephemeral=True)

    @discord.ui.button(label="Fail", style=discord.ButtonStyle.danger, custom_id="fail")
    async def fail(self, interaction: discord.Interaction, button: object) -> None:
        """Answers nothing, on purpose."""

    @discord.ui.button(label="Locked", custom_id="locked", disabled=True)
    async def locked(self, interaction: discord.Interaction, button: object) -> None:
        raise AssertionError("a disabled button was pressed")

    @discord.ui.select(
        placeholder="Silence for …",
        custom_id="silence",
        options=[discord.SelectOption(label=each, value=each) for each in ("30 min", "1 hour")],
    )
    async def silence(
        self, interaction: discord.Interaction, select: discord.ui.Select[CardView]
    ) -> None:
        await interaction.response.send_message(f"Silenced for {select.values[0]}", ephemeral=True)

    @discord.ui.select(
        cls=discord.ui.UserSelect, placeholder="Assign to", custom_id="assign", max_values=2
    )
    async def assign(
        self, interaction: discord.Interaction, select: discord.ui.UserSelect[CardView]
    ) -> None:
        names = ", ".join(each.display_name for each in select.values)
        await interaction.response.send_message(f"Assigned to {names}", ephemeral=True)


def card(now: datetime) -> discord.Embed:
    """A card like Jinkies' own."""
    embed = discord.Embed(
        title="KeyError: 'sku-4411'",
        url="https://example.com/J-41",
        description="`cart.total` in **checkout**\n```py\n" + TRACE + "```",
        color=0xE5484D,
        timestamp=now,
    )
    seen = int((now - timedelta(minutes=3)).timestamp())
    embed.set_author(name="checkout · production")
    embed.add_field(name="State", value="🔴 Open", inline=True)
    embed.add_field(name="Occurrences", value="**42**  `▁▁▂▅█`", inline=True)
    embed.add_field(name="Last seen", value=f"<t:{seen}:R>", inline=True)
    embed.add_field(name="Culprit", value="`shop/cart.py:41` in `total`", inline=False)
    embed.set_footer(text="J-41")
    return embed


class ShowcaseBot(discord.Client):
    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.default(), guild_ready_timeout=0.02)
        self.tree = app_commands.CommandTree(self)
        self.ready = asyncio.Event()
        add_commands(self.tree)

    async def setup_hook(self) -> None:
        self.add_view(CardView())
        await self.tree.sync()

    async def on_ready(self) -> None:
        self.ready.set()

    def channel(self, name: str) -> discord.TextChannel:
        """A text channel of the guild by name."""
        found = discord.utils.get(self.guilds[0].text_channels, name=name)
        assert found is not None
        return found

    async def post_card(self, name: str = "alerts") -> discord.Message:
        """Post a card with everything under it."""
        file = discord.File(io.BytesIO(TRACE.encode() * 4), "trace.txt")
        return await self.channel(name).send(
            embed=card(datetime.now(UTC)), view=CardView(), file=file
        )


def add_commands(tree: app_commands.CommandTree[ShowcaseBot]) -> None:
    """Commands with every kind of option."""

    async def alerts(
        interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        fits = [each for each in ALERTS if current.lower() in each.lower()]
        return [app_commands.Choice(name=each, value=each.split()[0]) for each in fits]

    @tree.command(name="ack", description="Acknowledge an alert")
    @app_commands.describe(alert="Which one", note="Why", loud="Tell everybody")
    @app_commands.autocomplete(alert=alerts)
    async def ack(
        interaction: discord.Interaction, alert: str, note: str = "", loud: bool = False
    ) -> None:
        text = f"Acknowledged {alert} {note}".strip()
        await interaction.response.send_message(text, ephemeral=not loud)

    @tree.command(name="silence", description="Hold an alert's notifications back")
    @app_commands.choices(
        length=[app_commands.Choice(name=f"{n} hours", value=n) for n in (1, 4, 24)]
    )
    async def silence(
        interaction: discord.Interaction, length: int, person: discord.Member | None = None
    ) -> None:
        await interaction.response.send_message(f"Silenced for {length} h by {person}")

    @tree.command(name="slow", description="Thinks for a while")
    async def slow(interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True)
        await asyncio.sleep(0.3)
        await interaction.followup.send("Done thinking")

    @tree.command(name="mute", description="Never answers")
    async def mute(interaction: discord.Interaction) -> None:
        """Answers nothing, on purpose."""

    group = app_commands.Group(name="alert", description="One alert")

    @group.command(name="show", description="Show an alert")
    async def show(interaction: discord.Interaction, number: app_commands.Range[int, 1]) -> None:
        await interaction.response.send_message(f"Alert {number}")

    tree.add_command(group)


def texts() -> Mapping[str, str]:
    """Messages that show what Markdown can do, by what they show."""
    now = int(datetime.now(UTC).timestamp())
    return {
        "marks": "**bold** *italic* __under__ ~~gone~~ ||secret|| `code` [run](https://example.com)",
        "ansi": "```ansi\n\x1b[1;31mERROR\x1b[0m pool \x1b[33mexhausted\x1b[0m\n```",
        "blocks": "# Heading\n## Smaller\n> quoted\n- one\n  - inner\n1. first\n-# small print",
        "times": f"started <t:{now - 90}:R>, until <t:{now + 7200}:t>",
    }
