"""What discord.py's own objects do over REST, each request and answer checked."""

import asyncio
import io

import discord
import pytest
from discord.ext import commands

from sandbox.discord.faults import Fault
from sandbox.discord.server import DiscordStandIn


async def test_a_message_is_sent_read_edited_and_deleted(alerts: discord.TextChannel) -> None:
    sent = await alerts.send("first", embed=discord.Embed(title="t", description="d"))
    await sent.edit(content="second", embed=None)
    read = await alerts.fetch_message(sent.id)
    assert (read.content, read.embeds) == ("second", [])
    assert read.edited_at is not None
    await read.delete()
    with pytest.raises(discord.NotFound) as caught:
        await alerts.fetch_message(sent.id)
    assert caught.value.code == 10008


async def test_history_goes_both_ways_and_around(alerts: discord.TextChannel) -> None:
    sent = [await alerts.send(str(number)) for number in range(5)]
    assert [m.content async for m in alerts.history()] == list("43210")
    assert [m.content async for m in alerts.history(after=sent[2], oldest_first=True)] == list("34")
    assert [m.content async for m in alerts.history(before=sent[2])] == list("10")
    assert {m.content async for m in alerts.history(around=sent[2], limit=3)} == set("123")


async def test_files_come_back_from_the_cdn_byte_for_byte(alerts: discord.TextChannel) -> None:
    data = bytes(range(256))
    embed = discord.Embed(title="with a picture")
    embed.set_image(url="attachment://trace.bin")
    sent = await alerts.send(
        embed=embed, file=discord.File(io.BytesIO(data), "trace.bin", description="a trace")
    )
    assert sent.attachments[0].description == "a trace"
    assert sent.embeds[0].image.url == sent.attachments[0].url
    assert await sent.attachments[0].read() == data
    kept = await sent.edit(
        attachments=[*sent.attachments, discord.File(io.BytesIO(b"2"), "second.txt")]
    )
    assert [each.filename for each in kept.attachments] == ["trace.bin", "second.txt"]
    bare = await kept.edit(attachments=kept.attachments[1:])
    assert [each.filename for each in bare.attachments] == ["second.txt"]


async def test_a_reply_shows_what_it_replies_to(alerts: discord.TextChannel) -> None:
    question = await alerts.send("is it down?")
    answer = await question.reply("yes")
    read = await alerts.fetch_message(answer.id)
    assert read.reference is not None
    assert read.reference.message_id == question.id
    assert isinstance(read.reference.resolved, discord.Message)


async def test_reactions_are_added_counted_and_taken_away(
    bot: commands.Bot, alerts: discord.TextChannel, discord_standin: DiscordStandIn
) -> None:
    message = await alerts.send("react")
    await message.add_reaction("🔥")
    sam = discord_standin.person("sam")
    await sam.react(discord_standin.world.history("alerts")[-1], "🔥")
    read = await alerts.fetch_message(message.id)
    assert [(str(r.emoji), r.count, r.me) for r in read.reactions] == [("🔥", 2, True)]
    assert {user.name async for user in read.reactions[0].users()} == {"Jinkies", "sam"}
    await message.remove_reaction("🔥", discord.Object(int(sam.id)))
    await message.remove_reaction("🔥", bot.user)
    assert (await alerts.fetch_message(message.id)).reactions == []
    await message.add_reaction("👀")
    await message.clear_reaction("👀")
    await message.add_reaction("👀")
    await message.clear_reactions()
    with pytest.raises(discord.NotFound) as caught:
        await message.add_reaction("not-an-emoji")
    assert caught.value.code == 10014


async def test_pins_typing_and_bulk_delete(alerts: discord.TextChannel) -> None:
    sent = [await alerts.send(str(number)) for number in range(3)]
    await sent[0].pin()
    assert [m.id async for m in alerts.pins()] == [sent[0].id]
    await sent[0].unpin()
    assert [m.id async for m in alerts.pins()] == []
    async with alerts.typing():
        pass
    await alerts.delete_messages(sent)
    assert [m async for m in alerts.history()] == []


async def test_threads_from_a_message_and_without_one(
    alerts: discord.TextChannel, discord_standin: DiscordStandIn
) -> None:
    message = await alerts.send("a card")
    thread = await message.create_thread(name="incident 1", auto_archive_duration=60)
    assert thread.id == message.id
    await thread.send("what happened?")
    with pytest.raises(discord.HTTPException) as caught:
        await message.create_thread(name="again")
    assert caught.value.code == 160004
    sam = discord.Object(int(discord_standin.person("sam").id))
    await thread.add_user(sam)
    assert len(await thread.fetch_members()) == 2
    await thread.remove_user(sam)
    await thread.leave()
    await thread.join()
    loose = await alerts.create_thread(name="loose", type=discord.ChannelType.public_thread)
    assert {t.id for t in await alerts.guild.active_threads()} == {thread.id, loose.id}
    await thread.edit(name="renamed", archived=True)
    assert [t.name async for t in alerts.archived_threads()] == ["renamed"]
    await thread.send("a message wakes it")
    assert not discord_standin.world.channels[str(thread.id)]["thread_metadata"]["archived"]
    await thread.edit(archived=True, locked=True)
    with pytest.raises(discord.HTTPException) as caught:
        await thread.send("too late")
    assert caught.value.code == 50083
    await loose.delete()


async def test_a_forum_has_posts_with_tags(bot: commands.Bot) -> None:
    guild = bot.guilds[0]
    forum = await guild.create_forum(
        "postmortems", available_tags=[discord.ForumTag(name="db", emoji="🗄️")]
    )
    made = await forum.create_thread(
        name="the long night",
        content="it was dark",
        applied_tags=[forum.available_tags[0]],
        file=discord.File(io.BytesIO(b"x"), "x.txt"),
    )
    assert made.message.id == made.thread.id
    assert [tag.name for tag in made.thread.applied_tags] == ["db"]
    with pytest.raises(discord.HTTPException) as caught:
        await bot.http.send_message(
            forum.id, params=discord.http.handle_message_parameters(content="no")
        )
    assert caught.value.code == 50008


async def test_a_webhook_speaks_as_somebody_else(
    bot: commands.Bot, alerts: discord.TextChannel
) -> None:
    webhook = await alerts.create_webhook(name="Drill")
    said = await webhook.send("help", username="Dana (on call)", wait=True)
    assert (said.author.name, said.webhook_id) == ("Dana (on call)", webhook.id)
    await said.edit(content="help!")
    assert (await webhook.fetch_message(said.id)).content == "help!"
    thread = await alerts.create_thread(name="t", type=discord.ChannelType.public_thread)
    await webhook.send("inside", thread=thread, file=discord.File(io.BytesIO(b"1"), "1.txt"))
    assert [m.content async for m in thread.history()] == ["inside"]
    await said.delete()
    partial = discord.Webhook.partial(webhook.id, webhook.token or "", client=bot)
    assert (await partial.fetch()).name == "Drill"
    await webhook.edit(name="Rehearsal")
    assert [w.name for w in await alerts.webhooks()] == ["Rehearsal"]
    assert [w.name for w in await alerts.guild.webhooks()] == ["Rehearsal"]
    wrong = discord.Webhook.partial(webhook.id, "x" * 68, client=bot)
    with pytest.raises(discord.HTTPException) as caught:
        await wrong.send("no")
    assert (caught.value.status, caught.value.code) == (401, 50027)
    with pytest.raises(discord.HTTPException):
        await alerts.create_webhook(name="my discord")
    await webhook.delete()
    with pytest.raises(discord.NotFound):
        await partial.fetch()


async def test_roles_members_and_overwrites(
    bot: commands.Bot, alerts: discord.TextChannel, discord_standin: DiscordStandIn
) -> None:
    guild, rita = bot.guilds[0], discord_standin.person("rita")
    role = await guild.create_role(name="On call", permissions=discord.Permissions(1 << 10))
    await role.edit(colour=discord.Colour.red(), hoist=True)
    discord_standin.world.change_role(discord_standin.world.role("Jinkies")["id"], position=50)
    member = await guild.fetch_member(int(rita.id))
    await member.add_roles(role)
    await member.edit(nick="Rita on call")
    assert role.id in [r.id for r in (await guild.fetch_member(member.id)).roles]
    assert [m.name for m in await guild.query_members("rit")] == ["rita"]
    assert [m.name async for m in guild.fetch_members()] != []
    await member.remove_roles(role)
    await alerts.set_permissions(role, send_messages=False)
    await alerts.set_permissions(role, overwrite=None)
    await role.delete()
    with pytest.raises(discord.NotFound) as caught:
        await guild.fetch_member(1)
    assert caught.value.code == 10007


async def test_channels_are_made_changed_and_deleted(bot: commands.Bot) -> None:
    guild = bot.guilds[0]
    category = await guild.create_category("Operations")
    channel = await guild.create_text_channel("war room", category=category, topic="loud")
    assert channel.name == "war-room"
    await channel.edit(topic="quiet", slowmode_delay=5)
    assert {c.name for c in await guild.fetch_channels()} >= {"Operations", "war-room", "alerts"}
    fetched = await bot.fetch_channel(channel.id)
    assert isinstance(fetched, discord.TextChannel)
    assert fetched.topic == "quiet"
    await channel.delete()
    with pytest.raises(discord.NotFound) as caught:
        await bot.fetch_channel(channel.id)
    assert caught.value.code == 10003
    await bot.fetch_guild(guild.id)
    await guild.fetch_roles()


async def test_a_direct_message_reaches_one_person_only(
    bot: commands.Bot, discord_standin: DiscordStandIn
) -> None:
    rita, sam = discord_standin.person("rita"), discord_standin.person("sam")
    user = await bot.fetch_user(int(rita.id))
    sent = await user.send("psst")
    assert isinstance(sent.channel, discord.DMChannel)
    assert sent.channel.recipient == user
    assert str(sent.channel.id) in [row["id"] for row in rita.channels()]
    assert str(sent.channel.id) not in [row["id"] for row in sam.channels()]


async def test_one_nonce_is_one_message_even_when_the_answer_is_lost(
    alerts: discord.TextChannel, discord_standin: DiscordStandIn
) -> None:
    lost = discord_standin.faults.add(Fault("POST", "/messages$", cut=True, after=True))
    with pytest.raises(Exception, match=r"disconnected|reset"):
        await alerts.send("once", nonce="card-7")
    assert lost.hits == 1
    again = await alerts.send("once", nonce="card-7")
    assert [m.id async for m in alerts.history()] == [again.id]


async def test_commands_are_registered_globally_and_in_a_guild(bot: commands.Bot) -> None:
    @bot.tree.command(description="says pong", nsfw=True)
    @discord.app_commands.default_permissions(manage_guild=True)
    async def ping(interaction: discord.Interaction, times: int = 1) -> None: ...

    (registered,) = await bot.tree.sync()
    assert registered.nsfw
    guild = bot.guilds[0]
    bot.tree.copy_global_to(guild=guild)
    (local,) = await bot.tree.sync(guild=guild)
    assert local.guild_id == guild.id
    (again,) = await bot.tree.sync(guild=guild)
    assert again.id == local.id
    assert (await bot.tree.fetch_command(registered.id)).name == "ping"
    changed = await registered.edit(description="says pong loudly")
    assert changed.description == "says pong loudly"
    assert len(await bot.tree.fetch_commands()) == 1
    assert len(await bot.tree.fetch_commands(guild=guild)) == 1
    await registered.delete()
    assert await bot.tree.fetch_commands() == []


async def test_concurrent_sends_are_all_there_once(alerts: discord.TextChannel) -> None:
    await asyncio.gather(*(alerts.send(str(number)) for number in range(20)))
    assert len({m.content async for m in alerts.history()}) == 20
