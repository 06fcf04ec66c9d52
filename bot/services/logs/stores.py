"""All log stores behind one door, and which groups belong to which service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from bot.analysis.logs.query import LogLine, LogQuery
from bot.errors import JinkiesError, NotFound, UpstreamError
from bot.services.logs.files import PREFIX as FILES
from bot.services.logs.limiting import limited
from bot.services.logs.loki import PREFIX as LOKI
from bot.services.logs.merging import merged
from bot.services.logs.played import PREFIX as DRILL
from bot.services.logs.store import Lines, LogStore, Progress

CLOUDWATCH = ""
MOST_GROUPS = 50  # of one question
_CURES = {
    FILES: "Set LOG_FILES.",
    LOKI: "Set LOKI_URL.",
    CLOUDWATCH: "Set AWS_REGION.",
    DRILL: "Begin one with /drill start.",
}


class LogStores:
    """A `LogStore` of stores, by the prefix of the group: file:, loki:, drill:; else CloudWatch.

    Args:
        openers: by prefix (`CLOUDWATCH`, `files.PREFIX`, `loki.PREFIX`) what opens a store;
            called in a thread when it is first needed, since boto3 takes a while to load.
        by_service: the groups of a service, e.g. {"payments": ["/aws/lambda/payments"]}.
    """

    def __init__(
        self,
        openers: Mapping[str, Callable[[], LogStore]],
        *,
        by_service: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._openers = dict(openers)
        self._stores: dict[str, LogStore] = {}
        self._opening = asyncio.Lock()
        self._by_service = by_service or {}

    def add(self, prefix: str, opener: Callable[[], LogStore]) -> None:
        """Know one more store."""
        self._openers[prefix] = opener

    def groups_of(self, service: str) -> tuple[str, ...]:
        """The groups of a service as the settings say; () if they do not."""
        return tuple(self._by_service.get(service, ()))

    def services(self, typed: str = "") -> tuple[str, ...]:
        """The services whose groups are set, for autocompletion."""
        return tuple(name for name in self._by_service if typed.lower() in name.lower())

    async def resolve(self, typed: str) -> tuple[str, ...]:
        """The groups that a person means by a service's name or a group's, commas between.

        A service without a setting is looked for among the groups: the one that ends in its
        name, e.g. payments → /aws/lambda/payments. A group of CloudWatch may end in `*`, for all
        that begin so (50 at most, as Insights takes).

        Raises:
            NotFound: there is none; UpstreamError: the store cannot be asked.
        """
        found: list[str] = []
        for name in (part.strip() for part in typed.split(",")):
            if name:
                for group in self.groups_of(name) or await self._named(name):
                    found += await self._beginning(group)
        if not found:
            raise NotFound("Name a service or a log group.")
        return tuple(dict.fromkeys(found))

    async def _named(self, name: str) -> tuple[str, ...]:
        if name.startswith((FILES, LOKI, DRILL, "/", "arn:")):
            return (name,)
        near = await self.groups(name)
        if name in near:
            return (name,)
        ending = tuple(each for each in near if each.rstrip("*").endswith((f"/{name}", f":{name}")))
        if ending:
            return ending
        hint = f" Did you mean {', '.join(near[:3])}?" if near else ""
        raise NotFound(f"There is no service or log group called {name}.{hint}")

    async def _beginning(self, group: str) -> tuple[str, ...]:
        """The group itself, or all that begin as one that ends in `*` does."""
        if not group.endswith("*") or group.startswith((FILES, LOKI, "arn:")):
            return (group,)
        prefix = group.rstrip("*")
        store = await self.opened(group)
        near = await store.groups(prefix, limit=MOST_GROUPS)
        found = tuple(each for each in near if each.startswith(prefix))
        if not found:
            raise NotFound(f"There is no log group that begins with {prefix}.")
        return found

    async def groups(self, typed: str = "", *, limit: int = 25) -> tuple[str, ...]:
        """As `LogStore.groups`, over all stores; one that fails is left out if another answers."""
        found: list[str] = []
        failure: JinkiesError | None = None
        meant = _prefix(typed)
        for prefix in self._openers:
            if meant and prefix != meant:
                continue
            try:
                store = await self._opened(prefix)
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
        parts = await self._parts(query)
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
        parts = await self._parts(query)
        if len(parts) > 1:
            raise NotFound("Groups of different stores cannot be followed together; start two.")
        store, part = parts[0]
        async with aclosing(store.tail(part, progress)) as batches:
            async for lines in batches:
                yield lines

    async def live(
        self, query: LogQuery, progress: Progress | None = None
    ) -> AsyncGenerator[Lines, None]:
        """As `CloudWatchStore.live`; no other store has it."""
        from bot.services.logs.cloudwatch import CloudWatchStore  # boto3 takes long to load

        parts = await self._parts(query)
        store, part = parts[0]
        if len(parts) > 1 or not isinstance(store, CloudWatchStore):
            raise UpstreamError("Logs", "only CloudWatch has Live Tail.", permanent=True)
        async with aclosing(store.live(part, progress)) as batches:
            async for lines in batches:
                yield lines

    async def around(
        self, line: LogLine, *, before: int = 20, after: int = 20
    ) -> tuple[LogLine, ...]:
        """As `LogStore.around`."""
        store = await self.opened(line.group)
        return await store.around(line, before=before, after=after)

    async def close(self) -> None:
        """Close the stores that were opened."""
        for store in self._stores.values():
            await store.close()

    async def _parts(self, query: LogQuery) -> list[tuple[LogStore, LogQuery]]:
        groups: dict[str, list[str]] = {}
        for group in query.groups:
            groups.setdefault(_prefix(group), []).append(group)
        if not groups:
            raise NotFound("Name a service or a log group.")
        return [
            (await self._opened(prefix, names[0]), replace(query, groups=tuple(names)))
            for prefix, names in groups.items()
        ]

    async def opened(self, group: str) -> LogStore:
        """The store that a group belongs to; `UpstreamError` if it is not set up."""
        return await self._opened(_prefix(group), group)

    async def _opened(self, prefix: str, group: str = "the group") -> LogStore:
        opener = self._openers.get(prefix)
        if opener is None:
            raise UpstreamError(
                "Logs",
                f"{group} cannot be read: its store is not set up.",
                permanent=True,
                cure=_CURES[prefix],
            )
        async with self._opening:
            if prefix not in self._stores:
                self._stores[prefix] = await asyncio.to_thread(opener)
            return self._stores[prefix]


def _prefix(group: str) -> str:
    """Which store a group belongs to."""
    return next((each for each in (FILES, LOKI, DRILL) if group.startswith(each)), CLOUDWATCH)


async def collect(
    store: LogStore, query: LogQuery, progress: Progress | None = None
) -> tuple[LogLine, ...]:
    """A whole answer at once: `query.limit` lines at most; set one."""
    found: list[LogLine] = []
    async with aclosing(store.read(query, progress)) as batches:
        async for lines in batches:
            found += lines
    return tuple(found)
