"""The demo as a whole: the real bot between stand-ins, errors on the way of production."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest
import pytest_asyncio

from sandbox.breakages import BREAKAGES
from sandbox.demo import (
    HIGHEST_PORT,
    WEBHOOK_SECRET,
    Demo,
    demo,
    deploy,
    free_port,
    panels,
    run_demo,
    settings_of,
    welcome,
)
from sandbox.demo_folder import AlreadyRunning, Impossible, forget
from sandbox.discord.server import DiscordStandIn
from sandbox.github.server import GitHubStandIn
from sandbox.shop_history import REPOSITORY, STEPS, newest_tree

T = TypeVar("T")
PATIENCE = 20.0


async def until(look: Callable[[], T | None]) -> T:
    """What `look` finds, as soon as it finds something."""
    async with asyncio.timeout(PATIENCE):
        while not (found := look()):  # noqa: ASYNC110 - the world of a stand-in has no event
            await asyncio.sleep(0.02)
    return found


def card_of(running: Demo, word: str) -> dict[str, Any] | None:
    """The card in #alerts whose title has `word` in it."""
    for message in running.discord.person("ada").messages("alerts"):
        if any(word in embed.get("title", "") for embed in message["embeds"]):
            return message
    return None


@asynccontextmanager
async def running_in(data: Path) -> AsyncIterator[Demo]:
    async with demo(stop=asyncio.Event(), data=data, port=0, web_port=0) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    async with running_in(tmp_path_factory.mktemp("demo")) as running:
        yield running
        assert running.discord.violations == []
        assert running.github.violations == []


in_module_loop = pytest.mark.asyncio(loop_scope="module")


@in_module_loop
async def test_a_crash_of_the_shop_becomes_a_card_and_an_issue_that_names_the_line(
    running: Demo,
) -> None:
    await running.shop.break_with(BREAKAGES[0])
    card = await until(lambda: card_of(running, "KeyError"))
    shown = json.dumps(card)
    assert "checkout" in shown
    assert "pricing.py" in shown

    refused = await running.discord.person("rita").press(card, "Acknowledge")
    assert refused.ephemeral
    await running.discord.person("sam").press(card, "Acknowledge")
    await until(lambda: "Sam" in json.dumps(card_of(running, "KeyError")))

    reply = await running.discord.person("kim").press(card, "Create issue")
    await reply.finished(PATIENCE)
    repository = running.github.world.repository(REPOSITORY)
    assert repository is not None
    issue = await until(lambda: next(iter(repository.issues.values()), None))
    assert "KeyError" in issue.title
    head = repository.head(repository.default_branch)
    assert f"/blob/{head}/shop/pricing.py#L" in issue.body


@in_module_loop
async def test_a_panel_button_breaks_the_shop(running: Demo) -> None:
    breaking = next(panels(running))
    assert [button.id for button in breaking.buttons] == [each.id for each in BREAKAGES]
    button = breaking.button("address")
    assert button is not None
    said = await button.action()
    assert said is not None
    assert "ValueError" in said
    assert await until(lambda: card_of(running, "ValueError"))


@in_module_loop
async def test_the_shops_logs_are_read_followed_and_judged_on_our_side(running: Demo) -> None:
    """moto's filter patterns match too much; what is shown is judged again."""
    await running.shop.break_with(BREAKAGES[0])
    sam = running.discord.person("sam")
    reply = await sam.command("logs", channel="general", service="shop", text="[ERROR]")
    assert "Nothing fits" in json.dumps((await reply.finished()).message)
    reply = await sam.command("logs", channel="general", service="shop", level="error")
    told = json.dumps((await reply.finished()).message)
    assert "KeyError: 'CHF'" in told
    assert "answered 200" not in told
    await (await sam.command("logs-tail", channel="general", service="shop")).finished()
    await running.shop.break_with(BREAKAGES[1])

    def followed() -> bool:
        return any("ZeroDivisionError" in json.dumps(each) for each in sam.messages("general"))

    assert await until(followed)
    await sam.command("logs-stop", channel="general", tail=1)


@in_module_loop
async def test_the_panels_are_on_the_page_and_their_links_work(running: Demo) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(running.page_url) as page:
            assert page.status == 200
        async with session.get(f"{running.discord.url}/page/api/panels") as answer:
            shown = json.dumps(await answer.json())
        assert "Break something" in shown
        for link in [link for panel in panels(running) for link in panel.links]:
            async with session.get(link.url) as answer:
                assert answer.status == 200, link


@in_module_loop
async def test_what_the_welcome_suggests_to_send_is_accepted(running: Demo) -> None:
    text = welcome(running)
    assert WEBHOOK_SECRET in text
    body = text.partition("-d '")[2].partition("'")[0]
    headers = {
        "Authorization": f"Bearer {WEBHOOK_SECRET}",
        "Content-Type": "application/x-www-form-urlencoded",  # what curl says by itself
    }
    url = f"{running.running.web_url}/webhook/generic"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, data=body) as answer,
    ):
        assert answer.status == 202, await answer.text()
    assert await until(lambda: card_of(running, "It broke"))


@in_module_loop
async def test_everything_is_on_loopback(running: Demo) -> None:
    parts = [running.page_url, running.github.url, running.aws.url, running.shop.url]
    assert all(url.startswith("http://127.0.0.1:") for url in [*parts, running.running.web_url])
    assert os.environ["AWS_ENDPOINT_URL"] == running.aws.url


@in_module_loop
async def test_two_demos_do_not_share_their_data(running: Demo) -> None:
    data = running.data
    with pytest.raises(AlreadyRunning, match=running.page_url):
        async with running_in(data):
            pass


async def test_a_second_demo_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    async with running_in(tmp_path) as first:
        await first.shop.break_with(BREAKAGES[0])
        before = await until(lambda: card_of(first, "KeyError"))
        channel = first.discord.world.channel("alerts")["id"]
        repository = first.github.world.repository(REPOSITORY)
        assert repository is not None
        head = repository.head("main")

    async with running_in(tmp_path) as second:
        assert second.discord.world.channel("alerts")["id"] == channel
        known = second.github.world.repository(REPOSITORY)
        assert known is not None
        assert known.head("main") == head
        card = card_of(second, "KeyError")
        assert card is not None
        assert card["id"] == before["id"]
        await second.shop.break_with(BREAKAGES[0])
        await until(lambda: card_of(second, "KeyError") != card)
        again = card_of(second, "KeyError")
        assert again is not None
        assert again["id"] == before["id"]


async def test_it_opens_with_a_card_by_itself_and_ends_when_told(tmp_path: Path) -> None:
    stop = asyncio.Event()
    started: list[Demo] = []
    said: list[str] = []
    task = asyncio.create_task(
        run_demo(
            stop=stop,
            data=tmp_path,
            port=0,
            open_browser=False,
            say=said.append,
            on_ready=started.append,
        )
    )
    await until(lambda: started or task.done())
    await until(lambda: card_of(started[0], "KeyError"))
    stop.set()
    await asyncio.wait_for(task, PATIENCE)
    assert started[0].page_url in said[1]


async def test_it_can_be_stopped_before_it_is_ready(tmp_path: Path) -> None:
    stop = asyncio.Event()
    stop.set()
    run = run_demo(stop=stop, data=tmp_path, port=0, open_browser=False, say=lambda _line: None)
    await asyncio.wait_for(run, PATIENCE)


def test_fresh_forgets_the_demo_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "github").mkdir()
    (tmp_path / "github" / "github.json").write_text("{}")
    (tmp_path / "jinkies.db").write_text("")
    (tmp_path / "thesis.txt").write_text("mine")
    forget(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_taken_port_gives_the_next_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        assert free_port(taken) != taken
    assert free_port(0) == 0


def test_above_the_highest_port_any_free_one_will_do() -> None:
    assert free_port(HIGHEST_PORT + 2) == 0


@pytest.mark.parametrize("port", [-5, 99_999])
async def test_a_port_that_is_none_is_refused_in_words(tmp_path: Path, port: int) -> None:
    with pytest.raises(Impossible, match=r"from 0 \(any\) to 65535"):
        await run_demo(stop=asyncio.Event(), data=tmp_path, port=port, open_browser=False)


async def test_a_folder_that_cannot_be_had_is_named_with_what_to_do(tmp_path: Path) -> None:
    thesis = tmp_path / "thesis.txt"
    thesis.write_text("mine")
    with pytest.raises(Impossible, match=r"thesis\.txt cannot be written to.*--data"):
        await run_demo(stop=asyncio.Event(), data=thesis, port=0, open_browser=False)
    assert thesis.read_text() == "mine"


def test_the_repository_has_the_history_and_a_changed_source_comes_on_top(tmp_path: Path) -> None:
    github = GitHubStandIn()
    record = tmp_path / "deployed.json"
    first = deploy(github, record)
    assert deploy(github, record) == first
    repository = github.world.repository(REPOSITORY)
    assert repository is not None
    assert count(repository, first) == len(STEPS)

    record.write_text(json.dumps({"source": "an older one", "commit": first}))
    second = deploy(github, record)
    assert second != first
    assert count(repository, second) == len(STEPS) + 1
    blobs = repository.objects.blobs(repository.objects.commit(second).tree)
    assert set(blobs) == set(newest_tree())


def count(repository: Any, commit: str) -> int:
    """How many commits lead to one."""
    parents = repository.objects.commit(commit).parents
    return 1 + sum(count(repository, parent) for parent in parents)


def test_real_settings_cannot_slip_into_the_demo(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "the-real-token")
    monkeypatch.setenv("GITHUB_TOKEN", "the-real-token")
    monkeypatch.setenv("REPOSITORY_BY_SERVICE", '{"checkout": "acme/real"}')
    from sandbox.aws import Aws

    settings = settings_of(DiscordStandIn(), GitHubStandIn(), Aws(), tmp_path, 0)
    assert "the-real-token" not in str(settings.discord_token.get_secret_value())
    assert settings.github_token.get_secret_value() == "stand-in-token"
    assert settings.repository_by_service == {}


@in_module_loop
async def test_closing_the_issue_on_the_page_closes_the_card(running: Demo) -> None:
    breakage = BREAKAGES[1]
    await running.shop.break_with(breakage)
    card = await until(lambda: card_of(running, breakage.error))
    await (await running.discord.person("kim").press(card, "Create issue")).finished(PATIENCE)
    repository = running.github.world.repository(REPOSITORY)
    assert repository is not None
    number = max(repository.issues)
    url = f"{running.github.url}/{REPOSITORY}/issues/{number}/close"
    async with aiohttp.ClientSession() as session:
        assert (await session.post(url, allow_redirects=False)).status == 303
    await until(lambda: "Resolved" in json.dumps(card_of(running, breakage.error)) or None)
