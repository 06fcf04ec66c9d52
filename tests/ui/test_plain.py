import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.ui import plain

HOSTILE = st.text(
    st.one_of(
        st.sampled_from("`*_~|\\[]()<>@#-+1.:/\n\r\t\0\x1b\u202e\u2066\u200d😀\ud800 ae"),
        st.characters(),
    ),
    max_size=400,
)


@given(HOSTILE, st.integers(1, 100))
def test_nothing_is_longer_than_its_limit(text: str, limit: int) -> None:
    assert plain.units(plain.clip(text, limit)) <= limit
    assert plain.units(plain.label(text, limit)) <= limit
    assert plain.units(plain.code_block(text, limit + 20)) <= limit + 20
    assert plain.units(plain.code_span(text, limit + 10)) <= limit + 10


@given(HOSTILE)
def test_everything_can_be_sent_as_utf_8(text: str) -> None:
    plain.visible(text).encode()
    plain.escape(text).encode()


@given(HOSTILE)
@example("##")
def test_no_character_that_formats_is_left_bare(text: str) -> None:
    for shown in (plain.escape(text), plain.label(text, 60)):
        bare = re.sub(r"\\.", "x", shown, flags=re.DOTALL)  # what is escaped is text
        assert not set("*_~|`[]<\\") & set(bare)
        assert not re.search(r"(?m)^\s*[#>+-]", bare)
        assert not re.search(r"@(everyone|here)|://", shown, re.IGNORECASE)


@given(HOSTILE)
def test_no_text_gets_out_of_its_fence(text: str) -> None:
    block = plain.code_block(text, 200)
    assert block.startswith("```\n")
    assert block.endswith("\n```")
    assert "``" not in block[4:-4]


@given(HOSTILE)
def test_no_character_turns_the_text_around_or_hides(text: str) -> None:
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", plain.visible(text)
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred", "a␛[31mred"),
        ("abc\u202egpj.exe", "abc⟨202E⟩gpj.exe"),
        ("z\u0300\u0301\u0302\u0303\u0304a", "z\u0300\u0301\u0302a"),
        ("tab\there", "tab    here"),
    ],
)
def test_what_cannot_be_seen_is_shown_by_name(text: str, shown: str) -> None:
    assert plain.visible(text) == shown


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("[click](http://evil)", "\\[click\\](http:/\u200b/evil)"),
        ("<@123> @everyone", "\\<@123> @\u200beveryone"),
        ("snake_case", "snake\\_case"),
        ("# big\n> quote\n1. list", "\\# big\n\\> quote\n1\u200b. list"),
        ("discord.gg/free", "discord.gg\u200b/free"),
    ],
)
def test_markdown_is_shown_not_obeyed(text: str, escaped: str) -> None:
    assert plain.escape(text) == escaped


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "http://localhost/x",
        "https://user:secret@example.org/",
        "ftp://example.org/",
        "http://[::1",
        "https://example.org/" + "x" * 600,
        "",
    ],
)
def test_an_address_discord_would_refuse_is_no_link(url: str) -> None:
    assert plain.link("here", url) is None


def test_an_address_cannot_close_its_own_brackets() -> None:
    assert plain.link("a]b", "https://example.org/a)b c") == (
        "[a\\]b](https://example.org/a%29b%20c)"
    )


def test_cutting_never_splits_an_escape() -> None:
    assert plain.clip("abc\\*", 5) == "abc\\*"
    assert plain.clip("abc\\*d", 5) == "abc…"
