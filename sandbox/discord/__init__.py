"""A local Discord: REST v10, gateway, people and rules, on loopback.

`DiscordStandIn` in `server.py` is the door; `World` in `world.py` is the state.
"""
