"""What is the same problem, and what only looks like it."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.mutations import MUTATIONS, bases, event, mutated
from bot.alerting.fingerprint import VERSION, fingerprint, normalise
from bot.alerting.redaction import Redactor
from bot.models import Event, ExceptionInfo, Frame

BASES = bases(60)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _event(message: str = "boom", *, title: str = "", hint: str = "", source: str = "s") -> Event:
    return Event(source, "1", "shop", message, NOW, title=title, fingerprint_hint=hint)


def _raised(*frames: Frame, type_: str = "ValueError", message: str = "boom") -> Event:
    return replace(_event(message), exceptions=(ExceptionInfo(type_, message, frames),))


def _frame(function: str, file: str = "/srv/shop/cart.py", line: int = 3, code: str = "") -> Frame:
    return Frame(file, line, function, in_app=True, code=code)


def test_the_version_travels_with_the_key() -> None:
    found = fingerprint(_event())
    assert found.version == VERSION == 1
    assert len(found.key) == 32


def test_a_stored_key_of_this_version_never_changes() -> None:
    """These keys are in databases. If this fails, raise VERSION instead of the expectation."""
    assert fingerprint(_event("order 17 failed")).key == "31881298df762a0ffac5abc2cd1cf1b5"
    assert fingerprint(_raised(_frame("total"))).key == "dc0ed2fecc790865a1746affd58a0957"


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_that_keeps_the_cause_keeps_the_fingerprint(name: str) -> None:
    rng = random.Random(3)
    for base in BASES:
        expected = fingerprint(event(base))
        for _ in range(5):
            assert fingerprint(event(MUTATIONS[name](base, rng))) == expected, base


def test_all_mutations_together_keep_the_fingerprint() -> None:
    rng = random.Random(4)
    for base in BASES:
        assert {fingerprint(event(mutated(base, rng))) for _ in range(5)} == {
            fingerprint(event(base))
        }


def test_look_alikes_differ_in_raise_site_in_caller_and_in_type() -> None:
    assert len({fingerprint(event(base)) for base in BASES}) == len(BASES)


def test_fifty_errors_with_ids_and_numbers_in_their_messages_stay_fifty() -> None:
    rng = random.Random(5)
    fifty = bases(50, seed=9)
    keys = {
        fingerprint(event(MUTATIONS["message values"](b, rng))) for b in fifty for _ in range(20)
    }
    assert len(keys) == 50


def test_redaction_does_not_change_what_frames_decide() -> None:
    redactor = Redactor()
    for base in BASES[:10]:
        original = event(base)
        assert fingerprint(redactor.event(original)) == fingerprint(original)


def test_the_senders_own_key_wins_within_its_source() -> None:
    assert fingerprint(_event("a", hint="k")) == fingerprint(_event("b", hint="k"))
    assert fingerprint(_event(hint="k")) != fingerprint(_event(hint="k", source="other"))
    assert fingerprint(_event(hint="k")) != fingerprint(_event(hint="l"))


def test_two_raise_sites_in_one_function_differ_by_their_source_line() -> None:
    first = _raised(_frame("total", line=3, code="raise ValueError(a)"))
    second = _raised(_frame("total", line=9, code="raise ValueError(b)"))
    drifted = _raised(_frame("total", line=30, code="raise ValueError(a)"))
    assert fingerprint(first) != fingerprint(second)
    assert fingerprint(first) == fingerprint(drifted)


def test_without_frames_of_ours_all_frames_count() -> None:
    library = replace(_frame("execute"), in_app=False)
    other = replace(_frame("commit"), in_app=False)
    assert fingerprint(_raised(library)) == fingerprint(_raised(library, message="bang"))
    assert fingerprint(_raised(library)) != fingerprint(_raised(other))


def test_without_frames_type_and_message_count() -> None:
    assert fingerprint(_raised(message="order 17")) == fingerprint(_raised(message="order 99"))
    assert fingerprint(_raised(message="order 17")) != fingerprint(_raised(message="user 17"))
    assert fingerprint(_raised()) != fingerprint(_raised(type_="KeyError"))


def test_anonymous_code_is_told_apart_by_its_message() -> None:
    lost = _raised(_frame("", "https://x/main.8f3ab2c1.js"), message="a is undefined")
    same = _raised(_frame("", "https://x/main.99ab12cd.js", line=7), message="a is undefined")
    other = _raised(_frame("", "https://x/main.8f3ab2c1.js"), message="network is down")
    assert fingerprint(lost) == fingerprint(same) != fingerprint(other)


def test_members_of_a_group_count_once_and_in_any_order() -> None:
    left = ExceptionInfo("OSError", "l", (_frame("left"),))
    right = ExceptionInfo("OSError", "r", (_frame("right"),))
    group = ExceptionInfo("ExceptionGroup", "2 sub-exceptions", (_frame("both"),))
    chains = [(left, right, group), (right, left, group), (left, right, left, group)]
    assert len({fingerprint(replace(_event(), exceptions=chain)) for chain in chains}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lambda$total$0", "lambda$total$7"),
        ("main.func1", "main.func2.1"),
        ("<Run>b__5_0", "<Run>b__6_1"),
        ("main::pay::h0123456789abcdef", "main::pay::hfedcba9876543210"),
        ("block (2 levels) in pay", "block in pay"),
        ("async pay", "pay"),
    ],
)
def test_names_that_compilers_number_are_equal(one: str, other: str) -> None:
    assert fingerprint(_raised(_frame(one))) == fingerprint(_raised(_frame(other)))


@pytest.mark.parametrize(
    "file",
    ["/app/web.py", "/srv/shop/web.py", "C:\\Users\\ci\\shop\\web.py", "web.py", "./web.py",
     "/var/www/shop/releases/20260101/web.py", "/home/ci/shop/web.py"],
)  # fmt: skip
def test_where_the_code_was_deployed_does_not_matter(file: str) -> None:
    expected = fingerprint(_raised(_frame("pay", "/usr/src/app/web.py")))
    assert fingerprint(_raised(_frame("pay", file))) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("order o-17 of ada@example.com: 3 items", "order <*> of <*>: <*> items"),
        ("at 2026-11-21T02:33:37Z from 10.0.0.1:80", "at <*> from <*>"),
        ("user 550e8400-e29b-41d4-a716-446655440000", "user <*>"),
        ("can't open '/etc/shop.conf'", "can't open <*>"),
        ("no file /var/data/a.csv here", "no file <*> here"),
        ("token [removed: github token] refused", "token <*> refused"),
        ("ids 1, 2, 3", "ids <*>"),
        ("GET https://x.example/a?b=1 failed", "GET <*> failed"),
        ("no such table: shop_order", "no such table: shop_order"),
        ("deadbeefdeadbeef", "<*>"),
        ("took 3.5s  (70%)", "took <*> (<*>)"),
    ],
)
def test_messages_keep_their_words_and_lose_their_values(message: str, expected: str) -> None:
    assert normalise(message) == expected


@given(st.text(max_size=200), st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_has_a_fingerprint(a: str, b: str) -> None:
    fingerprint(_raised(_frame(a, b), type_=a, message=b))
    assert fingerprint(_event(a, title=b)) == fingerprint(_event(a, title=b))
