from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.config import (
    ALIASES,
    CURES,
    NEEDS,
    SETTINGS,
    SOURCE_SECRETS,
    Settings,
    load_settings,
)
from bot.errors import SettingsError
from bot.sources.mapping import ready_mappings
from bot.sources.table import SourceSettings, source_table

ROOT = Path(__file__).parents[1]
REQUIRED = "DISCORD_TOKEN=abc\nALERT_CHANNEL_ID=123456789012345678\n"


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*SETTINGS, *ALIASES]:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_text(REQUIRED, encoding="utf-8")
    return path


def problems_of(env_file: Path | None, purpose: str = "bot") -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(purpose, env_file=env_file)  # type: ignore[arg-type]
    return dict(line.split(": ", 1) for line in caught.value.problems)


def add(env_file: Path, *lines: str) -> None:
    env_file.write_text(env_file.read_text() + "\n".join(lines) + "\n", encoding="utf-8")


def test_a_token_and_a_channel_are_enough(env_file: Path) -> None:
    settings = load_settings(env_file=env_file)
    assert settings.discord_token.get_secret_value() == "abc"
    assert settings.alert_channel_id == 123456789012345678
    assert settings.database_url == "sqlite+aiosqlite:///data/jinkies.db"
    assert settings.roles_admin == ()


def test_everything_missing_is_told_at_once_with_a_cure() -> None:
    problems = problems_of(None)
    assert list(problems) == ["DISCORD_TOKEN", "ALERT_CHANNEL_ID"]
    assert all("To cure it" in text for text in problems.values())


def test_wrong_and_missing_settings_are_told_together(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text('WEB_PORT=eighty\nCHANNEL_BY_SERVICE={"a": "x"}\nLOG_LEVEL=loud\n')
    assert set(problems_of(env_file)) == {
        "WEB_PORT",
        "CHANNEL_BY_SERVICE",
        "LOG_LEVEL",
        "DISCORD_TOKEN",
        "ALERT_CHANNEL_ID",
    }


# For every row of docs/settings.md something that people write by mistake, and what they are told.
WRONG = {
    "DISCORD_TOKEN": [("two words", "space"), ("“abc”", "quotation mark")],
    "ALERT_CHANNEL_ID": [("#alerts", "whole number"), ("-3", "greater than")],
    "DISCORD_GUILD_ID": [("Rehearsal", "whole number")],
    "MESSAGE_CONTENT": [("perhaps", "neither true nor false")],
    "CHANNEL_BY_SERVICE": [('{"a": "x"}', "whole number (at a)"), ('{"a": null}', "(at a)")],
    "ROLES_VIEW": [(",", "names nothing")],
    "ROLES_RESPOND": [(" , ", "names nothing")],
    "ROLES_SHIP": [(",,", "names nothing")],
    "ROLES_ADMIN": [(",", "names nothing")],
    "PUBLIC_URL": [("jinkies.example.com", "http"), ("https://", "http")],
    "WEB_HOST": [
        ("http://0.0.0.0", "computer"),
        ("0.0.0.0:8080", "computer"),
        ("..", "computer"),
    ],
    "WEB_PORT": [("eighty", "whole number"), ("70000", "less than or equal to 65535")],
    "MAX_BODY_BYTES": [("12", "greater than or equal to 1024")],
    "ONE_CPU": [("2", "neither true nor false")],
    "SNS_TOPIC_ARNS": [
        ("alarms", "'alarms' is not the ARN"),
        ("arn:aws:sqs:eu-west-1:123456789012:alarms", "is not the ARN"),
        (",", "names nothing"),
    ],
    "SNS_ACCEPT_SHA1": [("2", "neither true nor false")],
    "MAPPINGS_FILE": [("/no/such/file.yaml", "no file '/no/such/file.yaml'")],
    "DATABASE_URL": [
        ("mysql://localhost/x", "mysql is not supported"),
        ("jinkies.db", "database URL"),
        ("sqlite://data/jinkies.db", "three slashes"),
        ("sqlite:///", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("postgresql://user:pw@host:port/name", "user:password@host:port/name"),
    ],
    "RETENTION_DAYS": [("-1", "greater than or equal to 0"), ("999999", "less than or equal")],
    "GITHUB_TOKEN": [("ghp_ab cd", "space")],
    "GITHUB_REPOSITORY": [("https://github.com/a/b", "owner/name")],
    "REPOSITORY_BY_SERVICE": [("payments", "JSON"), ("[1]", "JSON object")],
    "GITHUB_API_URL": [("api.github.com", "http"), ("https://ghe:x/api/v3", "http")],
    "AWS_REGION": [("nowhere", "'nowhere'"), ("eu-west-1a", "region"), ("Ireland", "region")],
    "AWS_ENDPOINT_URL": [("localhost:4566", "http")],
    "LOG_GROUPS_BY_SERVICE": [('{"a": 1}', "(at a)"), ('{"a": [""]}', "is empty (at a)")],
    "LOG_FILES": [(",", "names nothing")],
    "LOKI_URL": [("loki:3100", "http"), ("http://lo ki:3100", "http")],
    "LOKI_TOKEN": [("two words", "space")],
    "LOKI_TENANT": [("two words", "tenant")],
    "LOKI_LABEL": [("service.name", "label")],
    "LOG_TAIL_MINUTES": [("0", "greater than or equal to 1")],
    "LOG_TAILS_PER_PERSON": [("many", "whole number")],
    "LOG_TAILS_PER_SERVER": [("51", "less than or equal to 50")],
    "TIME_ZONE": [("Berlin", "time zone"), ("Europe", "time zone"), ("../x", "time zone")],
    "SCAN_GROUPS": [(",", "names nothing")],
    "SCAN_EVERY": [("1m", "whole number"), ("9", "greater than or equal to 10")],
    "SIMULATION_FOLDER": [("/no/such/folder", "no folder '/no/such/folder'")],
    "SLACK_BOT_TOKEN": [("xoxb 1", "space")],
    "SLACK_API_URL": [("slack.com", "http")],
    "REDACT_EMAILS": [("perhaps", "neither true nor false")],
    "REDACT_CARDS": [("-", "neither true nor false")],
    "REDACT_KEYS": [(",", "names nothing")],
    "IN_APP_ROOTS": [(",", "names nothing")],
    "LOG_LEVEL": [("loud", "'WARNING' or 'ERROR'")],
    "LOG_FORMAT": [("xml", "'json'")],
}
ANY_TEXT = {"WEBHOOK_SECRET", "WEBHOOK_SECRET_PREVIOUS", *SOURCE_SECRETS}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [(name, *each) for name, several in WRONG.items() for each in several],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    monkeypatch: pytest.MonkeyPatch, env_file: Path, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    problems = problems_of(env_file)
    assert list(problems) == [name]
    told, _, cure = problems[name].partition(" To cure it, ")
    assert says in told
    assert cure == f"{CURES.get(name, 'write true or false')}."


def test_no_setting_takes_everything_but_those_that_hold_a_secret() -> None:
    assert sorted([*WRONG, *ANY_TEXT]) == sorted(SETTINGS)


def test_every_wrong_setting_is_told_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, several in WRONG.items():
        monkeypatch.setenv(name, several[0][0])
    assert sorted(problems_of(None)) == sorted(WRONG)


@pytest.mark.parametrize("name", SETTINGS)
def test_an_empty_setting_is_one_that_is_not_set(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "")
    assert load_settings("doctor", env_file=None) == Settings.model_construct()
    for purpose, needed in NEEDS.items():
        if name in needed:
            assert "is not set" in problems_of(None, purpose)[name]


@pytest.mark.parametrize("name", sorted(ANY_TEXT))
def test_a_secret_of_spaces_only_opens_no_door(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "  ")
    assert load_settings("doctor", env_file=None).secrets(name) == ("", "")


def test_an_intake_is_not_started_with_a_secret_of_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", "  ")
    assert "is not set" in problems_of(None, "web")["WEBHOOK_SECRET"]


@pytest.mark.parametrize(
    "region", ["eu-west-1", "us-gov-east-1", "ap-southeast-2", "cn-north-1", "us-isob-east-1"]
)
def test_a_region_is_known_by_its_looks(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    assert load_settings("doctor", env_file=None).aws_region == region


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0", "::", "::1", "web-1.example.com"])
def test_a_host_is_a_name_or_a_number(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("WEB_HOST", host)
    assert load_settings("doctor", env_file=None).web_host == host


def test_files_and_folders_that_are_there_are_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text("", encoding="utf-8")
    monkeypatch.setenv("MAPPINGS_FILE", str(tmp_path / "mine.yaml"))
    monkeypatch.setenv("SIMULATION_FOLDER", str(tmp_path))
    settings = load_settings("doctor", env_file=None)
    assert settings.mappings_file.endswith("mine.yaml")
    assert settings.simulation_folder == str(tmp_path)


def test_a_password_of_loki_may_hold_what_no_token_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKI_TOKEN", "ada:pass wörd")
    settings = load_settings("doctor", env_file=None)
    assert settings.loki_token.get_secret_value() == "ada:pass wörd"


def test_a_password_in_a_wrong_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKI_URL", "loki://ada:hunter2@loki:3100")
    assert "hunter2" not in str(problems_of(None, "doctor"))


def test_a_file_that_an_editor_began_with_a_mark_is_read(env_file: Path) -> None:
    env_file.write_text(REQUIRED, encoding="utf-8-sig")
    assert load_settings(env_file=env_file).discord_token.get_secret_value() == "abc"


def test_a_file_that_is_no_text_is_told(env_file: Path) -> None:
    env_file.write_text(REQUIRED, encoding="utf-16")
    (told,) = problems_of(env_file).values()
    assert "save it as UTF-8" in told


def test_a_password_in_a_wrong_database_url_is_not_shown(env_file: Path) -> None:
    add(env_file, "DATABASE_URL=mysql://root:hunter2@db/x")
    assert "hunter2" not in str(problems_of(env_file))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("DISCORD_TOKN", "DISCORD_TOKEN"),
        ("DISCORD_BOT_TOKEN", "DISCORD_TOKEN"),
        ("BOT_TOKEN", "DISCORD_TOKEN"),
        ("ALERTS_CHANNEL_ID", "ALERT_CHANNEL_ID"),
    ],
)
def test_a_misspelt_name_is_recognised(tmp_path: Path, written: str, meant: str) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(f"{written}=1\n")
    problems = problems_of(env_file)
    assert meant in problems[written]
    assert meant in problems


def test_a_misspelt_optional_name_is_recognised_too(env_file: Path) -> None:
    add(env_file, "ROLE_ADMIN=Ops")
    assert "ROLES_ADMIN" in problems_of(env_file)["ROLE_ADMIN"]


def test_other_programs_names_are_left_alone(env_file: Path) -> None:
    add(env_file, "POSTGRES_PASSWORD=x", "COMPOSE_PROFILES=postgres", "TZ=UTC")
    load_settings(env_file=env_file)


def test_a_name_from_elsewhere_in_the_environment_is_pointed_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BOT_TOKEN", "abc")
    assert "BOT_TOKEN is" in problems_of(None)["DISCORD_TOKEN"]


def test_the_environment_wins_over_the_file_and_empty_means_unset(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_CHANNEL_ID", "42")
    monkeypatch.setenv("DISCORD_TOKEN", "")
    settings = load_settings(env_file=env_file)
    assert settings.alert_channel_id == 42
    assert settings.discord_token.get_secret_value() == "abc"


def test_lists_and_maps_are_read(env_file: Path) -> None:
    add(
        env_file,
        "ROLES_ADMIN=Ops, SRE ,",
        'CHANNEL_BY_SERVICE={"payments": 123456789012345679}',
        'REPOSITORY_BY_SERVICE={"payments": "acme/payments"}',
        "REDACT_EMAILS=no",
        "log_level=debug",
    )
    settings = load_settings(env_file=env_file)
    assert settings.roles_admin == ("Ops", "SRE")
    assert settings.channel_by_service == {"payments": 123456789012345679}
    assert settings.repository_by_service == {"payments": "acme/payments"}
    assert settings.redact_emails is False
    assert settings.log_level == "DEBUG"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("postgres://u:p@db/j", "postgresql+psycopg://u:p@db/j"),
        ("postgresql://u:p@db/j", "postgresql+psycopg://u:p@db/j"),
        ("sqlite:////var/lib/j.db", "sqlite+aiosqlite:////var/lib/j.db"),
        ("sqlite+aiosqlite:///j.db", "sqlite+aiosqlite:///j.db"),
        ("postgresql:///j?host=/run/pg", "postgresql+psycopg:///j?host=/run/pg"),
        ("postgresql://u:p#w/x@[::1]:5432/j", "postgresql+psycopg://u:p#w/x@[::1]:5432/j"),
    ],
)
def test_the_driver_of_a_database_is_filled_in(env_file: Path, written: str, read: str) -> None:
    add(env_file, f"DATABASE_URL={written}")
    assert load_settings(env_file=env_file).database_url == read


def test_the_intake_alone_needs_a_secret_but_no_token() -> None:
    assert set(problems_of(None, "web")) == {"ALERT_CHANNEL_ID", "WEBHOOK_SECRET"}


def test_the_doctor_starts_with_nothing_set() -> None:
    assert load_settings("doctor", env_file=None).alert_channel_id is None


def test_secrets_do_not_print(env_file: Path) -> None:
    add(env_file, "GITHUB_TOKEN=ghp_verysecret", "DATABASE_URL=postgres://u:hunter2@db/j")
    shown = repr(load_settings(env_file=env_file))
    assert "verysecret" not in shown
    assert "hunter2" not in shown


def test_every_need_has_a_cure() -> None:
    assert {name for names in NEEDS.values() for name in names} <= set(CURES)


def test_the_example_file_names_every_setting_once() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = re.findall(r"^#?\s?([A-Z][A-Z_0-9]+)=", text, re.MULTILINE)
    assert sorted(named) == sorted(SETTINGS)


def test_the_example_file_shows_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    for name, value in re.findall(r"^#?\s?([A-Z][A-Z_0-9]+)=(.*)$", text, re.MULTILINE):
        monkeypatch.setenv(name, value)
    sources: dict[str, object] = {"_env_file": None}
    assert Settings(**sources) == Settings.model_construct()  # type: ignore[arg-type]


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([A-Z_0-9]+)`", text, re.MULTILINE)
    assert sorted(documented) == sorted(SETTINGS)


def test_the_documents_show_the_same_defaults_as_the_example_file() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    documents = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    defaults = dict(re.findall(r"^#?\s?([A-Z][A-Z_0-9]+)=(.*)$", example, re.MULTILINE))
    shown = dict(re.findall(r"^\| `([A-Z_0-9]+)` \| ([^|]+) \|", documents, re.MULTILINE))
    assert shown.pop("PUBLIC_URL") == "`http://WEB_HOST:WEB_PORT`"  # made of others
    for name, cell in shown.items():
        literal = re.fullmatch(r"`(.*)`", cell)
        assert defaults[name] == (literal[1] if literal else ""), name


def test_the_secrets_of_doors_are_read_from_the_environment_and_the_file(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(env_file, "GRAFANA_SECRET=old", "GRAFANA_SECRET_PREVIOUS=elder", "GITLAB_SECRET=mapped")
    monkeypatch.setenv("GRAFANA_SECRET", "new")
    settings = load_settings(env_file=env_file)
    assert settings.secrets("GRAFANA_SECRET") == ("new", "elder")
    assert settings.secrets("GITLAB_SECRET") == ("mapped", "")
    assert settings.secrets("DATADOG_SECRET") == ("", "")
    assert "elder" not in repr(settings)


def test_the_secret_of_a_mapping_is_not_taken_for_a_misspelt_one(env_file: Path) -> None:
    names = [mapping.setting for mapping in ready_mappings().values()]
    add(env_file, *(f"{name}=x" for name in names))
    assert set(load_settings(env_file=env_file).source_secrets) >= set(names)


def test_a_misspelt_secret_of_a_door_is_recognised(env_file: Path) -> None:
    add(env_file, "ALERTMANGER_SECRET=x", "GITHUB_SECRET=y")
    problems = problems_of(env_file)
    assert "ALERTMANAGER_SECRET" in problems["ALERTMANGER_SECRET"]
    assert "GITHUB_WEBHOOK_SECRET" in problems["GITHUB_SECRET"]


def test_every_door_with_a_secret_has_its_setting() -> None:
    doors = source_table(SourceSettings())
    own = {door.secret_setting for door in doors.values()} - {"WEBHOOK_SECRET", "/dsn create"}
    assert own == set(SOURCE_SECRETS)
