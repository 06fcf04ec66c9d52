"""Who uses the shop: users, the addresses that they come from and what they come with.

A user keeps both, as long as a data set lasts; several share an address, as behind a carrier's.
"""

from __future__ import annotations

from functools import lru_cache

from bot.simulation.dataset.draws import raw

FIRST_USER, USERS = 1_000, 48_611
ADDRESSES = 1 << 14
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0.6723.58 Mobile",
    "ShopApp/7.14.2 (iOS 18.1; iPhone15,3)",
    "ShopApp/7.14.0 (Android 14; SM-S921B)",
)


@lru_cache(4)
def addresses(seed: int) -> tuple[str, ...]:
    """The address of user n stands at n % `ADDRESSES`."""
    octets = iter(raw(4 * ADDRESSES, seed, "addresses"))
    return tuple(
        f"{first % 180 + 23}.{second}.{third}.{fourth}"
        for first, second, third, fourth in zip(octets, octets, octets, octets, strict=True)
    )


def agent_of(user: int) -> str:
    """The User-Agent of a user."""
    return AGENTS[user % len(AGENTS)]
