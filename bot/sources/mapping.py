"""The mapping source: a few lines of YAML turn any system's JSON into events.

Every value is a JMESPath expression over the delivery (jmespath.org); a literal is written
'`production`' or "'production'". One mapping is one door, `POST /webhook/<name>`:

    pager:
      proof: bearer                 # or {header: X-Token}, path, {hmac_sha256: X-Signature}
      each: alerts                  # the list of things to read; without it the body is one
      only_if: state != 'pending'   # everything else is left aside
      resolved_if: state == 'ok'
      event:
        service: labels.app         # service and message must find something
        message: text
        severity: priority          # any sender's words: P1, sev2, crit, warn
        id: uuid                    # the same id again, of the same service, counts once
        key: alarm_id               # the sender's own grouping
        links: {Dashboard: url}
        labels: {region: meta.region}

Ready mappings lie in `mappings/ready.yaml`; one's own file adds to them and may replace one.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jmespath
import yaml
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from bot.errors import BadPayload, BadSignature, SettingsError
from bot.models import Event, Severity, Signal
from bot.sources.digest import scoped_id
from bot.sources.heard import Heard, left_aside
from bot.sources.reading import (
    Reader,
    first,
    json_value,
    links_of,
    moment_of,
    not_after,
    severity_of,
)
from bot.sources.request import Request, Secrets
from bot.sources.signatures import open_door, prefixed, require_bearer, require_hex_signature
from bot.sources.text import TRACE_LENGTH, middle_cut

READY = Path(__file__).parent / "mappings" / "ready.yaml"
MAX_EVENTS = 500
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times as fast
_TOP = frozenset({"about", "proof", "each", "only_if", "resolved_if", "event"})
_TEXTS = frozenset(
    {"service", "message", "environment", "severity", "id", "key", "title", "time"}
    | {"trace", "commit", "user"}
)
_PROOFS = "bearer, path, {header: NAME} or {hmac_sha256: HEADER}"


@dataclass(frozen=True, slots=True)
class Proof:
    """How a sender shows the secret; `kind` is bearer, path, header or hmac_sha256."""

    kind: str = "bearer"
    header: str = ""


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """One door made of YAML; expressions are compiled."""

    name: str
    about: str = ""
    proof: Proof = Proof()
    each: ParsedResult | None = None
    only_if: ParsedResult | None = None
    resolved_if: ParsedResult | None = None
    texts: Mapping[str, ParsedResult] = field(default_factory=dict)
    links: Mapping[str, ParsedResult] = field(default_factory=dict)
    labels: Mapping[str, ParsedResult] = field(default_factory=dict)

    @property
    def setting(self) -> str:
        """The setting that holds the door's secret: incident-io -> INCIDENT_IO_SECRET."""
        return f"{self.name.upper().replace('-', '_')}_SECRET"

    def verify(self, request: Request, secrets: Secrets) -> None:
        """As `proof` says; raises `BadSignature` or `DoorShut`."""
        keys = open_door(secrets, self.setting)
        if self.proof.kind == "bearer":
            require_bearer(request.headers.get("authorization", ""), keys)
        elif self.proof.kind == "hmac_sha256":
            given = request.headers.get(self.proof.header, "")
            candidates = [given.strip(), *prefixed(given, "sha256="), *prefixed(given, "v1=")]
            require_hex_signature(candidates, keys, request.body)
        else:
            given = (
                request.path.rpartition("/")[2]
                if self.proof.kind == "path"
                else request.headers.get(self.proof.header, "")
            )
            matches = [hmac.compare_digest(given.encode("latin-1", "replace"), key) for key in keys]
            if not any(matches):
                raise BadSignature("the secret of this door is missing or wrong")

    def parse(self, request: Request) -> Heard:
        """The events the mapping finds; raises `BadPayload` if it finds no service or message."""
        body = json_value(request.body).value
        things = _search(self.each, body) if self.each else [body]
        if things is None or things == []:
            return left_aside("the delivery holds nothing this mapping reads")
        if not isinstance(things, list):
            raise BadPayload("each: the mapping finds no list in this body")
        events = tuple(self._events(things[:MAX_EVENTS], request))
        return Heard(events) if events else left_aside("the mapping's only_if leaves this aside")

    def _events(self, things: list[Any], request: Request) -> Iterator[Event]:
        for number, thing in enumerate(things):
            if self.only_if is None or _search(self.only_if, thing):
                yield self._event(thing, number, request)

    def _event(self, thing: Any, number: int, request: Request) -> Event:
        found = {name: Reader(_search(path, thing)) for name, path in self.texts.items()}
        nothing = Reader(None)

        def text(name: str, length: int = 200) -> str:
            return found.get(name, nothing).text(length=length)

        message = found.get("message", nothing).text()
        service = found.get("service", nothing).name()
        if not message or not service:
            missing = "message" if not message else "service"
            raise BadPayload(f"the mapping finds no {missing} in this body")
        environment = first(found.get("environment", nothing).name(), "production")
        own_id = text("id") or f"{request.id}:{number}"
        is_resolved = self.resolved_if is not None and bool(_search(self.resolved_if, thing))
        links = ((title, Reader(_search(path, thing)).text()) for title, path in self.links.items())
        labels = ((name, Reader(_search(path, thing)).text()) for name, path in self.labels.items())
        return Event(
            source=self.name,
            event_id=scoped_id(own_id, service, environment),
            service=service,
            environment=environment,
            severity=severity_of(text("severity"), Severity.ERROR),
            signal=Signal.RESOLVED if is_resolved else Signal.FIRING,
            title=text("title", 256),
            message=message,
            occurred_at=not_after(moment_of(found.get("time", nothing).value), request.received_at),
            stack_trace=middle_cut(text("trace", 4 * TRACE_LENGTH), TRACE_LENGTH),
            fingerprint_hint=text("key"),
            commit=text("commit", 64),
            user=text("user"),
            links=links_of(*links),
            labels={name: value for name, value in labels if value},
        )


def ready_mappings() -> Mapping[str, SourceMapping]:
    """The mappings that ship."""
    return read_mappings(READY.read_text(encoding="utf-8"), READY.name)


def read_mappings(text: str, where: str) -> Mapping[str, SourceMapping]:
    """Read a YAML file's mappings; raises `SettingsError` with every mistake and its place."""
    try:
        document = yaml.load(text, _LOADER) or {}  # noqa: S506 - either is a safe one
    except yaml.YAMLError as error:
        raise SettingsError([f"{where}: not valid YAML: {error}"]) from None
    if not isinstance(document, dict):
        raise SettingsError([f"{where}: a mapping of names to mappings is expected"])
    problems: list[str] = []
    read = {
        str(name): _mapping(str(name), given, f"{where}: {name}", problems)
        for name, given in document.items()
    }
    if problems:
        raise SettingsError(problems)
    return read


def _mapping(name: str, given: Any, where: str, problems: list[str]) -> SourceMapping:
    if not name.replace("_", "").replace("-", "").isalnum():
        problems.append(f"{where}: a name is letters, digits, - and _")
    event = given.get("event") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(event, dict):
        problems.append(f"{where}: an `event` with at least service and message is expected")
        return SourceMapping(name)
    _refuse_unknown(given, _TOP, where, problems)
    _refuse_unknown(event, _TEXTS | {"links", "labels"}, f"{where}.event", problems)
    problems += [
        f"{where}.event.{must}: is missing" for must in ("service", "message") if must not in event
    ]

    def compiled(of: dict[str, Any], key: str, place: str) -> ParsedResult | None:
        return _compiled(of[key], f"{place}.{key}", problems) if key in of else None

    def all_of(of: Any, place: str) -> dict[str, ParsedResult]:
        if of is not None and not isinstance(of, dict):
            problems.append(f"{place}: names and expressions are expected")
        pairs = of if isinstance(of, dict) else {}
        found = {
            str(key): _compiled(value, f"{place}.{key}", problems) for key, value in pairs.items()
        }
        return {key: path for key, path in found.items() if path is not None}

    return SourceMapping(
        name=name,
        about=str(given.get("about", "")),
        proof=_proof(given.get("proof", "bearer"), where, problems),
        each=compiled(given, "each", where),
        only_if=compiled(given, "only_if", where),
        resolved_if=compiled(given, "resolved_if", where),
        texts=all_of({key: event[key] for key in event if key in _TEXTS}, f"{where}.event"),
        links=all_of(event.get("links"), f"{where}.event.links"),
        labels=all_of(event.get("labels"), f"{where}.event.labels"),
    )


def _refuse_unknown(
    given: dict[str, Any], known: frozenset[str], where: str, problems: list[str]
) -> None:
    problems += [
        f"{where}.{key}: unknown; there are {', '.join(sorted(known))}"
        for key in given
        if key not in known
    ]


def _proof(given: Any, where: str, problems: list[str]) -> Proof:
    if given in ("bearer", "path"):
        return Proof(given)
    if isinstance(given, dict) and len(given) == 1:
        [(kind, header)] = given.items()
        if kind in ("header", "hmac_sha256") and isinstance(header, str):
            return Proof(kind, header.lower())
    problems.append(f"{where}.proof: must be {_PROOFS}")
    return Proof()


def _compiled(expression: Any, place: str, problems: list[str]) -> ParsedResult | None:
    try:
        return jmespath.compile(str(expression))
    except JMESPathError as error:
        problems.append(f"{place}: not a JMESPath expression: {str(error).splitlines()[0]}")
        return None


def _search(path: ParsedResult, body: Any) -> Any:
    """What the expression finds; a function that meets another type finds nothing."""
    try:
        return path.search(body)
    except JMESPathError:
        return None
