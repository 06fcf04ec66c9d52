"""The gateway: hello, identify or resume, heartbeats, dispatches, and Discord's close codes."""

import asyncio
import contextlib
import time
import zlib
from collections import deque
from collections.abc import Callable
from typing import Any

import orjson
import zstandard
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from sandbox.discord import guilds
from sandbox.discord.faults import Faults
from sandbox.discord.observer import Observer
from sandbox.discord.sessions import ALL_INTENTS, MEMBERS, MESSAGE_CONTENT, PRESENCES, Session
from sandbox.discord.world import Dispatch, World

Json = dict[str, Any]

_ROUND_TRIP = 0.03  # seconds
HEARTBEAT_MS = 41_250
_MOST_PER_MINUTE = 120
_MOST_ASLEEP = 8
_PRIVILEGED = {  # intent -> the application flags that allow it (verified, limited)
    MEMBERS: 0b11 << 14,
    PRESENCES: 0b11 << 12,
    MESSAGE_CONTENT: 0b11 << 18,
}


class Refusal(Exception):  # noqa: N818 — an ordinary end of a connection
    """The connection ends with this close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Gateway:
    """All sessions, and the doors to break them."""

    def __init__(
        self,
        world: World,
        faults: Faults,
        report: Callable[[str], None],
        observer: Observer | None = None,
    ) -> None:
        self.world = world
        self.report = report
        self.observer = observer
        self.resume_url = ""  # where clients resume; set once the server listens
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self._faults = faults
        self._unsubscribe = world.subscribe(self._dispatch)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Be the WebSocket endpoint."""
        fault = self._faults.take("GET", "/gateway")
        if fault and fault.status:
            return web.Response(status=fault.status)
        socket = web.WebSocketResponse(max_msg_size=1 << 20, compress=False)
        await socket.prepare(request)
        connection = Connection(self, socket, request)
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)
        return socket

    async def close(self) -> None:
        """Say goodbye to every client, as Discord does when it restarts."""
        self._unsubscribe()
        await asyncio.gather(*(each.end(WSCloseCode.GOING_AWAY) for each in self.connections))

    # --- faults ------------------------------------------------------------------------------

    async def drop(self, code: int | None = 4000) -> None:
        """Close every connection with `code`; None cuts them without a word."""
        await asyncio.gather(*(each.end(code) for each in tuple(self.connections)))

    def ask_to_reconnect(self) -> None:
        """Send op 7 to every client."""
        for each in self.connections:
            each.send({"op": 7, "d": None, "s": None, "t": None})

    def invalidate(self, *, resumable: bool = False) -> None:
        """Send op 9 to every client; not resumable, the sessions are forgotten."""
        for each in self.connections:
            if not resumable and each.session:
                self.sessions.pop(each.session.id, None)
            each.send({"op": 9, "d": resumable, "s": None, "t": None})

    # --- inner parts -------------------------------------------------------------------------

    def _dispatch(self, dispatch: Dispatch) -> None:
        for session in tuple(self.sessions.values()):
            if session.wants(dispatch, self.world):
                session.push(dispatch.type, session.censored(dispatch.type, dispatch.data))

    def open_session(self, identify: Json) -> Session:
        """Return a new session for an IDENTIFY; Refusal with Discord's close code if not."""
        application = self.application_of(identify.get("token", ""))
        intents = identify.get("intents")
        if not isinstance(intents, int) or intents & ~ALL_INTENTS:
            raise Refusal(4013, "Invalid intent(s).")
        for intent, flags in _PRIVILEGED.items():
            if intents & intent and not application["flags"] & flags:
                raise Refusal(4014, "Disallowed intent(s).")
        number, count = identify.get("shard") or (0, 1)
        if not 0 <= number < count:
            raise Refusal(4010, "Invalid shard.")
        session = Session(application["bot"], intents, (number, count), bool(application))
        self.sessions[session.id] = session
        asleep = [each for each in self.sessions.values() if not each.deliver]
        for old in asleep[: -_MOST_ASLEEP - 1]:
            del self.sessions[old.id]
        return session

    def application_of(self, token: str) -> Json:
        """Return the application of a token; Refusal 4004 if there is none."""
        row = self.world.tokens.get(str(token).removeprefix("Bot "))
        if row is None:
            raise Refusal(4004, "Authentication failed.")
        return self.world.applications[row["application_id"]]


class Connection:
    """One WebSocket and, once identified or resumed, its session."""

    def __init__(
        self, gateway: Gateway, socket: web.WebSocketResponse, request: web.Request
    ) -> None:
        self.session: Session | None = None
        self._gateway = gateway
        self._world = gateway.world
        self._socket = socket
        self._request = request
        self._outgoing: asyncio.Queue[Json | None] = asyncio.Queue()
        self._encode = _encoder(request.query.get("compress", ""))
        self._times: deque[float] = deque(maxlen=_MOST_PER_MINUTE)
        # aiohttp reads 1000 for a close the server began, so remember who closed.
        self._ended_here = False

    async def run(self) -> None:
        """Serve the client until either side ends it."""
        writer = asyncio.create_task(self._write())
        self.send({"op": 10, "d": {"heartbeat_interval": HEARTBEAT_MS}, "s": None, "t": None})
        try:
            if self._request.query.get("v") != "10":
                raise Refusal(4012, "Invalid API version.")
            await self._read()
        except Refusal as refusal:
            await self.end(refusal.code, refusal.reason)
        finally:
            if self.session and self.session.deliver == self.send:
                self.session.deliver = None
            self._outgoing.put_nowait(None)
            await writer

    def send(self, payload: Json) -> None:
        """Send a payload, in order, without waiting."""
        self._outgoing.put_nowait(payload)

    async def end(self, code: int | None, reason: str = "") -> None:
        """Close the socket with a code; None cuts the connection."""
        self._ended_here = True
        if code is None:
            if self._request.transport:
                self._request.transport.abort()
            return
        await self._flush()
        await self._socket.close(code=code, message=reason.encode())

    async def _flush(self) -> None:
        if not self._socket.closed:
            await self._outgoing.join()

    async def _write(self) -> None:
        while (payload := await self._outgoing.get()) is not None:
            if self._gateway.observer:
                for violation in self._gateway.observer.sent(payload):
                    self._gateway.report(violation)
            with contextlib.suppress(ConnectionError):  # the client has gone; it will resume
                await self._encode(self._socket, orjson.dumps(payload))
            self._outgoing.task_done()

    async def _read(self) -> None:
        patience = HEARTBEAT_MS / 1000 * 2
        while True:
            try:
                message = await self._socket.receive(timeout=patience)
            except TimeoutError:
                raise Refusal(4009, "Session timed out.") from None
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
                self._note_close(message)
                return
            if message.type == WSMsgType.ERROR:
                return
            self._receive(message)

    def _note_close(self, message: WSMessage) -> None:
        polite = message.type == WSMsgType.CLOSE and message.data in (1000, 1001)
        if polite and not self._ended_here and self.session:
            self._gateway.sessions.pop(self.session.id, None)

    def _receive(self, message: WSMessage) -> None:
        now = time.monotonic()
        if len(self._times) == _MOST_PER_MINUTE and now - self._times[0] < 60:
            raise Refusal(4008, "You are being rate limited.")
        self._times.append(now)
        try:
            payload = orjson.loads(message.data)
        except orjson.JSONDecodeError:
            raise Refusal(4002, "Error while decoding payload.") from None
        if not isinstance(payload, dict):
            raise Refusal(4002, "Error while decoding payload.")
        if self._gateway.observer:
            for violation in self._gateway.observer.received(payload):
                self._gateway.report(violation)
        operation = _OPERATIONS.get(payload.get("op", -1))
        if operation is None:
            raise Refusal(4001, "Unknown opcode.")
        operation(self, payload.get("d"))

    # --- what a client may say ---------------------------------------------------------------

    def _heartbeat(self, _data: Any) -> None:
        # Nothing far away answers at once, and discord.py counts on it: an answer that comes
        # before it has noted that it asked, it takes for 41 seconds late.
        answer = {"op": 11, "d": None, "s": None, "t": None}
        asyncio.get_running_loop().call_later(_ROUND_TRIP, self.send, answer)

    def _identify(self, data: Any) -> None:
        if self.session:
            raise Refusal(4005, "Already authenticated.")
        session = self.session = self._gateway.open_session(data)
        session.deliver = self.send
        bot_id = session.bot["id"]
        mine = [
            guild
            for guild in self._world.guilds.rows()
            if f"{guild['id']}/{bot_id}" in self._world.members and session.serves(guild["id"])
        ]
        application = self._gateway.application_of(data["token"])
        about = {key: application[key] for key in ("id", "flags", "flags_new")}
        ready = {
            "v": 10,
            "user": {**session.bot, "verified": True, "mfa_enabled": True, "email": None},
            "guilds": [{"id": guild["id"], "unavailable": True} for guild in mine],
            "session_id": session.id,
            "resume_gateway_url": self._gateway.resume_url,
            "shard": list(session.shard),
            "application": about,
        }
        session.push("READY", ready)
        for guild in mine:
            everyone = bool(session.intents & PRESENCES)
            session.push(
                "GUILD_CREATE", guilds.in_full(self._world, guild, bot_id, everyone=everyone)
            )

    def _resume(self, data: Any) -> None:
        self._gateway.application_of(data.get("token", ""))
        session = self._gateway.sessions.get(data.get("session_id", ""))
        missed = session.since(data.get("seq") or 0) if session else None
        if session is None or missed is None:
            self.send({"op": 9, "d": False, "s": None, "t": None})
            return
        self.session = session
        for payload in missed:
            self.send(payload)
        session.deliver = self.send
        session.push("RESUMED", {"_trace": []})

    def _members(self, data: Any) -> None:
        session = self._identified()
        for chunk in guilds.member_chunks(self._world, data):
            session.push("GUILD_MEMBERS_CHUNK", chunk)

    def _presence(self, _data: Any) -> None:
        self._identified()

    def _identified(self) -> Session:
        if self.session is None:
            raise Refusal(4003, "Not authenticated.")
        return self.session


_OPERATIONS: dict[int, Callable[[Connection, Any], None]] = {
    1: Connection._heartbeat,
    2: Connection._identify,
    3: Connection._presence,
    4: Connection._presence,
    6: Connection._resume,
    8: Connection._members,
}

Encoder = Callable[[web.WebSocketResponse, bytes], Any]


def _encoder(compression: str) -> Encoder:
    """Return how one connection's payloads are sent; a compressed stream spans the connection."""
    if compression == "zlib-stream":
        deflate = zlib.compressobj()
        return lambda socket, data: socket.send_bytes(
            deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)
        )
    if compression == "zstd-stream":
        stream = zstandard.ZstdCompressor().compressobj()
        return lambda socket, data: socket.send_bytes(
            stream.compress(data) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        )
    return lambda socket, data: socket.send_str(data.decode())
