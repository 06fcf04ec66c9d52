"""The web app for a server process of its own, such as granian's worker.

There the intake has no event loop to live on, so it gets one in a thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunningApp:
    """An app whose intake was started, and how to end that."""

    app: WSGIApplication
    stop: Callable[[], Awaitable[None]]


def standalone_app(start: Callable[[], Coroutine[Any, Any, RunningApp]]) -> WSGIApplication:
    """Start the intake on a loop of its own and return the app that is built on it.

    The intake is stopped when the worker process ends; all that was answered is committed by
    then anyway, so this only closes the store.
    """
    loop = BackgroundLoop()
    running = loop.run(start())

    async def stop() -> None:
        await running.stop()

    def end() -> None:
        loop.run(stop())
        loop.close()

    # Worker processes of multiprocessing leave without atexit; this they do run.
    Finalize(None, end, exitpriority=100)
    return running.app


class BackgroundLoop:
    """An event loop in a daemon thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="jinkies-intake", daemon=True
        )
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run `coroutine` there and wait for its result; raises what it raises."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def close(self) -> None:
        """End the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
