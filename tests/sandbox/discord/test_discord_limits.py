"""What Discord refuses, with its own codes; the bodies go out as discord.py would send them."""

import copy
from typing import Any

import aiohttp
import pytest

from sandbox.discord.permissions import Permission
from sandbox.discord.server import DiscordStandIn

Json = dict[str, Any]


async def ask(
    standin: DiscordStandIn, method: str, path: str, body: Any = None, token: str | None = None
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bot {token or standin.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, f"{standin.url}/api/v10{path}", json=body) as answer,
    ):
        assert answer.headers.get("Content-Type", "application/json") in (
            "application/json",
            "application/octet-stream",
        )
        return answer.status, await answer.json() if answer.status != 204 else None


async def say(standin: DiscordStandIn, body: Json) -> tuple[int, Any]:
    channel = standin.world.channel("alerts")["id"]
    return await ask(standin, "POST", f"/channels/{channel}/messages", body)


def button(custom_id: str = "a", **more: Any) -> Json:
    return {"type": 2, "style": 1, "label": "A", "custom_id": custom_id} | more


def row(*children: Json) -> Json:
    return {"type": 1, "components": list(children)}


def select(*values: str, **more: Any) -> Json:
    options = [{"label": value, "value": value} for value in values]
    return {"type": 3, "custom_id": "s", "options": options} | more


REFUSED: list[tuple[Json, str]] = [
    ({"content": "x" * 2001}, "content"),
    ({"content": "x", "nonce": "n" * 26}, "nonce"),
    ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title"),
    ({"embeds": [{"description": "x" * 4097}]}, "embeds.0.description"),
    ({"embeds": [{"footer": {"text": "x" * 2049}}]}, "embeds.0.footer.text"),
    ({"embeds": [{"author": {"name": "x" * 257}}]}, "embeds.0.author.name"),
    ({"embeds": [{"title": "t"}] * 11}, "embeds"),
    ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, "embeds.0.fields"),
    ({"embeds": [{"fields": [{"name": "", "value": "v"}]}]}, "embeds.0.fields.0.name"),
    ({"embeds": [{"fields": [{"name": "n", "value": "v" * 1025}]}]}, "embeds.0.fields.0.value"),
    ({"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]}, "embeds"),
    ({"embeds": [{"title": "t", "url": "javascript:alert(1)"}]}, "embeds.0.url"),
    ({"embeds": [{"title": "t", "timestamp": "yesterday"}]}, "embeds.0.timestamp"),
    ({"embeds": [{"title": "t", "color": 1 << 24}]}, "embeds.0.color"),
    ({"embeds": ["t"]}, "embeds"),
    ({"content": 7}, "content"),
    ({"components": [row(button(str(n))) for n in range(6)]}, "components"),
    ({"components": [row(*(button(str(n)) for n in range(6)))]}, "components.0.components"),
    ({"components": [row(button(), button())]}, "components.0.components.1.custom_id"),
    ({"components": [row(button("x" * 101))]}, "components.0.components.0.custom_id"),
    ({"components": [row(button(label="x" * 81))]}, "components.0.components.0.label"),
    ({"components": [row(button(label=""))]}, "components.0.components.0"),
    ({"components": [row(button(style=5))]}, "components.0.components.0.url"),
    ({"components": [row(select())]}, "components.0.components.0.options"),
    ({"components": [row(select("a", "a"))]}, "components.0.components.0.options.1.value"),
    ({"components": [row(select("a"), button())]}, "components.0.components"),
    ({"components": [row(select("a", placeholder="x" * 151))]}, "components.0.components.0"),
    ({"components": [button()]}, "components.0.type"),
    ({"content": "x", "flags": 1 << 15}, "content"),
    ({"content": "x", "attachments": [{"id": "3", "filename": "a"}]}, "attachments.0.id"),
]


@pytest.mark.parametrize(
    ("body", "where"), REFUSED, ids=[f"{w}-{n}" for n, (_, w) in enumerate(REFUSED)]
)
async def test_each_limit_is_named_at_its_place(
    body: Json, where: str, discord_standin: DiscordStandIn
) -> None:
    status, answer = await say(discord_standin, copy.deepcopy(body))
    assert (status, answer["code"]) == (400, 50035)
    node = answer["errors"]
    for step in where.split("."):
        node = node[step]
    assert discord_standin.world.history("alerts") == []
    discord_standin.violations.clear()  # Discord's description refuses most of these as well


@pytest.mark.parametrize(
    "body", [{"components": [{}]}, {"embeds": [{"fields": 7}]}, {"embeds": [{"color": "red"}]}]
)
async def test_a_body_of_no_known_shape_is_refused_and_noted(
    body: Json, discord_standin: DiscordStandIn
) -> None:
    status, answer = await say(discord_standin, body)
    assert (status, answer["code"]) == (400, 50035)
    assert discord_standin.violations
    discord_standin.violations.clear()


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"embeds": []}, {"content": None}])
async def test_an_empty_message_is_refused(body: Json, discord_standin: DiscordStandIn) -> None:
    status, answer = await say(discord_standin, body)
    assert (status, answer["code"]) == (400, 50006)


async def test_the_largest_message_is_taken(discord_standin: DiscordStandIn) -> None:
    rows = [row(*(button(f"{r}.{n}", label="x" * 80) for n in range(5))) for r in range(5)]
    embed = {"title": "t" * 256, "description": "d" * 4096, "footer": {"text": "f" * 1648}}
    status, _ = await say(
        discord_standin, {"content": "x" * 2000, "embeds": [embed], "components": rows}
    )
    assert status == 200


async def test_a_file_may_have_ten_megabytes_and_no_more(discord_standin: DiscordStandIn) -> None:
    channel = discord_standin.world.channel("alerts")["id"]
    url = f"{discord_standin.url}/api/v10/channels/{channel}/messages"
    headers = {"Authorization": f"Bot {discord_standin.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for size, status, code in ((10 << 20, 200, None), ((10 << 20) + 1, 413, 40005)):
            form = aiohttp.FormData()
            form.add_field("payload_json", '{"content": "x"}')
            form.add_field("files[0]", b"x" * size, filename="x.bin")
            async with session.post(url, data=form) as answer:
                assert (answer.status, (await answer.json()).get("code")) == (status, code)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/channels/1", 404, 10003),
        ("GET", "/channels/ALERTS/messages/1", 404, 10008),
        ("GET", "/guilds/1", 404, 10004),
        ("GET", "/guilds/GUILD/members/1", 404, 10007),
        ("GET", "/guilds/GUILD/roles/1", 404, 10011),
        ("GET", "/users/1", 404, 10013),
        ("GET", "/webhooks/1", 404, 10015),
        ("GET", "/applications/APP/commands/1", 404, 10063),
        ("POST", "/interactions/1/nothing/callback", 404, 10062),
        ("POST", "/guilds/GUILD/roles", 403, 50013),
        ("DELETE", "/channels/ALERTS", 403, 50013),
    ],
)
async def test_each_missing_thing_has_its_code(
    method: str, path: str, status: int, code: int, discord_standin: DiscordStandIn
) -> None:
    world = discord_standin.world
    ids = {
        "ALERTS": world.channel("alerts")["id"],
        "GUILD": world.guild()["id"],
        "APP": world.application()["id"],
    }
    for word, each in ids.items():
        path = path.replace(word, each)
    body = {"type": 4, "data": {"content": "x"}} if "callback" in path else None
    given, answer = await ask(discord_standin, method, path, body)
    assert (given, answer["code"]) == (status, code)
    discord_standin.violations.clear()  # some of these have no body though one is described


async def test_what_is_not_known_is_refused_and_noted(discord_standin: DiscordStandIn) -> None:
    status, answer = await ask(discord_standin, "GET", "/lobbies/1")
    assert (status, answer["code"]) == (404, 0)
    await say(discord_standin, {"content": "x", "colour": "red"})
    first, *rest = discord_standin.violations
    assert "/lobbies/1" in first
    assert any("colour" in each for each in rest)
    discord_standin.violations.clear()


async def test_a_wrong_token_and_broken_json_are_refused(discord_standin: DiscordStandIn) -> None:
    status, _ = await ask(discord_standin, "GET", "/users/@me", token="wrong")
    assert status == 401
    channel = discord_standin.world.channel("alerts")["id"]
    headers = {"Authorization": f"Bot {discord_standin.token}", "Content-Type": "application/json"}
    url = f"{discord_standin.url}/api/v10/channels/{channel}/messages"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, data=b"{") as answer,
    ):
        assert (answer.status, (await answer.json())["code"]) == (400, 50109)


async def test_each_right_is_asked_for(discord_standin: DiscordStandIn) -> None:
    world, alerts = discord_standin.world, discord_standin.world.channel("alerts")["id"]
    world.revoke("@everyone", (1 << 52) - 1)
    assert (await say(discord_standin, {"content": "x"}))[0] == 200
    world.revoke("Jinkies", Permission.EMBED_LINKS)
    _, answer = await say(discord_standin, {"content": "x", "embeds": [{"title": "t"}]})
    assert answer["embeds"] == []
    world.revoke("Jinkies", Permission.SEND_MESSAGES)
    assert (await say(discord_standin, {"content": "x"}))[1]["code"] == 50013
    world.revoke("Jinkies", Permission.READ_MESSAGE_HISTORY)
    path = f"/channels/{alerts}/messages"
    assert (await ask(discord_standin, "GET", path))[1]["code"] == 50013
    world.revoke("Jinkies", Permission.VIEW_CHANNEL)
    assert (await ask(discord_standin, "GET", path))[1]["code"] == 50001


async def test_nobody_edits_the_words_of_another(discord_standin: DiscordStandIn) -> None:
    said = await discord_standin.person("sam").write("alerts", "mine")
    path = f"/channels/{said['channel_id']}/messages/{said['id']}"
    _, answer = await ask(discord_standin, "PATCH", path, {"content": "yours"})
    assert answer["code"] == 50005
    assert (await ask(discord_standin, "DELETE", path))[1]["code"] == 50013
