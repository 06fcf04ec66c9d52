"""The database: it opens, or can be made."""

from __future__ import annotations

import asyncio

from bot.config import CURES, Settings
from bot.doctor.finding import Finding, Verdict
from bot.store import Store
from bot.store.database import file_to_come


async def check_database(settings: Settings) -> list[Finding]:
    """It opens, has the newest schema, and answers; a file that is not there yet is not made."""
    try:
        coming = await asyncio.to_thread(file_to_come, settings.database_url)
        if coming is not None:
            text = f"{coming} is made at the first start; this user may write there"
            return [Finding("Database", Verdict.FINE, text)]
        store = await Store.open(settings.database_url)
    except OSError as error:  # this user may not look there, or not make what goes beside it
        text = f"DATABASE_URL cannot be opened ({error}). To cure it, {CURES['DATABASE_URL']}."
        return [Finding("Database", Verdict.WRONG, text)]
    try:
        await asyncio.to_thread(store.ready)
    finally:
        await store.close()
    kind = settings.database_url.partition("+")[0]
    return [Finding("Database", Verdict.FINE, f"{kind} answers, its schema is up to date")]
