"""Deliveries as the web room would hand them to a source."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.sources.request import Request

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def delivery() -> Callable[..., Request]:
    def make(body: bytes, headers: Mapping[str, str] | None = None, at: datetime = NOW) -> Request:
        return Request("POST", "/webhook/x", headers or {}, {}, body, at, "request-1")

    return make


@pytest.fixture
def payloads() -> Path:
    """Real payloads that lie beside the repository; not everybody has them."""
    shared = os.environ.get("JINKIES_SHARED") or Path(__file__).parents[2] / "../shared"
    folder = Path(shared) / "payloads"
    if not folder.is_dir():
        pytest.skip("the shared sample payloads are not here")
    return folder
