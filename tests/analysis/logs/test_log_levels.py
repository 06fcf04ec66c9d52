"""How bad a line says it is, in whatever format it says so."""

from __future__ import annotations

import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.logs.display import readable
from bot.analysis.logs.levels import level_of, named_level
from bot.models import Severity

INFO, WARNING, ERROR, CRITICAL = Severity


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('{"level": "error", "message": "x"}', ERROR),
        ('{"severity":"WARNING","message":"x"}', WARNING),
        ('{"levelname": "CRITICAL", "msg": "x"}', CRITICAL),
        ('{"log.level": "warn", "message": "x"}', WARNING),
        ('{"log": {"level": "fatal"}, "message": "x"}', CRITICAL),
        ('{"level":50,"time":1,"msg":"pino"}', ERROR),
        ('{"level":30,"msg":"pino"}', INFO),
        ('{"message": "level: error"}', None),
        ("level=error msg=x", ERROR),
        ('ts=2026-01-01T00:00:00Z level=warn caller=a.go:1 msg="x"', WARNING),
        ("[error] x", ERROR),
        ("[ERROR]\t2026-01-01T00:00:00.000Z\t5f0c\tx", ERROR),
        ("2026-01-01T00:00:00.000Z\t5f0c-1\tERROR\tInvoke Error", ERROR),
        ("2026-01-01 00:00:00,123 ERROR root: x", ERROR),
        ("2026-01-01 00:00:00,123 - shop.orders - WARNING - x", WARNING),
        ("ERROR:root:x", ERROR),
        ("CRITICAL:shop:x", CRITICAL),
        ("2026-01-01 00:00:00.123  WARN 12 --- [main] c.e.Shop : x", WARNING),
        ("2026-01-01 00:00:00.123 ERROR [main] c.e.Shop - x", ERROR),
        ("2026/01/01 00:00:00 [error] 31#31: *1 open() failed", ERROR),
        ("[Sun Mar 01 12:00:00.1 2026] [core:error] [pid 1] x", ERROR),
        ("2026-01-01 00:00:00.000 UTC [12] FATAL:  the database is starting up", CRITICAL),
        ("2026-01-01 00:00:00.000 UTC [12] LOG:  checkpoint", INFO),
        ("E0101 00:00:00.000000 1 main.go:1] x", ERROR),
        ("<11>Jan  1 00:00:00 host app[1]: x", ERROR),
        ("<14>Jan  1 00:00:00 host app[1]: x", INFO),
        ("panic: runtime error: index out of range", CRITICAL),
        ('Exception in thread "main" java.lang.RuntimeException: x', ERROR),
        ("2026-01-01T00:00:00Z 5f0c Task timed out after 3.00 seconds", ERROR),
        ("START RequestId: 5f0c Version: $LATEST", None),
        ("Received ERROR from upstream", None),
        ("there was no error", None),
        ("INFO retry after ERROR", INFO),
        ("", None),
    ],
)
def test_levels_are_found_in_every_format(line: str, level: Severity | None) -> None:
    assert level_of(line) is level


@pytest.mark.parametrize("name", ["error", "Error", "ERR", "SEVERE", "50"])
def test_names_of_a_level(name: str) -> None:
    assert named_level(name) is ERROR


@given(st.text())
def test_no_line_breaks_the_reader(line: str) -> None:
    assert level_of(line) in (None, *Severity)
    assert level_of("{" + line + "}") in (None, *Severity)
    assert isinstance(readable("{" + line + "}"), str)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
        max_leaves=20,
    )
)
def test_any_json_is_readable(given_value: object) -> None:
    line = orjson.dumps({"message": given_value, "level": given_value, "x": given_value}).decode()
    assert isinstance(readable(line), str)
    assert level_of(line) in (None, *Severity)


def test_json_is_read_as_its_message_and_the_fields_that_matter() -> None:
    line = (
        '{"timestamp":"2026-01-01T00:00:00Z","level":"error","logger":"shop",'
        '"message":"cannot pay","hostname":"h","user":{"id":7},"status":500,'
        '"stack_trace":"Trace:\\n  at a"}'
    )
    assert readable(line) == "shop: cannot pay · status=500 user.id=7\nTrace:\n  at a"


@pytest.mark.parametrize(
    "piece", ["[", "<11>", "a:", "1 ", "level=", "[ERROR ", "Jan  1 ", '{"a":', " ", "\n", "-|:"]
)
def test_hostile_lines_take_linear_time(piece: str) -> None:
    line = piece * (400_000 // len(piece))
    began = time.process_time()
    level_of(line)
    readable(line)
    assert time.process_time() - began < 0.5
