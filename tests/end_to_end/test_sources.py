"""The doors, driven as their systems and the people do: GitHub, SDKs, administrators."""

from __future__ import annotations

import json
import re
import time

import aiohttp
import documented
from pydantic import SecretStr
from rehearsal import REPOSITORY, Rehearsal, crash, labels, text
from rehearsal import SECRET as OURS

from bot.sources.mapping import ready_mappings
from bot.sources.table import SourceSettings, source_table

SECRET = "a-long-secret-of-this-door"


async def opened(stage: Rehearsal, **secrets: str) -> Rehearsal:
    """The bot is up, with the secrets of some doors."""
    found = {name: SecretStr(secret) for name, secret in secrets.items()}
    stage.settings = stage.settings.model_copy(update={"source_secrets": found})
    await stage.start()
    return stage


async def on_github(rehearsal: Rehearsal, path: str, act: str) -> None:
    """Press a button on the page of an issue or a pull request."""
    url = f"{rehearsal.github.url}/{REPOSITORY}/{path}/{act}"
    async with aiohttp.ClientSession() as session:
        answer = await session.post(url, allow_redirects=False)
        assert answer.status == 303
        assert "refusal" not in answer.headers["Location"]


async def test_merging_on_github_closes_the_card(stage: Rehearsal) -> None:
    rehearsal = await opened(stage, GITHUB_WEBHOOK_SECRET=SECRET)
    rehearsal.github.add_webhook(f"{rehearsal.web_url}/webhook/github", SECRET)
    (alert,) = await rehearsal.send(crash())
    card = await rehearsal.card(alert)
    await rehearsal.press("kim", card, "Create PR")
    await rehearsal.card(alert, "Pull request #1 (open)")
    await on_github(rehearsal, "pull/1", "ready")
    await on_github(rehearsal, "pull/1", "merge")
    card = await rehearsal.card(alert, "✅ Resolved", "on GitHub", "Pull request #1 (merged)")
    assert "Resolve" not in labels(card)


async def test_an_issue_closed_and_reopened_on_github_moves_the_card(stage: Rehearsal) -> None:
    rehearsal = await opened(stage, GITHUB_WEBHOOK_SECRET=SECRET)
    rehearsal.github.add_webhook(f"{rehearsal.web_url}/webhook/github", SECRET)
    (alert,) = await rehearsal.send(crash())
    await rehearsal.press("kim", await rehearsal.card(alert), "Create issue")
    await rehearsal.card(alert, "Issue #1 (open)")
    await on_github(rehearsal, "issues/1", "close")
    await rehearsal.card(alert, "✅ Resolved", "Issue #1 (closed)")
    await on_github(rehearsal, "issues/1", "reopen")
    card = await rehearsal.card(alert, "🔴 Open", "Issue #1 (open)")
    assert "reopened" in text(card)


async def test_the_documented_command_reports_an_error(rehearsal: Rehearsal) -> None:
    command = documented.block("generic", "curl")
    said = await documented.run(command, rehearsal.web_url, WEBHOOK_SECRET=OURS)
    assert '"event_id":"checkout/production/1"' in said
    await rehearsal.card(1, "It broke", "checkout")


async def test_the_documented_slack_address_takes_what_anything_posts_to_slack(
    stage: Rehearsal,
) -> None:
    rehearsal = await opened(stage, SLACK_WEBHOOK_SECRET=SECRET)
    address = documented.block("slack_webhook", documented.ADDRESS).strip()
    command = f"curl {address.replace('SECRET', SECRET)} "
    await documented.run(command + """-d '{"text": "disk full"}'""", rehearsal.web_url)
    await rehearsal.card(1, "disk full")
    form = '--data-urlencode \'payload={"text": "50 % of mails & more are late"}\''
    await documented.run(command + form, rehearsal.web_url)
    await rehearsal.card(2, "50 % of mails & more are late")


async def test_datadog_s_documented_payload_says_all_of_a_monitor(stage: Rehearsal) -> None:
    rehearsal = await opened(stage, DATADOG_SECRET=SECRET)
    filled = {
        "ID": "7", "EVENT_TITLE": "[Triggered] Latency", "TEXT_ONLY_MSG": "p99 is 4 s",
        "ALERT_TRANSITION": "Triggered", "ALERT_ID": "42", "AGGREG_KEY": "k", "PRIORITY": "P1",
        "TAGS": "service:checkout,env:staging", "HOSTNAME": "web-1",
        "LINK": "https://app.datadoghq.com/event/7", "SNAPSHOT": "",
        "LAST_UPDATED": str(int(time.time() * 1000)),
    }  # fmt: skip
    payload = documented.block("datadog", "{")
    payload = re.sub(r"\$([A-Z_]+)", lambda found: filled[found[1]], payload)
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        answer = await session.post(f"{rehearsal.web_url}/webhook/datadog", data=payload)
        assert answer.status == 202, await answer.text()
        await rehearsal.card(1, "Latency", "checkout", "staging", "p99 is 4 s")
        over = payload.replace("Triggered", "Recovered").replace('"7"', '"8"')
        assert (await session.post(f"{rehearsal.web_url}/webhook/datadog", data=over)).ok
    await rehearsal.card(1, "Resolved")


async def test_services_that_count_their_ids_from_one_do_not_swallow_each_other(
    rehearsal: Rehearsal,
) -> None:
    services = ("billing", "search", "checkout")
    alerts = [*await rehearsal.send(*(crash(service=each, event_id="1") for each in services))]
    assert len(set(alerts)) == 3
    staging = await rehearsal.send(crash(service="billing", environment="staging", event_id="1"))
    assert staging[0] not in alerts
    again = await rehearsal.send(crash(service="billing", event_id="1"))
    assert again == alerts[:1]
    for alert, service in zip(alerts, services, strict=True):
        await rehearsal.card(alert, service, "**1×**")


async def test_sources_shows_every_door_and_its_counts(stage: Rehearsal) -> None:
    rehearsal = await opened(stage, SLACK_WEBHOOK_SECRET=SECRET)
    await rehearsal.send(crash())
    await rehearsal.restart()  # so that what was counted is written
    reply = await rehearsal.type("ada", "sources list")
    assert reply.message is not None
    shown = text(reply.message)
    assert "4 of 36 doors are open" in shown
    assert "/webhook/slack_webhook/<secret>" in shown
    assert SECRET not in shown
    assert "1 accepted" in shown
    assert "🔒" in shown
    on = await rehearsal.press("ada", reply.message, "On ▶")
    assert on.updated is not None
    assert "page 2 of 6" in text(on.updated)
    refused = await rehearsal.type("kim", "sources list")
    assert "Admin" in refused.content


async def test_a_sample_goes_through_the_real_door(stage: Rehearsal) -> None:
    rehearsal = await opened(stage, PAGERDUTY_SECRET=SECRET)
    offered = await rehearsal.person("ada").autocomplete("sources test", "source", "pager")
    assert [choice["value"] for choice in offered] == ["pagerduty"]
    reply = await rehearsal.type("ada", "sources test", source="pagerduty")
    assert "took the sample: 202" in reply.content
    await rehearsal.card(1, "This is a sample from /sources test")
    shut = await rehearsal.type("ada", "sources test", source="alertmanager")
    assert "ALERTMANAGER" in shut.content
    unknown = await rehearsal.type("ada", "sources test", source="nobody")
    assert "no source called nobody" in unknown.content


async def test_a_sample_goes_through_every_one_of_the_doors(stage: Rehearsal) -> None:
    table = source_table(SourceSettings(mappings=ready_mappings()))
    own = {source.secret_setting for source in table.values()} - {"WEBHOOK_SECRET", "/dsn create"}
    rehearsal = await opened(stage, **dict.fromkeys(own, f"whsec_{'S3cret' * 6}"))
    await rehearsal.type("ada", "dsn create", project="checkout")
    said = {
        name: (await rehearsal.type("ada", "sources test", source=name)).content for name in table
    }
    assert {name: text for name, text in said.items() if "took the sample: 20" not in text} == {}
    await rehearsal.restart()  # so that what was counted is written
    shown = await rehearsal.type("ada", "sources list")
    assert "1 accepted" in text(shown.message or {})
    assert "36 of 36 doors are open" in text(shown.message or {})


async def test_what_is_refused_and_what_cannot_be_read_is_counted(rehearsal: Rehearsal) -> None:
    address = f"{rehearsal.web_url}/webhook/generic"
    async with aiohttp.ClientSession() as session:
        assert (await session.post(address, data="{}")).status == 401
        proven = {"Authorization": f"Bearer {OURS}"}
        assert (await session.post(address, data="{}", headers=proven)).status == 400
    await rehearsal.card(1, "Unreadable generic payload", "service: Field required")
    await rehearsal.restart()  # so that what was counted is written
    shown = text((await rehearsal.type("ada", "sources list")).message or {})
    assert "0 accepted · 1 refused · 1 unreadable" in shown


async def test_an_sdk_reports_with_a_dsn_until_it_is_revoked(rehearsal: Rehearsal) -> None:
    made = await rehearsal.type("ada", "dsn create", project="checkout")
    found = re.search(r"http://([0-9a-f]{32})@[^/]+/(\d+)", made.content)
    assert found is not None
    key, project = found.groups()
    assert key in text((await rehearsal.type("ada", "dsn list")).message or {})
    sample = await rehearsal.type("ada", "sources test", source="sentry_sdk")
    assert "200" in sample.content
    await rehearsal.card(1, "SampleError")
    (choice,) = await rehearsal.person("ada").autocomplete("dsn revoke", "key", "check")
    assert "refused" in (await rehearsal.type("ada", "dsn revoke", key=choice["value"])).content
    async with aiohttp.ClientSession() as session:
        answer = await session.post(
            f"{rehearsal.web_url}/api/{project}/store/?sentry_key={key}",
            data=json.dumps({"message": "late"}),
        )
        assert answer.status == 403
