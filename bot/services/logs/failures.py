"""What AWS's refusals mean to a person, and which of them pass by themselves."""

from __future__ import annotations

import re

from bot.errors import UpstreamError

SYSTEM = "CloudWatch Logs"
THROTTLED = frozenset(
    ("ThrottlingException", "Throttling", "TooManyRequestsException", "LimitExceededException")
)
PASSING = frozenset(
    ("ServiceUnavailableException", "ServiceUnavailable", "InternalFailure", "InternalServerError")
)
_CREDENTIALS = frozenset((
    "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException",
    "SignatureDoesNotMatch", "ExpiredTokenException", "ExpiredToken", "MissingAuthenticationToken",
    "MissingAuthenticationTokenException", "IncompleteSignature", "AuthFailure",
))  # fmt: skip
_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")


class Refusal(Exception):  # noqa: N818 - what AWS answered, before anybody knows what it means
    """An error answer of AWS: its code, its words, the operation that was asked for."""

    def __init__(self, code: str, message: str, operation: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.operation = operation
        self.status = status

    @property
    def is_throttling(self) -> bool:
        """Whether we were too fast."""
        return self.code in THROTTLED

    @property
    def passes(self) -> bool:
        """Whether the same call may well succeed in a moment."""
        return self.is_throttling or self.code in PASSING or self.status >= 500


def explained(refusal: Refusal) -> UpstreamError:
    """The error that a person sees, with what to do about it."""
    code, message = refusal.code, refusal.message
    if code.startswith("AccessDenied"):
        found = _ACTION.search(message)
        action = found[1] if found else f"logs:{refusal.operation}"
        return UpstreamError(
            SYSTEM,
            f"access denied: {action} is not allowed.",
            permanent=True,
            cure=f"Allow {action} in the policy of the bot's role (docs/deployment.md has it).",
        )
    if code in _CREDENTIALS:
        return UpstreamError(
            SYSTEM,
            f"the credentials are refused ({code}).",
            permanent=True,
            cure="Renew the AWS keys, and check that this machine's clock is right.",
        )
    if refusal.passes:
        return UpstreamError(SYSTEM, f"{code}: {message}", retry_after=5.0)
    cures = {
        "InvalidParameterException": "Check the filter pattern and the times.",
        "MalformedQueryException": "Check the query's syntax.",
        "SessionTimeoutException": "Start it again.",
    }
    return UpstreamError(SYSTEM, f"{code}: {message}", permanent=True, cure=cures.get(code, ""))
