"""The one table of sources: the name in the URL, and who answers to it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.sources import cloudwatch, generic
from bot.sources.request import Source

SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        source.name: source
        for source in (
            Source("generic", generic.verify, generic.parse),
            Source("cloudwatch", cloudwatch.verify, cloudwatch.parse),
        )
    }
)
