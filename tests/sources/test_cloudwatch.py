from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from log_batches import AT, TRACEBACK, batch, events, hear, packed

from bot.errors import BadPayload, TooLarge
from bot.models import ExceptionInfo, Severity
from bot.sources.cloudwatch import service_of


def test_lambda_prints_the_exception_before_its_traceback_and_indents_with_no_break_spaces() -> (
    None
):
    (event,) = events(
        [
            "START RequestId: 8f5e2c1a-1b2c-4d3e-8f90-1a2b3c4d5e6f Version: $LATEST",
            "[ERROR] KeyError: 'o-9'\nTraceback (most recent call last):\n"
            '\u00a0\u00a0File "/var/task/app.py", line 7, in handler\n'
            '\u00a0\u00a0\u00a0\u00a0return load(event["id"])\n',
            "END RequestId: 8f5e2c1a-1b2c-4d3e-8f90-1a2b3c4d5e6f",
            "REPORT RequestId: 8f5e2c1a-1b2c-4d3e-8f90-1a2b3c4d5e6f\tStatus: error",
        ],
        logGroup="/aws/lambda/checkout",
    )
    assert event.service == "checkout"
    assert event.message == "KeyError: 'o-9'"
    assert event.stack_trace.splitlines()[1:] == [
        '  File "/var/task/app.py", line 7, in handler',
        '    return load(event["id"])',
        "KeyError: 'o-9'",
    ]
    assert event.request is not None
    assert event.request.request_id == "8f5e2c1a-1b2c-4d3e-8f90-1a2b3c4d5e6f"


def test_a_lambda_timeout_is_an_event_without_its_changing_parts() -> None:
    when_and_who = "2026-01-02T03:03:05.000Z 9d0c2c1a-1b2c-4d3e-8f90-1a2b3c4d5e6f"
    (event,) = events([f"{when_and_who} Task timed out after 3.00 seconds"])
    assert event.message == "Task timed out after 3.00 seconds"
    assert event.severity is Severity.ERROR


def test_node_on_lambda_logs_its_error_as_json_behind_tabs() -> None:
    tail = {
        "errorType": "TypeError",
        "errorMessage": "x is no function",
        "stack": ["TypeError: x is no function", "    at handler (/var/task/index.js:3:9)"],
    }
    request_id = "9d0c2c1a-1b2c-4d3e-8f90-1a2b3c4d5e6f"
    (event,) = events(
        [f"2026-01-02T03:03:05.000Z\t{request_id}\tERROR\tInvoke Error \t{json.dumps(tail)}"]
    )
    assert event.message == "x is no function"
    assert event.stack_trace == "\n".join(tail["stack"])
    assert event.request is not None
    assert event.request.request_id == request_id


def test_an_exception_type_without_a_trace_is_kept() -> None:
    (event,) = events([json.dumps({"errorType": "Oops", "errorMessage": "it broke"})])
    assert event.exceptions == (ExceptionInfo("Oops", "it broke"),)


@pytest.mark.parametrize(
    ("given_line", "severity", "message"),
    [
        ({"level": "ERROR", "message": "it broke"}, Severity.ERROR, "it broke"),
        ({"level": "critical", "event": "it broke"}, Severity.CRITICAL, "it broke"),
        ({"level": 50, "msg": "it broke"}, Severity.ERROR, "it broke"),
        ({"level": 60, "msg": "it broke"}, Severity.CRITICAL, "it broke"),
        ({"log.level": "error", "message": "it broke"}, Severity.ERROR, "it broke"),
        ({"log": {"level": "error"}, "message": "it broke"}, Severity.ERROR, "it broke"),
        ({"severity": "FATAL", "message": "it broke"}, Severity.CRITICAL, "it broke"),
        ({"errorType": "Oops", "errorMessage": "it broke"}, Severity.ERROR, "it broke"),
        ({"level": "warning", "msg": "oh", "exc_info": TRACEBACK}, Severity.WARNING, "oh"),
    ],
)  # fmt: skip
def test_json_lines_of_the_usual_loggers_are_understood(
    given_line: Mapping[str, object], severity: Severity, message: str
) -> None:
    (event,) = events([json.dumps(given_line)])
    assert (event.severity, event.message) == (severity, message)


def test_the_fields_of_a_json_line_find_their_places() -> None:
    (event,) = events(
        [
            json.dumps(
                {
                    "level": "ERROR",
                    "message": "checkout failed",
                    "exception": TRACEBACK,
                    "exception_name": "TypeError",
                    "service": "cart",
                    "env": "staging",
                    "commit": "abc123",
                    "request_id": "r-1",
                    "xray_trace_id": "1-abc",
                    "user_id": 7,
                    "logger": "shop.cart",
                    "request": {"method": "GET", "url": "/cart"},
                }
            )
        ]
    )
    assert (event.service, event.environment, event.commit) == ("cart", "staging", "abc123")
    assert event.stack_trace == TRACEBACK
    assert (event.user, event.trace_id, event.labels["logger"]) == ("7", "1-abc", "shop.cart")
    assert event.request is not None
    assert (event.request.method, event.request.url, event.request.request_id) == (
        "GET",
        "/cart",
        "r-1",
    )


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ("ERROR it broke", Severity.ERROR),
        ("[ERROR] it broke", Severity.ERROR),
        ("error: it broke", Severity.ERROR),
        ("ERROR:django.request:it broke", Severity.ERROR),
        ("2026-01-02T03:04:05Z SEVERE it broke", Severity.ERROR),
        ("2026-01-02 03:04:05.123 [main-1] FATAL c.e.App - it broke", Severity.CRITICAL),
        ("03:04:05 | CRITICAL | it broke", Severity.CRITICAL),
        ("E0102 03:04:05.678901 1 main.go:12] it broke", Severity.ERROR),
        ('time="2026-01-02T03:04:05Z" level=error msg="it broke"', Severity.ERROR),
        ("2026/01/02 03:04:05 [error] 31#31: *1 upstream timed out", Severity.ERROR),
        ("panic: it broke", Severity.CRITICAL),
        ("RequestId: 9d0c2c1a-1b2c-4d3e-8f90-1a2b3c4d5e6f Error: Runtime exited with error: "
         "signal: killed Runtime.ExitError", Severity.ERROR),
    ],
)  # fmt: skip
def test_error_lines_of_the_usual_loggers_become_events(line: str, severity: Severity) -> None:
    (event,) = events([line])
    assert event.severity is severity


@pytest.mark.parametrize(
    "line",
    [
        "INFO all is well",
        "INFO processed 7 rows, 0 ERROR",
        "Received ERROR from upstream, retried with success",
        "WARNING disk at 80 %",
        "DEBUG ERROR",
        "just words",
        "errors: 0",
        '{"level": "INFO", "message": "ERROR was not here"}',
        '{"no": "message"}',
        "{broken json",
        "",
        "   ",
        "I0102 03:04:05.678901 1 main.go:12] fine",
        'time="x" level=info msg="ERROR"',
    ],
)
def test_other_lines_are_no_alerts(line: str) -> None:
    heard = hear(batch([line]))
    assert heard.events == ()
    assert heard.note


def test_the_lines_around_an_error_come_with_it() -> None:
    lines = [f"INFO step {number}" for number in range(50)]
    (event,) = events([*lines[:40], "ERROR it broke", *lines[40:]])
    assert event.log_lines == (*lines[10:40], "ERROR it broke", *lines[40:50])


def test_lines_of_another_request_are_left_out() -> None:
    others = ["[req-b2] INFO another's", "INFO anybody's"]
    (event,) = events(["[req-a1] INFO mine", *others, "[req-a1] ERROR it broke"])
    assert event.log_lines == ("INFO mine", "INFO anybody's", "ERROR it broke")


def test_a_control_message_is_heard_and_left_aside() -> None:
    heard = hear(
        packed(batch(["CWL CONTROL MESSAGE: Checking health"], messageType="CONTROL_MESSAGE"))
    )
    assert heard.events == ()
    assert "CONTROL_MESSAGE" in heard.note


def test_the_event_aws_makes_is_read_with_what_the_forwarder_says_beside_it() -> None:
    body = packed(
        batch(["ERROR it broke"], logGroup="/aws/lambda/x"),
        service="checkout",
        environment="staging",
        commit="abc123",
        region="eu-west-1",
        labels={"team": "shop"},
        unknown=["left alone"],
    )
    (event,) = hear(body).events
    assert (event.service, event.environment, event.commit) == ("checkout", "staging", "abc123")
    assert (event.labels["team"], event.labels["region"]) == ("shop", "eu-west-1")
    assert event.links[0].url.startswith("https://eu-west-1.console.aws.amazon.com/cloudwatch/")
    assert "$252Faws$252Flambda$252Fx/log-events/" in event.links[0].url


def test_a_region_that_is_none_makes_no_link() -> None:
    (event,) = hear(packed(batch(["ERROR x"]), region="evil.example/")).events
    assert event.links == ()


def test_lines_without_ids_get_the_same_ones_at_every_delivery() -> None:
    lines = [{"timestamp": AT, "message": "ERROR x"}, {"timestamp": AT, "message": "ERROR x"}]
    first, second = hear(batch([], logEvents=lines)).events
    again, _ = hear(batch([], logEvents=lines)).events
    assert first.event_id == again.event_id != second.event_id


@pytest.mark.parametrize(
    ("log_group", "service"),
    [
        ("/aws/lambda/checkout", "checkout"),
        ("/aws/lambda/us-east-1.edge", "edge"),
        ("/ecs/payments", "payments"),
        ("/aws/rds/instance/orders-db/postgresql", "orders-db"),
        ("/aws/elasticbeanstalk/shop-prod/var/log/web.stdout.log", "shop-prod"),
        ("/company/prod/orders/", "orders"),
        ("plain", "plain"),
        ("", "unknown"),
    ],
)
def test_the_service_is_read_from_the_log_group(log_group: str, service: str) -> None:
    assert service_of(log_group) == service


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "not JSON"),
        (b"[]", "must be a JSON object"),
        (b"[" * 50_000, "not JSON"),
        ({}, "awslogs: missing"),
        ({"awslogs": {}}, "awslogs.data: must be"),
        ({"awslogs": {"data": "%%%"}}, "is not base64"),
        ({"awslogs": {"data": "ünicode"}}, "is not base64"),
        ({"awslogs": {"data": "AAAA"}}, "awslogs.data is not valid gzip"),
        ({"awslogs": {"data": "H4sIAAAA"}}, "awslogs.data is not valid gzip"),
        (packed([]), "must be a JSON object"),
        (batch([], messageType="OTHER"), "messageType"),
        (batch([], logEvents={}), "logEvents: must be a list"),
        (batch([], logEvents=[5]), "logEvents[0]: must be an object"),
        (batch([], logEvents=[{"timestamp": "x"}]), "logEvents[0].timestamp"),
        (batch([], logEvents=[{"timestamp": 10**18, "message": ""}]), "logEvents[0].timestamp"),
        (batch([], logEvents=[{"timestamp": True, "message": ""}]), "logEvents[0].timestamp"),
        (batch([], logEvents=[{"timestamp": 1}]), "logEvents[0].message"),
        (batch([], logEvents=[{"timestamp": 1, "message": "", "id": 5}]), "logEvents[0].id"),
        (batch([], logGroup=5), "logGroup"),
        (packed(batch([]), labels=[1]), "labels"),
        (packed(batch([]), labels={"a": 1}), "labels"),
    ],
)  # fmt: skip
def test_what_is_no_subscription_batch_is_refused_with_a_reason(
    body: object, expected: str
) -> None:
    with pytest.raises(BadPayload) as refused:
        hear(body)
    assert expected in refused.value.reason


def test_a_bomb_inside_the_envelope_is_too_large() -> None:
    bomb = base64.b64encode(gzip.compress(bytes(60_000_000))).decode()
    with pytest.raises(TooLarge):
        hear({"awslogs": {"data": bomb}})


def test_the_shared_payloads_become_the_right_events(payloads: Path) -> None:
    expected = {
        "derived.control-message.json": [],
        "derived.java-line-per-event.json": [
            ("payments", "com.example.orders.App$PaymentException: checkout failed for o-1", 9)
        ],
        "derived.lambda-python-nbsp.json": [
            ("checkout", "KeyError: 'o-9'", 6),
            ("checkout", "Task timed out after 3.00 seconds", 0),
        ],
        "derived.python-one-event.json": [("orders-api", "checkout failed", 22)],
        "subscription-lambda-event.powertools.json": [
            ("testLogGroup", "First test message", 0),
            ("testLogGroup", "Second test message", 0),
        ],
    }
    seen = {}
    for path in sorted((payloads / "cloudwatch-logs").iterdir()):
        name = path.name.replace(".decoded", "")
        seen[name] = [
            (event.service, event.message, len(event.stack_trace.splitlines()))
            for event in hear(path.read_bytes()).events
        ]
        assert seen[name] == expected[name], path.name
    assert seen.keys() == expected.keys()


def test_a_line_of_a_rehearsal_is_believed_over_the_forwarders_environment() -> None:
    line = '{"level": "error", "message": "it broke", "environment": "%s"}'
    (event,) = hear(packed(batch([line % "simulated"]), environment="production")).events
    assert event.environment == "simulated"
    (event,) = hear(packed(batch([line % "staging"]), environment="production")).events
    assert event.environment == "production"
