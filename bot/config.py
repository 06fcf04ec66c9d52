"""Settings: read once from the environment and `.env`, every mistake reported at once.

Only `bot/main.py`, `bot/doctor.py`, `run.py` and the demo read this; everyone else is handed
what it needs. The environment wins over `.env`. docs/settings.md describes each name.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import SettingsError

ENV_FILE = Path(".env")
POSTGRES = "postgresql+psycopg"

# The doors with a secret of their own. Each may have a name ending in _PREVIOUS beside it while
# the secret is changed, and so may <NAME>_SECRET of every mapping (docs/sources.md).
SOURCE_SECRETS = (
    "ALERTMANAGER_SECRET",
    "DATADOG_SECRET",
    "EVENTBRIDGE_SECRET",
    "GITHUB_WEBHOOK_SECRET",
    "GRAFANA_SECRET",
    "HEALTHCHECKS_SECRET",
    "OTLP_SECRET",
    "PAGERDUTY_SECRET",
    "SENTRY_CLIENT_SECRET",
    "SENTRY_LEGACY_SECRET",
    "SLACK_SIGNING_SECRET",
    "SLACK_WEBHOOK_SECRET",
    "SNS_RAW_SECRET",
    "STANDARD_WEBHOOKS_SECRET",
    "UPTIME_KUMA_SECRET",
)
_SECRET_NAME = re.compile(r"[A-Z][A-Z0-9_]*_SECRET(_PREVIOUS)?")

Purpose = Literal["bot", "web", "scan", "simulate", "doctor"]
# What each way to start cannot do without. The doctor reports what is missing by itself.
NEEDS: Mapping[Purpose, tuple[str, ...]] = {
    "bot": ("DISCORD_TOKEN", "ALERT_CHANNEL_ID"),
    "web": ("ALERT_CHANNEL_ID", "WEBHOOK_SECRET"),
    "scan": ("ALERT_CHANNEL_ID",),
    "simulate": (),
    "doctor": (),
}
CURES: Mapping[str, str] = {
    "DISCORD_TOKEN": "create a bot at https://discord.com/developers/applications, copy its token",
    "DISCORD_GUILD_ID": "right-click your server in Discord → Copy Server ID, or leave it out",
    "ALERT_CHANNEL_ID": "in Discord (Developer Mode on) right-click the channel → Copy Channel ID",
    "CHANNEL_BY_SERVICE": 'write JSON such as {"payments": 1234567890123456789}',
    "REPOSITORY_BY_SERVICE": 'write JSON such as {"payments": "acme/payments"}',
    "DATABASE_URL": "write sqlite+aiosqlite:///data/jinkies.db or postgresql://user:pw@host/name",
    "RETENTION_DAYS": "write a number of days, 0 to keep everything",
    "WEB_PORT": "write a port number from 0 to 65535 (0 takes any free one)",
    "WEBHOOK_SECRET": 'make one: python3 -c "import secrets; print(secrets.token_hex(32))"',
    "WEBHOOK_SECRET_PREVIOUS": "set the secret that is being replaced, or leave it out",
    "SNS_TOPIC_ARNS": "write arn:aws:sns:REGION:ACCOUNT:TOPIC, several with commas between",
    "MAPPINGS_FILE": "write the path of a YAML file as docs/sources.md describes it",
    "PUBLIC_URL": "write the address that senders reach, such as https://jinkies.example.com",
    "MAX_BODY_BYTES": "write a number of bytes from 1024 to 104857600",
    "GITHUB_TOKEN": "copy it again from https://github.com/settings/tokens",
    "GITHUB_REPOSITORY": "write owner/name, as in the repository's address",
    "GITHUB_API_URL": "write https://api.github.com, or your Enterprise server's .../api/v3",
    "AWS_ENDPOINT_URL": "leave it out for the real AWS; write a full URL for a local one",
    "LOG_GROUPS_BY_SERVICE": 'write JSON such as {"payments": ["/aws/lambda/payments"]}',
    "LOKI_URL": "write Loki's address, such as http://loki:3100",
    "SCAN_EVERY": "write a number of seconds from 10 to 86400",
    "TIME_ZONE": "write a name such as Europe/Berlin, or leave it out for UTC",
    "SIMULATION_FOLDER": "write the path of a folder with scenarios of your own",
    "SLACK_BOT_TOKEN": "copy the Bot User OAuth Token (xoxb-...) of your Slack app",
    "SLACK_API_URL": "leave it out; it is only for a stand-in of Slack",
    "LOG_LEVEL": "write DEBUG, INFO, WARNING or ERROR",
    "LOG_FORMAT": "write text or json",
}
# What people call them elsewhere.
ALIASES: Mapping[str, str] = {
    "BOT_TOKEN": "DISCORD_TOKEN",
    "TOKEN": "DISCORD_TOKEN",
    "GH_TOKEN": "GITHUB_TOKEN",
    "GITHUB_REPO": "GITHUB_REPOSITORY",
    "GUILD_ID": "DISCORD_GUILD_ID",
    "CHANNEL_ID": "ALERT_CHANNEL_ID",
    "DISCORD_CHANNEL_ID": "ALERT_CHANNEL_ID",
    "PORT": "WEB_PORT",
    "AWS_DEFAULT_REGION": "AWS_REGION",
    "GITHUB_SECRET": "GITHUB_WEBHOOK_SECRET",
    "SENTRY_SECRET": "SENTRY_CLIENT_SECRET",
    "SLACK_SECRET": "SLACK_SIGNING_SECRET",
    "PAGERDUTY_WEBHOOK_SECRET": "PAGERDUTY_SECRET",
}


def _parts(value: Any) -> Any:
    """Split "a, b" into ("a", "b"); already a list or tuple is left as it is."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _json_map(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        parsed = json.loads(value or "{}")
    except ValueError as error:
        raise ValueError(f"is not JSON ({error})") from None
    if not isinstance(parsed, dict):
        raise ValueError("must be a JSON object")
    return parsed


def _groups_by_service(value: Any) -> Any:
    """One group may stand without its list."""
    parsed = _json_map(value)
    if not isinstance(parsed, dict):
        return parsed
    return {key: [each] if isinstance(each, str) else each for key, each in parsed.items()}


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{value!r} is no time zone that is known here") from None
    return value


def _repository(value: str) -> str:
    owner, slash, name = value.partition("/")
    if value and (not owner or not slash or not name or "/" in name or " " in value):
        raise ValueError(f"{value!r} is not of the form owner/name")
    return value


def _web_address(value: str) -> str:
    if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).netloc):
        raise ValueError(f"{value!r} is not an http or https address")
    return value.rstrip("/")


def _database_url(value: str) -> str:
    """Spell the driver out: postgres:// and sqlite:// are what people write."""
    scheme, separator, rest = value.partition("://")
    if not separator:
        raise ValueError("is not a database URL")  # not shown: it may hold a password
    drivers = {"postgres": POSTGRES, "postgresql": POSTGRES, "sqlite": "sqlite+aiosqlite"}
    driver = drivers.get(scheme, scheme)
    if driver not in {POSTGRES, "sqlite+aiosqlite"}:
        raise ValueError(f"{scheme} is not supported, only SQLite and PostgreSQL are")
    return f"{driver}://{rest}"


def _token(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if any(character.isspace() for character in text):
        raise ValueError("has a space in it, so it was not copied as a whole")
    return SecretStr(text)


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


Snowflake = Annotated[int, Field(ge=1, lt=2**63)]
Parts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parts)]
Repository = Annotated[str, AfterValidator(_repository)]
Token = Annotated[SecretStr, AfterValidator(_token)]
WebAddress = Annotated[str, AfterValidator(_web_address)]


class Settings(BaseSettings):
    """Everything that can be set. An empty string means "not set".

    Secrets are `SecretStr`: they print as stars; `.get_secret_value()` gives the text.
    """

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    discord_token: Token = SecretStr("")
    discord_guild_id: Snowflake | None = None
    message_content: bool = False
    alert_channel_id: Snowflake | None = None
    channel_by_service: Annotated[dict[str, Snowflake], NoDecode, BeforeValidator(_json_map)] = (
        Field(default_factory=dict)
    )
    roles_view: Parts = ()
    roles_respond: Parts = ()
    roles_ship: Parts = ()
    roles_admin: Parts = ()

    # Not shown by repr(): it may hold a password.
    database_url: Annotated[str, AfterValidator(_database_url)] = Field(
        default="sqlite+aiosqlite:///data/jinkies.db", repr=False
    )
    retention_days: int = Field(default=90, ge=0)

    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8080, ge=0, le=65535)
    webhook_secret: SecretStr = SecretStr("")
    webhook_secret_previous: SecretStr = SecretStr("")
    public_url: WebAddress = ""
    # By the name of the setting: those of SOURCE_SECRETS and of mappings, as they were found.
    source_secrets: dict[str, SecretStr] = Field(default_factory=dict, repr=False)
    sns_topic_arns: Parts = ()
    sns_accept_sha1: bool = False
    mappings_file: str = ""
    max_body_bytes: int = Field(default=1_048_576, ge=1024, le=104_857_600)

    github_token: Token = SecretStr("")
    github_repository: Repository = ""
    repository_by_service: Annotated[
        dict[str, Repository], NoDecode, BeforeValidator(_json_map)
    ] = Field(default_factory=dict)
    github_api_url: WebAddress = "https://api.github.com"

    aws_region: str = ""
    aws_endpoint_url: WebAddress = ""

    log_groups_by_service: Annotated[
        dict[str, tuple[str, ...]], NoDecode, BeforeValidator(_groups_by_service)
    ] = Field(default_factory=dict)
    log_files: Parts = ()
    loki_url: WebAddress = ""
    loki_token: Token = SecretStr("")
    loki_tenant: str = ""
    loki_label: str = "app"
    log_tail_minutes: int = Field(default=15, ge=1, le=240)
    log_tails_per_person: int = Field(default=2, ge=1, le=20)
    log_tails_per_server: int = Field(default=6, ge=1, le=50)
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    scan_groups: Parts = ()
    scan_every: int = Field(default=60, ge=10, le=86_400)

    simulation_folder: str = ""
    slack_bot_token: Token = SecretStr("")
    slack_api_url: WebAddress = "https://slack.com/api"

    redact_emails: bool = True
    redact_cards: bool = True
    redact_keys: Parts = ()
    in_app_roots: Parts = ()

    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = (
        "INFO"
    )
    log_format: Annotated[Literal["text", "json"], BeforeValidator(_lower)] = "text"

    def secrets(self, name: str) -> tuple[str, str]:
        """A door's secret, by the name of its setting, and the one before it; "" if not set."""
        if name == "WEBHOOK_SECRET":
            both = (self.webhook_secret, self.webhook_secret_previous)
        else:
            unset = SecretStr("")
            found = self.source_secrets
            both = (found.get(name, unset), found.get(f"{name}_PREVIOUS", unset))
        return both[0].get_secret_value(), both[1].get_secret_value()


_FIELDS = tuple(name.upper() for name in Settings.model_fields if name != "source_secrets")
SETTINGS: tuple[str, ...] = (*_FIELDS, *SOURCE_SECRETS)


def load_settings(purpose: Purpose = "bot", *, env_file: Path | None = ENV_FILE) -> Settings:
    """Read and check everything that `purpose` needs.

    Raises:
        SettingsError: with one line for each missing, wrong or misspelt setting.
    """
    written = _written_in(env_file)
    try:
        sources: dict[str, Any] = {"_env_file": env_file, "_env_file_encoding": "utf-8"}
        settings = Settings(**sources)
    except ValidationError as error:
        problems = [_explain(detail) for detail in error.errors()]
        wrong = {line.partition(":")[0] for line in problems}
        problems += _missing(purpose, written, besides=wrong)
        raise SettingsError([*problems, *_misspelt(written)]) from None
    problems = [*_missing(purpose, written), *_misspelt(written)]
    if problems:
        raise SettingsError(problems)
    return settings.model_copy(update={"source_secrets": _source_secrets(written)})


def _source_secrets(written: Mapping[str, str]) -> dict[str, SecretStr]:
    """Whatever has the name of a door's secret; mappings make doors that are not known here."""
    given = {**written, **{name.upper(): value for name, value in os.environ.items() if value}}
    return {
        name: SecretStr(value)
        for name, value in given.items()
        if value and name not in _FIELDS and _SECRET_NAME.fullmatch(name)
    }


def _written_in(env_file: Path | None) -> dict[str, str]:
    """What `.env` says, names in upper case."""
    if env_file is None or not env_file.is_file():
        return {}
    values = dotenv_values(env_file, encoding="utf-8")
    return {name.upper(): value or "" for name, value in values.items()}


def _explain(detail: Any) -> str:
    location = [str(part) for part in detail["loc"]]
    name = location[0].upper()
    where = f" (at {'.'.join(location[1:])})" if len(location) > 1 else ""
    what = str(detail["msg"]).removeprefix("Value error, ")
    by_kind = "write true or false" if detail["type"].startswith("bool") else "see docs/settings.md"
    cure = CURES.get(name, by_kind)
    return f"{name}: {what[:1].lower() + what[1:]}{where}. To cure it, {cure}."


def _missing(
    purpose: Purpose, written: Mapping[str, str], *, besides: set[str] | None = None
) -> list[str]:
    given = {name.upper() for name, value in os.environ.items() if value}
    instead = {_meant(name): name for name in given - set(SETTINGS)}
    given |= {name for name, value in written.items() if value}
    given |= besides or set()
    return [_absent(name, instead.get(name, "")) for name in NEEDS[purpose] if name not in given]


def _absent(name: str, instead: str) -> str:
    if instead:
        return f"{name}: is not set, but {instead} is. To cure it, rename that."
    return f"{name}: is not set. To cure it, {CURES[name]}."


def _misspelt(written: Mapping[str, str]) -> list[str]:
    """Names in `.env` that nobody reads but that look like ours.

    The environment belongs to everybody, so there only a missing setting is looked for.
    """
    wrong = {
        name: _meant(name) for name in written if name.removesuffix("_PREVIOUS") not in SETTINGS
    }
    return [
        f"{name}: is not a setting. To cure it, rename it in .env to {meant}."
        for name, meant in wrong.items()
        if meant and not written.get(meant)
    ]


def _meant(name: str) -> str:
    """The setting that a foreign name looks like, "" if none."""
    close = get_close_matches(name, SETTINGS, n=1, cutoff=0.82)
    return ALIASES.get(name) or (close[0] if close else "")
