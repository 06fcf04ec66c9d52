"""Settings: read once from the environment and `.env`, every mistake reported at once.

Only `bot/main.py`, `bot/doctor/`, `run.py` and the demo read this; everyone else is handed
what it needs. The environment wins over `.env`. docs/settings.md describes each name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot import values
from bot.errors import SettingsError

ENV_FILE = Path(".env")
ENCODING = "utf-8-sig"  # some editors begin a file with a mark

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
    **dict.fromkeys(
        ("ROLES_VIEW", "ROLES_RESPOND", "ROLES_SHIP", "ROLES_ADMIN"),
        "write names or ids of roles with commas between, or leave it out",
    ),
    "CHANNEL_BY_SERVICE": 'write JSON such as {"payments": 1234567890123456789}',
    "REPOSITORY_BY_SERVICE": 'write JSON such as {"payments": "acme/payments"}',
    "DATABASE_URL": "write sqlite+aiosqlite:///data/jinkies.db or postgresql://user:pw@host/name",
    "RETENTION_DAYS": "write a number of days up to 36500, 0 to keep everything",
    "WEB_HOST": "write 127.0.0.1 (this computer only) or 0.0.0.0 (all networks), without a port",
    "WEB_PORT": "write a port number from 0 to 65535 (0 takes any free one)",
    "WEBHOOK_SECRET": 'make one: python3 -c "import secrets; print(secrets.token_hex(32))"',
    "WEBHOOK_SECRET_PREVIOUS": "set the secret that is being replaced, or leave it out",
    "SNS_TOPIC_ARNS": "write arn:aws:sns:REGION:ACCOUNT:TOPIC, several with commas between",
    "MAPPINGS_FILE": "write the path of a YAML file as docs/sources.md describes, or leave it out",
    "PUBLIC_URL": "write the address that senders reach, such as https://jinkies.example.com",
    "MAX_BODY_BYTES": "write a number of bytes from 1024 to 104857600",
    "GITHUB_TOKEN": "copy it again from https://github.com/settings/tokens",
    "GITHUB_REPOSITORY": "write owner/name, as in the repository's address",
    "GITHUB_API_URL": "write https://api.github.com, or your Enterprise server's .../api/v3",
    "AWS_REGION": "write a region such as eu-west-1, or leave it out for that of your AWS profile",
    "AWS_ENDPOINT_URL": "leave it out for the real AWS; write a full URL for a local one",
    "LOG_GROUPS_BY_SERVICE": 'write JSON such as {"payments": ["/aws/lambda/payments"]}',
    "LOKI_URL": "write Loki's address, such as http://loki:3100",
    "LOG_FILES": "write paths such as /var/log/app/*.log with commas between, or leave it out",
    "LOKI_TOKEN": "copy it again, or write user:password",
    "LOKI_TENANT": "write the tenant that X-Scope-OrgID is to have, or leave it out",
    "LOKI_LABEL": "write a label such as app or service_name",
    "LOG_TAIL_MINUTES": "write a number of minutes from 1 to 240",
    "LOG_TAILS_PER_PERSON": "write a number from 1 to 20",
    "LOG_TAILS_PER_SERVER": "write a number from 1 to 50",
    "SCAN_GROUPS": "write log groups or services with commas between, or leave it out",
    "SCAN_EVERY": "write a number of seconds from 10 to 86400",
    "TIME_ZONE": "write a name such as Europe/Berlin, or leave it out for UTC",
    "SIMULATION_FOLDER": "write the path of a folder with scenarios of your own, or leave it out",
    "SLACK_BOT_TOKEN": "copy the Bot User OAuth Token (xoxb-...) of your Slack app",
    "SLACK_API_URL": "leave it out; it is only for a stand-in of Slack",
    "REDACT_KEYS": "write names of keys with commas between, or leave it out",
    "IN_APP_ROOTS": "write folders such as src/ with commas between, or leave it out",
    "LOG_LEVEL": "write DEBUG, INFO, WARNING or ERROR",
    "LOG_FORMAT": "write text or json",
}
# In words of our own, where pydantic's are not for everybody.
_WORDS = {
    "int_parsing": "is not a whole number",
    "int_type": "is not a whole number",
    "bool_parsing": "is neither true nor false",
    "string_too_short": "is empty",
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


Snowflake = Annotated[int, Field(ge=1, lt=2**63)]
Parts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(values.parts)]
Topics = Annotated[
    tuple[Annotated[str, AfterValidator(values.topic_arn)], ...],
    NoDecode,
    BeforeValidator(values.parts),
]
Repository = Annotated[str, AfterValidator(values.repository)]
Secret = Annotated[SecretStr, AfterValidator(values.secret)]
Token = Annotated[SecretStr, AfterValidator(values.token)]
WebAddress = Annotated[str, AfterValidator(values.web_address)]


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
    channel_by_service: Annotated[
        dict[str, Snowflake], NoDecode, BeforeValidator(values.json_map)
    ] = Field(default_factory=dict)
    roles_view: Parts = ()
    roles_respond: Parts = ()
    roles_ship: Parts = ()
    roles_admin: Parts = ()

    # Not shown by repr(): it may hold a password.
    database_url: Annotated[str, AfterValidator(values.database_url)] = Field(
        default="sqlite+aiosqlite:///data/jinkies.db", repr=False
    )
    retention_days: int = Field(default=90, ge=0, le=36_500)

    web_host: Annotated[str, AfterValidator(values.host)] = "127.0.0.1"
    web_port: int = Field(default=8080, ge=0, le=65535)
    webhook_secret: Secret = SecretStr("")
    webhook_secret_previous: Secret = SecretStr("")
    public_url: WebAddress = ""
    # By the name of the setting: those of SOURCE_SECRETS and of mappings, as they were found.
    source_secrets: Annotated[dict[str, Secret], NoDecode] = Field(default_factory=dict, repr=False)
    sns_topic_arns: Topics = ()
    sns_accept_sha1: bool = False
    mappings_file: Annotated[str, AfterValidator(values.file)] = ""
    max_body_bytes: int = Field(default=1_048_576, ge=1024, le=104_857_600)
    one_cpu: bool = True

    github_token: Token = SecretStr("")
    github_repository: Repository = ""
    repository_by_service: Annotated[
        dict[str, Repository], NoDecode, BeforeValidator(values.json_map)
    ] = Field(default_factory=dict)
    github_api_url: WebAddress = "https://api.github.com"

    aws_region: Annotated[str, AfterValidator(values.region)] = ""
    aws_endpoint_url: WebAddress = ""

    log_groups_by_service: Annotated[
        dict[str, tuple[Annotated[str, Field(min_length=1)], ...]],
        NoDecode,
        BeforeValidator(values.groups_by_service),
    ] = Field(default_factory=dict)
    log_files: Parts = ()
    loki_url: WebAddress = ""
    loki_token: Annotated[SecretStr, AfterValidator(values.token_or_login)] = SecretStr("")
    loki_tenant: Annotated[str, AfterValidator(values.tenant)] = ""
    loki_label: Annotated[str, AfterValidator(values.label)] = "app"
    log_tail_minutes: int = Field(default=15, ge=1, le=240)
    log_tails_per_person: int = Field(default=2, ge=1, le=20)
    log_tails_per_server: int = Field(default=6, ge=1, le=50)
    time_zone: Annotated[str, AfterValidator(values.zone)] = "UTC"
    scan_groups: Parts = ()
    scan_every: int = Field(default=60, ge=10, le=86_400)

    simulation_folder: Annotated[str, AfterValidator(values.folder)] = ""
    slack_bot_token: Token = SecretStr("")
    slack_api_url: WebAddress = "https://slack.com/api"

    redact_emails: bool = True
    redact_cards: bool = True
    redact_keys: Parts = ()
    in_app_roots: Parts = ()

    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(values.upper)
    ] = "INFO"
    log_format: Annotated[Literal["text", "json"], BeforeValidator(values.lower)] = "text"

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
        sources: dict[str, Any] = {"_env_file": env_file, "_env_file_encoding": ENCODING}
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
        if value.strip() and name not in _FIELDS and _SECRET_NAME.fullmatch(name)
    }


def _written_in(env_file: Path | None) -> dict[str, str]:
    """What `.env` says, names in upper case."""
    if env_file is None or not env_file.is_file():
        return {}
    try:
        said = dotenv_values(env_file, encoding=ENCODING)
    except (OSError, UnicodeDecodeError) as error:
        cure = "let this user read it, and save it as UTF-8"
        problem = f"{env_file}: cannot be read ({error}). To cure it, {cure}."
        raise SettingsError([problem]) from None
    return {name.upper(): value or "" for name, value in said.items()}


def _explain(detail: Any) -> str:
    location = [part for part in detail["loc"] if isinstance(part, str)]  # no places in a list
    name = location[0].upper()
    where = f" (at {'.'.join(location[1:])})" if len(location) > 1 else ""
    kind = detail["type"]
    what = _WORDS.get(kind, str(detail["msg"]).removeprefix("Value error, "))
    by_kind = "write true or false" if kind.startswith("bool") else "see docs/settings.md"
    cure = CURES.get(name, by_kind)
    return f"{name}: {what[:1].lower() + what[1:]}{where}. To cure it, {cure}."


def _missing(
    purpose: Purpose, written: Mapping[str, str], *, besides: set[str] | None = None
) -> list[str]:
    given = {name.upper() for name, value in os.environ.items() if value.strip()}
    instead = {_meant(name): name for name in given - set(SETTINGS)}
    given |= {name for name, value in written.items() if value.strip()}
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
