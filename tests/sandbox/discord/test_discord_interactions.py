"""Commands, buttons, selects and forms, with a real discord.py bot at the other end."""

import asyncio
import io
from typing import Any

import discord
import pytest
from discord import app_commands
from discord.ext import commands

from sandbox.discord.errors import CannotDo
from sandbox.discord.server import DiscordStandIn

Interaction = discord.Interaction


class Form(discord.ui.Modal, title="Why?"):
    reason: discord.ui.TextInput[Any] = discord.ui.TextInput(
        label="Reason", custom_id="reason", max_length=20
    )

    async def on_submit(self, interaction: Interaction) -> None:
        await interaction.response.send_message(f"because {self.reason.value}", ephemeral=True)


class Buttons(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.add_item(discord.ui.Button(label="Docs", url="https://example.com"))

    @discord.ui.button(label="Acknowledge", custom_id="ack")
    async def ack(self, interaction: Interaction, button: discord.ui.Button[Any]) -> None:
        button.disabled = True
        await interaction.response.edit_message(
            content=f"taken by {interaction.user.name}", view=self
        )

    @discord.ui.button(label="Slow", custom_id="slow")
    async def slow(self, interaction: Interaction, button: discord.ui.Button[Any]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="slowly done")

    @discord.ui.button(label="Why", custom_id="why")
    async def why(self, interaction: Interaction, button: discord.ui.Button[Any]) -> None:
        await interaction.response.send_modal(Form(custom_id="form"))

    @discord.ui.select(
        custom_id="minutes",
        options=[discord.SelectOption(label="1 h", value="60"), discord.SelectOption(label="4 h")],
    )
    async def minutes(self, interaction: Interaction, select: discord.ui.Select[Any]) -> None:
        await interaction.response.send_message(f"silenced for {select.values}")


class Counter(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"count:(?P<n>\d+)"):
    def __init__(self, number: int) -> None:
        super().__init__(discord.ui.Button(label=f"Count {number}", custom_id=f"count:{number}"))
        self.number = number

    @classmethod
    async def from_custom_id(cls, interaction: Interaction, item: Any, match: Any) -> "Counter":
        return cls(int(match["n"]))

    async def callback(self, interaction: Interaction) -> None:
        view = discord.ui.View(timeout=None)
        view.add_item(Counter(self.number + 1))
        await interaction.response.edit_message(view=view)


def prepare(bot: commands.Bot) -> None:
    bot.add_view(Buttons())
    bot.add_dynamic_items(Counter)
    tree = bot.tree

    @tree.command(description="says pong")
    async def ping(interaction: Interaction, times: app_commands.Range[int, 1, 5] = 1) -> None:
        await interaction.response.send_message("pong " * times, ephemeral=True)

    @tree.command(description="posts the buttons")
    async def card(interaction: Interaction) -> None:
        await interaction.response.send_message("a card", view=Buttons())

    @tree.command(description="counts")
    async def counter(interaction: Interaction) -> None:
        view = discord.ui.View(timeout=None)
        view.add_item(Counter(1))
        await interaction.response.send_message("count", view=view)

    @tree.command(description="thinks first")
    async def think(interaction: Interaction, hidden: bool = False) -> None:
        await interaction.response.defer(thinking=True, ephemeral=hidden)
        await interaction.followup.send("thought", file=discord.File(io.BytesIO(b"1"), "1.txt"))
        more = await interaction.followup.send("more", ephemeral=True, wait=True)
        await more.edit(content="even more")
        await more.delete()

    @tree.command(description="never answers")
    async def sulk(interaction: Interaction) -> None:
        bot.sulked = interaction  # type: ignore[attr-defined]

    @tree.command(description="finds")
    async def find(interaction: Interaction, who: discord.Member, what: str = "all") -> None:
        await interaction.response.send_message(f"{who.display_name} {what}")

    @find.autocomplete("what")
    async def suggest(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        words = ["alpha", "alphabet", "beta"]
        return [app_commands.Choice(name=w, value=w) for w in words if w.startswith(typed)]

    add_more(tree)


def add_more(tree: app_commands.CommandTree[Any]) -> None:
    @tree.command(description="reads a file")
    async def read(interaction: Interaction, file: discord.Attachment) -> None:
        await interaction.response.send_message((await file.read()).decode())

    @tree.command(description="for admins")
    @app_commands.default_permissions(manage_guild=True)
    async def reset(interaction: Interaction) -> None:
        await interaction.response.send_message("reset")

    @tree.context_menu(name="Quote")
    async def quote(interaction: Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"> {message.content}")

    @tree.context_menu(name="Greet")
    async def greet(interaction: Interaction, user: discord.Member) -> None:
        await interaction.response.send_message(f"hello {user.name}")

    group = app_commands.Group(name="alert", description="alerts")

    @group.command(name="show", description="shows one")
    async def show(interaction: Interaction, number: int) -> None:
        await interaction.response.send_message(f"alert {number}")

    tree.add_command(group)


async def test_a_command_is_answered_for_the_one_who_asked(
    discord_standin: DiscordStandIn, connect: Any
) -> None:
    async with connect(prepare):
        sam, rita = discord_standin.person("sam"), discord_standin.person("rita")
        reply = await sam.command("ping", times=2)
        assert (reply.content, reply.ephemeral) == ("pong pong ", True)
        assert [row["content"] for row in sam.messages("alerts")] == ["pong pong "]
        assert rita.messages("alerts") == []
        assert discord_standin.world.history("alerts") == []
        reply = await sam.command("alert show", number=7)
        assert reply.content == "alert 7"
        reply = await sam.command("find", who="rita", channel="general")
        assert reply.content == "Rita all"
        reply = await sam.command("read", file=("notes.txt", b"from a file"))
        assert reply.content == "from a file"


async def test_what_a_person_gets_wrong_is_told_before_anything_is_sent(
    discord_standin: DiscordStandIn, connect: Any
) -> None:
    async with connect(prepare):
        sam = discord_standin.person("sam")
        for wrong in (
            sam.command("pong"),
            sam.command("ping", times=9),
            sam.command("ping", times="2"),
            sam.command("ping", volume=3),
            sam.command("alert"),
            sam.command("alert hide"),
            sam.command("find"),
            sam.command("find", who="nobody"),
            sam.command("reset"),
        ):
            with pytest.raises(CannotDo):
                await wrong
        assert (await discord_standin.person("ada").command("reset")).content == "reset"
        assert "reset" not in {row["name"] for row in sam.commands("alerts")}


async def test_suggestions_follow_what_is_typed(
    discord_standin: DiscordStandIn, connect: Any
) -> None:
    async with connect(prepare):
        choices = await discord_standin.person("sam").autocomplete("find", "what", "alp")
        assert [choice["value"] for choice in choices] == ["alpha", "alphabet"]


async def test_a_button_edits_its_message_in_place(
    discord_standin: DiscordStandIn, connect: Any
) -> None:
    async with connect(prepare):
        sam, kim = discord_standin.person("sam"), discord_standin.person("kim")
        card = (await sam.command("card")).message
        assert card
        slow = await kim.press(card, "Slow")
        assert (await slow.finished()).content == "slowly done"
        taken = await kim.press(card, "Acknowledge")
        assert taken.updated
        assert taken.updated["content"] == "taken by kim"
        assert [m["content"] for m in discord_standin.world.history("alerts")] == ["taken by kim"]
        for wrong in ("Acknowledge", "Docs", "Nothing"):
            with pytest.raises(CannotDo):
                await sam.press(card, wrong)


async def test_a_select_and_a_form_carry_what_was_chosen_and_typed(
    discord_standin: DiscordStandIn, connect: Any
) -> None:
    async with connect(prepare):
        sam = discord_standin.person("sam")
        card = (await sam.command("card")).message
        assert card
        assert (await sam.select(card, "minutes", ["60"])).content == "silenced for ['60']"
        with pytest.raises(CannotDo):
            await sam.select(card, "minutes", ["90"])
        opened = await sam.press(card, "Why")
        assert opened.modal
        assert opened.modal["title"] == "Why?"
        for values in ({}, {"reason": "x" * 21}, {"reason": "ok", "other": "?"}):
            with pytest.raises(CannotDo):
                await sam.submit(opened, values)
        told = await sam.submit(opened, {"reason": "of tests"})
        assert (told.content, told.ephemeral) == ("because of tests", True)


async def test_a_deferred_answer_comes_in_its_own_time(
    discord_standin: DiscordStandIn, connect: Any
) -> None:
    async with connect(prepare):
        sam = discord_standin.person("sam")
        reply = await (await sam.command("think")).finished()
        assert reply.content == "thought"
        assert reply.message
        assert reply.message["attachments"][0]["filename"] == "1.txt"
        hidden = await (await sam.command("think", hidden=True)).finished()
        assert hidden.ephemeral
        assert len(discord_standin.world.history("alerts")) == 1


async def test_context_menus_know_their_target(
    discord_standin: DiscordStandIn, connect: Any
) -> None:
    async with connect(prepare):
        sam, rita = discord_standin.person("sam"), discord_standin.person("rita")
        said = await rita.write("alerts", "it is down")
        assert (await sam.menu("Quote", said)).content == "> it is down"
        assert (await sam.menu("Greet", rita.user, "alerts")).content == "hello rita"


async def test_a_button_posted_before_a_restart_is_served_after_it(
    discord_standin: DiscordStandIn, connect: Any
) -> None:
    sam = discord_standin.person("sam")
    async with connect(prepare):
        message = (await sam.command("counter")).message
    async with connect(prepare, sync=False):
        assert message
        again = await sam.press(message, "Count 1")
        assert again.updated
        assert again.updated["components"][0]["components"][0]["label"] == "Count 2"


async def test_too_late_is_not_answered_and_the_person_sees_it(connect_to: Any) -> None:
    standin = DiscordStandIn(rate_limits=False, answer_within=0.05)
    await standin.start()
    try:
        with standin.point_client_here():
            async with connect_to(standin, prepare) as bot:
                reply = await standin.person("sam").command("sulk")
                assert reply.failed
                with pytest.raises(discord.NotFound) as caught:
                    await bot.sulked.response.send_message("late")
                assert caught.value.code == 10062
    finally:
        await standin.stop()


async def test_the_second_first_answer_is_refused(
    discord_standin: DiscordStandIn, connect: Any
) -> None:
    async with connect(prepare) as bot:
        asking = asyncio.ensure_future(discord_standin.person("sam").command("sulk"))
        interaction = await bot.wait_for("interaction", timeout=5)
        await interaction.response.send_message("one")
        interaction.response._response_type = None
        with pytest.raises(discord.HTTPException) as caught:
            await interaction.response.send_message("two")
        assert caught.value.code == 40060
        assert (await asking).content == "one"


async def test_layouts_of_the_second_kind_are_kept_as_they_are(
    bot: commands.Bot, alerts: discord.TextChannel
) -> None:
    view = discord.ui.LayoutView()
    thumbnail: Any = discord.ui.Thumbnail("https://example.com/a.png")
    container: Any = discord.ui.Container(
        discord.ui.Section("text", accessory=thumbnail),
        discord.ui.Separator(),
        discord.ui.ActionRow(discord.ui.Button(label="Go", custom_id="go")),
        accent_colour=discord.Colour.red(),
    )
    view.add_item(container)
    view.add_item(discord.ui.File("attachment://log.txt"))
    sent = await alerts.send(view=view, file=discord.File(io.BytesIO(b"log"), "log.txt"))
    read = await alerts.fetch_message(sent.id)
    assert [type(each).__name__ for each in read.components] == ["Container", "FileComponent"]
    with pytest.raises(discord.HTTPException):
        await sent.edit(content="no text beside a layout")
