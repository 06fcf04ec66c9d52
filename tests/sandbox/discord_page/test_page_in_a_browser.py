"""The page as a person uses it, by mouse and by keyboard, in a real headless Chromium."""

from __future__ import annotations

import contextlib
from pathlib import Path

import discord
import pytest
from page_stage import Stage
from playwright.async_api import Page, expect

from sandbox.discord import page
from sandbox.discord.panels import Panel, PanelButton
from sandbox.discord.permissions import Permission
from sandbox.discord.server import DiscordStandIn

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


def newest(tab: Page) -> object:
    return tab.locator(".message").last


async def test_pressing_a_button_edits_the_card_in_place_and_keeps_the_focus(stage: Stage) -> None:
    tab = await stage.visit(stage.place("pressed"))
    await stage.bot.post_card("pressed")
    button = tab.get_by_role("button", name="Acknowledge", exact=True)
    await button.focus()
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_text("Acknowledged by @Sam")).to_be_visible()
    await expect(tab.get_by_text("(edited)")).to_be_visible()
    await expect(button).to_be_focused()
    await expect(tab.locator(".message")).to_have_count(1)


async def test_a_card_shows_what_the_bot_sent(stage: Stage) -> None:
    tab = await stage.visit(stage.place("shown"))
    await stage.bot.post_card("shown")
    card = tab.get_by_role("region", name="KeyError: 'sku-4411'")
    await expect(card.get_by_role("link", name="KeyError")).to_have_attribute(
        "href", "https://example.com/J-41"
    )
    await expect(card.locator("time[data-relative]")).to_have_text("3 minutes ago")
    await expect(card.locator(".code-string").first).to_have_text('"shop/checkout.py"')
    assert await card.evaluate("node => node.style.getPropertyValue('--bar')") == "#e5484d"
    await expect(tab.get_by_role("button", name="Locked")).to_be_disabled()
    runbook = tab.get_by_role("link", name="Runbook")
    await expect(runbook).to_have_attribute("rel", "noopener noreferrer nofollow")
    await tab.get_by_role("button", name="Show all 24 lines").click()
    async with tab.expect_download() as saved:
        await tab.get_by_role("link", name="Save trace.txt").click()
    assert (await saved.value).suggested_filename == "trace.txt"


async def test_a_command_is_written_by_keyboard_alone(stage: Stage) -> None:
    tab = await stage.visit(stage.place("typed"))
    await tab.keyboard.press("/")
    await expect(tab.get_by_role("option", name="/ack Acknowledge an alert")).to_be_visible()
    await tab.keyboard.type("ac")
    await tab.keyboard.press("Tab")
    await tab.keyboard.type("pay")
    await expect(tab.get_by_role("option")).to_have_text(["J-42 TimeoutError in payments"])
    await tab.keyboard.press("Tab")
    await tab.keyboard.press("Enter")  # on "+ note"
    await tab.keyboard.type("on it")
    await tab.keyboard.press("Enter")
    await expect(newest(tab)).to_contain_text("Acknowledged J-42 on it")
    await expect(newest(tab)).to_contain_text("Only you can see this")
    await expect(tab.get_by_role("combobox", name="Message #typed")).to_be_focused()
    await tab.get_by_role("button", name="Dismiss message").click()
    await expect(tab.locator(".message")).to_have_count(0)


async def test_a_command_is_chosen_by_its_whole_name_and_left_by_escape(stage: Stage) -> None:
    tab = await stage.visit(stage.place("typed"))
    await tab.keyboard.press("/")
    await expect(tab.get_by_role("option").first).to_be_visible()
    await tab.keyboard.type("alert show ")
    number = tab.get_by_label("number")
    await expect(number).to_be_focused()
    await tab.keyboard.type("many")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("alert")).to_have_text("number: a whole number, please")
    await number.fill("7")
    await tab.keyboard.press("Enter")
    await expect(newest(tab)).to_contain_text("Alert 7")
    await tab.keyboard.type("/sil ")
    await tab.keyboard.press("Backspace")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("option")).to_have_text(["1 hours", "4 hours", "24 hours"])
    await tab.keyboard.press("Escape")
    await tab.keyboard.press("Escape")
    await expect(tab.get_by_role("combobox", name="Message #typed")).to_be_focused()


async def test_a_form_opens_traps_the_focus_and_is_sent(stage: Stage) -> None:
    tab = await stage.visit(stage.place("form"))
    await stage.bot.post_card("form")
    await tab.get_by_role("button", name="Resolve").click()
    dialog = tab.get_by_role("dialog", name="Resolve with a note")
    await expect(dialog.get_by_label("What was it?")).to_be_focused()
    await tab.keyboard.type("no price")
    await tab.keyboard.press("Control+Enter")
    await expect(dialog).to_have_count(0)
    await expect(newest(tab)).to_contain_text("Noted: no price")


async def test_menus_take_one_value_or_several(stage: Stage) -> None:
    tab = await stage.visit(stage.place("menus"))
    await stage.bot.post_card("menus")
    await tab.get_by_role("combobox", name="Silence for …").click()
    await tab.get_by_role("option", name="1 hour").click()
    await expect(newest(tab)).to_contain_text("Silenced for 1 hour")
    await tab.get_by_role("combobox", name="Assign to").focus()
    for key in ("ArrowDown", "Space", "ArrowDown", "Space", "Escape"):
        await tab.keyboard.press(key)
    await expect(newest(tab)).to_contain_text("Assigned to Ada, Kim")


async def test_a_bot_that_does_not_answer_is_said_to_have_failed(stage: Stage) -> None:
    tab = await stage.visit(stage.place("silent"))
    await stage.bot.post_card("silent")
    await tab.get_by_role("button", name="Fail").click()
    await expect(tab.get_by_role("alert")).to_contain_text("The application did not respond")
    await tab.keyboard.press("/")
    await expect(tab.get_by_role("option").first).to_be_visible()
    await tab.keyboard.type("mute")
    await tab.keyboard.press("Enter")
    await tab.get_by_role("button", name="Send /mute").click()
    await expect(tab.get_by_text("/mute: The application did not respond")).to_be_visible()


async def test_a_bot_that_needs_time_is_shown_thinking(stage: Stage) -> None:
    tab = await stage.visit(stage.place("slow"))
    await tab.keyboard.press("/")
    await expect(tab.get_by_role("option").first).to_be_visible()
    await tab.keyboard.type("slow")
    await tab.keyboard.press("Enter")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_text("Jinkies is thinking…")).to_be_visible()
    await expect(newest(tab)).to_contain_text("Done thinking")
    await expect(newest(tab)).to_contain_text("Sam used /slow")


async def test_people_differ_in_what_they_may(stage: Stage) -> None:
    world = stage.standin.world
    place = stage.place("read-only")
    row = world.channel("read-only")
    deny = {"id": world.guild()["id"], "type": 0, "allow": "0"}
    world.channels.change(
        row["id"],
        permission_overwrites=[{**deny, "deny": str(int(Permission.SEND_MESSAGES))}],
    )
    tab = await stage.visit(place, person="rita")
    await expect(tab.get_by_placeholder("You may not write here")).to_be_visible()
    await tab.get_by_role("combobox", name="Message #read-only").fill("hello")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_text("rita may not write here")).to_be_visible()
    await tab.get_by_role("combobox", name="Acting as Rita").click()
    await tab.get_by_role("option", name="Ada Admin").click()
    await expect(tab.get_by_role("combobox", name="Acting as Ada, Admin")).to_be_visible()
    await expect(tab.get_by_placeholder("Message #read-only, or /")).to_be_visible()
    # The browser says so in its console, as it does for every refusal.
    stage.complaints[:] = [each for each in stage.complaints if "409" not in each]


async def test_news_elsewhere_is_marked_until_it_is_read(stage: Stage) -> None:
    stage.place("elsewhere")
    tab = await stage.visit(stage.place("here"))
    await stage.standin.person("kim").write("elsewhere", "news")
    link = tab.get_by_role("link", name="elsewhere (unread)")
    await link.click()
    await expect(tab.get_by_text("news")).to_be_visible()
    await expect(tab.get_by_role("link", name="elsewhere", exact=True)).to_be_visible()
    await expect(tab.locator("#announcer")).to_have_text("")


async def test_who_reads_older_messages_is_not_pulled_away(stage: Stage) -> None:
    kim = stage.standin.person("kim")
    place = stage.place("long")
    for number in range(70):
        await kim.write("long", f"line {number}")
    tab = await stage.visit(place)
    await expect(tab.get_by_text("line 69", exact=True)).to_be_in_viewport()
    await kim.write("long", "line 70")
    await expect(tab.get_by_text("line 70", exact=True)).to_be_in_viewport()
    await tab.locator(".scroller").first.evaluate("node => { node.scrollTop = 0; }")
    await expect(tab.get_by_text("line 5", exact=True)).to_have_count(1)
    await kim.write("long", "line 71")
    await expect(tab.get_by_text("line 71", exact=True)).not_to_be_in_viewport()
    await tab.get_by_role("button", name="Newest messages").click()
    await expect(tab.get_by_text("line 71", exact=True)).to_be_in_viewport()
    await expect(tab.locator("#announcer")).to_have_text("Kim: line 71")


async def test_links_of_discord_lead_to_the_page_itself(stage: Stage) -> None:
    place = stage.place("linked")
    target = await stage.standin.person("kim").write("linked", "the target")
    url = f"https://discord.com{place}/{target['id']}"
    pointing = stage.place("pointing")
    await stage.standin.person("kim").write("pointing", f"see {url}")
    tab = await stage.visit(pointing)
    await tab.get_by_role("link", name="#linked › message").click()
    await expect(tab.locator(".message.pointed-at")).to_contain_text("the target")
    assert tab.url == f"{stage.standin.url}{place}/{target['id']}?as=sam"
    await tab.go_back()
    await expect(tab.get_by_role("heading", name="pointing").first).to_be_visible()


async def test_reactions_are_toggled(stage: Stage) -> None:
    tab = await stage.visit(stage.place("reacted"))
    await stage.standin.person("kim").write("reacted", "shipped")
    await newest(tab).hover()
    await tab.get_by_role("button", name="Add a reaction").click()
    await tab.get_by_role("button", name="rocket").click()
    chip = tab.get_by_role("button", name="🚀, 1")
    await expect(chip).to_have_attribute("aria-pressed", "true")
    await chip.click()
    await expect(chip).to_have_count(0)


async def test_a_message_is_reached_and_answered_by_keyboard_alone(stage: Stage) -> None:
    tab = await stage.visit(stage.place("walked"))
    await stage.standin.person("kim").write("walked", "who takes it?")
    await expect(newest(tab)).to_contain_text("who takes it?")
    box = tab.get_by_role("combobox", name="Message #walked")
    await box.focus()
    for key in ("ArrowUp", "ArrowRight", "ArrowRight", "Enter"):
        await tab.keyboard.press(key)
    await expect(tab.get_by_text("Replying to Kim")).to_be_visible()
    await expect(box).to_be_focused()


async def test_a_direct_message_and_a_forum_have_places_of_their_own(stage: Stage) -> None:
    world = stage.standin.world
    world.add_channel("postmortems", 15, available_tags=[])
    forum = world.channel("postmortems")
    tab = await stage.visit(f"/channels/{forum['guild_id']}/{forum['id']}", person="kim")
    place = discord.utils.get(stage.bot.guilds[0].forums, name="postmortems")
    assert place is not None
    await place.create_thread(name="Prices were lost", content="What happened")
    await tab.get_by_role("link", name="Prices were lost").click()
    await expect(newest(tab)).to_contain_text("What happened")
    kim = await stage.bot.fetch_user(int(world.user("kim")["id"]))
    await kim.send("You are on call")
    await tab.get_by_role("link", name="Direct messages").click()
    await expect(newest(tab)).to_contain_text("You are on call")


async def test_a_card_of_the_new_kind_is_shown_and_pressed(stage: Stage) -> None:
    class Deploy(discord.ui.LayoutView):
        def __init__(self) -> None:
            super().__init__(timeout=None)
            undo = discord.ui.Button(label="Roll back", custom_id="undo")
            undo.callback = self.undo
            section = discord.ui.Section("## Deploy 1.4.2", accessory=undo)
            self.add_item(discord.ui.Container(section, discord.ui.Separator(), accent_colour=255))

        async def undo(self, interaction: discord.Interaction) -> None:
            await interaction.response.send_message("Rolled back", ephemeral=True)

    tab = await stage.visit(stage.place("deploys"))
    await stage.bot.channel("deploys").send(view=Deploy())
    await expect(tab.get_by_role("heading", name="Deploy 1.4.2")).to_be_visible()
    await tab.get_by_role("button", name="Roll back").click()
    await expect(newest(tab)).to_contain_text("Rolled back")


async def test_a_reply_shows_what_it_answers(stage: Stage) -> None:
    tab = await stage.visit(stage.place("replied"))
    await stage.standin.person("kim").write("replied", "who takes it?")
    await newest(tab).hover()
    await tab.get_by_role("button", name="Reply", exact=True).click()
    await tab.keyboard.type("I do")
    await tab.keyboard.press("Enter")
    await expect(newest(tab)).to_contain_text("Kim")
    await expect(newest(tab)).to_contain_text("who takes it?")
    await expect(newest(tab)).to_contain_text("I do")


async def test_a_thread_opens_from_its_message(stage: Stage) -> None:
    tab = await stage.visit(stage.place("threaded"))
    message = await stage.bot.channel("threaded").send("Incident opened")
    thread = await message.create_thread(name="Checkout down")
    await thread.send("first entry")
    await tab.locator(".thread-chip").click()
    await expect(tab.get_by_text("first entry")).to_be_visible()
    await expect(tab.get_by_role("heading", name="Checkout down").first).to_be_visible()


async def test_the_theme_follows_the_system_until_one_chooses(stage: Stage) -> None:
    tab = await stage.visit("/", color_scheme="light")
    root = tab.locator("html")
    await expect(root).to_have_attribute("data-theme", "light")
    await tab.get_by_role("button", name="Switch to dark").click()
    await expect(root).to_have_attribute("data-theme", "dark")
    await tab.reload()
    await expect(root).to_have_attribute("data-theme", "dark")


async def test_a_panel_button_runs_its_action_and_says_so(stage: Stage) -> None:
    async def break_it() -> str:
        await stage.bot.post_card("broken")
        return "The checkout crashed."

    button = PanelButton("sku", "Unknown product", "a KeyError", break_it)
    stage.standin.add_panel(Panel("Break something", [button]))
    tab = await stage.visit(stage.place("broken"))
    await tab.get_by_role("button", name="Unknown product").click()
    await expect(tab.get_by_text("The checkout crashed.")).to_be_visible()
    await expect(tab.get_by_role("region", name="KeyError: 'sku-4411'")).to_be_visible()
    stage.standin.panels.clear()


async def test_a_phone_has_the_channels_in_a_drawer(stage: Stage) -> None:
    tab = await stage.visit(stage.place("alerts"), viewport={"width": 390, "height": 844})
    link = tab.get_by_role("link", name="incidents")
    await expect(link).not_to_be_visible()
    await tab.get_by_role("button", name="Channels").click()
    await link.click()
    await expect(tab.get_by_role("combobox", name="Message #incidents")).to_be_visible()
    await expect(link).not_to_be_visible()
    width = await tab.evaluate("document.documentElement.scrollWidth")
    assert width == 390


async def test_a_stand_in_that_comes_back_is_asked_for_everything_anew(
    stage: Stage, tmp_path: Path
) -> None:
    async with contextlib.AsyncExitStack() as running:
        first = DiscordStandIn(data=tmp_path, mounts=[page.mount])
        await first.start()
        again = Stage(first, stage.bot, stage.browser)
        tab = await again.visit(again.place("alerts"))
        await first.stop()
        await expect(tab.get_by_text("Connection lost")).to_be_visible()
        second = DiscordStandIn(data=tmp_path, mounts=[page.mount])
        await second.person("kim").write("alerts", "written meanwhile")
        await second.start(int(first.url.rsplit(":", 1)[1]))
        running.push_async_callback(second.stop)
        await expect(newest(tab)).to_contain_text("written meanwhile")
        await expect(tab.get_by_text("Connection lost")).not_to_be_visible()
        await second.person("kim").write("alerts", "and live again")
        await expect(newest(tab)).to_contain_text("and live again")
        await tab.context.close()
