"""CloudWatch's filter-pattern language, on the examples of AWS's documentation and beyond them."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.logs import patterns
from bot.errors import BadPayload

BAD, UNAUTHORIZED = "[ERROR 400] BAD REQUEST", "[ERROR 401] UNAUTHORIZED REQUEST"
MISSING, INVALID = "[ERROR 419] MISSING ARGUMENTS", "[ERROR 420] INVALID ARGUMENTS"
INTERNAL = "[ERROR 500] INTERNAL SERVER ERROR"
SUCCESS = "[SUCCESS 200] AUTHORIZED REQUEST"
PLAIN = (BAD, UNAUTHORIZED, MISSING, INVALID, INTERNAL, SUCCESS)

TRAIL = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "111.111.111.111",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": None,
    "ThisFlag": True,
    "cluster.name": "c",
    "bandwidth": 80,
    "latency": 49.5,
    "errorCode": 400,
}
PEOPLE = {
    "user": {"id": 1, "email": "John.Stiles@example.com"},
    "users": [
        {"id": 2, "email": "John.Doe@example.com"},
        {"id": 3, "email": "Jane.Doe@example.com"},
    ],
    "actions": ["GET", "PUT", "DELETE"],
    "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]],
}
ACCESS = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


def found(pattern: str) -> list[str]:
    return [line for line in PLAIN if patterns.parse(pattern).matches(line)]


@pytest.mark.parametrize(
    ("pattern", "lines"),
    [
        ("", PLAIN),
        ("ERROR", PLAIN[:-1]),
        ("error", ()),
        ("ERROR ARGUMENTS", (MISSING, INVALID)),
        ("?ERROR ?ARGUMENTS", PLAIN[:-1]),
        ("?MISSING ?SUCCESS", (MISSING, SUCCESS)),
        ('"INTERNAL SERVER ERROR"', (INTERNAL,)),
        ('"ERROR 4"', (BAD, UNAUTHORIZED, MISSING, INVALID)),
        ("ERROR -ARGUMENTS", (BAD, UNAUTHORIZED, INTERNAL)),
        ('-"ERROR 5" -SUCCESS', (BAD, UNAUTHORIZED, MISSING, INVALID)),
        ("ERROR ?MISSING", PLAIN[:-1]),  # beside other terms those with ? are ignored
        ("%AUTHORIZED%", (UNAUTHORIZED, SUCCESS)),
        ("%ERROR 4[0-9]{2}%", (BAD, UNAUTHORIZED, MISSING, INVALID)),
        ("%^.SUCCESS%", (SUCCESS,)),
    ],
)
def test_terms_phrases_and_expressions(pattern: str, lines: tuple[str, ...]) -> None:
    assert found(pattern) == list(lines)


def test_brackets_are_no_level_filter_but_one_word_that_is_the_whole_line() -> None:
    assert found("[ERROR]") == list(PLAIN), "the fault of the earlier bot"


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ("{ $.eventType = UpdateTrail }", True),
        ('{ $.eventType = "updatetrail" }', False),
        ("{ $.eventType = Update* }", True),
        ("{ $.eventType = *Trail }", True),
        ("{ $.sourceIPAddress != 123.123.* }", True),
        ("{ $.sourceIPAddress != 111.111.* }", False),
        ('{ $.arrayKey[0] = "value" }', True),
        ('{ $.arrayKey[1] = "value" }', False),
        ('{ $.arrayKey[*] = "another value" }', True),
        ("{ $.objectList[1].id = 2 }", True),
        ("{ $.objectList[*].id = 2 }", True),
        ("{ $.objectList[*].id = 3 }", False),
        ("{ $.SomeObject IS NULL }", True),
        ("{ $.eventType IS NULL }", False),
        ("{ $.SomeOtherObject NOT EXISTS }", True),
        ("{ $.SomeObject NOT EXISTS }", False),
        ("{ $.ThisFlag IS TRUE }", True),
        ("{ $.ThisFlag IS FALSE }", False),
        ("{ $['cluster.name'] = c }", True),
        ('{ $.["cluster.name"] = "c" }', True),
        ("{ $.eventType = %Trail% }", True),
        ("{ $.arrayKey[0] = %^val.{2}$% }", True),
        ("{ $.bandwidth > 75 }", True),
        ("{ $.bandwidth > 80 }", False),
        ("{ $.bandwidth >= 80 }", True),
        ("{ $.latency < 50 }", True),
        ("{ $.latency <= 4.95e1 }", True),
        ("{ $.errorCode = 400 }", True),
        ("{ $.errorCode != 500 }", True),
        ("{ $.errorCode = 4e2 }", True),
        ("{ $.eventType > 1 }", False),
    ],
)
def test_json_fields(pattern: str, fits: bool) -> None:
    assert patterns.parse(pattern).matches(json.dumps(TRAIL)) is fits


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', True),
        ('{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', False),
        (
            '{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch"'
            ' && $.actions[2] = "nonmatch" }',
            True,
        ),
        (
            '{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch")'
            ' && $.actions[2] = "nonmatch" }',
            False,
        ),
        ("{ $.coordinates[1][2] = 6 }", True),
        ("{ $.coordinates[9][9] = 6 }", False),
    ],
)
def test_and_binds_more_closely_than_or(pattern: str, fits: bool) -> None:
    assert patterns.parse(pattern).matches(json.dumps(PEOPLE)) is fits


@pytest.mark.parametrize(
    "line", ["no JSON", "", "{", '{"eventType": }', "[1, 2]", '"eventType"', "null"]
)
def test_what_is_no_object_never_fits_json(line: str) -> None:
    assert not patterns.parse("{ $.eventType = * }").matches(line)


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]", True),
        ("[ip, user, username, timestamp, request =*.html*, status_code = 5*, bytes]", False),
        ("[..., request =*.html*, status_code = 4*, bytes]", True),
        ("[ip, ..., bytes > 1000]", True),
        ("[ip, ..., bytes > 1534]", False),
        ("[ip = 127.*, ...]", True),
        ("[ip, user, username = frank || username = bob, ...]", True),
        ("[ip, user, username != frank, ...]", False),
        ("[ip, user, username, timestamp, request, status_code = %4[0-9]{2}%, bytes]", True),
        ("[a, b, c, d, e, f, g, h]", False),
        ("[ip, rest]", True),
    ],
)
def test_words_between_spaces(pattern: str, fits: bool) -> None:
    assert patterns.parse(pattern).matches(ACCESS) is fits


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.a }", "{ $.a = }", "{ a = 1 }", "{ $.a = 1", "{ $.a = 1 } more", "{ $.a > x }",
        "{ ($.a = 1 }", "{ $.a[*].b[*] = 1 }", "[a, ..., b, ...]", "[a = ]", "[a",
        "%unclosed", "%(group)%", "%é%", "%a% %b% %c%", '"unclosed', "x" * 1_025,
        "{ $.a = %x% && $.b = %y% && $.c = %z% }", "{" + "(" * 60 + "$.a = 1" + ")" * 60 + "}",
    ],
)  # fmt: skip
def test_what_aws_refuses_is_refused_with_a_reason(pattern: str) -> None:
    with pytest.raises(BadPayload, match=r"filter pattern|too many|wildcard|regular"):
        patterns.parse(pattern)


texts = st.text(alphabet=st.sampled_from('ab-?"\\%{}[]()*. $=&|,é\n'), max_size=40)


@given(texts, texts)
def test_a_quoted_term_finds_exactly_itself(term: str, line: str) -> None:
    if not term.strip():
        return
    assert patterns.parse(patterns.quoted(term)).matches(line) is (term in line)


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=30), st.text(max_size=10))
def test_any_case_finds_every_spelling(text: str, around: str) -> None:
    if pattern := patterns.any_case(text):
        matches = patterns.parse(pattern).matches
        assert matches(around + text.upper() + around)
        assert matches(text.lower())


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from('ab1$.[]{}()=!<>&|*%"\\, ?-'), max_size=60), texts)
def test_no_pattern_breaks_the_reader(pattern: str, line: str) -> None:
    try:
        parsed = patterns.parse(pattern)
    except BadPayload:
        return
    assert parsed.matches(line) in (True, False)


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        ("%a*a*a*a*a*a*b%", "a" * 200_000),
        ("{ $.a = *a*a*a*a*a*b }", json.dumps({"a": "a" * 200_000})),
        ("[..., x = *a*a*a*b]", "a" * 200_000),
        ("[a, ..., b]", '"' * 200_000),
        ("[a, ..., b]", "[" * 200_000),
        ("x", "{" * 200_000),
    ],
)
def test_hostile_lines_take_linear_time(pattern: str, line: str) -> None:
    matches = patterns.parse(pattern).matches
    began = time.process_time()
    matches(line)
    assert time.process_time() - began < 0.5
