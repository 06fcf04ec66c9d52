"""A Jinkies for the examples: the real app on a real socket, whose intake the test holds."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from listening import EXAMPLES, SECRET, Listening

from bot.sources.request import Secrets
from bot.web.server import WebServer
from bot.web.settings import Readiness, WebSettings
from bot.web.webhook import create_app

sys.path.insert(0, str(EXAMPLES))


@pytest.fixture
def jinkies() -> Iterator[Listening]:
    listening = Listening()
    settings = WebSettings(secrets=Secrets(SECRET))
    server = WebServer(create_app(listening.submit, lambda: Readiness(True), settings))
    server.start()
    listening.url = server.url
    yield listening
    listening.release()
    server.stop()
