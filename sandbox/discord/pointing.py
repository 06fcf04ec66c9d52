"""Where discord.py's clients of this process find Discord."""

import contextlib
from collections.abc import Iterator

import discord
import yarl


@contextlib.contextmanager
def pointed_at(url: str) -> Iterator[None]:
    """Make them talk to the stand-in at `url` while inside."""
    route, socket, asset = discord.http.Route, discord.gateway.DiscordWebSocket, discord.Asset
    before = route.BASE, socket.DEFAULT_GATEWAY, asset.BASE
    route.BASE = f"{url}/api/v10"
    socket.DEFAULT_GATEWAY = yarl.URL(gateway_of(url))
    asset.BASE = f"{url}/cdn"
    try:
        yield
    finally:
        route.BASE, socket.DEFAULT_GATEWAY, asset.BASE = before


def gateway_of(url: str) -> str:
    """The address of the gateway of the stand-in at `url`."""
    return url.replace("http", "ws", 1) + "/gateway"
