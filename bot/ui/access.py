"""Who may do what: the roles of a Discord server become capabilities.

Fails closed: a capability without a role is left to the server's administrators. Only VIEW is
everybody's while no role is named for it, because whoever reads the channel sees the cards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import discord

from bot.errors import NotAllowed
from bot.models import Capability, Person

_ORDER = tuple(Capability)


class Homes:
    """The servers whose roles count: those of the channels that the cards go to.

    A bot can be brought into any server, and there a stranger is an administrator.

    Args:
        guild_id: a server that is one of them; 0 for none but those of the channels.
    """

    def __init__(self, channel_ids: Iterable[int], guild_id: int = 0) -> None:
        self._known = {guild_id} - {0}
        self._unplaced = set(channel_ids)

    def include(self, interaction: discord.Interaction[Any]) -> bool:
        """Whether somebody pressed or typed in one of them."""
        client: discord.Client = interaction.client
        for channel_id in tuple(self._unplaced):
            channel = client.get_channel(channel_id)
            if isinstance(channel, discord.abc.GuildChannel | discord.Thread):
                self._known.add(channel.guild.id)
                self._unplaced.discard(channel_id)
        # Where the channels are not to be seen, the only server is the one.
        if not self._known and len(client.guilds) == 1:
            return interaction.guild_id == client.guilds[0].id
        return interaction.guild_id in self._known


class Access:
    """Maps role names or ids (as written in the settings) to capabilities.

    Args:
        homes: where roles count; None for everywhere.
    """

    def __init__(
        self,
        *,
        homes: Homes | None = None,
        view: Iterable[str] = (),
        respond: Iterable[str] = (),
        ship: Iterable[str] = (),
        admin: Iterable[str] = (),
    ) -> None:
        self._homes = homes
        named = zip(_ORDER, (view, respond, ship, admin), strict=True)
        self._named: Mapping[Capability, tuple[str, ...]] = {
            capability: tuple(roles) for capability, roles in named
        }
        self._roles = {
            capability: frozenset(map(role_key, roles)) for capability, roles in self._named.items()
        }

    def person(self, interaction: discord.Interaction[Any]) -> Person:
        """Who pressed or typed, with what their roles allow here and now."""
        user = interaction.user
        if not self.counts_in(interaction):
            return Person(user.id, user.display_name)
        keys = frozenset(
            key
            for role in getattr(user, "roles", ())
            for key in (str(role.id), role_key(role.name))
        )
        is_administrator = interaction.guild_id is not None and (
            interaction.permissions.administrator
        )
        return Person(user.id, user.display_name, self.capabilities(keys, is_administrator))

    def counts_in(self, interaction: discord.Interaction[Any]) -> bool:
        """Whether roles count where somebody pressed or typed."""
        return self._homes is None or self._homes.include(interaction)

    def capabilities(self, keys: frozenset[str], is_administrator: bool) -> frozenset[Capability]:
        """What the holder of roles (ids and lower-case names) may do; each includes the lower."""
        if is_administrator:
            return frozenset(_ORDER)
        ranks = [rank for rank, name in enumerate(_ORDER) if self._roles[name] & keys]
        if not self._roles[Capability.VIEW]:
            ranks.append(0)
        return frozenset(_ORDER[: max(ranks) + 1]) if ranks else frozenset()

    def require(self, person: Person, needed: Capability) -> None:
        """Raise NotAllowed, naming the roles that would do, unless the person may."""
        if needed not in person.capabilities:
            raise NotAllowed(needed, self.roles_for(needed))

    def roles_for(self, needed: Capability) -> tuple[str, ...]:
        """Names of the roles that carry a capability, the smallest first."""
        carriers = _ORDER[_ORDER.index(needed) :]
        named = dict.fromkeys(role for each in carriers for role in self._named[each])
        return tuple(map(_shown, named)) or (
            f"administrator of this server (ROLES_{needed.upper()} is not set)",
        )


def role_key(role: str) -> str:
    """A role's name as it is compared: without regard to case, with or without its @."""
    return role.strip().lstrip("@").casefold()


def _shown(role: str) -> str:
    """An id as Discord's role mention (it never pings: answers allow no mentions)."""
    return f"<@&{role}>" if role.isdigit() else role
