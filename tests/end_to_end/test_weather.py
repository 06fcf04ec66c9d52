"""Discord in bad weather: cards arrive all the same, each exactly once."""

import asyncio
import logging
import socket
from pathlib import Path

import pytest
from rehearsal import Rehearsal, crash

from bot.config import Settings
from bot.errors import SettingsError, UpstreamError
from bot.main import run_web
from sandbox.discord.faults import Fault
from sandbox.discord.world import Audience

POSTING = r"^/channels/\d+/messages$"


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST", POSTING, status=500, times=2),
        Fault("POST", POSTING, status=503, times=2),
        Fault("POST", POSTING, status=429, times=2, retry_after=0.05),
        Fault("POST", POSTING, cut=True, times=2),
        Fault("POST", POSTING, cut=True, after=True, times=1),
        Fault("POST", POSTING, status=500, after=True, times=1),
    ],
    ids=["500", "503", "429", "cut", "lost answer", "500 after the work"],
)
async def test_a_failing_discord_gets_the_card_exactly_once(
    rehearsal: Rehearsal, fault: Fault
) -> None:
    rehearsal.discord.faults.add(fault)
    (alert,) = await rehearsal.send(crash())
    await rehearsal.card(alert)
    await rehearsal.type("sam", "ack", alert=f"J-{alert}")
    await rehearsal.card(alert, "Acknowledged by **Sam**")
    assert len(rehearsal.cards()) == 1
    assert fault.hits == fault.times


async def test_a_hanging_discord_holds_up_neither_the_intake_nor_the_card(
    stage: Rehearsal,
) -> None:
    stage.tempo = type(stage.tempo)(guild_ready=0.02, first_wait=0.02, send=0.2)
    await stage.start()
    hang = stage.discord.faults.add(Fault("POST", POSTING, delay=0.6, times=1, after=True))
    (alert,) = await stage.send(crash())
    assert await stage.send(crash()) == [alert]
    await stage.card(alert, "**2×**")
    assert hang.hits == 1
    assert len(stage.cards()) == 1


@pytest.mark.parametrize("code", [4000, None])
async def test_a_dropped_gateway_comes_back(rehearsal: Rehearsal, code: int | None) -> None:
    (alert,) = await rehearsal.send(crash())
    card = await rehearsal.card(alert)
    await rehearsal.discord.faults.gateway.drop(code)
    await rehearsal.connected()
    reply = await rehearsal.press("sam", card, "Acknowledge")
    assert not reply.failed
    await rehearsal.card(alert, "Acknowledged by **Sam**")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("*", ".*", cut=True, times=None), "Discord cannot be reached ("),
        (Fault("*", ".*", status=503, times=None), "it answers 503 Service Unavailable"),
    ],
    ids=["cut", "503"],
)
async def test_the_intake_works_while_discord_is_down_at_the_start_which_is_told_in_a_line(
    stage: Rehearsal, caplog: pytest.LogCaptureFixture, fault: Fault, said: str
) -> None:
    stage.discord.faults.add(fault)
    await stage.start(wait_for_discord=False)
    (alert,) = await stage.send(crash())
    assert not stage.cards()
    assert fault.hits
    stage.discord.faults.clear()
    await stage.card(alert)
    line = next(each for each in caplog.messages if "Next attempt in" in each)
    assert said in line
    assert "check this machine's connection" in line
    assert "webhooks are taken meanwhile" in line
    assert not [each for each in caplog.records if each.exc_info]


async def test_a_client_that_breaks_is_replaced(
    rehearsal: Rehearsal, caplog: pytest.LogCaptureFixture
) -> None:
    (alert,) = await rehearsal.send(crash())
    card = await rehearsal.card(alert)
    world = rehearsal.discord.world
    # discord.py cannot read this event, and an event that it cannot read ends its client.
    guild = world.guild()["id"]
    world.publish("GUILD_ROLE_CREATE", {"guild_id": guild, "role": {}}, Audience(guild))
    assert await rehearsal.send(crash()) == [alert]
    await rehearsal.card(alert, "**2×**")
    assert "the Discord client ended" in caplog.text
    await rehearsal.connected()
    reply = await rehearsal.press("sam", card, "Acknowledge")
    assert not reply.failed


async def test_a_token_that_discord_does_not_know_is_a_clear_error(stage: Rehearsal) -> None:
    stage.settings = stage.settings.model_copy(
        update={"discord_token": type(stage.settings.discord_token)("wrong")}
    )
    with pytest.raises(SettingsError, match="DISCORD_TOKEN: Discord does not know it"):
        await stage.start()
    stage._bot = None


async def test_a_server_that_the_bot_is_not_in_is_a_clear_error(stage: Rehearsal) -> None:
    stage.settings = stage.settings.model_copy(update={"discord_guild_id": 123456789012345678})
    with pytest.raises(SettingsError) as caught:
        await stage.start()
    stage._bot = None
    (problem,) = caught.value.problems
    assert problem.startswith("DISCORD_GUILD_ID: in the server 123456789012345678")
    assert "Copy Server ID" in problem
    client = stage.discord.world.application()["id"]
    assert f"client_id={client}&scope=bot+applications.commands" in problem


class Listener(logging.Handler):
    """Hears one line of the log."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words
        self.line: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def emit(self, record: logging.LogRecord) -> None:
        if self._words in record.getMessage() and not self.line.done():
            self.line.set_result(record.getMessage())


async def test_a_channel_that_the_bot_does_not_see_is_told_at_the_start(stage: Rehearsal) -> None:
    unknown = {"payments": 123456789012345678}
    stage.settings = stage.settings.model_copy(update={"channel_by_service": unknown})
    listener = Listener("does not show channel")
    logging.getLogger().addHandler(listener)
    try:
        await stage.start()
        async with asyncio.timeout(15):
            line = await listener.line
    finally:
        logging.getLogger().removeHandler(listener)
    assert "does not show channel 123456789012345678 to the bot" in line
    assert "CHANNEL_BY_SERVICE" in line


async def test_a_port_that_is_taken_is_a_clear_error(
    rehearsal: Rehearsal, stage: Rehearsal
) -> None:
    port = int(rehearsal.web_url.rpartition(":")[2])
    second = Rehearsal(stage.discord, stage.github, stage.database)
    second.settings = second.settings.model_copy(update={"web_port": port})
    with pytest.raises(SettingsError, match="WEB_PORT: cannot listen"):
        await second.start()


@pytest.mark.parametrize("host", ["not a host", "203.0.113.9"])
async def test_a_host_that_is_not_this_computer_is_a_clear_error(
    stage: Rehearsal, host: str
) -> None:
    stage.settings = stage.settings.model_copy(update={"web_host": host})
    with pytest.raises(SettingsError, match=f"WEB_HOST: '{host}' cannot be listened on"):
        await stage.start()
    stage._bot = None


def test_an_intake_of_its_own_says_the_same() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(SettingsError, match="WEB_PORT: cannot listen"):
            run_web(Settings.model_construct(web_host="127.0.0.1", web_port=taken))
    with pytest.raises(SettingsError, match="WEB_HOST: 'not a host'"):
        run_web(Settings.model_construct(web_host="not a host", web_port=0))


def test_an_intake_of_its_own_without_its_database_says_so_once(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}"  # a folder is no database
    with pytest.raises(UpstreamError, match=r"The database: unable to open database file\. Check"):
        run_web(Settings.model_construct(web_port=0, database_url=url))
