"""The gateway, with discord.py and with a bare socket."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import aiohttp
import discord
import pytest
from discord.ext import commands

from sandbox.discord.conformance import Conformance
from sandbox.discord.faults import Fault
from sandbox.discord.server import DiscordStandIn

Json = dict[str, Any]


@pytest.fixture
async def socket(discord_standin: DiscordStandIn) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    address = f"{discord_standin.gateway_url}?v=10&encoding=json"
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as client:
        assert (await client.receive_json())["op"] == 10
        yield client


def identify(token: str, intents: int = 513, **more: Any) -> Json:
    properties = {"os": "linux", "browser": "test", "device": "test"}
    return {"op": 2, "d": {"token": token, "intents": intents, "properties": properties, **more}}


async def event(client: discord.Client, name: str) -> Any:
    return await client.wait_for(name, timeout=5)


async def test_login_reaches_ready_with_the_whole_guild(bot: commands.Bot) -> None:
    (guild,) = bot.guilds
    assert guild.name == "Rehearsal"
    assert {"alerts", "incidents", "general"} <= {c.name for c in guild.channels}
    assert {m.name for m in guild.members} >= {"rita", "sam", "kim", "ada", "Jinkies"}
    assert guild.me.guild_permissions.manage_threads


async def test_the_checks_have_seen_every_described_gateway_message(
    conformance: Conformance, bot: commands.Bot, alerts: discord.TextChannel
) -> None:
    heard = asyncio.ensure_future(event(bot, "message"))
    await asyncio.sleep(0)
    await alerts.send("hello")
    await heard
    assert {"READY", "GUILD_CREATE", "MESSAGE_CREATE"} <= conformance.events


async def test_a_wrong_token_is_refused(discord_standin: DiscordStandIn) -> None:
    client = discord.Client(intents=discord.Intents.default())
    async with client:
        with pytest.raises(discord.LoginFailure):
            await client.login("wrong")


async def test_a_privileged_intent_must_be_allowed(discord_standin: DiscordStandIn) -> None:
    world = discord_standin.world
    world.applications.change(world.application()["id"], flags=0)
    client = discord.Client(intents=discord.Intents.all())
    async with client:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await client.start(discord_standin.token)


async def test_the_zstd_stream_is_read_by_the_real_client(
    bot: commands.Bot, discord_standin: DiscordStandIn
) -> None:
    assert discord.utils._ActiveDecompressionContext.COMPRESSION_TYPE == "zstd-stream"
    heard = asyncio.ensure_future(event(bot, "message"))
    await asyncio.sleep(0)
    await discord_standin.person("sam").write("alerts", "ünïcode " * 50)
    assert (await heard).content.startswith("ünïcode")


WITHOUT_ZSTANDARD = """
import sys
sys.modules["zstandard"] = None
import discord, yarl
discord.http.Route.BASE = sys.argv[1] + "/api/v10"
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sys.argv[2])
client = discord.Client(intents=discord.Intents.all(), guild_ready_timeout=0.01)
@client.event
async def on_ready():
    print(discord.utils._ActiveDecompressionContext.COMPRESSION_TYPE, flush=True)
@client.event
async def on_message(message):
    print(message.content, flush=True)
    await client.close()
client.run(sys.argv[3], log_handler=None)
"""


async def test_the_zlib_stream_is_read_by_a_client_without_zstandard(
    discord_standin: DiscordStandIn,
) -> None:
    addresses = discord_standin.url, discord_standin.gateway_url, discord_standin.token
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WITHOUT_ZSTANDARD, *addresses, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout
    assert await child.stdout.readline() == b"zlib-stream\n"
    await discord_standin.person("sam").write("alerts", "squeezed " * 50)
    assert (await child.stdout.readline()).startswith(b"squeezed squeezed")
    assert await child.wait() == 0


async def drop(standin: DiscordStandIn, how: str) -> None:
    if how == "closed":
        await standin.faults.drop_gateway(4000)
    elif how == "cut":
        await standin.faults.drop_gateway(None)
    elif how == "asked to reconnect":
        standin.faults.ask_to_reconnect()
    else:
        standin.faults.invalidate_sessions(resumable=True)


@pytest.mark.parametrize("how", ["closed", "cut", "asked to reconnect", "invalid, resumable"])
async def test_after_a_drop_the_client_resumes_and_hears_what_it_missed(
    how: str, bot: commands.Bot, discord_standin: DiscordStandIn
) -> None:
    resumed = asyncio.ensure_future(event(bot, "resumed"))
    heard = asyncio.ensure_future(event(bot, "message"))
    await asyncio.sleep(0)
    refused = discord_standin.faults.add(Fault("GET", "^/gateway$", status=503, times=0))
    await drop(discord_standin, how)
    if how in ("closed", "cut"):
        await discord_standin.person("sam").write("alerts", "while you were away")
        assert (await heard).content == "while you were away"
    await resumed
    assert refused.hits == 0
    heard.cancel()
    assert len(discord_standin.gateway.sessions) == 1


async def at_once(shard_id: int | None, *, initial: bool = False) -> None: ...


async def test_an_invalid_session_begins_anew(
    bot: commands.Bot, discord_standin: DiscordStandIn
) -> None:
    before = set(discord_standin.gateway.sessions)
    bot.before_identify_hook = at_once  # the library's own waits 5 seconds
    ready = asyncio.ensure_future(event(bot, "ready"))
    await asyncio.sleep(0)
    discord_standin.faults.invalidate_sessions()
    await ready
    assert before.isdisjoint(discord_standin.gateway.sessions)


async def test_without_the_intent_the_content_of_others_is_blank(
    discord_standin: DiscordStandIn, connect: Any
) -> None:
    async with connect(sync=False, intents=discord.Intents.default()) as bot:
        heard: list[str] = []
        bot.add_listener(noting(heard), "on_message")
        sam = discord_standin.person("sam")
        await sam.write("alerts", "secret")
        await sam.write("alerts", f"<@{bot.user.id}> for you")
        last = asyncio.ensure_future(
            bot.wait_for("message", check=lambda m: m.author == bot.user, timeout=5)
        )
        await asyncio.sleep(0)
        await bot.get_channel(int(discord_standin.world.channel("alerts")["id"])).send("own")
        await last
        assert heard == ["", f"<@{bot.user.id}> for you", "own"]


def noting(heard: list[str]) -> Callable[[discord.Message], Coroutine[Any, Any, None]]:
    async def note(message: discord.Message) -> None:
        heard.append(message.content)

    return note


async def test_a_bot_hears_nothing_of_a_channel_it_cannot_see(
    bot: commands.Bot, discord_standin: DiscordStandIn
) -> None:
    world = discord_standin.world
    hidden = {"id": world.guild()["id"], "type": 0, "allow": "0", "deny": str(1 << 10)}
    world.change_role(world.role("Jinkies")["id"], permissions="3072")
    row = world.add_channel("hidden", permission_overwrites=[hidden])
    heard: list[str] = []
    bot.add_listener(noting(heard), "on_message")
    await discord_standin.person("ada").write("hidden", "not for bots")
    await discord_standin.person("ada").write("general", "for all")
    await event(bot, "message") if not heard else None
    assert heard == ["for all"]
    with pytest.raises(discord.Forbidden) as caught:
        await bot.http.get_channel(int(row["id"]))
    assert caught.value.code == 50001


async def test_members_come_in_chunks_on_request(bot: commands.Bot) -> None:
    guild = bot.guilds[0]
    assert {m.name for m in await guild.query_members("ki")} == {"kim"}
    wanted = [discord.utils.get(guild.members, name="ada").id]
    assert [m.name for m in await guild.query_members(user_ids=wanted)] == ["ada"]


@pytest.mark.parametrize(
    ("payloads", "code"),
    [
        (["not json"], 4002),
        (["[]"], 4002),
        (['{"op": 99}'], 4001),
        (['{"op": 8, "d": {}}'], 4003),
        ([json.dumps(identify("wrong"))], 4004),
        ([json.dumps(identify("TOKEN")), json.dumps(identify("TOKEN"))], 4005),
        ([json.dumps(identify("TOKEN", intents=1 << 40))], 4013),
        ([json.dumps(identify("TOKEN", shard=[3, 2]))], 4010),
        (['{"op": 1, "d": null}'] * 121, 4008),
    ],
)
async def test_each_mistake_of_a_client_has_its_close_code(
    payloads: list[str],
    code: int,
    discord_standin: DiscordStandIn,
    socket: aiohttp.ClientWebSocketResponse,
) -> None:
    for payload in payloads:
        await socket.send_str(payload.replace("TOKEN", discord_standin.token))
    while not socket.closed:
        await socket.receive(timeout=5)
    assert socket.close_code == code
    discord_standin.violations.clear()  # the mistakes were the point


async def test_a_heartbeat_is_acknowledged(socket: aiohttp.ClientWebSocketResponse) -> None:
    await socket.send_json({"op": 1, "d": None})
    assert (await socket.receive_json())["op"] == 11


async def test_an_unknown_session_cannot_be_resumed(
    discord_standin: DiscordStandIn, socket: aiohttp.ClientWebSocketResponse
) -> None:
    await socket.send_json(
        {"op": 6, "d": {"token": discord_standin.token, "session_id": "gone", "seq": 1}}
    )
    answer = await socket.receive_json()
    assert (answer["op"], answer["d"]) == (9, False)


async def test_two_shards_share_the_work(discord_standin: DiscordStandIn) -> None:
    address = f"{discord_standin.gateway_url}?v=10&encoding=json"
    guild_id = int(discord_standin.world.guild()["id"])
    async with aiohttp.ClientSession() as session:
        for number in (0, 1):
            async with session.ws_connect(address) as client:
                await client.receive_json()
                await client.send_json(identify(discord_standin.token, shard=[number, 2]))
                ready = await client.receive_json()
                mine = (guild_id >> 22) % 2 == number
                assert len(ready["d"]["guilds"]) == int(mine)
