"""The stand-in as a whole: rate limits, faults, restarts, people, an unmodified client."""

import asyncio
import datetime as dt
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
import trustme
import yarl
from aiohttp.abc import AbstractResolver, ResolveResult
from discord.ext import commands

from sandbox.discord.errors import CannotDo
from sandbox.discord.faults import Fault
from sandbox.discord.server import DiscordStandIn


@pytest.fixture
async def strict() -> AsyncIterator[DiscordStandIn]:
    standin = DiscordStandIn()
    await standin.start()
    yield standin
    await standin.stop()
    assert not standin.violations


async def test_the_sixth_message_in_five_seconds_is_too_many(strict: DiscordStandIn) -> None:
    channel = strict.world.channel("alerts")["id"]
    url = f"{strict.url}/api/v10/channels/{channel}/messages"
    headers = {"Authorization": f"Bot {strict.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for left in (4, 3, 2, 1, 0):
            async with session.post(url, json={"content": "x"}) as answer:
                assert answer.status == 200
                assert answer.headers["X-RateLimit-Remaining"] == str(left)
                assert answer.headers["X-RateLimit-Limit"] == "5"
        async with session.post(url, json={"content": "x"}) as answer:
            assert answer.status == 429
            assert "Via" in answer.headers
            told = await answer.json()
            assert 0 < told["retry_after"] <= 5
            assert told["global"] is False
        other = url.replace(channel, strict.world.channel("general")["id"])
        async with session.post(other, json={"content": "x"}) as answer:
            assert answer.status == 200


async def test_fifty_a_second_is_the_limit_for_everything_together(strict: DiscordStandIn) -> None:
    headers = {"Authorization": f"Bot {strict.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def get(path: str) -> tuple[int, str | None]:
            async with session.get(f"{strict.url}/api/v10{path}") as answer:
                return answer.status, answer.headers.get("X-RateLimit-Global")

        users = [row["id"] for row in strict.world.users.rows()]
        paths = ["/users/@me", "/oauth2/applications/@me", f"/users/{users[0]}"] * 20
        answers = await asyncio.gather(*(get(path) for path in paths))
    assert (200, None) in answers
    assert (429, "true") in answers


async def test_the_client_waits_out_a_429(
    alerts: discord.TextChannel, discord_standin: DiscordStandIn
) -> None:
    fault = discord_standin.faults.add(
        Fault("POST", "/messages$", status=429, times=1, retry_after=0.05)
    )
    began = time.monotonic()
    await alerts.send("patient")
    assert time.monotonic() - began >= 0.05
    assert fault.hits == 1


async def test_faults_answer_late_or_wrong_or_not_at_all(
    alerts: discord.TextChannel, discord_standin: DiscordStandIn
) -> None:
    faults = discord_standin.faults
    faults.add(Fault("POST", "/messages$", status=503))
    with pytest.raises(discord.DiscordServerError):
        await alerts.send("x")
    faults.add(Fault("POST", "/messages$", cut=True))
    with pytest.raises(aiohttp.ClientError):
        await alerts.send("x")
    assert discord_standin.world.history("alerts") == []
    faults.add(Fault("POST", "/messages$", status=403, after=True))
    with pytest.raises(discord.Forbidden):
        await alerts.send("done all the same")
    assert len(discord_standin.world.history("alerts")) == 1
    late = faults.add(Fault("GET", "/messages", delay=0.05, status=404, times=None))
    for _ in range(2):
        with pytest.raises(discord.NotFound):
            await alerts.fetch_message(1)
    assert late.hits == 2
    faults.clear()
    assert len([m async for m in alerts.history()]) == 1


async def test_a_token_is_good_for_fifteen_minutes(connect_to: Any) -> None:
    now = [dt.datetime.now(dt.UTC)]
    standin = DiscordStandIn(rate_limits=False, clock=lambda: now[0])
    await standin.start()

    def prepare(bot: commands.Bot) -> None:
        @bot.tree.command(description="answers, and answers again")
        async def slow(interaction: discord.Interaction) -> None:
            bot.asked = interaction
            await interaction.response.send_message("first")

    try:
        with standin.point_client_here():
            async with connect_to(standin, prepare) as bot:
                await standin.person("sam").command("slow")
                now[0] += dt.timedelta(minutes=14)
                await bot.asked.edit_original_response(content="in time")
                now[0] += dt.timedelta(minutes=2)
                with pytest.raises(discord.HTTPException) as caught:
                    await bot.asked.edit_original_response(content="too late")
                assert (caught.value.status, caught.value.code) == (401, 50027)
    finally:
        await standin.stop()
    assert not standin.violations


class Again(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Press", custom_id="press")
    async def press(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.edit_message(content="pressed")


async def test_a_restart_with_the_same_data_brings_everything_back(
    tmp_path: Path, connect_to: Any
) -> None:
    first = DiscordStandIn(data=tmp_path, rate_limits=False)
    await first.start()
    with first.point_client_here():
        async with connect_to(first) as bot:
            channel = discord.utils.get(bot.get_all_channels(), name="alerts")
            sent = await channel.send("a card", view=Again())
            gone = await channel.send("gone")
            await gone.delete()
            await sent.create_thread(name="about it")
    await first.person("rita").write("alerts", "see", files={"log.txt": b"the log"})
    await first.person("rita").react(first.world.history("alerts")[0], "🔥")
    await first.stop()

    second = DiscordStandIn(data=tmp_path, rate_limits=False)
    await second.start()
    with second.point_client_here():
        async with connect_to(second, lambda bot: bot.add_view(Again())):
            card, note = second.person("sam").messages("alerts")
            assert card["reactions"][0]["count"] == 1
            assert card["thread"]["name"] == "about it"
            pressed = await second.person("sam").press(card, "Press")
            assert pressed.updated
            assert pressed.updated["content"] == "pressed"
            url = note["attachments"][0]["url"]
            assert url.startswith(second.url)
            async with aiohttp.ClientSession() as session, session.get(url) as answer:
                assert await answer.read() == b"the log"
    await second.stop()


async def test_what_was_said_survives_a_kill(tmp_path: Path) -> None:
    killed = DiscordStandIn(data=tmp_path)
    await killed.start()
    await killed.person("sam").write("alerts", "last words")
    await asyncio.sleep(0)  # the write comes in the loop's next turn
    found = DiscordStandIn(data=tmp_path)
    assert [row["content"] for row in found.world.history("alerts")] == ["last words"]
    await killed.stop()


async def test_people_are_held_to_their_rights(discord_standin: DiscordStandIn) -> None:
    world = discord_standin.world
    guild_id, viewer = world.guild()["id"], world.role("Viewer")["id"]
    silent = {"id": viewer, "type": 0, "allow": "0", "deny": str(1 << 11)}
    hidden = {"id": guild_id, "type": 0, "allow": "0", "deny": str(1 << 10)}
    world.add_channel("announcements", permission_overwrites=[silent])
    world.add_channel("admins", permission_overwrites=[hidden])
    rita, ada = discord_standin.person("rita"), discord_standin.person("ada")
    with pytest.raises(CannotDo, match="may not write"):
        await rita.write("announcements", "hello")
    with pytest.raises(CannotDo, match="may not see"):
        await rita.write("admins", "hello")
    assert "admins" not in {row["name"] for row in rita.channels()}
    said = await ada.write("admins", "hello")
    with pytest.raises(CannotDo):
        await rita.react(said, "🔥")
    with pytest.raises(CannotDo, match="2000"):
        await ada.write("admins", "x" * 2001)
    with pytest.raises(CannotDo):
        await ada.write("admins", "")


async def test_subscribers_hear_what_their_person_may(discord_standin: DiscordStandIn) -> None:
    world, rita = discord_standin.world, discord_standin.person("rita")
    hidden = {"id": world.guild()["id"], "type": 0, "allow": "0", "deny": str(1 << 10)}
    world.add_channel("admins", permission_overwrites=[hidden])
    heard: list[str] = []
    unsubscribe = world.subscribe(
        lambda event: heard.append(event.type) if world.hears(rita.id, event.audience) else None
    )
    await discord_standin.person("ada").write("admins", "secret")
    said = await discord_standin.person("ada").write("general", "open")
    await rita.react(said, "🔥")
    await rita.unreact(said, "🔥")
    unsubscribe()
    await rita.write("general", "unheard")
    assert heard == ["MESSAGE_CREATE", "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"]


class Loopback(AbstractResolver):
    """Sends every name to one port of this machine, and remembers which names were asked."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.asked: set[str] = set()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.add(host)
        row = ResolveResult(
            hostname=host, host="127.0.0.1", port=self._port, family=family, proto=0, flags=0
        )
        return [row]

    async def close(self) -> None: ...


async def test_an_unmodified_client_with_discords_own_addresses(connect_to: Any) -> None:
    authority = trustme.CA()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("discord.com", "gateway.discord.gg").configure_cert(served)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    standin = DiscordStandIn(rate_limits=False)
    await standin.start(tls=served)
    resumes_at = "wss://gateway.discord.gg"
    standin.gateway.resume_url = resumes_at
    resolver = Loopback(yarl.URL(standin.url).port or 0)
    connector = aiohttp.TCPConnector(resolver=resolver, ssl=trusted, limit=0)
    try:
        async with connect_to(standin, sync=False, connector=connector) as bot:
            channel = discord.utils.get(bot.get_all_channels(), name="alerts")
            await channel.send("over TLS")
            resumed = asyncio.ensure_future(bot.wait_for("resumed", timeout=5))
            await asyncio.sleep(0)
            await standin.faults.drop_gateway()
            await resumed
    finally:
        await standin.stop()
    assert resolver.asked == {"discord.com", "gateway.discord.gg"}
    assert [row["content"] for row in standin.world.history("alerts")] == ["over TLS"]
