from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.alerting.owing import due, owe, urgency
from bot.models import Alert, AlertState, Fingerprint, Reason, Severity
from bot.store.debts import Card, Debt, Standing
from bot.store.outbox import CLAIMED, PENDING

START = datetime(2026, 3, 1, tzinfo=UTC)
ALERT = Alert(
    id=1,
    fingerprint=Fingerprint(1, "key"),
    service="shop",
    environment="production",
    state=AlertState.OPEN,
    severity=Severity.ERROR,
    title="KeyError",
    message="'sku'",
    occurrences=2,
    first_seen=START,
    last_seen=START,
    state_changed_at=START,
)
seconds = st.integers(0, 3_000).map(lambda count: timedelta(seconds=count))


@given(
    reason=st.sampled_from(Reason),
    state=st.sampled_from([PENDING, CLAIMED]),
    written=st.none() | seconds,
    repeats=st.integers(0, 20),
    owed_after=seconds,
    told_after=seconds,
    attempts=st.integers(0, 2),
)
def test_repetition_adds_nothing_to_what_is_owed_already(
    reason, state, written, repeats, owed_after, told_after, attempts
):
    written_at = None if written is None else START + written
    card = Card(1, 2, "nonce", START, written_at=written_at, repeats=repeats)
    then = max(START + owed_after, written_at or START)
    when = due(reason, ALERT, card, then)
    assert when is not None
    debt = Debt(state, reason, urgency(reason, ALERT), "", when, then, id=7, attempts=attempts)
    assert owe(Standing(card, debt), Reason.REPEATED, ALERT, then + told_after) is None
