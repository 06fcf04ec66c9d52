"""The world on disk: one SQLite file, a row per object, written before the loop's next turn."""

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

from sandbox.discord.world import World

Json = dict[str, Any]


class Storage:
    """Follows a world's changes and writes each into `path`."""

    def __init__(self, path: Path, world: World) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._world = world
        self._changed: dict[tuple[str, str], None] = {}
        self._database = sqlite3.connect(path)
        # The page cache outlives a killed process; only a crash of the machine can lose a moment.
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS rows (name TEXT, key TEXT, place INTEGER PRIMARY KEY,"
            " body TEXT NOT NULL, data BLOB, UNIQUE (name, key))"
        )

    def load(self) -> bool:
        """Fill an empty world from disk; return whether there was anything to fill it with."""
        tables = {table.name: table for table in self._world.tables}
        found = False
        query = "SELECT name, key, body, data FROM rows ORDER BY place"
        for name, key, body, data in self._database.execute(query):
            row = json.loads(body)
            if name == "origin":
                self._world.base_url = row["base_url"]
                continue
            found = True
            tables[name].put(key, row if data is None else {**row, "data": data})
            self._world.snowflakes.seen(row.get("id", "0"))
        return found

    def follow(self) -> None:
        """Write everything now, and every change from now on."""
        for table in self._world.tables:
            self._changed.update(dict.fromkeys((table.name, key) for key in table))
        self._world.on_change = self._note
        self.save()

    def save(self) -> None:
        """Write what has changed."""
        changed, self._changed = self._changed, {}
        tables = {table.name: table for table in self._world.tables}
        with self._database:
            for name, key in changed:
                self._write(name, key, tables[name].get(key))
            self._write("origin", "origin", {"base_url": self._world.base_url})

    def close(self) -> None:
        """Write the rest and let go of the file."""
        self._world.on_change = lambda _table, _key: None
        self.save()
        self._database.close()

    def _note(self, name: str, key: str) -> None:
        if not self._changed:
            asyncio.get_running_loop().call_soon(self.save)
        self._changed[name, key] = None

    def _write(self, name: str, key: str, row: Json | None) -> None:
        if row is None:
            self._database.execute("DELETE FROM rows WHERE name = ? AND key = ?", (name, key))
            return
        data = row.get("data") if name == "files" else None
        body = {k: v for k, v in row.items() if k != "data"} if data is not None else row
        self._database.execute(
            "INSERT INTO rows (name, key, body, data) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (name, key) DO UPDATE SET body = excluded.body, data = excluded.data",
            (name, key, json.dumps(body), data),
        )
