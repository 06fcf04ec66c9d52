"""How many tickets of an event are left; the database watches that it never is less than none."""

import sqlite3


class OversoldError(Exception):
    """One ticket was sold twice."""


class Stock:
    """The tickets of one event."""

    def __init__(self, event: str, *, left: int) -> None:
        self._event = event
        self._database = sqlite3.connect(":memory:")
        self._database.execute(
            "CREATE TABLE stock (event TEXT PRIMARY KEY, tickets INTEGER NOT NULL, "
            "CONSTRAINT tickets_not_negative CHECK (tickets >= 0))"
        )
        self._database.execute("INSERT INTO stock VALUES (?, ?)", (event, left))

    def left(self) -> int:
        """How many there are now."""
        query = "SELECT tickets FROM stock WHERE event = ?"
        return int(self._database.execute(query, (self._event,)).fetchone()[0])

    def take_one(self, task: str, *, seen_left: int) -> None:
        """Sell one; the caller has looked how many are left."""
        try:
            self._database.execute(
                "UPDATE stock SET tickets = tickets - 1 WHERE event = ?", (self._event,)
            )
        except sqlite3.IntegrityError as error:
            raise OversoldError(
                f"{self._event} is sold out, and task {task} has sold it again "
                f"(it saw {seen_left} left)"
            ) from error
