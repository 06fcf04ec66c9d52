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


class Access:
    """Maps role names or ids (as written in the settings) to capabilities."""

    def __init__(
        self,
        *,
        view: Iterable[str] = (),
        respond: Iterable[str] = (),
        ship: Iterable[str] = (),
        admin: Iterable[str] = (),
    ) -> None:
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
        keys = frozenset(
            key
            for role in getattr(user, "roles", ())
            for key in (str(role.id), role_key(role.name))
        )
        is_administrator = interaction.guild_id is not None and (
            interaction.permissions.administrator
        )
        return Person(user.id, user.display_name, self.capabilities(keys, is_administrator))

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
