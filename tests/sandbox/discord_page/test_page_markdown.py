"""Discord's Markdown in the page: what it means, and what hostile text cannot do with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from page_stage import Stage
from playwright.async_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

RENDER = """async (text) => {
  const { markdown } = await import('/page/static/js/markdown_view.js');
  const names = {
    user: (id) => (id === '1' ? { name: '<b>Sam</b>', isMe: true } : null),
    role: (id) => (id === '2' ? { name: 'Responder', color: 0x2ecc71, isMine: false } : null),
    channel: (id) => (id === '3' ? { name: 'alerts', guild: '9' } : null),
  };
  const home = document.createElement('div');
  const begun = performance.now();
  home.append(markdown(text, names));
  return {
    ms: performance.now() - begun,
    html: home.innerHTML,
    text: home.textContent,
    tags: [...new Set([...home.querySelectorAll('*')].map((node) => node.localName))].sort(),
    attributes: [...home.querySelectorAll('*')].flatMap((node) => node.getAttributeNames()),
    links: [...home.querySelectorAll('a')].map((node) => node.getAttribute('href')),
  };
}"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def tab(whole_stage: Stage) -> AsyncIterator[Page]:
    page = await whole_stage.visit("/")
    context = whole_stage.contexts.pop()
    yield page
    assert whole_stage.complaints == []
    await context.close()


async def render(tab: Page, text: str) -> dict[str, Any]:
    return await tab.evaluate(RENDER, text)


MEANINGS = {
    "**b** *i* _i_ ***bi***": (
        "<p><strong>b</strong> <em>i</em> <em>i</em> <strong><em>bi</em></strong></p>"
    ),
    "__u__ ~~s~~ snake_case_name 2 * 3 * 4": "<p><u>u</u> <s>s</s> snake_case_name 2 * 3 * 4</p>",
    r"\*not\* \_this\_ \`nor\` \<@1>": "<p>*not* _this_ `nor` &lt;@1&gt;</p>",
    "`**code**` ``a ` b``": "<p><code>**code**</code> <code>a ` b</code></p>",
    "> quoted\n> twice\nafter": "<blockquote><p>quoted<br>twice</p></blockquote><p>after</p>",
    ">>> all\nof it": "<blockquote><p>all<br>of it</p></blockquote>",
    "-# small": '<small class="subtext">small</small>',
    "- a\n  - b\n1. c": (
        '<ul><li class="level-0">a</li><li class="level-1">b</li></ul>'
        '<ol start="1"><li class="level-0">c</li></ol>'
    ),
    "**open _mess": "<p>**open _mess</p>",
    "<@5> <@&5> <#5>": (
        '<p><span class="mention">@unknown user</span> <span class="mention mention-role">'
        '@unknown role</span> <span class="mention">#unknown</span></p>'
    ),
}


@pytest.mark.parametrize("text", MEANINGS)
async def test_marks_mean_what_they_mean_in_discord(tab: Page, text: str) -> None:
    assert (await render(tab, text))["html"] == MEANINGS[text]


async def test_mentions_show_names_as_text(tab: Page) -> None:
    seen = await render(tab, "<@1> <@&2> <#3> </alert show:77> @everyone")
    assert seen["text"] == "@<b>Sam</b> @Responder #alerts /alert show @everyone"
    assert seen["links"] == ["/channels/9/3"]


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("https://example.com/a_(b)", ["https://example.com/a_(b)"]),
        ("(https://example.com/a).", ["https://example.com/a"]),
        ("<https://example.com>", ["https://example.com/"]),
        ('[run](https://example.com/a_(b) "title")', ["https://example.com/a_(b)"]),
        ("https://discord.com/channels/1/3/4", ["/channels/1/3/4"]),
        ("[here](https://discord.com/channels/1/3)", ["/channels/1/3"]),
        ("https://discord.com.evil.example/channels/1/3", None),
        ("[x](javascript:alert(1))", []),
        ("[x](data:text/html,hello)", []),
        ("[x](//example.com)", []),
        ("<javascript:alert(1)>", []),
        ("[https://bank.example](https://evil.example)", []),
        ("`https://example.com`", []),
    ],
)
async def test_a_link_leads_where_it_says_or_is_no_link(
    tab: Page, text: str, links: list[str] | None
) -> None:
    seen = await render(tab, text)
    assert seen["links"] == (links if links is not None else [text])


ALLOWED_TAGS = frozenset(
    [
        "a",
        "blockquote",
        "br",
        "button",
        "code",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "small",
        "span",
        "strong",
    ]
)
ALLOWED_ATTRIBUTES = frozenset(
    ["aria-hidden", "aria-label", "class", "href", "rel", "tabindex", "target", "title", "type"]
)
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "**<svg onload=alert(1)>**",
    "```html\n<iframe src=javascript:alert(1)></iframe>\n```",
    "```ansi\n\x1b[31m<b onclick=alert(1)>x\n```",
    '```"><img src=x onerror=alert(1)>\n x\n```',
    "||<img src=x>||",
    "[<img src=x>](https://example.com)",
    '[x](https://example.com/"onmouseover="alert(1))',
    "<t:99999999999999999:R> <t:-99999999999999999:F>",
    '<:x"onload=:1> <a:smile:1>',
    "\u202eevil\u2066 \x00 \ufeff",
    "https://user:pass@example.com\\@evil.example/",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_stays_text(tab: Page, text: str) -> None:
    seen = await render(tab, text)
    assert set(seen["tags"]) <= ALLOWED_TAGS
    assert set(seen["attributes"]) <= ALLOWED_ATTRIBUTES
    assert all(link.startswith(("https://", "http://", "/channels/")) for link in seen["links"])


@pytest.mark.parametrize(
    "piece",
    ["*", "**", "***a", "_", "__a", "||", "~~", "`", "```", "[", "[a](", "<", "> ", "- ", "\\"],
)
async def test_long_hostile_text_is_rendered_at_once(tab: Page, piece: str) -> None:
    seen = await render(tab, piece * 4096)
    assert seen["ms"] < 1500  # quadratic would be seconds, exponential never


async def test_a_spoiler_is_revealed_by_its_button(stage: Stage) -> None:
    tab = await stage.visit(stage.place("spoiled"))
    await stage.bot.channel("spoiled").send("it was ||the butler||")
    cover = tab.get_by_role("button", name="Reveal the spoiler")
    await cover.press("Enter")
    assert await tab.locator(".spoiler-text").is_visible()


async def test_relative_times_tick(tab: Page) -> None:
    script = """async () => {
      const { relative } = await import('/page/static/js/times.js');
      const at = new Date(1e12);
      return [1, 59, 61, 3599, 7200, 90000].map((s) => relative(at, 1e12 + s * 1000));
    }"""
    assert await tab.evaluate(script) == [
        "1 second ago",
        "59 seconds ago",
        "1 minute ago",
        "59 minutes ago",
        "2 hours ago",
        "1 day ago",
    ]
