"""What the text of a setting may be, and what it becomes.

Each function raises `ValueError` with what is wrong with the text; the cure is `config`'s. What
may hold a password is never repeated.
"""

from __future__ import annotations

import json
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import SecretStr

POSTGRES = "postgresql+psycopg"
SQLITE = "sqlite+aiosqlite"

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[1-9][0-9]?")
_TOPIC = re.compile(rf"arn:aws[a-z-]*:sns:{_REGION.pattern}:[0-9]{{12}}:[A-Za-z0-9_-]+(\.fifo)?")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TENANT = re.compile(r"[A-Za-z0-9!_.*'()|-]*")
_HOST_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
# host:port/name, after whoever logs in there
_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/?\[\]]*)(:[0-9]+)?([/?].*)?")


def parts(value: Any) -> Any:
    """Split "a, b" into ("a", "b"); already a list or tuple is left as it is."""
    if not isinstance(value, str):
        return value
    found = tuple(part.strip() for part in value.split(",") if part.strip())
    if value and not found:
        raise ValueError("names nothing")
    return found


def json_map(value: Any) -> Any:
    """Read a JSON object."""
    if not isinstance(value, str):
        return value
    try:
        parsed = json.loads(value or "{}")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON ({error})") from None
    if not isinstance(parsed, dict):
        raise ValueError("must be a JSON object")
    return parsed


def groups_by_service(value: Any) -> Any:
    """As `json_map`; one group may stand without its list."""
    parsed = json_map(value)
    if not isinstance(parsed, dict):
        return parsed
    return {key: [each] if isinstance(each, str) else each for key, each in parsed.items()}


def zone(value: str) -> str:
    """The name of a time zone."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # "Europe" is a folder
        raise ValueError(f"{value!r} is no time zone that is known here") from None
    return value


def repository(value: str) -> str:
    """owner/name."""
    owner, slash, name = value.partition("/")
    if value and (not owner or not slash or not name or "/" in name or " " in value):
        raise ValueError(f"{value!r} is not of the form owner/name")
    return value


def web_address(value: str) -> str:
    """An http or https address, without a slash at its end."""
    shown = "it" if "@" in value else repr(value)
    try:
        address = urlsplit(value)
        is_whole = bool(address.hostname) and address.port != 0 and not re.search(r"\s", value)
    except ValueError:  # of its port, or of an address in brackets
        is_whole = False
    if value and not (is_whole and address.scheme in {"http", "https"}):
        raise ValueError(f"{shown} is not an http or https address")
    return value.rstrip("/")


def host(value: str) -> str:
    """A name or number of a computer, without anything around it."""
    try:
        ip_address(value)
    except ValueError:
        if not _HOST_NAME.fullmatch(value):
            raise ValueError(f"{value!r} is not the name or number of a computer") from None
    return value


def database_url(value: str) -> str:
    """Spell the driver out: postgres:// and sqlite:// are what people write."""
    scheme, separator, rest = value.partition("://")
    if not separator:
        raise ValueError("is not a database URL")
    drivers = {"postgres": POSTGRES, "postgresql": POSTGRES, "sqlite": SQLITE}
    driver = drivers.get(scheme, scheme)
    if driver not in {POSTGRES, SQLITE}:
        raise ValueError(f"{scheme} is not supported, only SQLite and PostgreSQL are")
    if driver == SQLITE and not rest.startswith("/"):
        raise ValueError("needs three slashes before the file, four before an absolute path")
    if driver == SQLITE and (rest.endswith("/") or rest == "/:memory:"):
        raise ValueError("must name a file that outlives the process")
    if driver == POSTGRES and not _SERVER.fullmatch(rest.rpartition("@")[2]):
        raise ValueError("is not of the form postgresql://user:password@host:port/name")
    return f"{driver}://{rest}"


def region(value: str) -> str:
    """A region of AWS, by its looks: new ones appear every year."""
    if value and not _REGION.fullmatch(value):
        raise ValueError(f"{value!r} does not look like a region")
    return value


def _matching(pattern: re.Pattern[str], value: str, otherwise: str) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(f"{value!r} {otherwise}")
    return value


def topic_arn(value: str) -> str:
    """The ARN of an SNS topic."""
    return _matching(_TOPIC, value, "is not the ARN of an SNS topic")


def label(value: str) -> str:
    """A label as Prometheus and Loki know them."""
    return _matching(_LABEL, value, "is no label of Loki")


def tenant(value: str) -> str:
    """A tenant of Loki, or several with | between."""
    return _matching(_TENANT, value, "is no name of a tenant")


def folder(value: str) -> str:
    """A folder that is there."""
    if value and not Path(value).is_dir():
        raise ValueError(f"there is no folder {value!r}")
    return value


def file(value: str) -> str:
    """A file that is there."""
    if value and not Path(value).is_file():
        raise ValueError(f"there is no file {value!r}")
    return value


def secret(value: SecretStr) -> SecretStr:
    """A text that only some know; one of spaces only, which anybody guesses, is none."""
    return value if value.get_secret_value().strip() else SecretStr("")


def token(value: SecretStr) -> SecretStr:
    """A token, without what was copied around it."""
    text = value.get_secret_value().strip()
    if any(character.isspace() for character in text):
        raise ValueError("has a space in it, so it was not copied as a whole")
    if not text.isascii():
        raise ValueError("has a letter or quotation mark in it that no token has")
    return SecretStr(text)


def token_or_login(value: SecretStr) -> SecretStr:
    """A token, or user:password, where anything may be."""
    return secret(value) if ":" in value.get_secret_value() else token(value)


def upper(value: Any) -> Any:
    """In capitals, without spaces around."""
    return value.strip().upper() if isinstance(value, str) else value


def lower(value: Any) -> Any:
    """In small letters, without spaces around."""
    return value.strip().lower() if isinstance(value, str) else value
