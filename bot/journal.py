"""Jinkies' own log: to standard error, as text or as JSON lines."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from bot.config import Settings


class JsonLines(logging.Formatter):
    """One JSON object a line, for machines that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger, message and, for an error, its traceback."""
        line: Mapping[str, str] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line = {**line, "traceback": self.formatException(record.exc_info)}
        return json.dumps(line, ensure_ascii=False)


def configure_logging(settings: Settings) -> None:
    """Log to standard error as the settings say; leaves a root logger that is set up alone."""
    root = logging.getLogger()
    if root.hasHandlers():
        return
    stream = logging.StreamHandler()
    plain = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    stream.setFormatter(JsonLines() if settings.log_format == "json" else plain)
    root.addHandler(stream)
    root.setLevel(settings.log_level)
