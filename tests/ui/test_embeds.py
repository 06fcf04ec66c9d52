from dataclasses import replace
from datetime import timedelta
from typing import Any

import discord
import pytest
from details_samples import NOW, act, alert, detail, event, shipment
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.models import (
    Act,
    ActRecord,
    AlertDetail,
    AlertState,
    ExceptionInfo,
    Frame,
    Link,
    RequestInfo,
    Severity,
)
from bot.ui import plain
from bot.ui.embeds import card

TEXT = st.one_of(
    st.text(st.sampled_from("`*_[]()<>@#\n\r\0\u202e\u2066😀\ud800 a:/"), max_size=300),
    st.sampled_from(["", " ", "\n", "x" * 9000, "`" * 9000, "😀" * 5000, "@everyone", "\\" * 4000]),
)


@st.composite
def hostile_details(draw: Any) -> AlertDetail:
    frames = st.builds(
        Frame,
        file=TEXT,
        line=st.none() | st.integers(),
        function=TEXT,
        in_app=st.sampled_from([None, True, False]),
        code=TEXT,
    )
    exceptions = st.builds(
        ExceptionInfo, type=TEXT, message=TEXT, frames=st.lists(frames, max_size=6).map(tuple)
    )
    links = st.builds(Link, title=TEXT, url=TEXT | TEXT.map("https://example.org/{}".format))
    acts = st.builds(ActRecord, st.sampled_from(Act), st.just(1), TEXT, st.just(NOW), TEXT)
    state = draw(st.sampled_from(AlertState))
    return detail(
        alert=alert(
            service=draw(TEXT),
            environment=draw(TEXT | st.just("drill #7")),
            title=draw(TEXT),
            message=draw(TEXT),
            state=state,
            state_changed_by=draw(TEXT),
            silenced_by=draw(TEXT),
            silenced_until=draw(st.sampled_from([None, NOW + timedelta(hours=1)])),
            severity=draw(st.sampled_from(Severity)),
            occurrences=draw(st.integers(1, 10**15)),
        ),
        event=event(
            source=draw(TEXT),
            exceptions=draw(st.lists(exceptions, max_size=4).map(tuple)),
            links=draw(st.lists(links, max_size=30).map(tuple)),
            request=draw(st.none() | st.builds(RequestInfo, TEXT, TEXT, TEXT)),
            user=draw(TEXT),
            commit=draw(TEXT),
        ),
        activity=draw(st.lists(st.integers(0, 10**9), max_size=100).map(tuple)),
        acts=draw(st.lists(acts, max_size=5).map(tuple)),
        shipments=(replace(shipment(), url=draw(TEXT)), shipment("pull_request"))[
            : draw(st.integers(0, 2))
        ],
    )


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(hostile_details())
def test_a_card_of_hostile_text_is_inside_every_limit_of_discord(hostile: AlertDetail) -> None:
    shown = card(hostile, NOW)
    embed = shown.embed.to_dict()
    assert 1 <= plain.units(shown.content) <= 2000
    texts = [
        (embed["title"], 256),
        (embed["description"], 4096),
        (embed["author"]["name"], 256),
        (embed["footer"]["text"], 2048),
        *((field["name"], 256) for field in embed.get("fields", [])),
        *((field["value"], 1024) for field in embed.get("fields", [])),
    ]
    for text, limit in texts:
        assert text.strip()
        assert plain.units(text) <= limit
        text.encode()
    assert sum(plain.units(text) for text, _ in texts) <= 6000
    rows = shown.view.to_components()
    assert len(rows) <= 5
    assert all(len(row["components"]) <= 5 for row in rows)
    assert "@everyone" not in shown.content + str(embed["title"])
    for file in shown.files:
        file.fp.read().decode()


def field(shown: discord.Embed, name: str) -> str:
    (found,) = [entry.value for entry in shown.fields if entry.name == name]
    assert found is not None
    return found


def buttons(found: AlertDetail) -> dict[str, bool]:
    """Label -> may be pressed."""
    view = card(found, NOW).view
    return {
        str(item.label): not item.disabled
        for item in view.children
        if isinstance(item, discord.ui.Button)
    }


def test_an_open_card_says_what_broke_where_and_how_often() -> None:
    shown = card(detail(), NOW).embed
    assert shown.title == "ZeroDivisionError: division by zero"
    assert shown.author.name == "🔴 Open · Error · checkout · production"
    assert shown.description == (
        "**128×** `▁▂▁▃▅█` last 30 minutes\nLast seen <t:1795229940:R> · first <t:1795222800:R>"
    )
    assert field(shown, "Where") == (
        "```\nshop/pricing.py:12 in price\n    return total / len(items)\n"
        "shop/cart.py:31 in checkout\n    price(cart)\n```"
    )
    assert field(shown, "Context") == "`POST /checkout` · user `u-77` · commit `3f2a91c0ffee`"
    assert field(shown, "Links") == "[Runbook](https://wiki.example.org/runbook)"
    assert shown.footer.text == "J-42 · via cloudwatch"


def test_a_phone_shows_one_short_line() -> None:
    assert card(detail(), NOW).content == (
        "🔴 Open: **checkout** ZeroDivisionError: division by zero (J-42)"
    )


def test_nobody_is_mentioned_unless_the_notification_says_so() -> None:
    hostile = detail(alert=alert(title="<@&1> @everyone"))
    assert "@everyone" not in card(hostile, NOW).content
    assert card(hostile, NOW, mention="<@&99>").content.startswith("<@&99> 🔴")


def test_the_message_is_shown_when_the_title_does_not_say_it() -> None:
    shown = card(detail(alert=alert(message="cart 7 is ```empty```")), NOW).embed
    assert (shown.description or "").startswith("```\ncart 7 is `\u200d`\u200d`empty")


@pytest.mark.parametrize(
    ("changes", "colour", "words"),
    [
        ({"severity": Severity.CRITICAL}, 0x8B0F2E, "🚨 Open · Critical"),
        ({"severity": Severity.WARNING}, 0xF4900C, "🟠 Open · Warning"),
        ({"severity": Severity.INFO}, 0x3B88C3, "🔵 Open · Info"),
        ({"state": AlertState.ACKNOWLEDGED}, 0x9266CC, "👀 Acknowledged · Error"),
        ({"state": AlertState.RESOLVED}, 0x3BA55D, "✅ Resolved · Error"),
        ({"silenced_until": NOW + timedelta(hours=1)}, 0x747F8D, "🔴 Open · Error · 🔕 Silenced"),
        ({"silenced_until": NOW - timedelta(hours=1)}, 0xDD2E44, "🔴 Open · Error · checkout"),
    ],
)
def test_state_is_seen_by_colour_sign_and_word(
    changes: dict[str, Any], colour: int, words: str
) -> None:
    shown = card(detail(alert=alert(**changes)), NOW).embed
    assert shown.colour == discord.Colour(colour)
    assert (shown.author.name or "").startswith(words)


def test_the_card_says_who_did_what_and_nothing_twice() -> None:
    acknowledged = act(Act.ACKNOWLEDGE)
    shown = card(
        detail(
            alert=alert(
                state=AlertState.ACKNOWLEDGED,
                state_changed_at=acknowledged.at,
                state_changed_by="Sam",
                silenced_until=NOW + timedelta(hours=1),
                silenced_by="Kim",
            ),
            acts=(
                acknowledged,
                act(Act.SILENCE, "Kim", 4, "1 hour"),
                act(Act.CREATE_ISSUE, "Kim", 3, "https://github.com/acme/shop/issues/1"),
            ),
        ),
        NOW,
    ).embed
    assert field(shown, "People").splitlines() == [
        "👀 Acknowledged by **Sam** <t:1795229700:R>",
        "🔕 Silenced until <t:1795233600:t> (<t:1795233600:R>) by **Kim**",
        "-# 📝 Kim: issue created <t:1795229820:R>",
    ]


def test_the_cause_of_an_exception_is_named() -> None:
    chain = (
        ExceptionInfo("KeyError", "'sku'", (Frame("shop/stock.py", 9, "find", in_app=True),)),
        ExceptionInfo("OutOfStock", "gone", (Frame("shop/cart.py", 3, "add", in_app=True),)),
    )
    where = field(card(detail(event=event(exceptions=chain)), NOW).embed, "Where")
    assert where == (
        "```\nshop/cart.py:3 in add\ncaused by KeyError: 'sku'\nshop/stock.py:9 in find\n```"
    )


def test_frames_nobody_judged_are_shown_rather_than_none() -> None:
    frames = tuple(Frame(f"lib{number}.js", number) for number in range(1, 8))
    chain = (ExceptionInfo("Error", "x", frames),)
    where = field(card(detail(event=event(exceptions=chain)), NOW).embed, "Where")
    assert where == "```\nlib7.js:7\nlib6.js:6\nlib5.js:5\nlib4.js:4\n```"


def test_a_long_path_is_shown_by_its_last_folders() -> None:
    frames = (Frame("/srv/app/releases/7/shop/cart.py", 3), Frame("C:\\a\\b\\c\\d.py", 4))
    chain = (ExceptionInfo("Error", "x", frames),)
    where = field(card(detail(event=event(exceptions=chain)), NOW).embed, "Where")
    assert where == "```\nb/c/d.py:4\n7/shop/cart.py:3\n```"


def test_a_first_occurrence_needs_no_sparkline() -> None:
    shown = card(detail(alert=alert(occurrences=1)), NOW).embed
    assert (shown.description or "").startswith("**1×**\nLast seen")


def test_what_does_not_fit_comes_as_a_file() -> None:
    long = "line of a very long message\n" * 200
    shown = card(detail(alert=alert(message=long)), NOW)
    (file,) = shown.files
    assert file.filename == "J-42-details.txt"
    assert long.strip() in file.fp.read().decode()
    assert shown.embed.footer.text == "J-42 · via cloudwatch · press Details for the rest"


def test_a_card_that_shows_everything_has_no_file() -> None:
    assert card(detail(), NOW).files == ()


def test_an_open_alert_can_be_acted_on_in_every_way() -> None:
    assert buttons(detail()) == {
        "Acknowledge": True,
        "Resolve": True,
        "Silence": True,
        "Create issue": True,
        "Create PR": True,
        "Logs": True,
        "Details": True,
    }


def test_buttons_that_are_done_with_stay_in_place() -> None:
    acknowledged = buttons(detail(alert=alert(state=AlertState.ACKNOWLEDGED)))
    resolved = buttons(detail(alert=alert(state=AlertState.RESOLVED)))
    assert list(acknowledged) == list(resolved) == list(buttons(detail()))
    assert [name for name, live in acknowledged.items() if not live] == ["Acknowledge"]
    assert [name for name, live in resolved.items() if not live] == ["Acknowledge", "Resolve"]


def test_a_silenced_alert_offers_to_undo_it() -> None:
    silenced = buttons(detail(alert=alert(silenced_until=NOW + timedelta(minutes=1))))
    assert "Unsilence" in silenced
    assert "Silence" not in silenced


def test_an_issue_and_a_pull_request_become_links() -> None:
    shipped = detail(shipments=(shipment(), shipment("pull_request", 3)))
    urls = {
        item.label: item.url
        for item in card(shipped, NOW).view.children
        if isinstance(item, discord.ui.Button) and item.url
    }
    assert urls == {
        "Issue #12": "https://github.com/acme/shop/issues/12",
        "Pull request #3": "https://github.com/acme/shop/pull/3",
    }
    assert "Issue #12 (open)" in field(card(shipped, NOW).embed, "Links")


async def test_discord_py_keeps_no_card_in_memory() -> None:
    assert card(detail(), NOW).view.is_finished()


async def test_everything_on_a_card_of_a_drill_says_so() -> None:
    shown = card(detail(alert=alert(environment="drill #7", severity=Severity.CRITICAL)), NOW)
    assert shown.content.startswith("🎭 DRILL · ")
    assert (shown.embed.title or "").startswith("[DRILL] ")
    assert (shown.embed.author.name or "").startswith("🎭 DRILL · ")
    assert "drill #7: none of this is real" in (shown.embed.footer.text or "")
    real = card(detail(alert=alert(severity=Severity.CRITICAL)), NOW)
    assert shown.embed.colour != real.embed.colour
    assert "DRILL" not in str(real.embed.to_dict())
