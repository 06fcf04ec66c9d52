"""JSON in the fields of forms, and what only looks like a form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.forms import json_of_form
from bot.sources.request import Request

Deliver = Callable[..., Request]
URLENCODED = {"content-type": "application/x-www-form-urlencoded"}
JSON = '{"text": "50 % & more, ä"}'.encode()


def test_a_field_of_a_form_is_found_wherever_it_stands(delivery: Deliver) -> None:
    form = urlencode({"mydata": "1", "data": JSON, "more": "2"}).encode()
    assert json_of_form(delivery(form, URLENCODED), "data") == JSON
    assert json_of_form(delivery(b"a=1&data=%7B+%7D", URLENCODED), "data") == b"{ }"


def test_a_form_without_the_field_holds_nothing_however_many_others_it_has(
    delivery: Deliver,
) -> None:
    assert json_of_form(delivery(b"a=1&" * 100_000, URLENCODED), "data") == b""


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_json_is_json_whatever_curl_calls_it(delivery: Deliver, kind: str) -> None:
    assert json_of_form(delivery(JSON, {"content-type": kind}), "data") == JSON


@pytest.mark.parametrize("quote", ['"', ""])
def test_a_multipart_form_is_read_as_browsers_and_libraries_write_it(
    delivery: Deliver, quote: str
) -> None:
    lines = [
        "------x7", 'Content-Disposition: form-data; name="other"', "", "no",
        "------x7", f"Content-Disposition: form-data; name={quote}data{quote}",
        "Content-Type: application/json", "", JSON.decode(), "------x7--", "",
    ]  # fmt: skip
    body = "\r\n".join(lines).encode()
    headers = {"content-type": f"Multipart/Form-Data; charset=utf-8; boundary={quote}----x7{quote}"}
    assert json_of_form(delivery(body, headers), "data") == JSON


@given(st.binary(max_size=300), st.text(max_size=60), st.sampled_from(["urlencoded", "multipart"]))
def test_whatever_comes_as_a_form_nothing_breaks(body: bytes, more: str, kind: str) -> None:
    types = {
        "urlencoded": "application/x-www-form-urlencoded",
        "multipart": "multipart/form-data; boundary=",
    }
    headers = {"content-type": types[kind] + more}
    request = Request("POST", "/", headers, {}, body, datetime(2026, 1, 2, tzinfo=UTC), "r")
    assert isinstance(json_of_form(request, "data"), bytes)
