"""Standard output, whose reader may go before we are done."""

from __future__ import annotations

import os
import sys


def line(text: str) -> None:
    """Write a line; where nobody reads any more it goes nowhere, and the work goes on."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        goes_nowhere()


def goes_nowhere() -> None:
    """After a BrokenPipeError: what is written from here on is dropped, also at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
