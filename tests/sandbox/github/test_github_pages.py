"""The pages: readable, escaped, and with buttons that work here only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from github.Repository import Repository
from hypothesis import given
from hypothesis import strategies as st

from sandbox.github import GitHubStandIn
from sandbox.github.markdown import mentions, references, render

EVIL = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> \"'& <!-- hidden --> [x](javascript:y)"
)


@pytest.fixture
async def browser(standin: GitHubStandIn) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(standin.url) as session:
        yield session


async def page(browser: aiohttp.ClientSession, path: str) -> str:
    async with browser.get(path) as response:
        assert response.status == 200, path
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        return await response.text()


async def test_every_page_can_be_read(
    standin: GitHubStandIn, browser: aiohttp.ClientSession, drive: Callable[..., Any]
) -> None:
    def work(repo: Repository) -> str:
        repo.create_issue(EVIL, body=EVIL, labels=["a<b"])
        repo.create_git_ref("refs/heads/x/y", repo.get_branch("main").commit.sha)
        repo.create_file("evil.md", EVIL, EVIL, branch="x/y")
        repo.create_pull("main", "x/y", title=EVIL, body=EVIL)
        return repo.get_branch("main").commit.sha

    sha = await drive(work)
    shop = "/acme/shop"
    texts = [
        await page(browser, path)
        for path in (
            "/",
            shop,
            f"{shop}/tree/{sha}/shop",
            f"{shop}/blob/x/y/evil.md",
            f"{shop}/commits/main",
            f"{shop}/commit/{sha}",
            f"{shop}/issues",
            f"{shop}/pulls",
            f"{shop}/issues/1",
            f"{shop}/pull/2",
        )
    ]
    assert not any("<script" in text or "<img src=x" in text for text in texts)
    assert "hidden --" not in texts[8].split("markdown")[1]
    source = await page(browser, f"{shop}/blob/{sha}/shop/pricing.py")
    assert '<tr id="L6">' in source
    assert '<span class="keyword">return</span>' in source
    assert standin.violations == []


async def test_a_visitor_merges_a_ready_pull_request_and_nobody_from_elsewhere_does(
    standin: GitHubStandIn, browser: aiohttp.ClientSession, drive: Callable[..., Any]
) -> None:
    def work(repo: Repository) -> None:
        repo.create_git_ref("refs/heads/x", repo.get_branch("main").commit.sha)
        repo.create_file("a.txt", "Add", "a\n", branch="x")
        repo.create_pull("main", "x", title="Add", body="", draft=True)

    await drive(work)
    issue = standin.world.repositories["acme/shop"].issues[1]
    url = "/acme/shop/pull/1"
    async with browser.post(url + "/merge") as refused:
        assert "Refused: Pull Request is still a draft" in await refused.text()
    elsewhere = {"Origin": "https://evil.example"}
    async with browser.post(url + "/ready", headers=elsewhere) as forbidden:
        assert forbidden.status == 403
    async with browser.get(url, headers={"Host": "evil.example"}) as rebound:
        assert rebound.status == 403
    await browser.post(url + "/ready")
    async with browser.post(url + "/merge", headers={"Origin": standin.url}) as merged:
        assert "by visitor" in await merged.text()
    assert issue.shown_state == "merged"


async def test_what_is_not_there_is_a_page_that_says_so(
    standin: GitHubStandIn, browser: aiohttp.ClientSession
) -> None:
    for path in ("/acme/none", "/acme/shop/issues/9", "/acme/shop/blob/main/none", "/x/y/z"):
        async with browser.get(path) as response:
            assert response.status == 404
            assert "There is nothing here" in await response.text()
    assert standin.violations == ["unknown route: GET /x/y/z"]


def test_markdown_is_rendered_as_github_does() -> None:
    assert render("**a** `@b` <sub>c</sub>") == (
        "<p><strong>a</strong> <code>@b</code> <sub>c</sub></p>"
    )
    assert "<td>x|y</td>" in render("| a | b |\n|---|---|\n| x\\|y | z |")
    assert render("- [x] done\n- two").count("<li>") == 2
    assert render("````\n```\n<b>\n````") == ('<pre tabindex="0"><code>```\n&lt;b&gt;</code></pre>')
    assert mentions("@a `@b` &#64;c x@d") == ["a", "c"]
    assert references("#1 `#2` a/b#3 GH-4") == [1, 3, 4]


@given(st.text(alphabet="<>&\"'`|~[]()!#@*_\\-:/ \nabjs1;", max_size=80))
def test_no_markdown_makes_foreign_markup(text: str) -> None:
    shown = render(text)
    assert "<script" not in shown
    assert "<img" not in shown
    assert 'href="javascript' not in shown
