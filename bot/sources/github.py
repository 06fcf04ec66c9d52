"""GitHub's webhooks: the end of our shipments, and failures of workflows and deployments.

A merged pull request or a closed issue closes the alert it was opened for. A failed workflow
on the default branch, a failed deployment or check is an alert of its own, which the next
success of the same thing resolves. `X-Hub-Signature-256` covers the raw body; the older SHA-1
signature is never looked at. A manual redelivery carries the same `X-GitHub-Delivery`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.errors import BadPayload
from bot.models import Event, Severity, ShipmentChange, Signal
from bot.sources.forms import json_of_form
from bot.sources.heard import Heard, left_aside
from bot.sources.reading import Reader, first, json_object, links_of, not_after
from bot.sources.request import Request, Secrets
from bot.sources.signatures import open_door, prefixed, require_hex_signature

_FAILED = frozenset({"failure", "timed_out", "startup_failure", "error"})
_PASSED = frozenset({"success"})


def verify(request: Request, secrets: Secrets) -> None:
    """HMAC-SHA256 of the raw body; raises `BadSignature` or `DoorShut`."""
    keys = open_door(secrets, "GITHUB_WEBHOOK_SECRET")
    given = prefixed(request.headers.get("x-hub-signature-256", ""), "sha256=")
    require_hex_signature(given, keys, request.body)


def parse(request: Request) -> Heard:
    """By `X-GitHub-Event`; kinds that tell of no trouble are left aside."""
    kind = request.headers.get("x-github-event", "")
    if not kind:
        raise BadPayload("X-GitHub-Event: this header is expected; is this GitHub's webhook?")
    body = json_object(json_of_form(request, "payload"))
    if kind == "ping":
        return left_aside(f"pong: the door is open ({body.text('zen', length=200)})")
    read = _KINDS.get(kind)
    if read is None:
        return left_aside(f"{kind} events tell of no trouble")
    return read(body, request)


def _pull_request(body: Reader, request: Request) -> Heard:
    pull = body.at("pull_request")
    states = {"closed": "merged" if pull.at("merged").value is True else "closed"}
    return _shipment("pull_request", pull, states, body, request)


def _issue(body: Reader, request: Request) -> Heard:
    return _shipment("issue", body.at("issue"), {"closed": "closed"}, body, request)


def _shipment(
    kind: str, thing: Reader, states: Mapping[str, str], body: Reader, request: Request
) -> Heard:
    action = body.text("action", length=40)
    state = {"reopened": "open", **states}.get(action)
    if state is None:
        return left_aside(f"{kind} {action or 'without an action'} neither opens nor closes it")
    number = thing.at("number").value
    if not isinstance(number, int):
        raise BadPayload(f"{kind}.number: a number is expected")
    at = first(thing.text("merged_at"), thing.text("closed_at"), thing.text("updated_at"))
    change = ShipmentChange(
        kind=kind,
        repository=body.text("repository", "full_name", length=200),
        number=number,
        state=state,
        by=first(thing.name("merged_by", "login"), body.name("sender", "login"), "GitHub"),
        at=not_after(Reader(at).moment(), request.received_at),
    )
    return Heard(shipments=(change,))


def _workflow_run(body: Reader, request: Request) -> Heard:
    run = body.at("workflow_run")
    if body.text("action") != "completed":
        return left_aside("a workflow that is not completed tells nothing yet")
    branch = run.text("head_branch", length=200)
    if branch != body.text("repository", "default_branch", length=200):
        return left_aside("workflows of other branches than the default one are their authors'")
    name = first(body.name("workflow", "name"), run.name("name"), run.name("path"), "workflow")
    return _outcome(
        body,
        request,
        what=f"Workflow {name} on {branch}",
        key=f"workflow:{run.text('workflow_id', length=40)}:{branch}",
        result=run.text("conclusion", length=40),
        commit=run.text("head_sha", length=64),
        url=run.text("html_url"),
        told=run.text("display_title", length=500),
        at=run.text("updated_at", length=64),
    )


def _check_run(body: Reader, request: Request) -> Heard:
    check = body.at("check_run")
    branch = check.text("check_suite", "head_branch", length=200)
    if body.text("action") != "completed":
        return left_aside("a check that is not completed tells nothing yet")
    if branch != body.text("repository", "default_branch", length=200):
        return left_aside("checks of other branches than the default one are their authors'")
    if check.text("app", "slug") == "github-actions":
        return left_aside("GitHub Actions tells of its runs by workflow_run")
    name = first(check.name("name"), "check")
    return _outcome(
        body,
        request,
        what=f"Check {name} on {branch}",
        key=f"check:{check.text('app', 'id', length=40)}:{name}:{branch}",
        result=check.text("conclusion", length=40),
        commit=check.text("head_sha", length=64),
        url=first(check.text("details_url"), check.text("html_url")),
        told=first(check.text("output", "title"), check.text("output", "summary")),
        at=check.text("completed_at", length=64),
    )


def _deployment_status(body: Reader, request: Request) -> Heard:
    status = body.at("deployment_status")
    environment = first(
        status.name("environment"), body.name("deployment", "environment"), "production"
    )
    return _outcome(
        body,
        request,
        what=f"Deployment to {environment}",
        key=f"deployment:{environment}",
        result=status.text("state", length=40),
        commit=body.text("deployment", "sha", length=64),
        url=first(
            *(status.text(name) for name in ("log_url", "target_url", "environment_url")),
            body.text("repository", "html_url"),
        ),
        told=status.text("description", length=500),
        at=status.text("updated_at", length=64),
        environment=environment,
    )


def _outcome(
    body: Reader,
    request: Request,
    *,
    what: str,
    key: str,
    result: str,
    commit: str,
    url: str,
    told: str,
    at: str,
    environment: str = "production",
) -> Heard:
    """An event for a failure, or for the success that ends one."""
    if result not in _FAILED | _PASSED:
        return left_aside(f"{what}: {result or 'no result'} is neither failure nor success")
    verdict = "failed" if result in _FAILED else "succeeded"
    repository = body.text("repository", "full_name", length=200)
    event = Event(
        source="github",
        event_id=first(request.headers.get("x-github-delivery", ""), request.id)[:200],
        service=first(body.name("repository", "name"), "github"),
        environment=environment,
        severity=Severity.ERROR,
        signal=Signal.FIRING if result in _FAILED else Signal.RESOLVED,
        title=f"{what} {verdict}"[:256],
        message=f"{what} {verdict}" + (f": {told}" if told else "."),
        # A redelivery comes much later than what it tells of.
        occurred_at=not_after(Reader(at).moment(), request.received_at),
        fingerprint_hint=f"{repository}:{key}",
        commit=commit,
        user=body.name("sender", "login"),
        links=links_of(("GitHub", url)),
        labels={"repository": repository, "result": result},
    )
    return Heard((event,))


_KINDS: Mapping[str, Callable[[Reader, Request], Heard]] = {
    "pull_request": _pull_request,
    "issues": _issue,
    "workflow_run": _workflow_run,
    "check_run": _check_run,
    "deployment_status": _deployment_status,
}
