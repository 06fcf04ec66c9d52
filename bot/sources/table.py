"""The one table of sources: the name in the URL, and who answers to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bot.errors import SettingsError
from bot.sources import (
    alertmanager,
    cloudwatch,
    datadog,
    eventbridge,
    generic,
    github,
    grafana,
    healthchecks,
    otlp,
    pagerduty,
    slack,
    standard_webhooks,
    uptime_kuma,
)
from bot.sources.mapping import Proof as MappedProof
from bot.sources.mapping import SourceMapping
from bot.sources.proofs import (
    BEARER,
    BEARER_OR_HMAC,
    DSN_KEY,
    IN_PATH,
    OURS,
    SLACK,
    SNS,
    STANDARD,
    header_proof,
    signed_in,
)
from bot.sources.request import PathForm, Proof, Source, Unreadable
from bot.sources.sentry import webhook as sentry
from bot.sources.sentry.ingestion import SdkDoor, SdkProject
from bot.sources.sns import SnsDoor
from bot.sources.sns_signature import SnsTrust

SDK = "sentry_sdk"
KEPT = Unreadable.ACCEPTED


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """What some sources are told; without it they are shut.

    Attributes:
        sns: whom SNS's door believes.
        project_of: the project of a DSN key, None if there is none; asked from any thread.
        mappings: the sources that are made of YAML.
    """

    sns: SnsTrust = field(default_factory=lambda: SnsTrust(()))
    project_of: Callable[[str], SdkProject | None] = lambda _key: None
    mappings: Mapping[str, SourceMapping] = field(default_factory=dict)


def source_table(settings: SourceSettings) -> Mapping[str, Source]:
    """Every source by its name, in the order people are shown them.

    Raises:
        SettingsError: a mapping has the name of a source that is built in.
    """
    table = {source.name: source for source in _built_in(settings)}
    taken = [name for name in settings.mappings if name in table]
    if taken:
        raise SettingsError(
            [f"MAPPINGS_FILE: {name} is built in; choose another" for name in taken]
        )
    table |= {name: _mapped(mapping) for name, mapping in settings.mappings.items()}
    return MappingProxyType(table)


def _built_in(settings: SourceSettings) -> tuple[Source, ...]:
    sns, sdk = SnsDoor(settings.sns), SdkDoor(settings.project_of)
    # fmt: off
    return (
        Source("generic", "our own JSON",
               generic.verify, generic.parse, OURS, "WEBHOOK_SECRET"),
        Source("cloudwatch", "CloudWatch Logs, by the Lambda forwarder",
               cloudwatch.verify, cloudwatch.parse, OURS, "WEBHOOK_SECRET"),
        Source(SDK, "Sentry's SDKs, with a DSN of ours",
               sdk.verify, sdk.parse, DSN_KEY, "/dsn create", is_open=True, path=PathForm.SDK),
        Source("sentry", "Sentry's integration webhooks",
               sentry.verify, sentry.parse, signed_in("Sentry-Hook-Signature"),
               "SENTRY_CLIENT_SECRET", KEPT, "request-id", patience=1),
        Source("sentry_legacy", "Sentry's WebHooks plugin",
               sentry.verify_legacy, sentry.parse_legacy, IN_PATH,
               "SENTRY_LEGACY_SECRET", KEPT, path=PathForm.ENDING, patience=3),
        Source("alertmanager", "Prometheus Alertmanager",
               alertmanager.verify, alertmanager.parse, BEARER, "ALERTMANAGER_SECRET"),
        Source("grafana", "Grafana alerting",
               grafana.verify, grafana.parse, BEARER_OR_HMAC, "GRAFANA_SECRET"),
        Source("github", "GitHub's webhooks",
               github.verify, github.parse, signed_in("X-Hub-Signature-256", "sha256="),
               "GITHUB_WEBHOOK_SECRET", delivery_header="x-github-delivery"),
        Source("pagerduty", "PagerDuty's V3 webhooks",
               pagerduty.verify, pagerduty.parse, signed_in("X-PagerDuty-Signature", "v1="),
               "PAGERDUTY_SECRET", KEPT, "x-webhook-id", patience=5),
        Source("datadog", "Datadog's webhooks",
               datadog.verify, datadog.parse, BEARER, "DATADOG_SECRET"),
        Source("slack", "Slack's Events API",
               slack.verify_events, slack.parse_events, SLACK, "SLACK_SIGNING_SECRET", KEPT,
               patience=3),
        Source("slack_webhook", "anything that can post to Slack",
               slack.verify_incoming, slack.parse_incoming, IN_PATH,
               "SLACK_WEBHOOK_SECRET", path=PathForm.ENDING),
        Source("sns", "Amazon SNS: alarms and anything else",
               sns.verify, sns.parse, SNS, "SNS_TOPIC_ARNS",
               keyed_by="SNS_RAW_SECRET", is_open=bool(settings.sns.topics)),
        Source("eventbridge", "Amazon EventBridge",
               eventbridge.verify, eventbridge.parse, BEARER, "EVENTBRIDGE_SECRET"),
        Source("uptime_kuma", "Uptime Kuma",
               uptime_kuma.verify, uptime_kuma.parse, BEARER, "UPTIME_KUMA_SECRET"),
        Source("healthchecks", "Healthchecks.io",
               healthchecks.verify, healthchecks.parse, BEARER, "HEALTHCHECKS_SECRET"),
        Source("otlp", "OpenTelemetry logs (OTLP over HTTP, JSON)",
               otlp.verify, otlp.parse, BEARER, "OTLP_SECRET"),
        Source("standard_webhooks", "Standard Webhooks (svix and its family)",
               standard_webhooks.verify, standard_webhooks.parse, STANDARD,
               "STANDARD_WEBHOOKS_SECRET", KEPT, "webhook-id"),
    )
    # fmt: on


def _mapped(mapping: SourceMapping) -> Source:
    """A source of YAML. What its sender does with a refusal is unknown, so it hears none."""
    return Source(
        mapping.name,
        mapping.about or "a mapping of your own",
        mapping.verify,
        mapping.parse,
        _proof(mapping.proof),
        mapping.setting,
        KEPT,
        path=PathForm.ENDING if mapping.proof.kind == "path" else PathForm.PLAIN,
    )


def _proof(proof: MappedProof) -> Proof:
    if proof.kind == "header":
        return header_proof(proof.header)
    if proof.kind == "hmac_sha256":
        return signed_in(proof.header)
    return IN_PATH if proof.kind == "path" else BEARER
