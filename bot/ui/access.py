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
        self._roles: Mapping[Capability, frozenset[str]] = {
            capability: frozenset(_key(role) for role in roles) for capability, roles in named
        }
        self._spelt = {_key(role): role for roles in (view, respond, ship, admin) for role in roles}

    def person(self, interaction: discord.Interaction[Any]) -> Person:
        """Who pressed or typed, with what their roles allow here and now."""
        user = interaction.user
        keys = frozenset(
            key for role in getattr(user, "roles", ()) for key in (str(role.id), _key(role.name))
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
            raise self.refusal(needed)

    def refusal(self, needed: str) -> NotAllowed:
        """The error for a missing capability, with the roles that carry it."""
        carriers = _ORDER[_ORDER.index(Capability(needed)) :]
        roles = [role for capability in carriers for role in self._roles[capability]]
        names = sorted(_shown(self._spelt[role]) for role in set(roles))
        return NotAllowed(needed, (*names, "a server administrator") if names else ())


def _key(role: str) -> str:
    return role.strip().lstrip("@").casefold()


def _shown(role: str) -> str:
    """An id as Discord's role mention (it never pings: answers allow no mentions)."""
    return f"<@&{role}>" if role.isdigit() else role
