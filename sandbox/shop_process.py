"""The sample shop as a process of its own, its customers, and the bugs they meet."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from sandbox.breakages import ORDINARY, Breakage, ShopRequest

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent
START_SECONDS, STOP_SECONDS = 30.0, 5.0


class ShopProcess:
    """`python -m shop` with its logs going to the AWS of `environment`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession | None = None
        self.url = ""

    async def start(self) -> None:
        """Start it and wait until it listens.

        Raises:
            RuntimeError: if it does not come up.
        """
        own = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        # A group of its own: Ctrl-C in the terminal is for the demo, which stops the shop.
        apart: dict[str, Any] = (
            {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
            if os.name == "nt"
            else {"start_new_session": True}
        )
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "shop"),
            cwd=FOLDER,
            env={**os.environ, **own, **self._environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            **apart,
        )
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), START_SECONDS)
        if not line:
            raise RuntimeError(f"the shop ended with exit code {await self._process.wait()}")
        self.url = line.decode().strip()
        self._session = aiohttp.ClientSession(self.url)

    async def stop(self) -> None:
        """Close its standard input, which ends it; it ships its last log lines first."""
        if self._session is not None:
            await self._session.close()
        if self._process is None or self._process.returncode is not None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def send(self, request: ShopRequest) -> int:
        """Send one request; returns the status."""
        assert self._session is not None
        method = "GET" if request.body is None else "POST"
        body = None if request.body is None else json.dumps(request.body)
        headers = {"Content-Type": "application/json"}
        async with self._session.request(
            method, request.path, data=body, headers=headers
        ) as answer:
            await answer.read()
            return answer.status

    async def break_with(self, breakage: Breakage) -> list[int]:
        """Walk into a bug; returns the statuses of the requests that were sent at once."""
        for request in breakage.before:
            await self.send(request)
        return await asyncio.gather(*(self.send(request) for request in breakage.requests))

    async def serve_customers(self, stop: asyncio.Event, *, every: float = 2.0) -> None:
        """Send ordinary requests in turn until told to stop."""
        for request in itertools.cycle(ORDINARY):
            try:
                await asyncio.wait_for(stop.wait(), every)
            except TimeoutError:
                await self.send(request)
            else:
                return
