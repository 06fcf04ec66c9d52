"""A query in the language of CloudWatch Logs Insights, and the link to ask it in the console."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote

from bot.analysis.logs.query import FieldCondition, LogQuery
from bot.models import Severity

MOST_LINES = 10_000
_ERRORS = r"err|error|severe|fatal|crit|critical|panic|exception|traceback"
_WORDS = {
    Severity.WARNING: rf"\b(warn|warning)\b|{_ERRORS}",
    Severity.ERROR: _ERRORS,
    Severity.CRITICAL: r"fatal|crit|critical|alert|emerg|panic",
}
_PLAIN_FIELD = re.compile(r"[A-Za-z@_][\w.@]*")


def insights_query(query: LogQuery, *, limit: int = 0) -> str:
    """The same question for Insights; case counts nowhere, levels are searched for as words.

    A CloudWatch filter pattern has no equivalent there and is left out.
    """
    stages = ["fields @timestamp, @message, @logStream, @log, @ptr"]
    stages += [f"filter {condition}" for condition in _filters(query)]
    stages.append(f"sort @timestamp {'desc' if query.newest_first else 'asc'}")
    stages.append(f"limit {min(MOST_LINES, limit or query.limit or MOST_LINES)}")
    return "\n| ".join(stages)


def console_link(query: LogQuery, region: str) -> str:
    """The page of AWS's console that asks this; "" without a region."""
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region):
        return ""
    end = query.end or datetime.now(UTC)
    groups = "".join(f"~'{_coded(group)}" for group in query.groups)
    detail = (
        f"~(end~'{_iso(end)}~start~'{_iso(query.start)}~timeType~'ABSOLUTE~tz~'UTC"
        f"~editorString~'{_coded(insights_query(query))}~source~({groups}))"
    )
    return (
        f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
        f"#logsV2:logs-insights$3FqueryDetail$3D{quote(detail, safe=_KEPT).replace('%', '$')}"
    )


_KEPT = "~'()*-._"


def _coded(text: str) -> str:
    """The console's own coding of a string: `*` and two hexadecimal digits, UTF-16 after `**`."""
    made = []
    for character in text:
        if re.fullmatch(r"[A-Za-z0-9_.-]", character):
            made.append(character)
        elif ord(character) < 256:
            made.append(f"*{ord(character):02x}")
        else:
            made += [f"**{unit:04x}" for unit in _units(character)]
    return "".join(made)


def _units(character: str) -> list[int]:
    coded = character.encode("utf-16-be", "replace")
    return [int.from_bytes(coded[at : at + 2], "big") for at in range(0, len(coded), 2)]


def _iso(moment: datetime) -> str:
    told = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return _coded(told)


def _filters(query: LogQuery) -> list[str]:
    made = [f"@message like {_literal(text)}" for text in (*query.include, query.trace_id) if text]
    made += [f"@message not like {_literal(text)}" for text in query.exclude if text]
    if query.regex:
        made.append(f"@message like {_expression(query.regex)}")
    if query.exclude_regex:
        made.append(f"@message not like {_expression(query.exclude_regex)}")
    if query.level in _WORDS:
        made.append(f"@message like {_expression(_WORDS[query.level])}")
    if query.stream:
        made.append(f"@logStream like /^{re.escape(query.stream).replace('/', chr(92) + '/')}/")
    return made + [_condition(each) for each in query.fields]


def _condition(condition: FieldCondition) -> str:
    path = condition.path
    if not _PLAIN_FIELD.fullmatch(path):
        path = "`" + path.replace("`", "") + "`"
    sign, value = condition.operator, condition.value
    if sign == "exists":
        return f"ispresent({path})"
    if sign == "~":
        return f"{path} like {_expression(value)}"
    if "*" in value:
        parts = ".*".join(re.escape(part) for part in value.split("*"))
        return f"{path} {'not like' if sign == '!=' else 'like'} {_expression(f'^{parts}$')}"
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        return f"{path} {sign} {value}"
    return f'{path} {sign} "{_escaped(value)}"'


def _literal(text: str) -> str:
    return _expression(re.escape(text))


def _expression(expression: str) -> str:
    return f"/(?i){expression.replace('/', chr(92) + '/')}/"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
