"""The page's API over HTTP, with a real bot behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from showcase_bot import ShowcaseBot

from sandbox.discord import page, page_feed
from sandbox.discord.panels import Panel, PanelButton, PanelLink
from sandbox.discord.permissions import Permission
from sandbox.discord.server import DiscordStandIn

Call = Callable[..., Awaitable[tuple[int, Any]]]


class Stream:
    """Server-Sent Events as a browser reads them: (event, data), and the last id."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._lines = response.content
        self.cursor = ""

    async def next(self) -> tuple[str, Any]:
        fields: dict[str, str] = {}
        async with asyncio.timeout(5):
            while not ("data" in fields and fields.get("")):
                line = (await self._lines.readline()).decode().rstrip("\n")
                name, _, value = line.partition(": ")
                fields[name] = value or ("end" if "data" in fields else "")
        self.cursor = fields["id"]
        return fields["event"], json.loads(fields["data"])

    async def until(self, kind: str) -> Any:
        """Skip to a dispatch of a type and return its data."""
        while True:
            event, body = await self.next()
            assert event == "dispatch"
            if body["t"] == kind:
                return body["d"]


@contextlib.asynccontextmanager
async def listening(
    standin: DiscordStandIn, person: str, cursor: str, last_id: str | None = None
) -> AsyncIterator[Stream]:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    params = {"as": person, "cursor": cursor}
    url = f"{standin.url}/page/api/events"
    async with (
        aiohttp.ClientSession() as http,
        http.get(url, params=params, headers=headers) as answer,
    ):
        assert answer.content_type == "text/event-stream"
        yield Stream(answer)


def alerts_id(standin: DiscordStandIn) -> str:
    return str(standin.world.channel("alerts")["id"])


async def test_the_state_says_who_one_is_and_what_one_sees(call: Call) -> None:
    status, state = await call("GET", "/state", person="rita")
    assert status == 200
    assert (state["person"], state["me"]["username"]) == ("rita", "rita")
    assert [each["username"] for each in state["people"]] == ["ada", "kim", "sam", "rita"]
    assert state["people"][3]["roles"] == ["Viewer"]
    guild = state["guilds"][0]
    assert guild["name"] == "Rehearsal"
    assert [each["name"] for each in guild["channels"]] == ["alerts", "incidents", "general"]
    assert set(state["rights"]) == {each["id"] for each in guild["channels"]}


async def test_a_stranger_is_answered_with_the_first_person(call: Call) -> None:
    _, state = await call("GET", "/state", person="nobody")
    assert state["person"] == "ada"


@pytest.mark.parametrize("person", ["nobody", "Jinkies"])
async def test_only_people_may_act(call: Call, page_standin: DiscordStandIn, person: str) -> None:
    path = f"/channels/{alerts_id(page_standin)}/messages"
    status, body = await call("POST", path, {"content": "hello"}, person=person)
    assert status in (404, 409)
    assert body["message"]


async def test_a_hidden_channel_is_neither_listed_nor_read(
    call: Call, page_standin: DiscordStandIn
) -> None:
    world = page_standin.world
    secret = world.add_channel(
        "secret",
        permission_overwrites=[
            {
                "id": world.guild()["id"],
                "type": 0,
                "allow": "0",
                "deny": str(int(Permission.VIEW_CHANNEL)),
            }
        ],
    )
    _, state = await call("GET", "/state", person="rita")
    assert "secret" not in [each["name"] for each in state["guilds"][0]["channels"]]
    status, body = await call("GET", f"/channels/{secret['id']}/messages", person="rita")
    assert status == 409
    assert "may not see" in body["message"]
    _, state = await call("GET", "/state", person="ada")
    assert "secret" in [each["name"] for each in state["guilds"][0]["channels"]]


async def test_messages_come_in_pages_oldest_first(
    call: Call, page_standin: DiscordStandIn
) -> None:
    sam = page_standin.person("sam")
    sent = [(await sam.write("general", f"line {number}"))["id"] for number in range(60)]
    path = f"/channels/{page_standin.world.channel('general')['id']}/messages"
    _, newest = await call("GET", path)
    assert [each["id"] for each in newest] == sent[10:]
    _, older = await call("GET", path, before=newest[0]["id"])
    assert [each["id"] for each in older] == sent[:10]
    status, _ = await call("GET", path, before="yesterday")
    assert status == 409


async def test_what_is_written_reaches_everybody_who_listens(
    call: Call, page_standin: DiscordStandIn
) -> None:
    _, state = await call("GET", "/state", person="rita")
    async with listening(page_standin, "rita", state["cursor"]) as stream:
        path = f"/channels/{alerts_id(page_standin)}/messages"
        _, first = await call("POST", path, {"content": "on it", "reply_to": None})
        _, second = await call("POST", path, {"content": "done", "reply_to": first["id"]})
        assert (await stream.until("MESSAGE_CREATE"))["content"] == "on it"
        reply = await stream.until("MESSAGE_CREATE")
    assert reply["id"] == second["id"]
    assert reply["referenced_message"]["id"] == first["id"]


async def test_a_listener_that_comes_back_misses_nothing(
    call: Call, page_standin: DiscordStandIn
) -> None:
    _, state = await call("GET", "/state")
    sam = page_standin.person("sam")
    async with listening(page_standin, "sam", state["cursor"]) as stream:
        await sam.write("alerts", "one")
        await stream.until("MESSAGE_CREATE")
        cursor = stream.cursor
    await sam.write("alerts", "two")
    async with listening(page_standin, "sam", state["cursor"], last_id=cursor) as stream:
        assert (await stream.until("MESSAGE_CREATE"))["content"] == "two"


@pytest.mark.parametrize("cursor", ["", "otherfeed-3", "nonsense", "\u0661-\u0661"])
async def test_a_cursor_of_another_life_means_start_anew(
    page_standin: DiscordStandIn, cursor: str
) -> None:
    async with listening(page_standin, "sam", cursor) as stream:
        assert (await stream.next())[0] == "resync"
        await page_standin.person("sam").write("alerts", "after")
        assert (await stream.until("MESSAGE_CREATE"))["content"] == "after"


async def test_too_long_an_absence_means_start_anew(
    page_standin: DiscordStandIn, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_feed, "KEPT", 3)
    feed = page_feed.Feed(page_standin.world)
    cursor = feed.cursor
    for number in range(5):
        await page_standin.person("sam").write("alerts", f"{number}")
    async for news in feed.after(cursor, beat=1):
        assert news == (feed.cursor, None)
        break
    feed.close()


async def test_an_ephemeral_answer_is_for_its_reader_only(
    call: Call, page_standin: DiscordStandIn, showcase: ShowcaseBot
) -> None:
    _, state = await call("GET", "/state")
    channel = alerts_id(page_standin)
    body = {"kind": "command", "channel_id": channel, "name": "ack", "options": {"alert": "J-41"}}
    status, reply = await call("POST", "/interactions", body)
    assert (status, reply["ephemeral"], reply["failed"]) == (200, True, False)
    await page_standin.person("sam").write("alerts", "the end")
    async with listening(page_standin, "sam", state["cursor"]) as stream:
        assert (await stream.until("MESSAGE_CREATE"))["content"] == "Acknowledged J-41"
    async with listening(page_standin, "rita", state["cursor"]) as stream:
        assert (await stream.until("MESSAGE_CREATE"))["content"] == "the end"
    _, seen = await call("GET", f"/channels/{channel}/messages", person="rita")
    assert [each["content"] for each in seen] == ["the end"]


async def test_only_the_reader_dismisses_an_ephemeral_answer(
    call: Call, page_standin: DiscordStandIn, showcase: ShowcaseBot
) -> None:
    channel = alerts_id(page_standin)
    body = {"kind": "command", "channel_id": channel, "name": "ack", "options": {"alert": "J-41"}}
    _, reply = await call("POST", "/interactions", body)
    whisper = f"/whispers/{reply['message']['id']}"
    assert (await call("DELETE", whisper, person="ada"))[0] == 409
    assert len((await call("GET", f"/channels/{channel}/messages"))[1]) == 1
    assert (await call("DELETE", whisper))[0] == 204
    assert (await call("GET", f"/channels/{channel}/messages"))[1] == []


async def test_a_form_is_opened_filled_in_and_answered(
    call: Call, page_standin: DiscordStandIn, showcase: ShowcaseBot
) -> None:
    card = await showcase.post_card()
    place = {"channel_id": str(card.channel.id), "message_id": str(card.id)}
    _, opened = await call("POST", "/interactions", {"kind": "press", "custom_id": "note", **place})
    form = opened["modal"]
    assert form["title"] == "Resolve with a note"
    fields = [part.get("component") or part["components"][0] for part in form["components"]]
    sent = {
        "kind": "submit",
        "custom_id": form["custom_id"],
        "values": {fields[0]["custom_id"]: "no price", fields[1]["custom_id"]: ""},
    }
    _, reply = await call("POST", "/interactions", sent)
    assert reply["message"]["content"] == "Noted: no price"
    status, body = await call("POST", "/interactions", sent, person="rita")
    assert (status, "is open" in body["message"]) == (409, True)


async def test_buttons_and_menus_answer_or_are_said_to_have_failed(
    call: Call, showcase: ShowcaseBot
) -> None:
    card = await showcase.post_card()
    place = {"channel_id": str(card.channel.id), "message_id": str(card.id)}
    _, reply = await call("POST", "/interactions", {"kind": "press", "custom_id": "ack", **place})
    assert "Acknowledged by" in reply["updated"]["embeds"][0]["fields"][0]["value"]
    menu = {"kind": "select", "custom_id": "silence", "values": ["1 hour"], **place}
    _, reply = await call("POST", "/interactions", menu)
    assert reply["message"]["content"] == "Silenced for 1 hour"
    _, reply = await call("POST", "/interactions", {"kind": "press", "custom_id": "fail", **place})
    assert reply["failed"]


async def test_options_are_suggested_by_the_bot(
    call: Call, page_standin: DiscordStandIn, showcase: ShowcaseBot
) -> None:
    channel = alerts_id(page_standin)
    _, commands = await call("GET", f"/channels/{channel}/commands")
    assert {each["name"] for each in commands} == {"ack", "alert", "mute", "silence", "slow"}
    asked = {"channel_id": channel, "name": "ack", "option": "alert", "typed": "pay", "options": {}}
    _, answer = await call("POST", "/autocomplete", asked)
    assert answer["choices"] == [{"name": "J-42 TimeoutError in payments", "value": "J-42"}]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ([], "JSON object"),
        ({}, "kind"),
        ({"kind": "dance"}, "kind"),
        ({"kind": "command", "name": "ack", "channel_id": 7, "options": {}}, "channel_id"),
        ({"kind": "command", "name": "ack", "channel_id": "7", "options": []}, "options"),
        ({"kind": "press", "message_id": "7", "custom_id": "ack"}, "gone"),
        ({"kind": "select", "message_id": "7", "custom_id": "ack", "values": "x"}, "values"),
        ({"kind": "submit", "custom_id": "never", "values": {}}, "is open"),
    ],
)
async def test_a_body_that_fits_nothing_is_refused_with_a_reason(
    call: Call, body: object, reason: str
) -> None:
    status, answer = await call("POST", "/interactions", body)
    assert status in (404, 409)
    assert reason in answer["message"]


async def test_reactions_are_given_and_taken_back(call: Call, page_standin: DiscordStandIn) -> None:
    message = await page_standin.person("kim").write("alerts", "shipped")
    path = f"/channels/{message['channel_id']}/messages/{message['id']}/reactions/%F0%9F%91%80"
    assert (await call("PUT", path))[0] == 204
    _, [seen] = await call("GET", f"/channels/{message['channel_id']}/messages")
    assert [(each["emoji"]["name"], each["me"]) for each in seen["reactions"]] == [("👀", True)]
    assert (await call("DELETE", path))[0] == 204
    _, [seen] = await call("GET", f"/channels/{message['channel_id']}/messages")
    assert not seen.get("reactions")


async def test_panels_run_their_actions(call: Call, page_standin: DiscordStandIn) -> None:
    pressed: list[str] = []

    async def break_it() -> str:
        pressed.append("sku")
        return "The checkout crashed."

    button = PanelButton("sku", "Unknown product", "a KeyError", break_it)
    link = PanelLink("GitHub", "http://127.0.0.1:8091/")
    page_standin.add_panel(Panel("Break something", [button], [link]))
    _, [panel] = await call("GET", "/panels")
    assert panel["links"] == [{"label": "GitHub", "url": "http://127.0.0.1:8091/"}]
    status, answer = await call("POST", f"/panels/{panel['id']}/sku")
    assert (status, answer, pressed) == (200, {"said": "The checkout crashed."}, ["sku"])
    assert (await call("POST", f"/panels/{panel['id']}/other"))[0] == 409


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "discord.com", "[bad"])
async def test_the_page_answers_only_under_a_loopback_name(
    page_standin: DiscordStandIn, host: str
) -> None:
    async with aiohttp.ClientSession(headers={"Host": host}) as http:
        for path in ("/", "/page/api/state?as=ada", "/page/static/js/main.js"):
            async with http.get(page_standin.url + path) as answer:
                assert answer.status in (400, 403)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_foreign_page_cannot_act_for_anybody(
    page_standin: DiscordStandIn, headers: dict[str, str]
) -> None:
    url = f"{page_standin.url}/page/api/channels/{alerts_id(page_standin)}/messages?as=ada"
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(url, json={"content": "forged"}) as answer,
    ):
        assert answer.status == 403
    assert page_standin.world.history("alerts") == []


async def test_a_body_that_a_form_could_send_is_refused(page_standin: DiscordStandIn) -> None:
    url = f"{page_standin.url}/page/api/channels/{alerts_id(page_standin)}/messages?as=ada"
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, data='{"content": "forged"}') as answer,
    ):
        assert answer.status == 409


async def test_nothing_inline_and_nothing_from_elsewhere_may_run(
    page_standin: DiscordStandIn,
) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.get(page_standin.url + "/channels/1/2/3") as answer,
    ):
        policy = answer.headers["Content-Security-Policy"]
        html = await answer.text()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "http://" not in html
    assert "https://" not in html


@pytest.mark.parametrize(
    "path", sorted((page.STATIC / "js").glob("*.js")), ids=lambda path: path.name
)
def test_a_script_is_short_and_never_parses_html(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    for banned in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert banned not in text
