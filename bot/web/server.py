"""The web app in a thread of the bot's process: waitress, with an end that loses nothing."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, MutableMapping
from concurrent.futures import Future
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer, create_server
from waitress.task import ErrorTask, WSGITask

from bot.web.answer import reason_json
from bot.web.body import too_large
from bot.web.promised import TAKES_PROMISES, Promised, PromisedBody
from bot.web.webhook import SECURITY_HEADERS, shown_path

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

THREADS = 8
# Seconds a busy thread may keep the interpreter from others. An answer to a person hops between
# threads a dozen times, and at each hop it would wait Python's usual 5 ms while events pour in.
_GIVE_WAY_AFTER = 0.0005
# Times the limit: a little too much is read and refused in peace; at more the connection is cut.
_ROOM = 2
_LOOP_WAIT = 1.0  # seconds; the trigger ends the wait sooner when there is something to do
# Seconds, while somebody waits for a commit: who listens for a second must hear 503 within it.
_LATE_BY = 0.1


class _JsonErrorTask(ErrorTask):  # type: ignore[misc]  # waitress is not typed
    """What waitress refuses by itself (too large, not HTTP), said as JSON like the rest."""

    def execute(self) -> None:
        error = self.request.error
        reason = f"{error.reason}: {error.body}".strip()
        if error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            reason = too_large(self.channel.server.adj.max_request_body_size // _ROOM)
        body = reason_json(reason)
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend(SECURITY_HEADERS.items())
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Task(WSGITask):  # type: ignore[misc]
    """Asks the app when the request is there, and answers when the app can.

    During the stop every answer ends its connection, so a busy client cannot hold us.
    """

    wrote_header: bool
    _body: Iterable[bytes] | None = None
    _respond: StartResponse | None = None

    def ask(self) -> Promised | None:
        """Call the app; what it promises, or None if it has answered."""
        self._begun: list[tuple[Any, ...]] = []
        environ = self.get_environment()
        self._body = self.channel.server.app(environ, self._begin)
        return self._body.promised if isinstance(self._body, PromisedBody) else None

    def answer(self, respond: StartResponse) -> Iterable[bytes]:
        """What the app answered when it was asked; for waitress, which thinks it asks now."""
        if self._body is None:
            raise RuntimeError("the app failed when it was asked")
        for begun in self._begun:
            respond(*begun)
        self._respond = respond
        return self._body

    def _begin(self, *begun: Any) -> Callable[[bytes], object]:
        if self._respond is not None:
            return self._respond(*begun)
        self._begun.append(begun)
        return self.write

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[TAKES_PROMISES] = self
        # Should the app fail, waitress logs this path; by now nobody else reads it.
        self.request.path = shown_path(self.request.path)
        return environ

    def write(self, data: bytes) -> None:
        """Header and body in one go: two would be two packets, and two calls of the system."""
        if self.wrote_header or not data or self.content_length != len(data):
            super().write(data)
            return
        header = self.build_response_header()
        self.wrote_header = True
        self.content_bytes_written = len(data)
        self.channel.write_soon(header + data if self.has_body else header)

    def build_response_header(self) -> bytes:
        if not self.channel.server.accepting and not self.close_on_finish:
            self.set_close_on_finish()
        header: bytes = super().build_response_header()
        return header


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection. While a commit is awaited no thread waits with it: whoever keeps the
    promise answers."""

    error_task_class = _JsonErrorTask
    _task: _Task
    _promised: Promised | None = None

    def task_class(self, _channel: _Channel, _request: object) -> _Task:
        """The task of the request that waitress is at; it has been asked already."""
        return self._task

    def service(self) -> None:
        """Begin with the next request, in a thread of waitress."""
        if self.requests[0].error:
            super().service()
            return
        self._task = _Task(self, self.requests[0])
        try:
            promised = self._task.ask()
        except BaseException:
            super().service()  # answers with 500
            raise
        if promised is None:
            super().service()
            return
        self._only_once = threading.Lock()
        self._promised = promised
        promised.promise.add_done_callback(self._answer)

    def writable(self) -> bool:
        """Whether the loop has to send. Not while somebody else is at it: they say when they are
        done, and until then the loop would spin, and keep the interpreter from them."""
        if not super().writable() or not self.outbuf_lock.acquire(blocking=False):
            return False
        self.outbuf_lock.release()
        return True

    def answer_if_overdue(self, now: float) -> None:
        """Answer without the promise if it is too late for it; `now` is monotonic."""
        promised = self._promised
        if promised is not None and promised.deadline <= now:
            self._answer(promised.promise)

    def _answer(self, promise: Future[Any]) -> None:
        promised, lock = self._promised, self._only_once
        if promised is None or promised.promise is not promise or not lock.acquire(blocking=False):
            return
        self._promised = None
        super().service()


def _answer_of_task(environ: WSGIEnvironment, respond: StartResponse) -> Iterable[bytes]:
    task: _Task = environ[TAKES_PROMISES]
    return task.answer(respond)


class WebServer:
    """Serves a WSGI app on `threads` threads; usable from any thread.

    Raises:
        OSError: at construction, if the address is taken.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        threads: int = THREADS,
        max_body_bytes: int = 1024 * 1024,
    ) -> None:
        self._sockets: MutableMapping[int, Any] = {}
        self._server: TcpWSGIServer = create_server(
            _answer_of_task,
            map=self._sockets,
            host=host,
            port=port,
            threads=threads,
            ident=None,
            max_request_body_size=_ROOM * max_body_bytes,
            inbuf_overflow=_ROOM * max_body_bytes,
            channel_timeout=60,
            connection_limit=500,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=False,
        )
        self._server.channel_class = _Channel
        self._server.app = app
        # Eight busy threads are the plan here, not a reason to warn.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self.host: str = host
        self.port: int = self._server.effective_port
        self._stopping = threading.Event()
        self._is_woken = threading.Event()
        self._deadline = 0.0
        self._look_for_overdue = 0.0
        self._thread = threading.Thread(target=self._serve, name="jinkies-web", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}"

    @property
    def is_listening(self) -> bool:
        """Whether new connections are taken."""
        return bool(self._server.accepting)

    def start(self) -> None:
        """Begin to serve; connections were already queued since construction."""
        sys.setswitchinterval(_GIVE_WAY_AFTER)
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Take no more; answer what was received in full; then close. Idle ends at once.

        After `timeout` seconds the connections that are still busy are cut.
        """
        if not self._thread.is_alive():
            self._server.accepting = False
            wasyncore.close_all(self._sockets)
            return
        self._deadline = time.monotonic() + timeout
        self._stopping.set()
        self._server.pull_trigger()
        self._is_woken.set()
        self._thread.join()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._turn(_LOOP_WAIT)
        self._server.del_channel()
        self._server.socket.close()
        self._server.accepting = False
        while any(_is_busy(channel) for channel in self._channels()):
            if time.monotonic() > self._deadline:
                log.warning("requests are still running at the end of the stop; cutting them")
                break
            self._turn(0.05)
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=0.2)
        # `stop` may still be about to write into the trigger; closed, its number could be a file's.
        self._is_woken.wait()
        wasyncore.close_all(self._sockets)

    def _turn(self, wait: float) -> None:
        if any(channel.requests for channel in self._channels()):
            wait = min(wait, _LATE_BY)
        wasyncore.loop(timeout=wait, use_poll=True, map=self._sockets, count=1)
        now = time.monotonic()
        if now >= self._look_for_overdue:
            self._look_for_overdue = now + _LATE_BY
            for channel in self._channels():
                channel.answer_if_overdue(now)

    def _channels(self) -> Iterable[Any]:
        return list(self._server.active_channels.values())


def _is_busy(channel: Any) -> bool:
    """A request was received in full and is not answered, or its answer is not sent."""
    return bool(channel.requests or channel.total_outbufs_len)
