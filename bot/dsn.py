"""`run.py dsn`: the keys of DSNs, for whoever can run commands where Jinkies runs."""

from __future__ import annotations

from collections.abc import Callable

from bot.alerting.doorkeeping import SdkKeys, dsn
from bot.config import Settings
from bot.entrance import now, public_url
from bot.models import Capability, Person
from bot.store import Store

OPERATOR = Person(0, "the command line", frozenset(Capability))


async def run(settings: Settings, action: str, name: str, say: Callable[[str], object]) -> None:
    """Do one of create, list and revoke.

    Raises:
        NotFound: the project has no name, or there is no such key.
        UpstreamError: the database does not answer.
    """
    store = await Store.open(settings.database_url, clock=now)
    try:
        keys = SdkKeys(store, clock=now, refresh=_nothing)  # a running Jinkies looks by itself
        if action == "create":
            say(dsn(await keys.create(name, OPERATOR), public_url(settings)))
        elif action == "revoke":
            await keys.revoke(name, OPERATOR)
            say("Revoked.")
        else:
            for key in await keys.keys(OPERATOR):
                say(f"{key.service}: {dsn(key, public_url(settings))} (by {key.created_by})")
    finally:
        await store.close()


async def _nothing() -> None:
    """There is nothing to refresh in a process that ends at once."""
