from details_samples import act, detail, event

from bot.models import Act
from bot.ui.details import details_text


def test_the_file_holds_everything_that_is_known() -> None:
    text = details_text(
        detail(
            event=event(
                log_lines=("INFO start", "ERROR boom"),
                stack_trace="Traceback …",
                labels={"pod": "web-1"},
                trace_id="t-1",
            ),
            acts=(act(Act.SILENCE, "Kim", note="1 hour"),),
        )
    )
    for part in (
        "J-42 ZeroDivisionError: division by zero",
        "2026-11-21 01:00:00 UTC",
        "POST /checkout r-9",
        "  * shop/pricing.py:12 in price\n        return total / len(items)",
        "    /usr/lib/python3.11/wsgiref/handlers.py:137 in run",
        "INFO start\nERROR boom",
        "Traceback …",
        "pod = web-1",
        "Runbook: https://wiki.example.org/runbook",
        "Kim: silenced (1 hour)",
    ):
        assert part in text


def test_control_characters_are_shown_in_the_file() -> None:
    assert "␛[2J" in details_text(detail(event=event(log_lines=("\x1b[2J",))))
