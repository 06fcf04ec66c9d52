"""The application: it needs its database before it takes a request."""

from catalogue.database import Database, DatabaseError, full_server

ATTEMPTS = 5


class StartupFailed(Exception):
    """The application cannot start."""


def start(release: str) -> Database:
    """Start the application of one release."""
    with full_server() as address:
        return _connected(address, release)


def _connected(address: tuple[str, int], release: str) -> Database:
    last: DatabaseError | None = None
    for _attempt in range(ATTEMPTS):
        try:
            return Database(address, user="catalogue", name="catalogue")
        except DatabaseError as error:
            last = error
    raise StartupFailed(
        f"release {release}: no connection to the database after {ATTEMPTS} attempts"
    ) from last
