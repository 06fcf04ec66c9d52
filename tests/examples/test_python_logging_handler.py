"""The logging example in plain Python programs, against the real app over a real socket."""

from __future__ import annotations

import logging
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from listening import SECRET, Listening
from python_logging_handler import (
    JinkiesHandler,
    RequestContext,
    Sender,
    redacted,
    request_context,
)

from bot.models import Severity

log = logging.getLogger("baker")


@pytest.fixture
def handler(jinkies: Listening) -> Iterator[JinkiesHandler]:
    made = JinkiesHandler(jinkies.url, SECRET, service="bakery", labels={"shop": 3})
    log.addHandler(made)
    log.setLevel(logging.INFO)
    yield made
    log.removeHandler(made)


def sender_of(handler: JinkiesHandler) -> Sender:
    assert handler.sender is not None
    return handler.sender


def test_a_job_is_told_with_its_labels_its_user_and_its_lines(
    handler: JinkiesHandler, jinkies: Listening
) -> None:
    job = RequestContext(request_id="job-7", user=lambda: "ada", labels={"queue": "night"})
    with request_context(job):
        log.info("heating the oven")
        log.critical(
            "the oven %s", "burns", extra={"labels": {"oven": 2, "hot": True, "odd": None}}
        )
    log.info("outside of the job")
    (event,) = jinkies.wait_for(1)
    assert (event.severity, event.message, event.user) == (
        Severity.CRITICAL,
        "the oven burns",
        "ada",
    )
    assert event.request is not None
    assert event.request.request_id == "job-7"
    wanted = {"queue": "night", "oven": "2", "hot": "true", "odd": "None", "shop": "3"}
    assert wanted.items() <= event.labels.items()
    assert [line[9:] for line in event.log_lines] == [
        "INFO baker: heating the oven",
        "CRITICAL baker: the oven burns",
    ]


def test_odd_records_are_told_too(
    handler: JinkiesHandler, jinkies: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "propagate", False)  # pytest's own handler raises for them

    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("cannot speak")

    log.error("%d loaves", "no number")
    log.error("half a pair \ud800", extra={"labels": {"": 1, "x" * 500: float("nan")}})
    try:
        raise MuteError
    except MuteError:
        log.exception("")
    told = [event.message for event in jinkies.wait_for(3)]
    assert told == ["%d loaves", "half a pair ?", "MuteError"]


def test_labels_of_any_kind_cost_no_error(handler: JinkiesHandler, jinkies: Listening) -> None:
    class Mute:
        def __str__(self) -> str:
            raise RuntimeError("cannot speak")

    endless: list[object] = []
    endless.append(endless)
    labels = {"basket": ["pears", {"n": 2}], "mute": Mute(), "endless": endless, "kind": Mute}
    log.error("burnt", extra={"labels": {**labels, "door": {"password": "hunter2"}}})
    log.error("burnt again")
    told = jinkies.wait_for(2)
    assert [event.message for event in told] == ["burnt", "burnt again"]
    assert told[0].labels["basket"] == "['pears', {'n': 2}]"
    assert told[0].labels["mute"] == "Mute"
    assert "hunter2" not in repr(told)


def test_what_the_sender_logs_itself_is_not_sent(
    handler: JinkiesHandler, jinkies: Listening
) -> None:
    class Talkative(urllib.request.BaseHandler):
        def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
            log.error("a delivery is on its way")
            return request

    sender_of(handler)._opener.add_handler(Talkative())
    log.error("only this one")
    handler.flush()
    assert [event.message for event in jinkies.events] == ["only this one"]


def test_a_refusal_is_final_and_said_so(
    jinkies: Listening, capfd: pytest.CaptureFixture[str]
) -> None:
    handler = JinkiesHandler(jinkies.url, "not the secret", service="bakery")
    handler.handle(logging.makeLogRecord({"levelno": logging.ERROR, "msg": "burnt"}))
    assert sender_of(handler).flush(5)
    assert sender_of(handler).dropped == 1
    assert "1 event(s) refused with status 401" in capfd.readouterr().err


def test_an_event_that_jinkies_refuses_does_not_take_the_others_with_it(
    handler: JinkiesHandler, jinkies: Listening
) -> None:
    sender = sender_of(handler)
    jinkies.holds = True
    log.error("first")
    jinkies.wait_for(1)  # what follows goes together, in one delivery
    log.error("second")
    sender.put({"service": "", "message": "nobody's"}, [])
    log.error("third")
    jinkies.release()
    assert sender.flush(5)
    mine = [event for event in jinkies.events if event.service == "bakery"]
    assert [event.message for event in mine if "dropped" not in event.labels] == [
        "first", "second", "third",
    ]  # fmt: skip
    assert [event.labels["dropped"] for event in mine if "dropped" in event.labels] == ["1"]


def test_a_program_s_end_and_its_threads_are_told(jinkies: Listening) -> None:
    program = (
        "import logging, threading; from python_logging_handler import JinkiesHandler\n"
        "handler = JinkiesHandler.from_environment(service='oven').report_uncaught()\n"
        "logging.getLogger().addHandler(handler)\n"
        "thread = threading.Thread(target=lambda: {}['dough']); thread.start(); thread.join()\n"
        "1 / 0\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=jinkies.environment, capture_output=True, text=True
    )
    assert "ZeroDivisionError" in done.stderr
    told = [(event.message, event.severity.value) for event in jinkies.events]
    assert told == [("'dough'", "error"), ("division by zero", "critical")]


def test_without_an_address_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JINKIES_URL", raising=False)
    handler = JinkiesHandler.from_environment()
    handler.handle(logging.makeLogRecord({"levelno": logging.ERROR, "msg": "burnt"}))
    handler.flush()
    assert handler.sender is None


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abc.def", "abc"),
        ("postgres://ada:s3cret@db/shop", "s3cret"),
        ("Cookie: a=1; visit=2\nnext", "visit"),
        ("{'password': 'two words', 'a': 1}", "two words"),
        ("paid with 4111 1111 1111 1111", "4111"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),
    ],
)
def test_what_looks_like_a_secret_is_removed(text: str, left: str) -> None:
    assert left not in redacted(text)
    assert redacted("order 1234567890123 took 12 ms") == "order 1234567890123 took 12 ms"


@given(st.text(), st.text("abcdefgh0123456789", min_size=4), st.text())
def test_no_hidden_value_survives_redaction(before: str, value: str, after: str) -> None:
    told = redacted(f"{before}{value}{after} password={value}", [value])
    told.encode()
    assert value not in told.replace("[removed]", "")
