"""All log stores behind one door, and which groups belong to which service."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from bot.analysis.logs.query import LogLine, LogQuery
from bot.errors import JinkiesError, NotFound, UpstreamError
from bot.services.logs.files import PREFIX as FILES
from bot.services.logs.limiting import limited
from bot.services.logs.loki import PREFIX as LOKI
from bot.services.logs.merging import merged
from bot.services.logs.store import Lines, LogStore, Progress

CLOUDWATCH = ""


class LogStores:
    """A `LogStore` of stores: "file:…" goes to the files, "loki:…" to Loki, others to CloudWatch.

    Args:
        stores: by prefix: `CLOUDWATCH`, `files.PREFIX`, `loki.PREFIX`; those that are set up.
        by_service: the groups of a service, e.g. {"payments": ["/aws/lambda/payments"]}.
    """

    def __init__(
        self,
        stores: Mapping[str, LogStore],
        *,
        by_service: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._stores = stores
        self._by_service = by_service or {}

    def groups_of(self, service: str) -> tuple[str, ...]:
        """The groups of a service as the settings say; () if they do not."""
        return tuple(self._by_service.get(service, ()))

    def services(self, typed: str = "") -> tuple[str, ...]:
        """The services whose groups are set, for autocompletion."""
        return tuple(name for name in self._by_service if typed.lower() in name.lower())

    async def resolve(self, typed: str) -> tuple[str, ...]:
        """The groups that a person means by a service's name or a group's, commas between.

        A service without a setting is looked for among the groups: the one that ends in its
        name, e.g. payments → /aws/lambda/payments.

        Raises:
            NotFound: there is none; UpstreamError: the store cannot be asked.
        """
        found: list[str] = []
        for name in (part.strip() for part in typed.split(",")):
            if name:
                found += self.groups_of(name) or await self._named(name)
        if not found:
            raise NotFound("Name a service or a log group.")
        return tuple(dict.fromkeys(found))

    async def _named(self, name: str) -> tuple[str, ...]:
        if name.startswith((FILES, LOKI, "/", "arn:")):
            return (name,)
        near = await self.groups(name)
        if name in near:
            return (name,)
        ending = tuple(each for each in near if each.rstrip("*").endswith((f"/{name}", f":{name}")))
        if ending:
            return ending
        hint = f" Did you mean {', '.join(near[:3])}?" if near else ""
        raise NotFound(f"There is no service or log group called {name}.{hint}")

    async def groups(self, typed: str = "", *, limit: int = 25) -> tuple[str, ...]:
        """As `LogStore.groups`, over all stores; one that fails is left out if another answers."""
        found: list[str] = []
        failure: JinkiesError | None = None
        for prefix, store in self._stores.items():
            if prefix and typed and not (prefix.startswith(typed) or typed.startswith(prefix)):
                if ":" in typed:
                    continue
            elif not prefix and typed.startswith((FILES, LOKI)):
                continue
            try:
                found += await store.groups(typed, limit=limit)
            except JinkiesError as error:
                failure = error
        if failure is not None and not found:
            raise failure
        return tuple(found[:limit])

    async def read(
        self, query: LogQuery, progress: Progress | None = None
    ) -> AsyncGenerator[Lines, None]:
        """As `LogStore.read`; groups of different stores are merged by time."""
        progress = progress if progress is not None else Progress()
        parts = self._parts(query)
        readers = [store.read(part, progress) for store, part in parts]
        if len(parts) == 1:
            batches = readers[0]
        else:
            both = merged(readers, newest_first=query.newest_first)
            batches = limited(both, query.limit, progress, lambda: progress.more)
        async with aclosing(batches) as kept:
            async for lines in kept:
                yield lines

    async def tail(
        self, query: LogQuery, progress: Progress | None = None
    ) -> AsyncGenerator[Lines, None]:
        """As `LogStore.tail`; all groups must be of one store."""
        parts = self._parts(query)
        if len(parts) > 1:
            raise NotFound("Groups of different stores cannot be followed together; start two.")
        store, part = parts[0]
        async with aclosing(store.tail(part, progress)) as batches:
            async for lines in batches:
                yield lines

    async def around(
        self, line: LogLine, *, before: int = 20, after: int = 20
    ) -> tuple[LogLine, ...]:
        """As `LogStore.around`."""
        return await self._store_of(line.group).around(line, before=before, after=after)

    def _parts(self, query: LogQuery) -> list[tuple[LogStore, LogQuery]]:
        groups: dict[int, tuple[LogStore, list[str]]] = {}
        for group in query.groups:
            store = self._store_of(group)
            groups.setdefault(id(store), (store, []))[1].append(group)
        if not groups:
            raise NotFound("Name a service or a log group.")
        return [(store, replace(query, groups=tuple(names))) for store, names in groups.values()]

    def _store_of(self, group: str) -> LogStore:
        prefix = next((each for each in (FILES, LOKI) if group.startswith(each)), CLOUDWATCH)
        store = self._stores.get(prefix)
        if store is None:
            named = {FILES: "LOG_FILES", LOKI: "LOKI_URL", CLOUDWATCH: "AWS_REGION"}
            raise UpstreamError(
                "Logs",
                f"{group} cannot be read: its store is not set up.",
                permanent=True,
                cure=f"Set {named[prefix]}.",
            )
        return store


async def collect(
    store: LogStore, query: LogQuery, progress: Progress | None = None
) -> tuple[LogLine, ...]:
    """A whole answer at once: `query.limit` lines at most; set one."""
    found: list[LogLine] = []
    async with aclosing(store.read(query, progress)) as batches:
        async for lines in batches:
            found += lines
    return tuple(found)
