"""What people read of a failure."""

import pytest

from bot.errors import UpstreamError


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ("no answer", "GitHub: no answer. Check the connection."),
        ("no answer.", "GitHub: no answer. Check the connection."),
        ("is it running?", "GitHub: is it running? Check the connection."),
    ],
)
def test_a_cure_is_a_sentence_of_its_own(detail: str, told: str) -> None:
    assert str(UpstreamError("GitHub", detail, cure="Check the connection.")) == told


def test_without_a_cure_it_is_only_what_they_said() -> None:
    assert str(UpstreamError("GitHub", "no answer")) == "GitHub: no answer"
